"""The runs, and their length, that decide whether the error of a size grows.

Time: a verdict at horizon T is fitted to T/20 < t <= T.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ..._core.text import spaced
from ...simulator import LinearSystem
from .._growth.critical_size import Critical
from .._growth.laws import BORDER, FEWEST_GROUPS, UNSURE
from .more_data import POWER, More, rounded_up
from .visibility import exact_slope

CLEAR = 0.35  # distance of an exponent from the border, from which on runs decide it
MARGIN = 2  # times the horizon by a fitted model: the level that a learner learns, too, shifts its exponents
LONGER = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000)  # horizons tried, times that of the data
LONGEST = 10**8  # samples
MOST = 1000  # times as many runs
FEWEST = 2.0  # times as many runs at least: the late fit, too, must come over to the other side
SURE = 1.6449  # quantile of the normal law at the share of draws that a verdict needs
Slope = Callable[[int, int], float]  # exponent of the mean error: size and horizon


class _Row(NamedTuple):
    """A growth law that is not decided."""

    size: int
    exponent: float
    deviation: float  # of the exponent


def growth_more(
    rungs: pl.DataFrame,
    critical: Critical,
    runs: int,
    horizon: int,
    slope: Slope | None = None,
    most: int | None = None,
    visible_from: int | None = None,
    word: str = "runs",
    source: str = "",
    margin: int = 1,
) -> More | None:
    """Return the runs in all, and their samples, that decide a critical size which is not known.

    The size asked for is the first one whose growth is undecided. Let a(T) be the exponent of its mean error, of exact
    errors or of a fitted model, s the standard deviation of the measured exponent over R runs, and a_R the measured
    one. At the present horizon xR runs, the present ones among them, measure

        a_xR ~ normal((a_R + (x - 1) a) / x, (s sqrt(x - 1) / x)^2),

    and runs of another length normal(a(T), s^2 / x). A verdict needs an exponent outside 0.2 to 0.8 and 95 % of the
    draws, of deviation s / sqrt(x), on one side of 1/2. The answer is the shortest horizon at which a(T) is 0.35 away
    from 1/2, and the least x of at least 2, or of 1 for longer runs, with a verdict in 90 % of the cases. Where a(T)
    does not get so far, no number of runs decides it.

    Args:
        rungs: Growth laws, one row for each size.
        critical: The critical size, or why it is not known.
        runs: R.
        horizon: T.
        slope: a, from size and horizon; None if it is not known. Then the answer is a lower bound.
        most: Largest number of samples of a run; None for no limit.
        visible_from: The horizon from which on the size of theory shows, if it is not visible yet.
        word: What a run is called.
        source: Words before the answer: what ``slope`` rests on.
        margin: Times the horizon at which ``slope`` is clear that are asked for; above 1 also at least twice the runs.

    Returns:
        None if nothing is undecided, or no number of runs is the remedy.
    """
    if critical.verdict == "not visible yet" and visible_from is not None:
        return More((), None, visible_from, True, None, f"theory's size shows from {spaced(visible_from)} samples on")
    if critical.verdict != "undecided":
        return None
    if runs < FEWEST_GROUPS:
        few = f"at least {FEWEST_GROUPS} {word} are needed to show whether the error is bounded"
        return More((), FEWEST_GROUPS, None, False, None, few)
    row = _undecided(rungs, runs, None if slope is None else partial(_side, slope, horizon))
    if row is None:
        return None
    if slope is None:
        number = math.ceil(1.5 * runs)
        return More((row.size,), number, None, False, None,
                    f"deciding size {row.size} takes more than {number} {word}, or longer ones")  # fmt: skip
    longest = LONGEST if most is None else min(most, LONGEST)
    tried = [int(times * horizon) for times in LONGER if times == 1 or times * horizon <= longest]
    for samples in tried:
        if abs(slope(row.size, samples) - BORDER) >= CLEAR:
            samples = min(margin * samples, longest)
            pooled = samples == horizon
            fewest = FEWEST if pooled or margin > 1 else 1.0
            times = _times_as_many(row, slope(row.size, samples), pooled, fewest)
            if times is not None:
                return _asked(row.size, runs, times, horizon, samples, word, source)
    never = f"{source}no number of {word} decides size {row.size} within {spaced(tried[-1])} samples"
    return More((row.size,), None, tried[-1], False, None, never)


def exact_exponent(system: LinearSystem, lookahead: int, size: int, horizon: int) -> float:
    """Return the exponent of the exact error of the best filter of a size; of errors that rounding hides, NaN."""
    try:
        return exact_slope(system, size, horizon, lookahead)
    except (ValueError, np.linalg.LinAlgError):
        return math.nan


def decided(exponent: float, mean: float, deviation: float, times: float, pooled: bool) -> float:
    """Return the probability of a verdict from some times as many runs.

    Args:
        exponent: The measured exponent.
        mean: The exponent of the mean error.
        deviation: Standard deviation of the measured exponent over the present runs.
        times: x.
        pooled: Whether the present runs are among them.
    """
    own = deviation / math.sqrt(times)
    centre, spread = mean, own
    if pooled:
        centre = (exponent + (times - 1) * mean) / times
        spread = deviation * math.sqrt(times - 1) / times
    side = 1 if mean > BORDER else -1  # growing or bounded
    needed = max(UNSURE[1] - BORDER, SURE * own)
    gap = side * (centre - BORDER) - needed
    return 0.5 * math.erfc(-gap / max(spread, 1e-12) / math.sqrt(2))


def _times_as_many(row: _Row, mean: float, pooled: bool, fewest: float) -> float | None:
    """Return the least times as many runs that decide with ``POWER``; None if too many are needed."""
    for times in np.geomspace(fewest, MOST, 300).tolist():
        if decided(row.exponent, mean, row.deviation, times, pooled) >= POWER:
            return float(times)
    return None


def _side(slope: Slope, horizon: int, size: int) -> str:
    return "growing" if slope(size, horizon) >= BORDER else "bounded"


def _undecided(rungs: pl.DataFrame, runs: int, expected: Callable[[int], str] | None) -> _Row | None:
    """Return the first size whose verdict is missing or not the expected one; None if runs are not the remedy."""
    for row in rungs.sort("size").to_dicts():
        if row["verdict"] == "undecided":
            return _measured(row, runs) if "decide it" in row["reason"] else None
        if expected is not None and row["verdict"] != expected(row["size"]):
            return _measured(row, runs)
        if row["verdict"] == "bounded":
            return None
    return None


def _measured(row: dict[str, Any], runs: int) -> _Row | None:
    """Return a row with its deviation: the bootstrap takes it too small by sqrt((R - 1) / R)."""
    if row["low"] is None:
        return None
    deviation = (row["high"] - row["low"]) / (2 * 1.96) * math.sqrt(runs / (runs - 1))
    return _Row(row["size"], row["exponent"], deviation)


def _asked(size: int, runs: int, times: float, horizon: int, samples: int, word: str, source: str) -> More:
    number = rounded_up(runs * times)
    if samples == horizon:
        asked = f"about {spaced(number)} {word} in all ({number / runs:.2g} times as many)"
        return More((size,), number, None, True, POWER, f"{source}{asked} would decide size {size} (90 %)")
    samples = rounded_up(samples)
    asked = f"about {spaced(number)} {word} of {spaced(samples)} samples"
    return More((size,), number, samples, True, POWER, f"{source}{asked} would decide size {size} (90 %)")
