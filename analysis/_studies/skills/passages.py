"""First passages on streams of texts: at which load T / R a decoder has learned a share of the concepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.progress import Progress, no_progress
from ....simulator import skills
from ..._emergence.learned_texts import learned_after

SHARE = 0.5
SHIFT = -2 / 3  # power of R with which the mean threshold of finite streams tends to its limit


class Extrapolated(NamedTuple):
    """The threshold for many concepts, from passages with few.

    Attributes:
        load: c in c + b R^(-2/3).
        error: Its standard error.
        shift: b.
    """

    load: float
    error: float
    shift: float


def first_passage(
    concepts: int, seed: int, mean: float = 6.0, share: float = SHARE, most: float = 100.0
) -> float | None:
    """Return the load T / R of the text with which a stream has taught a share of its concepts.

    What is learned can only grow, so each stream has one threshold of its own.

    Args:
        concepts: R.
        seed: Of the stream.
        mean: d, mean number of concepts of a text.
        share: Of the concepts, above 0 and at most 1.
        most: Load up to which is looked.

    Returns:
        The load; None if it is above ``most``.

    Raises:
        ValueError: A number is not within its limits.
    """
    if not 0 < share <= 1:
        raise ValueError(f"the share of concepts to learn must be above 0 and at most 1, got {share}.")
    if not most > 0:
        raise ValueError(f"the load up to which is looked must be above 0, got {most}.")
    wanted = int(np.ceil(share * concepts))
    for start, learned in learned_after(skills(concepts, mean), seed, int(np.ceil(most * concepts))):
        if learned[-1] >= wanted:
            return float((start + 1 + np.searchsorted(learned, wanted)) / concepts)
    return None


def first_passages_of_streams(
    sizes: Sequence[int],
    streams: int,
    seed: int = 0,
    mean: float = 6.0,
    share: float = SHARE,
    progress: Progress = no_progress,
) -> pl.DataFrame:
    """Return the first passages of several streams of each size: ``concepts, seed, load``.

    Args:
        sizes: R, different numbers of concepts.
        streams: Streams of each.
        seed: Of the first stream; the others count up from it.
        mean: d.
        share: Of the concepts.
        progress: Called with the concepts of the streams done, and of all.
    """
    rows, total, done = [], streams * sum(sizes), 0
    for concepts in sizes:
        for number in range(seed, seed + streams):
            rows.append(dict(concepts=concepts, seed=number, load=first_passage(concepts, number, mean, share)))
            done += concepts
            progress(done, total)
    return pl.DataFrame(rows, schema=dict(concepts=pl.Int64, seed=pl.Int64, load=pl.Float64))


def passage_summary(passages: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each size: ``concepts, streams, load, error, spread``.

    ``load`` is the mean, ``error`` its standard error, and ``spread`` sqrt(R) times the standard deviation.
    """
    load, root = pl.col("load"), pl.col("concepts").sqrt()
    return (
        passages.group_by("concepts")
        .agg(streams=load.len().cast(pl.Int64), load=load.mean(), deviation=load.std())
        .sort("concepts")
        .select(
            "concepts",
            "streams",
            "load",
            error=pl.col("deviation") / pl.col("streams").sqrt(),
            spread=pl.col("deviation") * root,
        )
    )


def extrapolated(summary: pl.DataFrame) -> Extrapolated:
    """Return the threshold for R -> infinity: least squares of the mean loads on 1 and R^(-2/3), weighted by errors.

    Args:
        summary: Of ``passage_summary``, with two sizes or more.

    Raises:
        ValueError: There are fewer than two sizes, or fewer than two streams of one.

    References:
        A. Dembo, A. Montanari, Finite size scaling for the core of large random hypergraphs, Annals of Applied
        Probability 18, 2008: the shift by R^(-2/3).
    """
    if summary.height < 2 or summary["streams"].min() < 2:  # type: ignore[operator]
        raise ValueError("an extrapolation takes two sizes or more, each with two streams or more.")
    R, load, error = (summary[word].to_numpy().astype(float) for word in ("concepts", "load", "error"))
    design = np.stack([np.ones_like(R), R**SHIFT], axis=1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    value = covariance @ design.T @ (load / error)
    return Extrapolated(float(value[0]), float(np.sqrt(covariance[0, 0])), float(value[1]))


def learned_shares(concepts: int, seed: int, loads: NDArray[np.float64], mean: float = 6.0) -> NDArray[np.float64]:
    """Return the share of the concepts that a stream has taught at each load, ``(load,)``.

    Args:
        concepts: R.
        seed: Of the stream.
        loads: T / R, rising; T is rounded.
        mean: d.
    """
    texts = np.round(np.asarray(loads) * concepts).astype(int)
    parts = learned_after(skills(concepts, mean), seed, int(texts[-1]))
    counts = np.concatenate([np.zeros(1, int), *(part for _, part in parts)])
    return np.asarray(counts[texts] / concepts)
