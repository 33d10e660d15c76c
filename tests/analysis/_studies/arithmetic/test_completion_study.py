"""The study of completion: its claims hold, its tables are what they say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, norm

from ergoscope.analysis._exact.completion import determined_share, determining_load
from ergoscope.analysis._studies.arithmetic.completion_runs import (
    complete_table,
    contiguous_table,
    first_passage,
    low_rank_table,
    pairs_determined,
    passage_table,
    seen_entries,
    share_table,
)
from ergoscope.analysis._studies.arithmetic.completion_study import (
    median_table,
    rank_table,
    share_limits,
    study_completion,
)
from ergoscope.analysis._studies.claims import claims_table, verdict

LIMIT = 1e-4  # two-sided


def offline_pairs(rows: np.ndarray, columns: np.ndarray, size: int) -> int:
    """The textbook: give the two lines of each sample the smaller label until nothing changes."""
    labels = np.arange(2 * size)
    while True:
        before = labels.copy()
        for i, j in zip(rows, size + columns, strict=True):
            labels[i] = labels[j] = min(labels[i], labels[j])
        if (labels == before).all():
            return int((labels[:size, None] == labels[None, size:]).sum())


def test_the_claims_hold(pytestconfig: pytest.Config) -> None:
    told: list[tuple[int, int]] = []
    quick = not pytestconfig.getoption("--campaign")
    found = study_completion(quick=quick, progress=lambda done, total: told.append((done, total)))
    agrees, words = verdict(found.claims)
    assert agrees, f"{words}\n{claims_table(found.claims)}"
    assert sum(claim.agrees is not None for claim in found.claims) == 25
    assert [done for done, _ in told] == sorted({done for done, _ in told}) and told[-1][0] == told[-1][1]
    assert found.passages.group_by("size").len()["len"].unique().len() == 1


def test_entries_are_different_and_uniform() -> None:
    size, runs = 5, 4000
    counts = np.zeros((size, size))
    for run in range(runs):
        rows, columns = seen_entries(size, 6, seed=1, run=run)
        assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == 6
        counts[rows, columns] += 1
    tail = LIMIT / size**2 / 2
    assert counts.min() >= binom.ppf(tail, runs, 6 / 25) and counts.max() <= binom.isf(tail, runs, 6 / 25)


def test_pairs_and_passages_are_those_of_a_textbook() -> None:
    for run, share in enumerate((0.5, 0.5, 0.9, 0.1)):
        pairs = pairs_determined(8, 30, seed=2, run=run)
        rows, columns = seen_entries(8, 30, seed=2, run=run)
        assert pairs.tolist() == [offline_pairs(rows[:k], columns[:k], 8) for k in range(1, 31)]
        samples = min(64, int(np.ceil((2 * float(determining_load(share)) + 1) * 8)))
        rows, columns = seen_entries(8, samples, seed=2, run=run)
        first = next(k for k in range(1, samples + 1) if offline_pairs(rows[:k], columns[:k], 8) >= share * 64)
        assert first_passage(8, seed=2, run=run, share=share) == first / 8


def test_shares_are_means_over_runs() -> None:
    found = share_table((40,), (0.0, 1.5, 3.0), 3, seed=5)
    pairs = np.array([pairs_determined(40, 120, 5, run) for run in range(3)]) / 1600
    assert found["share"].to_list() == pytest.approx([0.0, pairs[:, 59].mean(), pairs[:, 119].mean()])
    assert found["error"][2] == pytest.approx(pairs[:, 119].std(ddof=1) / np.sqrt(3))
    np.testing.assert_allclose(found["exact"], determined_share([0.0, 1.5, 3.0]))


def test_completeness_is_counted() -> None:
    row = complete_table((6,), 60, seed=3).row(0, named=True)
    samples = round(6 * np.log(12))
    complete = empty = 0
    for run in range(60):
        rows, columns = seen_entries(6, samples, 3, run)
        complete += offline_pairs(rows, columns, 6) == 36
        empty += len(set(rows)) < 6 or len(set(columns)) < 6
    assert 0 < complete < 60
    assert (row["samples"], row["complete"], row["no_empty"]) == (samples, complete / 60, 1 - empty / 60)
    assert row["limit"] == pytest.approx(np.exp(-12 * np.exp(-samples / 6)))


def test_limits_hold_with_their_probability() -> None:
    low, high = share_limits(200, 0.3, 0.4, entries=5)
    tail = LIMIT / 5 / 2
    assert binom.cdf(round(200 * low) - 1, 200, 0.3) < tail <= binom.cdf(round(200 * low), 200, 0.3)
    assert binom.sf(round(200 * high), 200, 0.4) <= tail < binom.sf(round(200 * high) - 1, 200, 0.4)


def test_medians_have_their_interval() -> None:
    """Of 400 samples of a normal law, the interval is some 1.96 of the standard error of a median."""
    loads = np.random.default_rng(0).normal(1.7, 0.05, 400)
    found = median_table(pl.DataFrame(dict(size=[100] * 400, run=range(400), load=loads))).row(0, named=True)
    assert found["median"] == np.median(loads) and found["low"] < found["median"] < found["high"]
    ranks = [int((loads < found[end]).sum()) for end in ("low", "high")]
    covered = binom.cdf(ranks[1], 400, 0.5) - binom.cdf(ranks[0], 400, 0.5)
    assert 0.95 <= covered < 0.96
    assert found["before"] == (loads < float(determining_load(0.5))).mean()
    assert found["spread"] == pytest.approx(10 * loads.std(ddof=1))


def test_medians_of_many_runs_tend_to_the_exact_load() -> None:
    loads = passage_table((400,), 150, seed=11)["load"].to_numpy()
    error = loads.std(ddof=1) / np.sqrt(150)
    assert abs(loads.mean() - determining_load(0.5)) < norm.isf(LIMIT / 2) * error < 0.02


def test_blocks_and_ranks_are_tables_of_runs() -> None:
    found = contiguous_table({5: (4, 12, 25), 3: (0,)}, 8, seed=1)
    assert found["size"].to_list() == [5, 5, 5, 3] and found["samples"].to_list() == [4, 12, 25, 0]
    assert found["filled"].to_list()[::2] == [0.0, 1.0] and found["filled"][3] == 0
    ranks = rank_table((4, 9))
    assert ranks["size"].to_list() == [4, 9] and ranks["rank"].to_list() == [2, 2]
    low_rank = low_rank_table(4, (11, 16), 2)
    assert low_rank["freedom"].to_list() == [12, 12]
    assert low_rank["determined"].to_list() == [0.0, 1.0] == low_rank["recovered"].to_list()
    assert low_rank["wrong"].to_list() == [0.0, 0.0]
