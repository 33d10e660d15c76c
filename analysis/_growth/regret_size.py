"""The smallest size of low regret. Regret is the loss of a filter to the Kalman filter, summed over time.

Time: the regret at horizon T sums the excess of the samples t = 0 .. T-1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .bootstrap import resample_counts, threadless_product
from .curves import check_curves, curve_array

FACTOR = 2.0  # a size is good enough if its regret is at most this many times the least
DRAWS = 1000


class RegretSize(NamedTuple):
    """The smallest size of low regret, measured.

    Attributes:
        size: The smallest size whose regret is at most ``factor`` times the least.
        low: Lower end of its 95 % bootstrap interval.
        high: Upper end.
        factor: See ``size``.
        regret: Regret of ``size`` for each run after the first twentieth, in squared units of the output.
    """

    size: int
    low: int
    high: int
    factor: float
    regret: float


def regret_size(curves: pl.DataFrame, seed: int = 0, factor: float = FACTOR, draws: int = DRAWS) -> RegretSize:
    """Locate the smallest size whose measured regret is within a factor of the least.

        R_T(h) = sum over T/20 < t <= T of the mean excess

    The first twentieth is left out: h taps fitted to about h samples interpolate them, and the large errors of a few
    runs would then outweigh all later samples.

    Args:
        curves: Error curves (``SCHEMA``) of one learner, lookahead and system, with the metric ``excess``.
        seed: Seed of the draws.
        factor: At least 1.
        draws: Number of draws of the groups of replicates.

    Raises:
        ValueError: A column is missing, the frame has no excess, only one replicate or stretch, only NaN, or the factor
            is below 1.
    """
    if factor < 1:
        raise ValueError(f"the factor must be at least 1, got {factor}.")
    sizes, sums = late_regrets(curves)
    groups = sums.shape[1]
    if groups < 2:
        raise ValueError(f"an interval needs at least two groups of replicates, got {groups}: run more replicates.")
    sums = np.minimum(sums, np.finfo(float).max / (8 * groups))  # infinity times a weight of zero is NaN
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
        ValueError: The frame has no excess, only one stretch, or only NaN.
    """
    part = check_curves(curves).filter(pl.col("metric") == "excess")
    if part.is_empty():
        raise ValueError("regret needs the excess over an oracle, and these curves have none.")
    part = part.filter(pl.col("first") > pl.col("last").max() // 20)
    if part.is_empty():
        raise ValueError(
            "regret needs stretches after the first twentieth of the horizon, got one stretch for the whole horizon."
        )
    _, sizes, values = curve_array(part, "excess")
    widths = part.group_by("last").agg(pl.col("first").first()).sort("last")
    samples = (widths["last"] - widths["first"] + 1).to_numpy()
    return sizes, np.nansum(values * samples[:, None, None], axis=0)
