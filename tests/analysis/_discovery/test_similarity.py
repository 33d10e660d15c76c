"""Angular similarity: that of a linear network is known, blocks change nothing, and zero gradients stand apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergoscope.analysis._discovery import similarity as module
from ergoscope.analysis._discovery.similarity import angular, angular_similarity
from ergoscope.learners._neural import sample_gradients
from ergoscope.learners._neural.embedding_mlp import embedding_mlp
from ergoscope.learners._neural.model import Model
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.process import Examples

LINEAR = Model(
    name="linear",
    size_label="size",
    parameters=lambda size: size,
    init=lambda key, size, dtype: None,
    encode=lambda x, dtype: x.astype(dtype),
    forward=lambda p, x, key, dropout: x @ p["w"],
    probes=(),
)
RANDOM = np.random.default_rng(0)
X, Y = RANDOM.integers(-3, 4, (11, 4)), RANDOM.integers(0, 2, 11)
X[:, 0] = 1  # none is zero
EXAMPLES = Examples(X, Y, 0 * Y)  # type: ignore[arg-type]
WEIGHTS = dict(w=RANDOM.standard_normal((4, 1)))


def of_linear(x: Any, y: Any) -> np.ndarray[Any, Any]:
    """The gradient of a linear network is x times a number, positive for label 0, negative for label 1."""
    directions = np.where(np.asarray(y) > 0, -1, 1)[:, None] * x / np.linalg.norm(x, axis=1)[:, None]
    return 1 - np.arccos(np.clip(directions @ directions.T, -1, 1)) / np.pi


def test_that_of_a_linear_network_is_the_angle_of_its_inputs_and_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for block in (4 * 8 * 11, 4 * 8 * 4):  # one block; blocks of 4, 4 and 3 rows
        monkeypatch.setattr(sample_gradients, "BLOCK", block)
        found = angular_similarity(LINEAR, WEIGHTS, EXAMPLES, precision="float64")
        # arccos has infinite slope at 1: there a rounding of 1e-16 becomes its root
        np.testing.assert_allclose(found.matrix, of_linear(X, Y), rtol=0, atol=2e-8)
        assert (found.matrix == found.matrix.T).all() and (np.diagonal(found.matrix) == 1).all()
        assert not found.zero.any()


def test_a_zero_gradient_is_at_a_right_angle_to_all_others() -> None:
    x = X.copy()
    x[3] = 0
    found = angular_similarity(LINEAR, WEIGHTS, EXAMPLES._replace(x=x), precision="float64")
    assert found.zero.tolist() == [row == 3 for row in range(11)]
    others = np.delete(found.matrix[3], 3)
    assert (others == 0.5).all() and found.matrix[3, 3] == 1
    kept = np.delete(np.arange(11), 3)
    np.testing.assert_allclose(found.matrix[np.ix_(kept, kept)], of_linear(X, Y)[np.ix_(kept, kept)], atol=2e-8)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8))
def test_directions_in_a_plane_have_the_similarity_of_their_angle(angles: list[float]) -> None:
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    between = np.abs(np.subtract.outer(angles, angles)) % (2 * np.pi)
    expected = 1 - np.minimum(between, 2 * np.pi - between) / np.pi
    found = angular(directions @ directions.T)
    assert ((found >= 0) & (found <= 1)).all() and (np.diagonal(found) == 1).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-8)


def test_what_does_not_fit_or_takes_symbols_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    symbols = embedding_mlp(modular_addition(5), embedding=2)
    with pytest.raises(ValueError, match="expected a network on vectors of numbers, and embedding-mlp"):
        angular_similarity(symbols, {}, EXAMPLES)
    with pytest.raises(ValueError, match="the gradients of 11 of the examples 0 to 10 are not finite"):
        angular_similarity(LINEAR, dict(w=np.full((4, 1), np.nan)), EXAMPLES, precision="float64")
    monkeypatch.setattr(module, "memory_free", lambda device: 3 * 8 * 11**2 + 5 * 11 * 4 * 8 - 1)
    with pytest.raises(ValueError, match="similarity of 11 examples, whose gradients have 4 numbers each, needs about"):
        angular_similarity(LINEAR, WEIGHTS, EXAMPLES, precision="float64")
    monkeypatch.setattr(module, "memory_free", lambda device: 3 * 8 * 11**2 + 5 * 11 * 4 * 8)
    angular_similarity(LINEAR, WEIGHTS, EXAMPLES, precision="float64")
