"""What every reproduction returns, how far measured may lie from exact, and the runs that they measure.

Time: a stretch ``[edges[k], edges[k+1])`` counts samples from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaincinv
from scipy.stats import chi2

from ..._core.devices import computing
from ...learners import Driver, Learner, Scores, score
from ...simulator import LinearSystem, simulate_chunks

FALSE_ALARM = 1e-4  # of a whole table of measured entries, both sides together


class Reproduction(NamedTuple):
    """A measured table beside the exact one: ``agrees`` is whether every entry is within its limits."""

    table: pl.DataFrame
    agrees: bool
    sentence: str


def mean_limits(
    expected: NDArray[np.float64], samples: NDArray[np.float64], entries: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return between what limits the mean of independent runs lies, but for a chance of 1e-4 / entries.

    A mean square over a stretch is a weighted sum of chi-squares, and so is its mean over N runs: by Satterthwaite it
    is expected chi^2_nu / nu, with nu = 2 N (mean / deviation)^2 of the runs.

    Args:
        expected: What the mean should be, ``(entry,)``, positive.
        samples: One mean square a run, ``(entry, batch)``.
        entries: How many entries the whole table has.

    References:
        F. E. Satterthwaite, An approximate distribution of estimates of variance components, 1946.
    """
    runs = samples.shape[-1]
    freedom = 2 * runs * (samples.mean(axis=-1) / samples.std(axis=-1, ddof=1)) ** 2
    low, high = (chi2.ppf(p, freedom) / freedom for p in (FALSE_ALARM / entries / 2, 1 - FALSE_ALARM / entries / 2))
    return expected * low, expected * high


def weighted_limit(weights: NDArray[np.float64], entries: int) -> float:
    """Return what a sum of chi-squares with these weights exceeds with a chance of 1e-4 / entries.

    Taken as a gamma law of the same mean and variance (Satterthwaite).
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
    """Return what a learner's errors sum to over stretches of simulated runs, each from a zero state.

    Args:
        system: What is simulated, with one output and no input.
        learner: What predicts.
        edges: Of the stretches, rising from 0 to the horizon.
        replicates: Independent runs.
        seed: Of the simulation.
        oracle: What the excess is measured against.
        progress: Called with the samples done.
    """
    horizon = edges[-1]
    with computing("float64"):
        driver = Driver(learner, oracle=oracle, width=min(replicates, 128))
        chunks = simulate_chunks(jax.random.key(seed), system, horizon, replicates, blocks=4)
        outputs = (chunk.outputs for chunk in chunks)
        lengths = np.full(replicates, horizon)
        return score(driver, outputs, lambda t: np.zeros((len(t), 0)), lengths, edges, progress, whole=True)
