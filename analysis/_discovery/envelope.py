"""Sizes of clusters by rank, and their envelope over several numbers of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Envelope(NamedTuple):
    """Sizes of clusters by rank.

    Attributes:
        sizes: One row for each cluster: ``clusters``, how many were asked for, ``rank`` from 1, the largest first, and
            ``size`` in samples.
        curve: The envelope: ``rank`` and ``size``, the largest size at that rank over all numbers of clusters.
        ranks: First and last rank of the fit.
        slope: Of log size against log rank of the envelope, by least squares with equal weights of the ranks.
    """

    sizes: pl.DataFrame
    curve: pl.DataFrame
    ranks: tuple[int, int]
    slope: float


def envelope(assigned: NDArray[np.int64], clusters: Sequence[int], ranks: tuple[int, int] | None = None) -> Envelope:
    """Return the sizes of clusters by rank, their envelope and its slope.

        E(r) = max over the numbers of clusters c of the size of the r-th largest of c clusters

    Args:
        assigned: Cluster of each sample, ``(number, sample)``.
        clusters: The numbers of clusters, ``(number,)``.
        ranks: First and last rank of the fit; None: all that the envelope has.

    Raises:
        ValueError: Fewer than two ranks of the envelope lie in that range.
    """
    counts = [-np.sort(-np.unique(row, return_counts=True)[1]) for row in assigned]
    sizes = pl.concat(
        pl.DataFrame(dict(rank=np.arange(1, len(size) + 1), size=size)).select(
            pl.lit(int(number), pl.Int64).alias("clusters"), "rank", "size"
        )
        for number, size in zip(clusters, counts, strict=True)
    )
    return envelope_of(sizes, ranks)


def envelope_of(sizes: pl.DataFrame, ranks: tuple[int, int] | None = None) -> Envelope:
    """Return the envelope of sizes that are known: the frame ``sizes`` of an ``Envelope``."""
    curve = sizes.group_by("rank").agg(pl.col("size").max()).sort("rank")
    first, last = ranks or (1, len(curve))
    return Envelope(sizes, curve, (first, last), rank_slope(curve["size"].to_numpy(), first, last))


def rank_slope(sizes: NDArray[np.int64], first: int, last: int) -> float:
    """Return the slope of log size against log rank over the ranks ``first .. last``, counted from 1.

    Raises:
        ValueError: There are fewer than two such ranks.
    """
    rank = np.arange(1, len(sizes) + 1)
    inside = (rank >= first) & (rank <= last)
    if inside.sum() < 2:
        raise ValueError(
            f"a slope needs two ranks or more, and of ranks 1 to {len(sizes)} the range {first} to {last} has "
            f"{inside.sum()}: choose another range, or more clusters."
        )
    return float(np.polyfit(np.log(rank[inside]), np.log(sizes[inside]), 1)[0])
