"""The ideal learner: which exponents a finite number of tasks shows, and what its missing tail brings back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ..._emergence.scaling_exponent import scaling_exponent
from ..._exact.quanta import Quanta
from ..claims import Claim

ALPHAS = (0.4, 0.8)
MANY, FEW = 10**6, 500  # tasks; the source has 500
PUBLISHED = 0.45  # exponent of the steps that the source measures at alpha 0.4
BIASED = (0.37, 0.42)  # what 500 tasks alone make of 0.286
USES = 100  # of a task before it is learned, on the axis of data
CLOSE = 0.005
SIZE_CLOSE = {MANY: 0.01, FEW: 0.04}
STAIRS, POINTS = 201, 13  # of curves with steps, so that these do not beat with the points; of smooth ones
# First and last task that is learned in the window of the fit. It begins where the first tasks, learned one by one, do
# not matter and ends where the last ones do not: the sooner, the less of the tail is added.
WINDOW = {(MANY, "plain"): (5, 50), (MANY, "size"): (30, 300), (FEW, "corrected"): (10, 100), (FEW, "plain"): (3, 100)}


class Ideal(NamedTuple):
    """What the exact curves show.

    Attributes:
        exponents: ``alpha, tasks, tail`` (whether the missing tail was added), ``axis, first, last`` (tasks of the
            window), ``exponent, theory``.
        curves: ``alpha, tasks, tail, steps, loss, local``: the loss along the steps, in units of those that the
            first task takes, and its local exponent.
        claims: What is claimed and reported.
    """

    exponents: pl.DataFrame
    curves: pl.DataFrame
    claims: list[Claim]


def study_ideal() -> Ideal:
    """Return the exponents of the exact losses beside their limits, with and without the missing tail."""
    rows = [
        dict(alpha=alpha, tasks=tasks, tail=tail, axis=axis, first=window[0], last=window[1])
        | dict(exponent=_exponent(Quanta(alpha, tasks), axis, window, tail), theory=_theory(alpha, axis))
        for alpha in ALPHAS
        for tasks, tail in ((MANY, False), (FEW, True), (FEW, False))
        for axis in ("steps", "data", "size")
        for window in [_window(tasks, tail, axis)]
    ]
    exponents = pl.DataFrame(rows)
    curves = [
        _curve(alpha, tasks, tail) for alpha in ALPHAS for tasks, tail in ((MANY, False), (FEW, True), (FEW, False))
    ]
    return Ideal(exponents, pl.concat(curves), [_claim(row) for row in rows] + [_explained(exponents)])


def _window(tasks: int, tail: bool, axis: str) -> tuple[int, int]:
    if axis == "size" and tasks == MANY:
        return WINDOW[MANY, "size"]
    return WINDOW[tasks, "corrected" if tail else "plain"]


def _exponent(quanta: Quanta, axis: str, window: tuple[int, int], tail: bool) -> float:
    """Return the exponent of the exact loss over the window."""
    first, last = (1 / quanta.frequency(window)).tolist()
    if axis == "size":
        x = np.unique(np.geomspace(*window, POINTS).round())
        loss = quanta.loss_by_size(x)
    elif axis == "steps":
        x = np.geomspace(first, last, STAIRS)
        loss = quanta.loss_by_steps(x)
    else:
        x = np.rint(USES * np.geomspace(first, last, POINTS))
        loss = quanta.loss_by_data(x, USES)
    return scaling_exponent(x, loss, missing=quanta.missing if tail else 0.0).exponent


def _theory(alpha: float, axis: str) -> float:
    quanta = Quanta(alpha)
    return quanta.size_exponent if axis == "size" else quanta.data_exponent


def _claim(row: dict[str, Any]) -> Claim:
    """Return the line about one exponent. Without its tail a finite number of tasks has a bias: that of the steps."""
    alpha, tasks, axis = row["alpha"], row["tasks"], row["axis"]
    what = f"exponent in {axis}, alpha {alpha}, {tasks} tasks{', tail added' if row['tail'] else ''}, exact"
    low, high, ground = None, None, "theory"
    if tasks != FEW or row["tail"]:
        close = SIZE_CLOSE[tasks] if axis == "size" else CLOSE
        low, high = row["theory"] - close, row["theory"] + close
    elif alpha == ALPHAS[0] and axis != "size":
        low, high = BIASED
    else:
        ground = ""
    return Claim("ideal", what, row["exponent"], low, high, ground)


def _explained(exponents: pl.DataFrame) -> Claim:
    """Return how much of the published distance to the limit 500 tasks explain."""
    found = exponents.filter((pl.col("alpha") == ALPHAS[0]) & (pl.col("tasks") == FEW) & ~pl.col("tail"))
    row = found.filter(axis="steps").row(0, named=True)
    share = (row["exponent"] - row["theory"]) / (PUBLISHED - row["theory"])
    return Claim(
        "ideal", "share of the published gap (.45 against .286) that 500 tasks explain", share, 0.5, 1, "theory"
    )


def _curve(alpha: float, tasks: int, tail: bool) -> pl.DataFrame:
    quanta = Quanta(alpha, tasks)
    steps = np.geomspace(1, 1 / float(quanta.frequency(min(tasks, 2000))[0]), 60) / float(quanta.frequency(1)[0])
    loss = quanta.loss_by_steps(steps, stages=1) + (quanta.missing if tail else 0.0)
    found = scaling_exponent(steps, loss, stretch=5).local
    known = np.log(found["x"].to_numpy()), found["exponent"].to_numpy()
    local = np.interp(np.log(steps), *known, left=np.nan, right=np.nan)
    labels = [pl.lit(alpha).alias("alpha"), pl.lit(tasks).alias("tasks"), pl.lit(tail).alias("tail")]
    return pl.DataFrame(dict(steps=steps, loss=loss, local=local)).select(*labels, pl.all())
