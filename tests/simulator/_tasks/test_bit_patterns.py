"""Bit patterns of sparse parity: equal numbers where task and bits are equal, in the order of both."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.simulator._tasks.bit_patterns import bit_patterns
from ergoscope.simulator._tasks.find import find_task
from ergoscope.simulator._tasks.process import Examples
from ergoscope.simulator._tasks.sparse_parity import task_sets


def made(rows: int, coding: str) -> Examples:
    """Examples of 3 tasks with 5 control bits and 24 bits."""
    random = np.random.default_rng(0)
    kind, bits = random.integers(0, 3, rows), random.integers(0, 2, (rows, 24))
    asked = np.eye(5, dtype=int)[kind]
    return Examples(np.hstack([asked, bits if coding == "bits" else 2 * bits - 1]), kind % 2, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("coding", ["bits", "signs"])
def test_the_numbers_are_those_of_task_and_bits(coding: str) -> None:
    process = find_task(f"sparse-parity:tasks=3,bits=24,k=2,alpha=0.1,control=5,subsets=4,coding={coding}")
    examples, sets = made(300, coding), task_sets(3, 24, 2, 4)
    told = []
    for x, kind in zip(examples.x, examples.kind, strict=True):
        first, second = (int(x[5 + place] > 0) for place in sets[kind])
        told.append((int(kind), first, second))
    every = [(kind, a, b) for kind in range(3) for a in (0, 1) for b in (0, 1)]
    assert set(told) == set(every)
    assert bit_patterns(process, examples).tolist() == [every.index(one) for one in told]


def test_other_tasks_and_inputs_are_refused() -> None:
    process, examples = find_task("sparse-parity:tasks=3,bits=24,k=2,control=5"), made(4, "bits")
    with pytest.raises(ValueError, match="expected the task sparse-parity"):
        bit_patterns(find_task("parity"), examples)
    with pytest.raises(ValueError, match=r"inputs of shape \(29,\), these are of shape \(28,\)"):
        bit_patterns(process, examples._replace(x=examples.x[:, 1:]))
