"""Of each value of an axis: how many of its runs passed within the horizon, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from ..._core.text import did_you_mean
from .passages import check_passages, setting_names
from .survival import median_passage


def share_interval(passed: ArrayLike, runs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % interval of a share by Jeffreys' prior: quantiles of the beta law of passed, failed + 1/2.

    Where no run passes, or every run, the interval ends at 0 or 1.

    References:
        L. D. Brown, T. T. Cai and A. DasGupta, Interval estimation for a binomial proportion, 2001.
    """
    s, n = np.asarray(passed, float), np.asarray(runs, float)
    low, high = betaincinv(np.atleast_1d(s) + 0.5, np.atleast_1d(n - s) + 0.5, [[0.025], [0.975]])
    return np.where(s == 0, 0.0, low), np.where(s == n, 1.0, high)


def within(passages: pl.DataFrame) -> int:
    """Return the horizon: the last step at which every run is known to have passed or not.

    A run that ended early without having passed or diverged takes it down to its last step. If there is no such run,
    it is the last step of all.
    """
    waiting = passages.filter(pl.col("censored") & ~pl.col("diverged"))["last"]
    steps: Any = waiting.min() if len(waiting) else passages["last"].max()
    return int(steps)


def run_times(passages: pl.DataFrame, horizon: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the step of the passage of each run and whether it passed by the horizon; a diverged run never passes."""
    high = passages["high"].to_numpy().astype(float)  # null becomes NaN, and NaN is not by the horizon
    passed = high <= horizon
    return np.where(passed, high, horizon), passed


def share_table(passages: pl.DataFrame, axis: str, horizon: int) -> pl.DataFrame:
    """Return one row for each value of the axis, rising.

    The columns are the axis, ``runs, passed, diverged, share, low, high`` (its 95 % interval) and ``median,
    median_low, median_high`` of the passage in steps; null where the runs do not reach them within the horizon.
    """
    times, passed = run_times(passages, horizon)
    values, place = np.unique(passages[axis].to_numpy(), return_inverse=True)
    diverged, rows = passages["diverged"].to_numpy(), []
    for k, value in enumerate(values.tolist()):
        mine = place == k
        median = median_passage(times[mine], passed[mine])
        rows.append(
            {axis: value}
            | dict(runs=int(mine.sum()), passed=int(passed[mine].sum()), diverged=int(diverged[mine].sum()))
            | dict(median=median.value, median_low=median.low, median_high=median.high)
        )
    whole, medians = ("runs", "passed", "diverged"), ("median", "median_low", "median_high")
    kinds: dict[str, Any] = {axis: passages.schema[axis]} | dict.fromkeys(whole, pl.Int64)
    table = pl.DataFrame(rows, schema=kinds | dict.fromkeys(medians, pl.Float64))
    low, high = share_interval(table["passed"], table["runs"])
    shares = dict(share=table["passed"] / table["runs"], low=pl.Series(low), high=pl.Series(high))
    return table.with_columns(**shares).select(axis, *whole, *shares, *medians)


def check_axis(passages: pl.DataFrame, axis: str) -> None:
    """Raise ValueError unless the axis is ``"steps"`` or holds numbers, and kind and all other settings are fixed."""
    check_passages(passages)
    names = setting_names(passages)
    if axis != "steps" and axis not in names:
        known = ["steps", *names]
        raise ValueError(f"the axis must be one of {', '.join(known)}; got {axis!r}{did_you_mean(axis, known)}")
    kinds = passages["kind"].unique().sort().to_list()
    if len(kinds) > 1:
        raise ValueError(f"choose one kind of {', '.join(kinds)} first: passages.filter(pl.col('kind') == ..).")
    if passages["run"].is_duplicated().any():
        raise ValueError("expected one row for each run, got several: number the runs one by one.")
    if axis != "steps":
        if not passages.schema[axis].is_numeric():
            raise ValueError(f"the axis {axis!r} must hold numbers, got {passages.schema[axis]}: give each a number.")
        values = passages[axis]
        if values.null_count() or not values.cast(pl.Float64).is_finite().all():
            raise ValueError(f"the axis {axis!r} must hold finite numbers, got null, NaN or infinity: drop these runs.")
        if values.n_unique() < 2:
            raise ValueError(
                f"the axis {axis!r} needs at least two values, got only {values[0]}: run others, or ask for the axis "
                "'steps'."
            )
    others = [name for name in names if name != axis]
    if others:
        counts = pl.col(others).n_unique()
        several = passages.group_by(axis).agg(counts) if axis != "steps" else passages.select(counts)
        for name in others:
            if (several[name] > 1).any():
                found = passages[name].unique().sort().to_list()
                raise ValueError(f"choose one {name} of {found} first: passages.filter(pl.col({name!r}) == ..).")
