"""The size from which on the error is bounded, and the size of least error at this horizon."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.text import spans
from .bootstrap import resample_counts, threadless_product
from .curves import check_frame
from .onset import ABSENT, PRESENT, UNDECIDED, onset

STATES = {"bounded": PRESENT, "growing": ABSENT, "undecided": UNDECIDED}  # verdicts of growth laws


class Critical(NamedTuple):
    """The critical size, or why it is not known.

    Attributes:
        size: The critical size; None unless the verdict is ``located``.
        verdict: ``"located"``; ``"at most"``, if the error is bounded at a size and the size before it was not tried;
            ``"above"``, if every size tried grows; ``"not visible yet"``, if exact theory names another size and the
            exact error does not show that at this horizon; or ``"undecided"``.
        reason: The reason of the verdict, and what would decide it.
        bounded: The smallest size tried whose error is bounded, for ``located`` and ``at most``.
        rise: Exponent of the error at ``bounded``, if it is above 0 with 95 % certainty and at least half of it is left
            for t > T/4: the error still rises.
    """

    size: int | None
    verdict: str
    reason: str
    bounded: int | None = None
    rise: float | None = None

    def with_rise(self) -> Critical:
        """Return it with the remark that the error still rises, for data without exact theory."""
        if self.rise is None:
            return self
        more = f"the error still rises like t^{self.rise:.2f}: a longer horizon may show a larger size"
        return self._replace(reason=f"{self.reason.rstrip('.')}; {more}.")


def critical_size(laws: pl.DataFrame) -> Critical:
    """Return the smallest size whose error is bounded; every smaller size must grow.

    If the size before it was not tried, the critical size is at most that size.

    Args:
        laws: The frame that ``growth_laws`` returned.

    Raises:
        ValueError: A column is missing or of another type, there are no rows, or a size is null or occurs twice.
    """
    kinds = dict(size=pl.Int64(), verdict=pl.String(), reason=pl.String())
    rows = check_frame(laws, kinds, "the frame of growth laws").sort("size").to_dicts()
    if laws["size"].is_duplicated().any() or laws["size"].is_null().any():
        raise ValueError("expected one growth law for each size, got several or null: select one run and look-ahead.")
    found = onset([STATES.get(row["verdict"], ABSENT) for row in rows])
    if found.cause is not None:
        row = rows[found.cause]
        return Critical(None, "undecided", f"size {row['size']} is undecided: {row['reason']}.")
    if found.at is None:
        return Critical(None, "above", f"every size up to {rows[-1]['size']} grows: try larger sizes.")
    if found.again:
        size, growing = rows[found.at]["size"], [rows[k]["size"] for k in found.again]
        again = (
            f"size {size} is bounded, but {growing} grow again: a longer horizon or more replicates would decide it."
        )
        return Critical(None, "undecided", again)
    return _located(rows[found.at], rows)


def _located(found: dict[str, Any], rows: list[dict[str, Any]]) -> Critical:
    size = found["size"]
    exponent, late = found.get("exponent") or 0.0, found.get("late") or 0.0
    rise = exponent if (found.get("low") or 0.0) > 0 and 2 * late >= exponent else None
    before = max((row["size"] for row in rows if row["size"] < size), default=-1)
    if before < size - 1:
        untried = spans(list(range(before + 1, size)))
        return Critical(None, "at most", f"bounded at {size}; not tried: {untried}.", size, rise)
    return Critical(size, "located", f"bounded at {size}.", size, rise)


class Best(NamedTuple):
    """The size of least mean squared error, and the sizes that the data do not tell apart from it."""

    size: int
    alike: list[int]  # sizes whose loss is not told apart from the best one
    pairs: pl.DataFrame  # size, against, difference, low, high, verdict: each size and the size before it


def best_size(
    losses: NDArray[np.float64], samples: NDArray[np.float64], sizes: list[int], seed: int = 0, draws: int = 2000
) -> Best:
    """Compare sizes on the same samples by a paired block bootstrap.

    The difference between the squared errors of two sizes is summed over blocks of consecutive samples. Blocks are
    long enough to be nearly independent, and are drawn with replacement. A size is better or worse than the size before
    it if 0 lies outside the 95 % interval of the difference.

    Args:
        losses: Sums of squared errors, ``(block, size)``.
        samples: Scored samples in each block, ``(block,)``.
        sizes: Size of each column.
        seed: Seed of the draws.
        draws: Number of draws.

    Raises:
        ValueError: The shapes do not fit, the sizes do not rise, a loss is NaN, or fewer than two blocks hold samples.

    References:
        H. R. Kuensch, The jackknife and the bootstrap for general stationary observations, 1989.
    """
    if losses.ndim != 2 or losses.shape != (len(samples), len(sizes)):
        raise ValueError(f"losses must have shape {(len(samples), len(sizes))}, (block, size), got {losses.shape}.")
    if sizes != sorted(set(sizes)):
        raise ValueError(
            f"sizes must rise, because each is compared with the size before it; got {sizes}: sort the columns."
        )
    used = samples > 0
    if used.sum() < 2:
        raise ValueError(f"at least two blocks must hold samples, because blocks are drawn; got {used.sum()}.")
    if np.isnan(losses[used]).any():
        raise ValueError("losses must be numbers, got NaN: remove the blocks without samples.")
    losses, samples = losses[used], samples[used]
    drawn = drawn_means(losses, samples, seed, draws)
    mean = losses.sum(axis=0) / samples.sum()
    best = int(np.argmin(mean))
    alike = np.quantile(drawn - drawn[:, [best]], 0.025, axis=0) <= 0  # the best size is alike itself
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


def drawn_means(
    losses: NDArray[np.float64], samples: NDArray[np.float64], seed: int, draws: int
) -> NDArray[np.float64]:
    """Return the mean squared error of each size in each draw of blocks, ``(draw, size)``; the arguments as above."""
    counts = resample_counts(len(losses), draws, seed)
    return np.asarray(threadless_product(counts, losses) / (counts @ samples)[:, None])


def best_of_curves(curves: pl.DataFrame, seed: int = 0) -> Best:
    """Compare the sizes over groups of replicates, by the excess, or by the error if there was no oracle.

    The first twentieth of the horizon is left out. One group cannot tell sizes apart. A loss that is NaN or infinite
    counts as the largest number.

    Args:
        curves: Error curves (``SCHEMA``) of one learner, lookahead and system.
        seed: Seed of the draws.
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
