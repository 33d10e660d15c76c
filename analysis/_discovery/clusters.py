"""Spectral clusters, and how well they agree with labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.checks import check_seed, check_whole


def spectral_clusters(affinity: NDArray[np.float64], clusters: Sequence[int], seed: int = 0) -> NDArray[np.int64]:
    """Return the cluster of each sample for several numbers of clusters, ``(number, sample)``.

    Spectral clustering of scikit-learn on the affinity, k-means on the leading eigenvectors. On one thread, so that
    equal seeds give equal clusters.

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
    with _extra():
        from sklearn.cluster import SpectralClustering
        from threadpoolctl import threadpool_limits
    with threadpool_limits(1):
        found = [
            SpectralClustering(int(number), affinity="precomputed", random_state=seed % 2**32).fit_predict(affinity)
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
    with _extra():
        from sklearn.metrics import adjusted_rand_score
    return float(adjusted_rand_score(labels, clusters))


@contextmanager
def _extra() -> Iterator[None]:
    """Say what to install where a package of the extra ``studies`` is missing."""
    try:
        yield
    except ImportError as exc:
        raise ValueError(
            "discovery from gradients needs scikit-learn: in a checkout, pip install '.[studies]'."
        ) from exc
