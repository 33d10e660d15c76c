"""The bias of the method on clusters that are known: noisy samples of random means."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import isfinite

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.checks import check_seed
from .clusters import envelope, rand_index, rank_slope, spectral_clusters


def noisy_means(
    subtasks: int, most: int, exponent: float, dimension: int, noise: float, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return samples that stand for gradients, ``(sample, dimension)``, and the subtask of each, ``(sample,)``.

        x = mu_i + noise * e,    mu_i, e ~ N(0, I),    n_i = floor(most / i^exponent) samples of subtask i

    Subtasks without a sample are left out.

    Args:
        subtasks: K.
        most: Samples of the first subtask.
        exponent: The slope of their frequencies by rank, without its sign.
        dimension: Of a sample.
        noise: Standard deviation of the noise in each direction; that of the means is 1.
        seed: Of means and noise.

    Raises:
        ValueError: A number cannot be.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), appendix: 1000 subtasks, 1000 samples of the first one.
    """
    check_seed(seed)
    if subtasks < 2 or most < 2 or dimension < 1:
        raise ValueError(
            f"expected two subtasks, two samples of the first and one dimension or more, got {subtasks}, {most} and "
            f"{dimension}."
        )
    if not (isfinite(exponent) and exponent > 0) or not (isfinite(noise) and noise >= 0):
        raise ValueError(f"expected an exponent above 0 and noise of at least 0, got {exponent} and {noise}.")
    counts = np.floor(most / np.arange(1, subtasks + 1) ** exponent).astype(int)
    labels = np.repeat(np.arange(subtasks), counts)
    random = np.random.default_rng(seed)
    means = random.standard_normal((subtasks, dimension))
    return means[labels] + noise * random.standard_normal((len(labels), dimension)), labels


def envelope_bias(
    dimensions: Sequence[int],
    noises: Sequence[float],
    *,
    subtasks: int = 1000,
    most: int = 200,
    exponent: float = 1.4,
    seed: int = 0,
) -> pl.DataFrame:
    """Measure what the envelope makes of subtasks whose sizes are known.

    Samples are clustered by 1 + the cosine of their angle, into 1/8, 1/4, 1/2, 1 and 2 times as many clusters as there
    are subtasks with a sample. Slopes are fitted over the ranks 1 to that number.

    Args:
        dimensions: Of a sample.
        noises: Standard deviations of the noise.
        subtasks, most, exponent: As in ``noisy_means``.
        seed: Of the samples and of the clusters.

    Returns:
        For each ``dimension`` and ``noise``: ``samples`` and ``subtasks`` that have one, ``slope`` of the envelope,
        ``true``, that of the true sizes over the same ranks, ``bias``, the one minus the other, and ``rand``, the
        adjusted Rand index of subtasks and as many clusters.

    Raises:
        ValueError: ``noisy_means`` raises it, or scikit-learn is missing.
    """
    rows = []
    for dimension, noise in product(dimensions, noises):
        samples, labels = noisy_means(subtasks, most, exponent, dimension, noise, seed)
        counts = np.unique(labels, return_counts=True)[1]
        there = len(counts)
        clusters = sorted({max(2, int(there * share)) for share in (1 / 8, 1 / 4, 1 / 2, 1, 2)})
        unit = samples / np.linalg.norm(samples, axis=1)[:, None]
        assigned = spectral_clusters(1 + np.clip(unit @ unit.T, -1, 1), clusters, seed)
        slope, true = envelope(assigned, clusters, (1, there)).slope, rank_slope(counts, 1, there)
        rand = rand_index(labels, assigned[clusters.index(there)])
        rows.append(
            dict(dimension=dimension, noise=float(noise), samples=len(labels), subtasks=there)
            | dict(slope=slope, true=true, bias=slope - true, rand=rand)
        )
    return pl.DataFrame(rows)
