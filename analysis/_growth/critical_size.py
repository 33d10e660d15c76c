"""The size at which the error stops growing, and the size that is best at this horizon."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .bootstrap import resample_counts, threadless_product
from .curves import check_frame


class Critical(NamedTuple):
    """The critical size, None unless the verdict is ``located``; ``reason`` says why and what would decide it."""

    size: int | None
    verdict: str  # "located", "above" the largest size tried, "undecided"
    reason: str


def critical_size(laws: pl.DataFrame) -> Critical:
    """Return the smallest size whose error is bounded, every smaller one growing.

    Args:
        laws: What ``growth_laws`` returned.

    Raises:
        ValueError: Columns missing or of another type, no rows, a size twice or without a number.
    """
    kinds = dict(size=pl.Int64(), verdict=pl.String(), reason=pl.String())
    rows = check_frame(laws, kinds, "the frame of growth laws").sort("size").to_dicts()
    if laws["size"].is_duplicated().any() or laws["size"].is_null().any():
        raise ValueError("there must be one growth law a size, got several or null: take one run and look-ahead.")
    below = []
    for row in rows:
        if row["verdict"] == "bounded":
            return _located(row["size"], rows)
        if row["verdict"] == "undecided":
            return Critical(None, "undecided", f"size {row['size']} is undecided: {row['reason']}.")
        below.append(row["size"])
    return Critical(None, "above", f"every size up to {below[-1]} grows: try larger ones.")


def _located(size: int, rows: list[dict[str, object]]) -> Critical:
    growing = [row["size"] for row in rows if row["verdict"] == "growing" and int(str(row["size"])) > size]
    if growing:
        again = f"size {size} is bounded but {growing} grow again: a longer horizon or more replicates would decide it."
        return Critical(None, "undecided", again)
    smallest = "; no smaller size was tried" if rows[0]["size"] == size and size > 0 else ""
    return Critical(size, "located", f"bounded at {size}{smallest}.")


class Best(NamedTuple):
    """The size of least mean squared error so far, and what the recording can tell apart from it."""

    size: int
    alike: list[int]  # sizes whose loss is not told apart from the best one
    pairs: pl.DataFrame  # size, against, difference, low, high, verdict: each size against the one before it


def best_size(
    losses: NDArray[np.float64], samples: NDArray[np.float64], sizes: list[int], seed: int = 0, draws: int = 2000
) -> Best:
    """Compare sizes on the same samples by a paired block bootstrap.

    The difference of two sizes' squared errors is summed in blocks of consecutive samples, long enough to be nearly
    independent; blocks are drawn with replacement. A size is better or worse than its neighbour where 95 % of the draws
    say so.

    Args:
        losses: Sums of squared errors, ``(block, size)``.
        samples: Scored samples in each block, ``(block,)``.
        sizes: Size of each column.
        seed: Of the draws.
        draws: How many.

    Raises:
        ValueError: The shapes do not fit, the sizes do not rise, a loss is NaN, or fewer than two blocks hold samples.

    References:
        H. R. Kuensch, The jackknife and the bootstrap for general stationary observations, 1989.
    """
    if losses.ndim != 2 or losses.shape != (len(samples), len(sizes)):
        raise ValueError(f"losses must have shape {(len(samples), len(sizes))}, (block, size), got {losses.shape}.")
    if sizes != sorted(set(sizes)):
        raise ValueError(f"sizes must rise, for each is held against the one before it; got {sizes}: sort the columns.")
    used = samples > 0
    if used.sum() < 2:
        raise ValueError(f"at least two blocks must hold samples, for blocks are drawn; got {used.sum()}.")
    if np.isnan(losses[used]).any():
        raise ValueError("losses must be numbers, got NaN: leave out the blocks without samples.")
    losses, samples = losses[used], samples[used]
    counts = resample_counts(len(losses), draws, seed)
    drawn = threadless_product(counts, losses) / (counts @ samples)[:, None]
    mean = losses.sum(axis=0) / samples.sum()
    best = int(np.argmin(mean))
    alike = np.quantile(drawn - drawn[:, [best]], 0.025, axis=0) <= 0  # the best one is like itself
    lows, highs = np.quantile(np.diff(drawn, axis=1), [0.025, 0.975], axis=0).tolist()
    pairs = []
    for k, (low, high) in enumerate(zip(lows, highs, strict=True), start=1):
        verdict = "better" if high < 0 else "worse" if low > 0 else "alike"
        gap = float(mean[k] - mean[k - 1])
        pairs.append(dict(size=sizes[k], against=sizes[k - 1], difference=gap, low=low, high=high, verdict=verdict))
    kinds = dict(
        size=pl.Int64, against=pl.Int64, difference=pl.Float64, low=pl.Float64, high=pl.Float64, verdict=pl.String
    )
    return Best(
        sizes[best], [size for size, like in zip(sizes, alike, strict=True) if like], pl.DataFrame(pairs, schema=kinds)
    )


def best_of_curves(curves: pl.DataFrame, seed: int = 0) -> Best:
    """Compare the sizes over the groups of replicates by their excess, or by their error where no oracle ran beside.

    The first twentieth is left out. From one group nothing is told apart. A loss that is no number counts as huge.

    Args:
        curves: Error curves (``SCHEMA``) of one learner, lookahead and system.
        seed: Of the draws.
    """
    metric = "excess" if "excess" in curves["metric"].unique() else "error"
    late = curves.filter((pl.col("metric") == metric) & (pl.col("first") > pl.col("last").max() // 20))
    sums = late.group_by("group", "size").agg((pl.col("value") * pl.col("samples")).sum(), pl.col("samples").sum())
    table = sums.sort("group", "size")
    sizes = table["size"].unique().sort().to_list()
    losses, samples = (table[word].to_numpy().reshape(-1, len(sizes)) for word in ("value", "samples"))
    huge = np.finfo(float).max / (8 * len(losses))
    losses = np.minimum(np.nan_to_num(losses, nan=huge, posinf=huge), huge)
    if len(losses) < 2:
        kinds = dict(size=pl.Int64, against=pl.Int64, difference=pl.Float64, low=pl.Float64, high=pl.Float64)
        return Best(sizes[int(losses[0].argmin())], sizes, pl.DataFrame(schema=kinds | dict(verdict=pl.String)))
    return best_size(losses, samples[:, 0], sizes, seed)
