"""Examples of the tasks that are learned: as many of each from the exam, or all that are drawn."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ergoscope.analysis._discovery.chosen_examples import examples_of
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import Examples

DRAWN = np.array([0, 3, 1, 0, 0, 4, 3, 0, 2, 0])  # kinds of examples to learn from


def numbered(kinds: jax.Array) -> Examples:
    place = jnp.arange(len(kinds), dtype="int32")
    return Examples(place[:, None], place % 2, kinds)


PROCESS = parity(6, 2)._replace(
    kinds=("a", "b", "c", "d", "e"),
    draw=lambda key, rows: numbered(jnp.asarray(DRAWN[:rows])),
    exam=lambda key, rows: numbered(jnp.arange(rows, dtype="int32") % 5),
)


def test_as_many_of_each_kind_or_as_they_are_drawn() -> None:
    found = examples_of(PROCESS, [3, 0], 7, seed=2)
    assert found.kind.tolist() == [0, 0, 0, 3, 3, 3]
    assert found.x[:, 0].tolist() == [0, 5, 10, 3, 8, 13] and found.y.tolist() == [0, 1, 0, 1, 0, 1]
    natural = examples_of(PROCESS, [0, 3], 8, seed=2, equal=False)
    assert natural.kind.tolist() == [0, 0, 0, 0, 3, 3]
    assert natural.x[:, 0].tolist() == [0, 3, 4, 7, 1, 6]


def test_kinds_and_rows_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no task is learned, so there are no examples to compare: train longer"):
        examples_of(PROCESS, [], 10)
    with pytest.raises(ValueError, match="has kinds 0 to 4, got 5"):
        examples_of(PROCESS, [1, 5], 10)
    with pytest.raises(ValueError, match="a row or more for each of 2 kinds, got 1"):
        examples_of(PROCESS, [1, 2], 1)
