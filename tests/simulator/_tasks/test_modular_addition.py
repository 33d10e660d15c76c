"""Sums modulo p: labels by brute force, and a set and an exam that share the pairs among them."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.simulator._tasks.modular_addition import is_prime, modular_addition
from ergoscope.simulator._tasks.process import drawn, exam_rows

P = 7  # 28 pairs


def rows(x: object) -> list[tuple[int, ...]]:
    return [tuple(row) for row in np.asarray(x).tolist()]


def test_the_set_and_the_exam_are_disjoint_and_together_all_pairs_a_up_to_b() -> None:
    task = modular_addition(P, 0.4)
    learned, exam = drawn(task, 3, task.rows), drawn(task, 3, exam_rows(task, task.rows), exam=True)
    assert task.rows == 11 and len(exam.y) == 17 and task.domain == 28
    both = rows(learned.x) + rows(exam.x)
    assert sorted(both) == [(a, b) for a in range(P) for b in range(a, P)]
    for part in (learned, exam):
        assert [(a + b) % P for a, b in rows(part.x)] == np.asarray(part.y).tolist()
    assert rows(drawn(task, 4, task.rows).x) != rows(learned.x)


def test_a_larger_set_of_a_seed_holds_the_smaller_one() -> None:
    task = modular_addition(P)
    assert rows(drawn(task, 3, 20).x)[:11] == rows(drawn(task, 3, 11).x)


def test_primes_are_told() -> None:
    assert [p for p in range(30) if is_prime(p)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(p=1), "a modulus p of at least 2 and at most 2000, got 1"),
        (dict(share=0.0), "above 0 and below 1"),
        (dict(share=1.0), "above 0 and below 1"),
        (dict(p=2, share=0.1), "of the 3 pairs"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        modular_addition(**options)  # type: ignore[arg-type]
