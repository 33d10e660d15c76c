"""Numbers that never come: completion determines no pair with one of them, however many samples of the others come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.checks import check_seed
from ...._core.progress import Progress, no_progress
from ....learners import AdditiveCompletion
from ..._exact.completion import determined_share
from ..claims import Claim, at_least, at_most
from .completion_runs import seen_entries

LOAD = 4  # samples for each number, where not all the others are given
SOME, ALL = f"{LOAD} n samples", "all samples"  # of the other numbers


def excluded_numbers(size: int, count: int, seed: int = 0, run: int = 0) -> NDArray[np.int64]:
    """Return so many different numbers of ``0 .. n-1``, rising, drawn at random."""
    key = np.array([check_seed(seed), size], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 1, run, count], np.uint64)))
    return np.sort(generator.choice(size, count, replace=False))


def excluded_shares(size: int, count: int, samples: int, seed: int = 0, run: int = 0) -> tuple[float, float]:
    """Return the shares determined of the pairs with an excluded number, and of the others, in one run.

    Args:
        size: n.
        count: How many numbers never come, neither first nor second.
        samples: Of the pairs of the others, none twice, at most (n - count)^2.
        seed: Of the runs.
        run: Number of the run among those of a seed.
    """
    never = excluded_numbers(size, count, seed, run)
    others = np.setdiff1d(np.arange(size), never)
    first, second = (others[line] for line in seen_entries(size - count, samples, seed, run))
    completion = AdditiveCompletion(size)
    completion.take(first, second, first + second)
    known = completion.predict(*np.divmod(np.arange(size * size), size)).known.reshape(size, size)
    seen = np.ones((size, size), bool)
    seen[never], seen[:, never] = False, False
    return float(known[~seen].mean()), float(known[seen].mean())


def excluded_table(
    size: int, counts: Sequence[int], runs: int, seed: int = 0, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return what is determined if some numbers never come: two rows for each count of them.

    Args:
        size: n.
        counts: How many numbers are excluded.
        runs: Runs of each, with other numbers excluded.
        seed: Of the runs.
        progress: Called with the runs done, and all.

    Returns:
        ``size, excluded, given, samples, runs, touching, others, error, exact``: the share determined of the pairs with
        an excluded number; that of the other pairs, its standard error, and its value for many numbers.
    """
    rows = []
    for number, count in enumerate(counts):
        rest = size - count
        for place, (given, samples) in enumerate(((SOME, LOAD * size), (ALL, rest * rest))):
            shares = np.empty((runs, 2))
            for run in range(runs):
                shares[run] = excluded_shares(size, count, samples, seed, run)
                progress((2 * number + place) * runs + run + 1, 2 * len(counts) * runs)
            exact = 1.0 if given == ALL else float(determined_share(samples / rest))
            error = float(shares[:, 1].std(ddof=1) / np.sqrt(runs))
            rows.append((size, count, given, samples, runs, *shares.mean(0).tolist(), error, exact))
    names = ["size", "excluded", "given", "samples", "runs", "touching", "others", "error", "exact"]
    return pl.DataFrame(rows, schema=names, orient="row")


def excluded_claims(excluded: pl.DataFrame, close: float) -> list[Claim]:
    """Return what is claimed of the table: nothing with an excluded number, all or the exact share of the others."""
    part = f"numbers that never come, {excluded['size'][0]} rows"
    most, least = excluded["touching"].to_numpy().max(), excluded.filter(given=ALL)["others"].to_numpy().min()
    claims = [
        at_most(part, "pairs with such a number that are determined (share)", most, 0, "theory"),
        at_least(part, "other pairs that are determined if all of them are given (share)", least, 1, "theory"),
    ]
    for row in excluded.filter(given=SOME).iter_rows(named=True):
        what = f"other pairs determined by {SOME}, {row['excluded']} excluded (share)"
        claims.append(Claim(part, what, row["others"], row["exact"] - close, row["exact"] + close, "theory"))
    return claims
