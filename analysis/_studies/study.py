"""What studies share: their result, the limits of measured values around exact ones, and simulated runs.

Time: a stretch ``[edges[k], edges[k+1])`` counts samples from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import bdtr, chdtri, gammaincinv

from ...learners import Learner
from ...learners._engine.driver import Driver
from ...learners._engine.replay import Scores, score
from ...simulator import LinearSystem, simulate_chunks

FALSE_ALARM = 1e-4  # probability for a whole table of measured entries, both sides together


class StudyResult(NamedTuple):
    """What a study found.

    Attributes:
        table: Measured and exact values.
        agrees: Whether every measured value is within its limits.
        sentence: The answer in words.
        tables: Further tables by name; figures are drawn from them.
    """

    table: pl.DataFrame
    agrees: bool
    sentence: str
    tables: Mapping[str, pl.DataFrame] = MappingProxyType({})


def mean_limits(
    expected: NDArray[np.float64], samples: NDArray[np.float64], entries: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of the mean of independent runs; it lies outside with probability 1e-4 / entries.

    A mean square over a stretch is a weighted sum of chi-squares, and so is its mean over N runs. Satterthwaite's
    approximation is expected chi^2_nu / nu, with nu = 2 N (mean / deviation)^2 of the runs.

    Args:
        expected: Expected mean, ``(entry,)``, positive.
        samples: One mean square for each run, ``(entry, batch)``.
        entries: Number of entries in the whole table.

    References:
        F. E. Satterthwaite, An approximate distribution of estimates of variance components, 1946.
    """
    runs = samples.shape[-1]
    freedom = 2 * runs * (samples.mean(axis=-1) / samples.std(axis=-1, ddof=1)) ** 2
    low, high = (chdtri(freedom, p) / freedom for p in (1 - FALSE_ALARM / entries / 2, FALSE_ALARM / entries / 2))
    return expected * low, expected * high


def binomial_quantile(probability: float, runs: int, share: float) -> int:
    """Return the least number k with P(Bin(runs, share) <= k) >= probability."""
    return int(np.argmax(bdtr(np.arange(runs + 1), runs, share) >= probability))


def weighted_limit(weights: NDArray[np.float64], entries: int) -> float:
    """Return the value that a sum of chi-squares with these weights exceeds with probability 1e-4 / entries.

    The sum is approximated by a gamma law of the same mean and variance (Satterthwaite).
    """
    mean, variance = weights.sum(), 2 * (weights**2).sum()
    return float(gammaincinv(mean**2 / variance, 1 - FALSE_ALARM / entries) * variance / mean)


def simulated_scores(
    system: LinearSystem,
    learner: Learner,
    edges: Sequence[int],
    replicates: int,
    seed: int,
    oracle: Learner | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Scores:
    """Return the sums of a learner's squared errors over stretches of simulated runs, each from a zero state.

    Args:
        system: The plant, with one output and no input.
        learner: The learner.
        edges: Edges of the stretches, rising from 0 to the horizon.
        replicates: Independent runs.
        seed: Seed of the simulation.
        oracle: The oracle that the excess is measured against.
        progress: Called with the samples done.
    """
    horizon = edges[-1]
    driver = Driver(learner, oracle=oracle, width=min(replicates, 128))
    chunks = simulate_chunks(seed, system, horizon, replicates)
    outputs = (chunk.outputs for chunk in chunks)
    lengths = np.full(replicates, horizon)
    return score(driver, outputs, lambda t: np.zeros((len(t), 0)), lengths, edges, progress, whole=True)
