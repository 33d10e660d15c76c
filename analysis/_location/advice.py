"""What to do with one recording now: the size to use, what other sizes cost, and what the recording cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.json_values import json_value
from .._growth.critical_size import Best, Critical, drawn_means
from .._growth.laws import FEWEST_GROUPS
from .size_words import reads

COSTS = dict(size=pl.Int64, above=pl.Float64, low=pl.Float64, high=pl.Float64)
LARGEST = 1e300  # of a cost: differences of two stay finite
MANY = 1e6  # times the error, from which on the number says nothing more


class Advice(NamedTuple):
    """The size to use, and what is not known.

    Attributes:
        size: The smallest size tried that no larger one beats: no 95 % interval of a paired difference is below 0.
        costs: One row for each other size: ``size, above, low, high``. ``above`` is its mean squared error divided by
            that of ``size``, minus 1, after the first twentieth; ``low`` and ``high`` are its 95 % interval. Empty if
            the error of ``size`` is zero.
        least: The size of least error.
        at_edge: Whether ``least`` is the largest size tried, so that a larger one may be better.
        widen: The option that tries larger sizes; empty if there is none.
        not_shown: What the data do not show; empty if the critical size is known.
        needed: What would show it.
        size_label: What a size is, such as ``filter length``.
    """

    size: int
    costs: pl.DataFrame
    least: int
    at_edge: bool
    widen: str
    not_shown: str
    needed: str
    size_label: str

    @property
    def sentence(self) -> str:
        """What to do now, as a clause that begins with ``use``."""
        word, past = self.size_label, reads(self.size_label, self.size)
        text = f"use {word} {self.size}" + f" (a forecast reads {past})" * bool(past)
        try_wider = f": try {self.widen}" if self.widen else ""
        if self.at_edge and self.size == self.least:
            text += f". It is the largest tried, and a larger one may predict better{try_wider}"
        elif self.at_edge:
            text += f": no larger one is shown to predict better. The least error is that of {self.least}, the largest "
            text += f"tried{try_wider}"
        else:
            text += ": no larger one is shown to predict better"
        shorter = self.costs.filter(pl.col("size") < self.size).tail(1).to_dicts()
        return text + "".join(f"; {cost_words(**row)}" for row in shorter)


def cost_words(size: int, above: float, low: float, high: float) -> str:
    """Return what a size costs: ``8 costs 3 % more squared error (95 % interval 1.2 to 5 %)``."""
    if above >= MANY:
        return f"{size} has over a million times the squared error"
    if above >= 1:
        return f"{size} has {1 + above:.2g} times the squared error (95 % interval {1 + low:.2g} to {1 + high:.2g})"
    beaten = "" if low > 0 else "; a larger one beats it"
    interval = f"95 % interval {percent(low)[:-2]} to {percent(high)}{beaten}"
    return f"{size} costs {percent(above)} more squared error ({interval})"


def percent(share: float) -> str:
    """Return a share in percent: two digits, but no more than tenths, and no more than a million."""
    value = 100 * share
    if value >= MANY:
        return "over a million %"
    return f"{value:.0f} %" if abs(value) >= 10 else f"{round(value, 1) + 0.0:.1f} %"


def advise(
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    sizes: Sequence[int],
    best: Best,
    critical: Critical,
    runs: int,
    size_label: str,
    widen: str = "",
    seed: int = 0,
    draws: int = 2000,
) -> Advice | None:
    """Choose the size to use by a paired block bootstrap over blocks of samples.

    Args:
        losses: Sums of squared errors, finite, ``(block, size)``, as for ``best_size``.
        samples: Scored samples in each block, ``(block,)``.
        sizes: Size of each column, rising.
        best: Of ``best_size`` for these losses.
        critical: The critical size, or why it is not known.
        runs: Number of runs.
        size_label: What a size is.
        widen: The option that tries larger sizes.
        seed: Seed of the draws.
        draws: Number of draws.

    Returns:
        None if only one size was tried: there is nothing to choose.
    """
    if len(sizes) < 2:
        return None
    drawn, least = drawn_means(losses, samples, seed, draws), sizes.index(best.size)
    chosen = next(k for k in range(least + 1) if sizes[k] in best.alike and (k == least or not _beaten(drawn, k)))
    mean, rows = losses.sum(axis=0) / samples.sum(), list[tuple[float, ...]]()
    if mean[chosen] > 0 and (drawn[:, chosen] > 0).all():
        with np.errstate(over="ignore"):
            ratios = np.minimum(drawn / drawn[:, [chosen]] - 1, LARGEST)
            above = np.minimum(mean / mean[chosen] - 1, LARGEST)
        lows, highs = np.quantile(ratios, [0.025, 0.975], axis=0)
        rows = [(size, above[k], lows[k], highs[k]) for k, size in enumerate(sizes) if k != chosen]
    not_shown, needed = _unknown(critical, runs)
    return Advice(
        size=sizes[chosen],
        costs=pl.DataFrame(rows, schema=COSTS, orient="row"),
        least=best.size,
        at_edge=best.size == sizes[-1],
        widen=widen if best.size == sizes[-1] else "",
        not_shown=not_shown,
        needed=needed,
        size_label=size_label,
    )


def advice_json(advice: Advice | None) -> dict[str, Any] | None:
    """Return an advice as plain JSON, with its sentence."""
    if advice is None:
        return None
    return advice._asdict() | dict(sentence=advice.sentence, costs=json_value(advice.costs.to_dicts()))


def _beaten(drawn: NDArray[np.float64], k: int) -> bool:
    """Return whether a larger size is better, with its whole 95 % interval."""
    return bool((np.quantile(drawn[:, k + 1 :] - drawn[:, [k]], 0.975, axis=0) < 0).any())


def _unknown(critical: Critical, runs: int) -> tuple[str, str]:
    """Return what the data do not show, and what would."""
    if critical.bounded is not None:
        return "", ""
    what = "whether the error is bounded"
    if runs < FEWEST_GROUPS:
        return f"{what}: one path does not average", f"{FEWEST_GROUPS} runs or more"
    return (what if critical.verdict == "undecided" else "from which size on the error is bounded"), critical.reason
