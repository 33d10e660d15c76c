"""Regret: what a filter has lost to the Kalman filter since the start, exact and measured, and the size it asks for.

Time: the regret at horizon T sums the excess of the samples t = 0 .. T-1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .bootstrap import resample_counts, threadless_product
from .curves import check_curves, curve_array

FACTOR = 2.0  # a size will do whose regret is at most this many times the least
DRAWS = 1000


class RegretSize(NamedTuple):
    """The size that regret asks for, measured.

    Attributes:
        size: The smallest whose regret is at most ``factor`` times the least one.
        low: Lower end of its 95 % interval over redrawn replicates.
        high: Upper end.
        factor: As above.
        regret: Regret of ``size`` a run since the first twentieth, in squared units of the output.
    """

    size: int
    low: int
    high: int
    factor: float
    regret: float


def regret_size(curves: pl.DataFrame, seed: int = 0, factor: float = FACTOR, draws: int = DRAWS) -> RegretSize:
    """Locate the smallest size whose measured regret is within a factor of the least.

        R_T(h) = sum over T/20 < t <= T of the mean excess

    What comes before is left out as everywhere: h taps fitted to some h samples interpolate them, and single runs then
    outweigh all that follows.

    Args:
        curves: Error curves (``SCHEMA``) of one learner, lookahead and system, with the metric ``excess``.
        seed: Of the draws.
        factor: At least 1.
        draws: How often the groups of replicates are drawn anew.

    Raises:
        ValueError: Columns missing, no excess in the frame, one replicate or stretch only, all NaN, or a factor
            below 1.
    """
    if factor < 1:
        raise ValueError(f"the factor must be at least 1, got {factor}.")
    sizes, sums = late_regrets(curves)
    groups = sums.shape[1]
    if groups < 2:
        raise ValueError(f"an interval needs at least two groups of replicates, got {groups}: run more replicates.")
    sums = np.minimum(sums, np.finfo(float).max / (8 * groups))  # infinity times a weight of zero is no number
    weights = resample_counts(groups, draws, seed) / groups
    drawn = threadless_product(weights, sums.T)
    chosen = np.array(sizes)[(drawn <= factor * drawn.min(axis=1, keepdims=True)).argmax(axis=1)]
    mean = sums.mean(axis=1)
    place = int((mean <= factor * mean.min()).argmax())
    low, high = np.quantile(chosen, [0.025, 0.975], method="inverted_cdf")
    return RegretSize(sizes[place], int(low), int(high), factor, float(mean[place]))


def late_regrets(curves: pl.DataFrame) -> tuple[list[int], NDArray[np.float64]]:
    """Return the sizes and the excess of each group summed over T/20 < t <= T, ``(size, group)``.

    Raises:
        ValueError: No excess in the frame, one horizon only, or all NaN.
    """
    part = check_curves(curves).filter(pl.col("metric") == "excess")
    if part.is_empty():
        raise ValueError("regret needs the excess over an oracle, and these curves have none.")
    part = part.filter(pl.col("first") > pl.col("last").max() // 20)
    if part.is_empty():
        raise ValueError("regret needs stretches after the first twentieth of the horizon, got one that spans it all.")
    _, sizes, values = curve_array(part, "excess")
    widths = part.group_by("last").agg(pl.col("first").first()).sort("last")
    samples = (widths["last"] - widths["first"] + 1).to_numpy()
    return sizes, np.nansum(values * samples[:, None, None], axis=0)
