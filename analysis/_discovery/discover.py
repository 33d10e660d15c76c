"""Discovery from gradients: clusters of examples, held against labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.devices import Precision
from ...learners._neural.model import Model, Parameters
from ...simulator._tasks.process import Examples
from .clusters import Envelope, check_clusters, envelope, rand_index, spectral_clusters
from .similarity import Similarity, angular_similarity


class Discovery(NamedTuple):
    """What the gradients of examples show of their groups.

    Attributes:
        similarity: Angular similarity of the gradients, and which of them are zero.
        labels: The partitions that it is held against, ``(example,)`` each, by name.
        clusters: Numbers of clusters.
        assigned: Cluster of each example, ``(number, example)``.
        rand: For each number of ``clusters`` and each ``label``: ``rand``, the adjusted Rand index of clusters and
            labels, and ``shuffled``, that of the same labels in random order.
        means: For each ``label`` the mean similarity of two examples with equal labels, ``within``, and with different
            ones, ``between``.
        envelope: Sizes of the clusters by rank, and their law.
    """

    similarity: Similarity
    labels: dict[str, NDArray[np.int64]]
    clusters: tuple[int, ...]
    assigned: NDArray[np.int64]
    rand: pl.DataFrame
    means: pl.DataFrame
    envelope: Envelope


def discover(
    model: Model,
    parameters: Parameters,
    examples: Examples,
    labels: Mapping[str, ArrayLike],
    clusters: Sequence[int],
    *,
    seed: int = 0,
    ranks: tuple[int, int] | None = None,
    precision: Precision = "float32",
    device: str | None = None,
) -> Discovery:
    """Cluster examples by the gradients of their losses, and hold the clusters against labels.

    On sparse parity the clusters are those of task and bit pattern, not of tasks.

    Args:
        model: The network; its inputs are vectors of numbers.
        parameters: Its parameters.
        examples: Examples that it answers well.
        labels: Whole numbers, one for each example, by the name of the partition: see ``bit_patterns``.
        clusters: Numbers of clusters.
        seed: Of the clusters and of the order of shuffled labels.
        ranks: First and last rank that the slope of the envelope is fitted to; None: all.
        precision: Of the gradients.
        device: As in ``find_devices``.

    Raises:
        ValueError: ``angular_similarity``, ``spectral_clusters`` and ``envelope`` raise it, or labels are not one for
            each example.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 5.
    """
    held = {name: _whole(name, values, len(examples.y)) for name, values in labels.items()}
    check_clusters(clusters, len(examples.y))
    similarity = angular_similarity(model, parameters, examples, precision=precision, device=device)
    assigned = spectral_clusters(similarity.matrix, clusters, seed)
    random = np.random.default_rng(seed)
    rand, means = [], []
    for name, values in held.items():
        shuffled = random.permutation(values)
        means.append(dict(label=name) | mean_similarity(similarity.matrix, values))
        for number, found in zip(clusters, assigned, strict=True):
            row = dict(rand=rand_index(values, found), shuffled=rand_index(shuffled, found))
            rand.append(dict(clusters=int(number), label=name) | row)
    law = envelope(assigned, clusters, ranks)
    return Discovery(similarity, held, tuple(clusters), assigned, pl.DataFrame(rand), pl.DataFrame(means), law)


def mean_similarity(matrix: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float | None]:
    """Return the mean similarity of different samples with equal labels and with different ones; None without a pair.

    Args:
        matrix: ``(sample, sample)``, symmetric, with 1 on the diagonal.
        labels: ``(sample,)``.
    """
    _, place, count = np.unique(labels, return_inverse=True, return_counts=True)
    belongs = (place[:, None] == np.arange(len(count))).astype(float)
    within = float(np.einsum("sl,sl->", belongs, matrix @ belongs)) - len(labels)
    every = float(matrix.sum()) - len(labels)
    pairs = int((count * (count - 1)).sum())
    others = len(labels) * (len(labels) - 1) - pairs
    return dict(within=within / pairs if pairs else None, between=(every - within) / others if others else None)


def _whole(name: str, values: Any, count: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(
            f"labels {name!r} must be one whole number for each of {count} examples, got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(np.int64)
