"""Multitask sparse parity: labels by brute force, frequencies of the tasks, an exam of all, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from ergoscope.simulator._tasks.find import find_task
from ergoscope.simulator._tasks.process import drawn, exam_rows
from ergoscope.simulator._tasks.sparse_parity import sparse_parity, task_sets

ENDS = 0.5e-4, 1 - 0.5e-4  # two-sided 1e-4
ROWS = 20_000


@pytest.mark.parametrize("coding", ["bits", "signs"])
def test_each_label_is_the_parity_of_the_bits_of_the_task_that_the_control_bits_name(coding: str) -> None:
    process = sparse_parity(tasks=5, bits=24, k=4, control=7, coding=coding)
    sets = task_sets(5, 24, 4, 0)
    for exam in (False, True):
        examples = drawn(process, 3, 400, exam)
        assert examples.x.shape == (400, 31) == (400, process.inputs)
        for x, y, kind in zip(examples.x.tolist(), examples.y.tolist(), examples.kind.tolist(), strict=True):
            assert x[:7] == [int(i == kind) for i in range(7)]
            ones = [value > 0 for value in x[7:]]
            assert set(x[7:]) <= ({0, 1} if coding == "bits" else {-1, 1})
            assert y == sum(ones[bit] for bit in sets[kind]) % 2


def test_tasks_come_with_their_frequencies_and_the_exam_has_as_many_of_each() -> None:
    process = sparse_parity(tasks=12, alpha=0.7)
    expected = np.array([i**-1.7 for i in range(1, 13)])
    expected /= expected.sum()
    assert np.allclose(process.frequency, expected, rtol=1e-14)
    counts = np.bincount(drawn(process, 1, ROWS).kind, minlength=12)
    low, high = chi2.ppf(ENDS, 11)
    assert low < ((counts - ROWS * expected) ** 2 / (ROWS * expected)).sum() < high
    exam = np.bincount(drawn(process, 1, 2405, exam=True).kind, minlength=12)
    assert exam.sum() == 2405 and set(exam.tolist()) == {200, 201}
    assert process.kinds[0] == "task 1" and len(process.kinds) == 12


def test_fewer_bits_of_a_task_say_nothing_and_the_task_must_be_known() -> None:
    """For each task the label is balanced given any two of its three bits, and so it is given the bits of another."""
    process = sparse_parity(tasks=3)
    examples = drawn(process, 7, ROWS, exam=True)
    bits, sets = examples.x[:, 3:], task_sets(3, 30, 3, 0)
    for kind in range(3):
        mine = examples.kind == kind
        for chosen in (sets[kind][:2], sets[kind][1:], sets[(kind + 1) % 3]):
            codes = np.column_stack([bits[mine][:, chosen], examples.y[mine]]) @ (1 << np.arange(len(chosen) + 1))
            counts = np.bincount(codes, minlength=2 ** (len(chosen) + 1))
            expected = mine.sum() / len(counts)
            low, high = chi2.ppf(ENDS, len(counts) - 1)
            assert low < ((counts - expected) ** 2 / expected).sum() < high


def test_the_sets_are_distinct_and_of_their_seed_alone() -> None:
    sets = task_sets(276, 24, 2, 5)  # every pair there is
    assert len({tuple(row) for row in sets.tolist()}) == 276
    assert (np.diff(sets, axis=1) > 0).all() and sets.min() == 0 and sets.max() == 23
    assert np.array_equal(task_sets(9, 30, 3, 1), task_sets(20, 30, 3, 1)[:9])
    assert not np.array_equal(task_sets(9, 30, 3, 1), task_sets(9, 30, 3, 2))


def test_the_exam_has_200_rows_of_each_kind_and_a_row_of_each_at_least() -> None:
    assert exam_rows(find_task("sparse-parity"), None) == 6000
    assert exam_rows(sparse_parity(tasks=3), 50) == 2000
    with pytest.raises(ValueError, match="has 30 kinds of examples: give it 30 rows or more, got 29"):
        exam_rows(sparse_parity(), None, 29)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(tasks=31, control=30), "31 tasks, 30 control bits; give 31 to 4096"),
        (dict(control=-1), "30 tasks, -1 control bits"),
        (dict(k=31), "needs 1 <= k <= bits; got k=31, bits=30"),
        (dict(k=0), "got k=0"),
        (dict(alpha=0.0), "alpha must be above 0, from 0.001 to 100; got 0"),
        (dict(alpha=1e300), "from 0.001 to 100"),
        (dict(alpha=-0.4), "alpha must be above 0"),
        (dict(alpha=float("nan")), "alpha must be above 0"),
        (dict(bits=10), "takes 24 to 4096 bits, got 10"),
        (dict(tasks=0), "takes 1 to 4096 tasks, got 0"),
        (dict(tasks=31, k=1), "only 30 different sets of 1 of 30 bits, not 31"),
        (dict(coding="morse"), "must be bits or signs, got 'morse'"),
        (dict(subsets=-1), "seed"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sparse_parity(**options)  # type: ignore[arg-type]
