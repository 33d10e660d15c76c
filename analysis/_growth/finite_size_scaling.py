"""Finite-size scaling: the sizes located at several horizons, from one set of curves.

Time: a horizon T is a number of samples. The sizes at T use the stretches that end at T or before.
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

SHORTEST = 64  # horizon that is chosen by default


def scaling(curves: pl.DataFrame, horizons: Iterable[int] | ArrayLike | None = None, seed: int = 0) -> pl.DataFrame:
    """Return the sizes located at several horizons from the curves of one run, one row for each horizon.

    A row is ``located`` of the curves up to its horizon, the same as for a run that ends there. The critical size is
    the same at all horizons, except for weak modes and roots near one. Regret size and best size grow about like
    (tau/2) log T (``reproduce_horizon_scaling`` compares the length of least regret with theory).

    Args:
        curves: Error curves (``SCHEMA``) of one run, learner, lookahead and system, as from ``each_run``.
        horizons: T, whole numbers; each is rounded down to the end of a stretch. None means the whole horizon, its
            half, its quarter, .., down to 16 (h + 1) samples for the largest size h, and at least 64.
        seed: Seed of the draws.

    Returns:
        ``horizon`` and the columns of ``located``, by rising horizon.

    Raises:
        ValueError: A horizon is after the last stretch or before the end of the first, or ``growth_laws`` raises.
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
    """Return the last horizon, its half, its quarter, .., while the largest size has enough samples."""
    largest = int(frame["size"].max())  # type: ignore[arg-type]
    least = max(SETTLING * (largest + 1), SHORTEST)
    return last >> np.arange(max(int(np.log2(last / least)), 0) + 1)
