"""Clusters of examples, and the law of their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.checks import check_seed, check_whole


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


def spectral_clusters(affinity: NDArray[np.float64], clusters: Sequence[int], seed: int = 0) -> NDArray[np.int64]:
    """Return the cluster of each sample for several numbers of clusters, ``(number, sample)``.

    Spectral clustering of scikit-learn on the affinity, k-means on the leading eigenvectors. On one thread: only then
    do equal seeds give equal clusters.

    Args:
        affinity: ``(sample, sample)``, symmetric, at least 0.
        clusters: Numbers of clusters.
        seed: Of the starts of k-means.

    Raises:
        ValueError: A number of clusters is below 2 or not below the number of samples, or scikit-learn is missing.

    References:
        A. Ng, M. Jordan, Y. Weiss, On spectral clustering: analysis and an algorithm, NIPS 2001.
    """
    check_seed(seed)
    wanted = check_clusters(clusters, len(affinity))
    cluster, _, one_thread = _scikit_learn()
    with one_thread(1):
        found = [
            cluster(int(number), affinity="precomputed", random_state=seed % 2**32).fit_predict(affinity)
            for number in wanted
        ]
    return np.array(found, np.int64)


def check_clusters(clusters: Sequence[int], samples: int) -> NDArray[np.int64]:
    """Return numbers of clusters as a vector.

    Raises:
        ValueError: There are none, or one is below 2 or not below the number of samples.
    """
    wanted = check_whole("clusters", clusters)
    if not len(wanted) or wanted.min() < 2 or wanted.max() >= samples:
        raise ValueError(
            f"{samples} samples can be put into 2 to {samples - 1} clusters, got {list(clusters)}: choose such "
            "numbers, or more samples."
        )
    return wanted


def rand_index(labels: NDArray[Any], clusters: NDArray[np.int64]) -> float:
    """Return the adjusted Rand index of two partitions: 1 if they are equal, 0 on average if they are independent.

    Raises:
        ValueError: scikit-learn is missing.

    References:
        L. Hubert, P. Arabie, Comparing partitions, Journal of Classification 2, 1985.
    """
    return float(_scikit_learn()[1](labels, clusters))


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


def _scikit_learn() -> tuple[Any, Any, Any]:
    """Return spectral clustering, the adjusted Rand index and the limit of threads."""
    try:
        from sklearn.cluster import SpectralClustering  # here, because these packages are an extra
        from sklearn.metrics import adjusted_rand_score
        from threadpoolctl import threadpool_limits
    except ImportError as exc:
        raise ValueError(
            "discovery from gradients needs scikit-learn: in a checkout, pip install '.[studies]'."
        ) from exc
    return SpectralClustering, adjusted_rand_score, threadpool_limits
