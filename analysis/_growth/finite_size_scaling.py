"""Finite-size scaling: the located sizes at several horizons, cut from one set of curves.

Time: a horizon T is a number of samples; what is located at T has seen the stretches that end by then, no later ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_whole
from .curves import check_curves
from .laws import SETTLING
from .summary import located

SHORTEST = 64  # of the horizons that are taken by themselves


def scaling(curves: pl.DataFrame, horizons: Iterable[int] | ArrayLike | None = None, seed: int = 0) -> pl.DataFrame:
    """Return the sizes located at several horizons, one row each, from one run's curves.

    A row is what ``located`` says of the curves up to its horizon, and so what a run that had ended there would have
    shown. The critical size stays where it is, but for weak modes and roots near one; regret and best size grow about
    like (tau/2) log T (``reproduce_horizon_scaling`` holds the length of least regret against theory).

    Args:
        curves: Error curves (``SCHEMA``) of one run, learner, lookahead and system, as ``each_run`` hands them on.
        horizons: T, whole numbers; each is taken back to the end of a stretch. None means the whole, a half, a quarter,
            .., as far as 16 (h + 1) samples for the largest size h and 64.
        seed: Of the draws.

    Returns:
        ``horizon`` and the columns of ``located``, rising.

    Raises:
        ValueError: A horizon is beyond the curves or before their first stretch, or what ``growth_laws`` refuses.
    """
    frame = check_curves(curves)
    ends = frame["last"].unique().sort().to_numpy()
    asked = _octaves(frame, int(ends[-1])) if horizons is None else check_whole("horizons", horizons)
    if not len(asked) or asked.min() < ends[0] or asked.max() > ends[-1]:
        raise ValueError(f"horizons must lie within the curves, {ends[0]} to {ends[-1]} samples, got {asked.tolist()}.")
    rows = []
    for end in np.unique(ends[np.searchsorted(ends, asked, side="right") - 1]).tolist():
        row = located(frame.filter(pl.col("last") <= end), seed)
        rows.append(row.select(pl.lit(end, pl.Int64).alias("horizon"), pl.all()))
    return pl.concat(rows)


def _octaves(frame: pl.DataFrame, last: int) -> NDArray[np.int64]:
    """Return the last horizon, its half, its quarter, ..: as far as the largest size is learned."""
    largest = int(frame["size"].max())  # type: ignore[arg-type]
    least = max(SETTLING * (largest + 1), SHORTEST)
    return last >> np.arange(max(int(np.log2(last / least)), 0) + 1)
