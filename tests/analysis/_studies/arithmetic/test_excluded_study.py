"""Numbers that never come: pairs are counted as a textbook counts them, and a wrong table is seen."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import binom

from ergoscope.analysis._exact.completion import determined_share
from ergoscope.analysis._studies.arithmetic.completion_runs import seen_entries
from ergoscope.analysis._studies.arithmetic.excluded_study import (
    ALL,
    SOME,
    excluded_claims,
    excluded_numbers,
    excluded_shares,
    excluded_table,
)

LIMIT = 1e-4  # two-sided


def offline_shares(size: int, count: int, samples: int, seed: int, run: int) -> tuple[float, float]:
    """The textbook: sets of lines that are merged, and every pair looked up in them."""
    never = excluded_numbers(size, count, seed, run).tolist()
    others = [number for number in range(size) if number not in never]
    lines = [{("row", number)} for number in range(size)] + [{("column", number)} for number in range(size)]
    for i, j in zip(*(line.tolist() for line in seen_entries(size - count, samples, seed, run)), strict=True):
        ends = [one for one in lines if ("row", others[i]) in one or ("column", others[j]) in one]
        lines = [one for one in lines if one not in ends] + [set().union(*ends)]
    touching, rest = [], []
    for i in range(size):
        for j in range(size):
            known = any(("row", i) in one and ("column", j) in one for one in lines)
            (touching if i in never or j in never else rest).append(known)
    return sum(touching) / len(touching), sum(rest) / len(rest)


def test_shares_are_those_of_a_textbook() -> None:
    for run, (count, samples) in enumerate(((1, 9), (2, 8), (3, 12), (2, 25))):
        assert excluded_shares(7, count, samples, seed=4, run=run) == offline_shares(7, count, samples, 4, run)
    assert excluded_shares(7, 2, 25) == (0.0, 1.0)


def test_excluded_numbers_are_different_and_uniform() -> None:
    drawn = np.array([excluded_numbers(6, 2, seed=1, run=run) for run in range(3000)])
    assert (drawn[:, 0] < drawn[:, 1]).all()
    counts = np.bincount(drawn.ravel(), minlength=6)
    tail = LIMIT / 6 / 2
    assert counts.min() >= binom.ppf(tail, 3000, 1 / 3) and counts.max() <= binom.isf(tail, 3000, 1 / 3)
    assert excluded_numbers(6, 6).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_table_has_means_over_runs() -> None:
    told: list[tuple[int, int]] = []
    found = excluded_table(12, (1, 3), 4, seed=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 16) for done in range(1, 17)]
    assert found["given"].to_list() == [SOME, ALL] * 2 and found["samples"].to_list() == [48, 121, 48, 81]
    each = np.array([offline_shares(12, 3, 48, 2, run) for run in range(4)])
    row = found.row(2, named=True)
    assert (row["touching"], row["others"]) == tuple(each.mean(0))
    assert np.isclose(row["error"], each[:, 1].std(ddof=1) / 2)
    assert row["exact"] == determined_share(48 / 9) and found["exact"][3] == 1


def test_a_wrong_table_is_seen() -> None:
    table = excluded_table(12, (1, 3), 3)
    right = excluded_claims(table.with_columns(others="exact"), close=0.01)
    assert [claim.agrees for claim in right] == [True] * 4
    known, missing = (
        excluded_claims(table.with_columns(**columns), close=0.01)
        for columns in (dict(touching=pl.lit(1e-4)), dict(others=pl.col("exact") - 0.011))
    )
    assert known[0].agrees is False
    assert [claim.agrees for claim in missing] == [True, False, False, False]
