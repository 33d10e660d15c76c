"""The transformer: a twin in plain loops, causality, counted numbers, gradients, memory, dropout, what is refused."""

from __future__ import annotations

from math import erf, exp, pi, sqrt, tanh
from typing import Any

import jax
import numpy as np
import pytest

from ergoscope._core.devices import computing
from ergoscope.learners._neural.model import count, left_out, losses, right
from ergoscope.learners._neural.recipe import default_model, read_recipe, usual_precision
from ergoscope.learners._neural.train import Run, train
from ergoscope.learners._neural.transformer import transformer
from ergoscope.simulator._tasks.arithmetic.addition import addition
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.parity import parity

TASK = addition(1)
MODEL = transformer(TASK, layers=2, heads=2)
SIZE, PLACES, SYMBOLS, ASKED = 6, TASK.inputs, len(TASK.characters), TASK.asked
X = np.random.default_rng(3).integers(0, SYMBOLS, (3, PLACES)).astype("int8")


@pytest.fixture(scope="module")
def parameters() -> dict[str, np.ndarray[Any, Any]]:
    """Parameters in float64 so large that every part counts."""
    random = np.random.default_rng(5)
    shapes = jax.eval_shape(lambda key: MODEL.init(key, SIZE, "float32"), jax.random.key(1))
    return {word: 0.7 * random.standard_normal(leaf.shape) for word, leaf in shapes.items()}


@pytest.fixture(scope="module")
def everywhere(parameters: Any) -> np.ndarray[Any, Any]:
    return computed(parameters, X)


def computed(parameters: Any, x: Any) -> np.ndarray[Any, Any]:
    assert MODEL.everywhere is not None
    with computing("float64"):
        return np.asarray(EVERYWHERE(parameters, x))


EVERYWHERE = jax.jit(lambda parameters, x: MODEL.everywhere(parameters, x))  # type: ignore[misc]


def normed(h: list[float], gain: list[float]) -> list[float]:
    mean = sum(h) / len(h)
    deviation = sqrt(sum((each - mean) ** 2 for each in h) / len(h) + 1e-5)
    return [g * (each - mean) / deviation for each, g in zip(h, gain, strict=True)]


def times(h: list[float], matrix: Any) -> list[float]:
    return [sum(each * row[j] for each, row in zip(h, matrix, strict=True)) for j in range(len(matrix[0]))]


def plus(one: list[float], other: list[float]) -> list[float]:
    return [a + b for a, b in zip(one, other, strict=True)]


def gelu(z: float) -> float:
    return z / 2 * (1 + tanh(sqrt(2 / pi) * (z + 0.044715 * z**3)))


def by_hand(p: dict[str, Any], tokens: list[int], heads: int, layers: int) -> list[list[float]]:
    """Return the logits after each position of one line, number by number."""
    p = {word: leaf.tolist() for word, leaf in p.items()}
    width = len(p["last_gain"])
    each = width // heads
    lines = [plus(p["embedding"][token], p["positions"][place]) for place, token in enumerate(tokens)]
    for layer in range(layers):
        one, two = p["gains"][layer]
        made = [times(normed(h, one), p["attention_in"][layer]) for h in lines]
        mixed = []
        for place in range(len(tokens)):
            taken: list[float] = []
            for head in range(heads):
                of = slice(head * each, (head + 1) * each)
                query = made[place][:width][of]
                keys = [made[other][width : 2 * width][of] for other in range(place + 1)]
                values = [made[other][2 * width :][of] for other in range(place + 1)]
                scores = [sum(a * b for a, b in zip(query, key, strict=True)) / sqrt(each) for key in keys]
                weights = [exp(score) / sum(exp(other) for other in scores) for score in scores]
                taken += [sum(w * value[i] for w, value in zip(weights, values, strict=True)) for i in range(each)]
            mixed.append(taken)
        lines = [plus(h, times(m, p["attention_out"][layer])) for h, m in zip(lines, mixed, strict=True)]
        hidden = [[gelu(z) for z in times(normed(h, two), p["hidden_in"][layer])] for h in lines]
        lines = [plus(h, times(z, p["hidden_out"][layer])) for h, z in zip(lines, hidden, strict=True)]
    out = [normed(h, p["last_gain"]) for h in lines]
    return [[sum(a * b for a, b in zip(h, e, strict=True)) for e in p["embedding"]] for h in out]


def test_a_line_is_computed_as_by_hand(parameters: Any, everywhere: Any) -> None:
    """Twin in plain Python, number by number; float64 leaves 1e-13 of logits near 10."""
    twin = [by_hand(parameters, row.tolist(), 2, 2) for row in X]
    assert np.abs(twin).max() > 1
    np.testing.assert_allclose(everywhere, twin, rtol=0, atol=1e-11)
    assert abs(gelu(1.0) - (1 + erf(1 / sqrt(2))) / 2) < 1e-3  # the tanh form is near x P(z < x)


def test_the_last_layer_where_asked_is_the_last_layer_everywhere(parameters: Any, everywhere: Any) -> None:
    with computing("float64"):
        asked = jax.jit(lambda p, x: MODEL.forward(p, x, None, 0.0))(parameters, X)
    assert asked.shape == (3, ASKED, SYMBOLS) and 0 < ASKED < PLACES
    np.testing.assert_allclose(asked, everywhere[:, -ASKED:], rtol=0, atol=1e-12)


def test_later_characters_change_nothing(parameters: Any, everywhere: Any) -> None:
    for place in range(PLACES):
        other = X.copy()
        other[:, place] = (other[:, place] + 1 + np.arange(3)) % SYMBOLS
        moved = np.abs(computed(parameters, other) - everywhere).max(axis=(0, 2))
        assert not moved[:place].any()
        assert (moved[place:] > 1e-6).all()  # itself and all after it


def test_trainable_numbers_are_counted() -> None:
    assert transformer(addition(3)).parameters(48) == 56_688
    for process, layers, heads, size in ((TASK, 1, 1, 5), (TASK, 2, 2, 6), (addition(3), 3, 4, 12)):
        model = transformer(process, layers, heads)
        assert model.parameters(size) == count(model, size)


ONE = transformer(TASK, 1, 2)
ROWS = 200


def loss_of_one(parameters: Any, x: Any, y: Any) -> Any:
    return losses(ONE.forward(parameters, x, None, 0.0), y).mean()


def test_gradients_are_those_of_differences_and_hold_as_much_memory_as_estimated(parameters: Any) -> None:
    """Central differences along a random direction of each leaf of one layer; errors of 1e-10 of h = 1e-5.

    The estimate stands beside the bytes that the compiler sets aside for the gradient of a batch.
    """
    one = {word: leaf[:1] if leaf.ndim == 3 else leaf for word, leaf in parameters.items()}
    random = np.random.default_rng(11)
    x = random.integers(0, SYMBOLS, (ROWS, PLACES)).astype("int8")
    y = random.integers(-1, SYMBOLS, (ROWS, ASKED)).astype("int32")
    y[:, 0] = np.maximum(y[:, 0], 0)
    with computing("float64"):
        compiled, value = jax.jit(jax.grad(loss_of_one)).lower(one, x, y).compile(), jax.jit(loss_of_one)
        gradient = compiled(one, x, y)
        for word, leaf in one.items():
            along = random.standard_normal(leaf.shape)
            up, down = (float(value(one | {word: leaf + h * along}, x, y)) for h in (1e-5, -1e-5))
            slope = float((np.asarray(gradient[word]) * along).sum())
            assert abs(slope) > 1e-4
            assert (up - down) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-8), word
    assert ONE.active is not None
    assert 0.3 < 8 * ROWS * ONE.active(SIZE) / compiled.memory_analysis().temp_size_in_bytes < 3


def test_dropout_leaves_out_its_share_and_keeps_the_mean(parameters: Any) -> None:
    """Two-sided limits at 1e-4, 3.89 deviations, of a share and of a mean of 200 000 units."""
    units, dropout = 200_000, 0.3
    kept = np.asarray(left_out(jax.numpy.ones(units), jax.random.key(2), dropout))
    assert set(np.unique(kept)) == {0, np.float32(1) / np.float32(0.7)}
    assert abs((kept == 0).mean() - dropout) < 3.89 * sqrt(dropout * (1 - dropout) / units)
    assert abs(kept.mean() - 1) < 3.89 * sqrt(dropout / (1 - dropout) / units)
    with computing("float64"):
        keys, twice = (jax.random.key(0), jax.random.key(1), None), jax.numpy.asarray(X[[0, 0]])
        held = jax.tree.map(jax.numpy.asarray, parameters)
        one = jax.jit(lambda key, dropout: MODEL.forward(held, twice, key, dropout))
        first, other, plain = (np.asarray(one(key, 0.5)) for key in keys)
        np.testing.assert_allclose(one(keys[0], 0.0), plain, rtol=0, atol=1e-12)
    assert not np.allclose(first[0], first[1])  # rows have masks of their own
    assert not np.allclose(first, other) and not np.allclose(first, plain)


def test_losses_and_answers_leave_out_what_is_not_asked_for() -> None:
    random = np.random.default_rng(0)
    logits = random.standard_normal((40, 3, 4)).astype("float32")
    y = np.where(random.random((40, 3)) < 0.4, -1, logits.argmax(axis=-1)).astype("int32")
    y[::3] = random.integers(0, 4, y[::3].shape)
    y[:, 1] = np.maximum(y[:, 1], 0)  # something is asked for in each row
    each, answered = jax.jit(lambda z, y: (losses(z, y), right(z, y)))(logits, y)
    for row, labels in enumerate(y.tolist()):
        told, asked = [], [j for j, label in enumerate(labels) if label >= 0]
        for j in asked:
            powers = [exp(z) for z in logits[row, j].tolist()]
            told.append(-np.log(powers[labels[j]] / sum(powers)))
        assert float(each[row]) == pytest.approx(sum(told) / len(told), rel=1e-5)
        assert bool(answered[row]) == all(logits[row, j].argmax() == labels[j] for j in asked)
    assert 0 < answered.sum() < len(y) and (y < 0).any(axis=1).sum() > 10


def test_tasks_of_one_shape_share_the_network() -> None:
    plain, reverse = addition(3, "plain"), addition(3, "reverse")
    assert plain.name != reverse.name and transformer(plain) is transformer(reverse, 2, 4)
    assert transformer(plain, 1) is not transformer(reverse)


def test_it_is_the_network_that_lines_are_tried_with_first() -> None:
    made = read_recipe(None, TASK)
    assert default_model(TASK) == "transformer" and made.model is transformer(TASK)
    assert (made.size, made.batch, made.knobs.rate, made.knobs.decay) == (48, 64, 2e-3, 0.1)
    assert (made.optimiser.optimiser, made.optimiser.b2) == ("adamw", 0.98)
    assert read_recipe(made.name, TASK) == made
    assert [usual_precision(task) for task in (TASK, parity(6, 2), modular_addition(7))] == [
        "float32", "float32", "float64",
    ]  # fmt: skip


def test_lines_are_learned_from_first_weights_of_their_spread() -> None:
    size = 16
    run = Run(size, 40, 0, read_recipe(None, TASK).knobs)
    made = train(ONE, TASK, [run], (0, 60), batch=16, keep=(0,))
    assert made.scores[0, 0, 0, 0] == pytest.approx(np.log(SYMBOLS), abs=0.3)
    assert made.scores[0, 1, 0, 0] < made.scores[0, 0, 0, 0] - 0.3
    first, back = made.parameters[0][0], sqrt(1 / 2)  # variance 1 / (2 layers)
    spreads = dict(embedding=0.02, positions=0.02, attention_in=size**-0.5, hidden_in=size**-0.5)
    spreads |= dict(attention_out=back * size**-0.5, hidden_out=back * (4 * size) ** -0.5)
    for word, spread in spreads.items():
        count = first[word].size  # the spread of a spread is 1 / sqrt(2 count)
        assert first[word].std() / spread == pytest.approx(1, abs=3.89 / sqrt(2 * count)), word
        assert abs(first[word].mean()) < 3.89 * spread / sqrt(count), word
    assert (first["gains"] == 1).all() and (first["last_gain"] == 1).all()


@pytest.mark.parametrize(
    ("words", "task", "says"),
    [
        ("transformer", parity(6, 2), "takes lines of characters, and parity.* has none: choose mlp"),
        ("transformer", modular_addition(7), "has none: choose embedding-mlp"),
        ("transformer:layers=0", TASK, "at least one layer and one head, got 0 and 4"),
        ("transformer:heads=0", TASK, "at least one layer and one head, got 2 and 0"),
        ("transformer:width=6", TASK, "of 4 heads must be a multiple of 4, got 6"),
        ("transformer:width=0", TASK, "the width must be at least 1"),
        ("mlp", TASK, "mlp answers with one label, and addition.* has lines: choose transformer"),
        ("embedding-mlp", TASK, "embedding-mlp answers with one label"),
        ("fixed-embedding-mlp", TASK, "fixed-embedding-mlp answers with one label"),
    ],
)
def test_what_does_not_go_together_is_refused(words: str, task: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_recipe(words, task)


def test_a_width_on_the_way_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a multiple of 2, got 3"):
        train(MODEL, TASK, [Run(4, 20, 0), Run(3, 20, 0)], (0, 1), batch=8)
