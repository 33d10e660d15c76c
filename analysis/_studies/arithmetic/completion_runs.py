"""Runs of completion: entries of the addition map are seen in random order, none twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.checks import check_seed
from ...._core.progress import Progress, no_progress
from ....learners import AdditiveCompletion
from ....learners._discrete.contiguous import contiguous_completion
from ....learners._discrete.low_rank import low_rank_completion
from ..._exact.completion import (
    LARGEST,
    all_determined,
    determined_share,
    determining_load,
    isolated_pairs,
    no_empty_line,
    no_empty_line_exactly,
)

HALF = 0.5
RIGHT = 1e-3  # a matrix is recovered if no entry is farther off than this times the largest
STARTS = 3

Lines = NDArray[np.int64]


def seen_entries(size: int, samples: int, seed: int = 0, run: int = 0) -> tuple[Lines, Lines]:
    """Return the rows and columns of different entries of an n x n map, in random order.

    Args:
        size: n.
        samples: How many, at most n^2.
        seed: Of the runs.
        run: Number of the run among those of a seed.
    """
    key = np.array([check_seed(seed), size], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, run, samples], np.uint64)))
    row, column = np.divmod(generator.choice(size * size, samples, replace=False), size)
    return row, column


def pairs_determined(size: int, samples: int, seed: int = 0, run: int = 0) -> Lines:
    """Return how many of the n^2 entries are determined after each sample of a run."""
    row, column = seen_entries(size, samples, seed, run)
    return AdditiveCompletion(size).take(row, column, row + column).pairs


def share_table(
    sizes: Sequence[int], loads: Sequence[float], runs: int, seed: int = 0, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return the share of the entries that is determined: ``size, load, runs, share, error, exact``.

    Args:
        sizes: n.
        loads: c = m / n; all of a size are read off the same runs.
        runs: Runs of each size; ``share`` is their mean and ``error`` its standard error.
        seed: Of the runs.
        progress: Called with the runs done, and all.
    """
    rows = []
    for number, size in enumerate(sizes):
        counts = np.round(np.array(loads) * size).astype(int)
        shares = np.empty((runs, len(counts)))
        for run in range(runs):
            pairs = np.append(0, pairs_determined(size, counts.max(), seed, run))
            shares[run] = pairs[counts] / size**2
            progress(number * runs + run + 1, len(sizes) * runs)
        means, errors = shares.mean(0), shares.std(0, ddof=1) / np.sqrt(runs)
        for load, mean, error in zip((counts / size).tolist(), means.tolist(), errors.tolist(), strict=True):
            rows.append((size, load, runs, mean, error, float(determined_share(load))))
    return pl.DataFrame(rows, schema=["size", "load", "runs", "share", "error", "exact"], orient="row")


def complete_table(sizes: Sequence[int], runs: int, seed: int = 0, progress: Progress = no_progress) -> pl.DataFrame:
    """Return how often all entries are determined at m = n log(2n), rounded.

    Args:
        sizes: n.
        runs: Runs of each.
        seed: Of the runs.
        progress: Called with the runs done, and all.

    Returns:
        ``size, samples, runs, complete, no_empty, limit, product, exact, isolated``: the shares of the runs in which
        all entries are determined and in which no line is empty; the probability for many rows; that of no empty line,
        nearly, and exactly where n <= 100; the expected number of entries alone in row and column.
    """
    rows = []
    for number, size in enumerate(sizes):
        samples = round(size * np.log(2 * size))
        complete = no_empty = 0
        for run in range(runs):
            row, column = seen_entries(size, samples, seed, run)
            complete += AdditiveCompletion(size).take(row, column, row + column).pairs[-1] == size**2
            no_empty += all(np.bincount(lines, minlength=size).all() for lines in (row, column))
            progress(number * runs + run + 1, len(sizes) * runs)
        exact = no_empty_line_exactly(samples, size) if size <= LARGEST else None
        limit = float(all_determined(samples / size - np.log(2 * size)))
        known = limit, no_empty_line(samples, size), exact, isolated_pairs(samples, size)
        rows.append((size, samples, runs, complete / runs, no_empty / runs, *known))
    names = ["size", "samples", "runs", "complete", "no_empty", "limit", "product", "exact", "isolated"]
    return pl.DataFrame(rows, schema=names, orient="row")


def first_passage(size: int, seed: int = 0, run: int = 0, share: float = HALF) -> float:
    """Return the load m / n of the sample with which a run has determined a share of the entries.

    What is determined can only grow, so each run has one threshold of its own.
    """
    wanted = int(np.ceil(share * size**2))
    samples = int(np.ceil((2 * float(determining_load(share)) + 1) * size))
    while True:
        pairs = pairs_determined(size, min(samples, size**2), seed, run)
        if pairs[-1] >= wanted:
            return float((np.searchsorted(pairs, wanted) + 1) / size)
        samples *= 2


def passage_table(sizes: Sequence[int], runs: int, seed: int = 0, progress: Progress = no_progress) -> pl.DataFrame:
    """Return the first passages through half of the entries: ``size, run, load``."""
    rows = []
    for number, size in enumerate(sizes):
        for run in range(runs):
            rows.append((size, run, first_passage(size, seed, run)))
            progress(number * runs + run + 1, len(sizes) * runs)
    return pl.DataFrame(rows, schema=dict(size=pl.Int64, run=pl.Int64, load=pl.Float64), orient="row")


def contiguous_table(
    samples: Mapping[int, Sequence[int]], runs: int, seed: int = 0, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return how often contiguous 2 x 2 blocks fill the whole map: ``size, samples, runs, filled``.

    Args:
        samples: For each n, the numbers of samples.
        runs: Runs of each.
        seed: Of the runs.
        progress: Called with the runs done, and all.
    """
    rows, points = [], [(size, count) for size, counts in samples.items() for count in counts]
    for number, (size, count) in enumerate(points):
        filled = 0
        for run in range(runs):
            mask = np.zeros((size, size), bool)
            mask[seen_entries(size, count, seed, run)] = True
            filled += bool(contiguous_completion(mask).all())
            progress(number * runs + run + 1, len(points) * runs)
        rows.append((size, count, runs, filled / runs))
    return pl.DataFrame(rows, schema=["size", "samples", "runs", "filled"], orient="row")


def low_rank_table(
    size: int, samples: Sequence[int], runs: int, seed: int = 0, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return what alternating least squares finds of the addition map when only its rank is known.

    Returns:
        ``size, samples, freedom, runs, recovered, determined, wrong``: the share of the runs in which the map is found,
        in which the samples are said to determine it, and in which that is said of another matrix.
    """
    rows, truth = [], np.add.outer(np.arange(size), np.arange(size))
    for number, count in enumerate(samples):
        right, said = np.zeros((2, runs), bool)
        for run in range(runs):
            row, column = seen_entries(size, count, seed, run)
            found = low_rank_completion(row, column, row + column, size, starts=STARTS, seed=run)
            right[run] = np.abs(found.matrix - truth).max() <= RIGHT * truth.max()
            said[run] = found.determined
            progress(number * runs + run + 1, len(samples) * runs)
        rows.append((size, count, found.freedom, runs, right.mean(), said.mean(), (said & ~right).mean()))
    names = ["size", "samples", "freedom", "runs", "recovered", "determined", "wrong"]
    return pl.DataFrame(rows, schema=names, orient="row")
