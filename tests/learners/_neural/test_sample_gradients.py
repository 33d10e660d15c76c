"""Gradients of single examples: those of a textbook, of unit length, whatever the blocks and however small they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.learners._neural import sample_gradients as module
from ergoscope.learners._neural.embedding_mlp import embedding_mlp
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.sample_gradients import block_rows, parameter_count, sample_gradients
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import Examples

TASK = parity(6, 2)
MODEL = mlp_model(TASK)
BITS = np.random.default_rng(0).integers(0, 2, (12, 6))
EXAMPLES = Examples(BITS.astype(np.float32), BITS[:, :2].sum(axis=1) % 2, np.zeros(12, int))  # type: ignore[arg-type]
ROWS = 5  # blocks of 5, 5 and 2


def parameters(seed: int, width: int = 4, scale: float = 1.0) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    shapes = dict(w1=(6, width), b1=(width,), w2=(width, 1), b2=(1,))
    return {name: scale * random.standard_normal(shape) for name, shape in shapes.items()}


def by_hand(p: dict[str, np.ndarray[Any, Any]], x: Any, y: Any) -> np.ndarray[Any, Any]:
    """The gradient of softplus(-z) or softplus(z), z = w2 . relu(W1 x + b1) + b2, in float64, leaf by leaf."""
    rows = []
    for one, label in zip(np.asarray(x, float), np.asarray(y), strict=True):
        inner = one @ p["w1"] + p["b1"]
        hidden = np.maximum(inner, 0)
        z = float((hidden @ p["w2"] + p["b2"])[0])
        slope = -np.exp(-np.logaddexp(0, z)) if label else np.exp(-np.logaddexp(0, -z))
        back = slope * p["w2"][:, 0] * (inner > 0)
        leaves = dict(b1=back, b2=[slope], w1=np.outer(one, back), w2=slope * hidden)
        rows.append(np.concatenate([np.ravel(leaves[name]) for name in sorted(leaves)]))
    return np.array(rows)


def unit(gradients: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return gradients / np.linalg.norm(gradients, axis=1)[:, None]


def blocks(p: Any, examples: Examples = EXAMPLES, **options: Any) -> list[np.ndarray[Any, Any]]:
    return list(sample_gradients(MODEL, p, examples, **dict(dict(rows=ROWS), **options)))


def test_they_are_those_of_the_textbook_and_blocks_change_nothing() -> None:
    p = parameters(1)
    expected = unit(by_hand(p, EXAMPLES.x, EXAMPLES.y))
    found = blocks(p, precision="float64")
    assert [block.shape for block in found] == [(5, 33), (5, 33), (2, 33)]
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=0, atol=1e-14)
    (whole,) = blocks(p, rows=None)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-6)  # 33 numbers of at most 1, some 20 roundings each


def test_gradients_too_small_to_be_squared_keep_their_direction_and_lost_ones_are_zero() -> None:
    """A margin of 60 has a gradient of 1e-26, one of 200 has none that float32 can hold."""
    p = parameters(2)
    x = EXAMPLES.x.astype(float)
    z = (np.maximum(x @ p["w1"] + p["b1"], 0) @ p["w2"])[:, 0]
    for margin in (60.0, 200.0):
        p["b2"] = np.array([margin])
        (found,) = blocks(p, EXAMPLES._replace(y=np.ones_like(EXAMPLES.y)), rows=None)
        if margin == 60:
            assert z.min() > -20 and z.max() < 25
            np.testing.assert_allclose(found, unit(by_hand(p, EXAMPLES.x, np.ones(12))), rtol=0, atol=1e-6)
        else:
            assert not found.any()


def test_they_are_the_slopes_of_the_loss_for_a_network_on_symbols_with_many_classes() -> None:
    """Twin: central differences of the textbook's loss in float64; errors of 1e-10 from 1e-5 squared and rounding."""
    model = embedding_mlp(modular_addition(5), embedding=2)
    random = np.random.default_rng(7)  # with a neuron that answers each row, none of them near its kink
    first = {name: random.standard_normal(shape) for name, shape in (("e", (5, 2)), ("h", (2, 2)), ("o", (2, 2)))}
    x, y = np.array([[0, 3], [4, 2], [1, 1]]), np.array([3, 1, 2])
    cuts = np.cumsum([leaf.size for leaf in first.values()])[:-1]

    def losses(vector: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        e, h, o = (part.reshape(-1, 2) for part in np.split(vector, cuts))
        logits = np.maximum((e[x[:, 0]] + e[x[:, 1]]) @ h, 0) @ o @ e.T
        return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), y]

    flat = np.concatenate([leaf.ravel() for leaf in first.values()])
    slopes = np.array([(losses(flat + step) - losses(flat - step)) / 2e-5 for step in 1e-5 * np.eye(len(flat))]).T
    (found,) = sample_gradients(model, first, Examples(x, y, 0 * y), precision="float64")
    np.testing.assert_allclose(found, unit(slopes), rtol=0, atol=1e-8)


def test_a_block_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    p = parameters(0)
    assert parameter_count(p) == MODEL.parameters(4) == 33
    assert block_rows(p, 12, "float32") == 12
    monkeypatch.setattr(module, "BLOCK", 33 * 4 * 7)
    assert [block_rows(p, 12, precision) for precision in ("float32", "float64")] == [7, 3]
    monkeypatch.setattr(module, "BLOCK", 1)
    assert block_rows(p, 12, "float32") == 1


def test_they_come_one_block_after_the_other() -> None:
    """The last block is bad, and the first ones are given nevertheless."""
    p = parameters(3)
    x = np.array(EXAMPLES.x)
    x[-1, 0] = np.nan
    found = sample_gradients(MODEL, p, EXAMPLES._replace(x=x), rows=ROWS, precision="float64")  # type: ignore[arg-type]
    assert len(next(found)) == len(next(found)) == 5
    with pytest.raises(ValueError, match="the gradients of 1 of the examples 10 to 11 are not finite"):
        next(found)


def test_what_cannot_be_is_refused() -> None:
    p = parameters(0)
    with pytest.raises(ValueError, match="a block must have at least one row, got 0"):
        blocks(p, rows=0)
    with pytest.raises(ValueError, match=r"does not take inputs of shape \(5,\): give examples of the task"):
        blocks(p, EXAMPLES._replace(x=EXAMPLES.x[:, 1:]))
    with pytest.raises(ValueError, match="this network diverged"):
        blocks(p | dict(b1=np.full(4, np.nan)), precision="float64")
    assert blocks(p, Examples(*(part[:0] for part in EXAMPLES))) == []
