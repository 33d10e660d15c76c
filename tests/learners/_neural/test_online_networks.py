"""The opponents against plain loops of NumPy: forward passes, gradients by differences, Adam by optax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import pytest

from ergoscope._core.devices import computing
from ergoscope.learners import Learner, attention, gru, mlp, replay
from ergoscope.learners._neural.online_gradient import FADING, LIMIT
from ergoscope.simulator import Trajectories, simulate, zoo

SIZE, WINDOW, RATE = 3, 3, 0.05


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def gru_step(own: Any, h: np.ndarray, x: np.ndarray) -> np.ndarray:
    (Wz, Wr, Wc), (Uz, Ur, Uc), (bz, br, bc) = (np.split(part, 3) for part in own[:3])
    z, r = sigmoid(Wz @ x + Uz @ h + bz), sigmoid(Wr @ x + Ur @ h + br)
    return np.asarray((1 - z) * np.tanh(Wc @ x + Uc @ (r * h) + bc) + z * h)


def gru_forward(own: Any, h: np.ndarray, rows: np.ndarray) -> np.ndarray:
    for x in rows[::-1]:
        h = gru_step(own, h, x)
    return np.asarray(own[3] @ h + own[4])


def attention_forward(own: Any, h: np.ndarray, rows: np.ndarray) -> np.ndarray:
    E, P, Q, K, V, W, w = own
    e = np.array([E @ x + place for x, place in zip(rows, P, strict=True)])
    scores = np.array([(Q @ e[0]) @ (K @ one) / np.sqrt(len(Q)) for one in e])
    a = np.exp(scores) / np.exp(scores).sum()
    return np.asarray(W @ (e[0] + sum(share * (V @ one) for share, one in zip(a, e, strict=True))) + w)


def mlp_forward(own: Any, h: np.ndarray, rows: np.ndarray) -> np.ndarray:
    W, b, V, v = own
    return np.asarray(V @ np.maximum(W @ rows.ravel() + b, 0) + v)


FORWARD: dict[str, Callable[..., np.ndarray]] = dict(gru=gru_forward, attention=attention_forward, mlp=mlp_forward)
MADE: dict[str, Callable[..., Learner]] = dict(gru=gru, attention=attention, mlp=mlp)


def slopes(loss: Callable[[list[np.ndarray]], float], own: list[np.ndarray]) -> list[np.ndarray]:
    """Gradients by central differences."""
    found = []
    for k, part in enumerate(own):
        gradient = np.zeros_like(part)
        for place in np.ndindex(part.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [other.copy() for other in own]
                moved[k][place] += step
                ends.append(loss(moved))
            gradient[place] = (ends[0] - ends[1]) / 2e-6
        found.append(gradient)
    return found


def textbook_forecasts(name: str, learner: Learner, y: np.ndarray, differences: bool) -> np.ndarray:
    """One output, one lane: everything the page says, in a loop."""
    with computing("float64"), jax.numpy_dtype_promotion("standard"):  # optax mixes whole and real numbers
        own = [np.asarray(leaf)[..., 0] for leaf in jax.tree.leaves(learner.init(1, 0, 1, np.float64).parameters[0])]
        forward, adam = FORWARD[name], optax.adam(RATE)
        memory, h = adam.init(own), np.zeros(SIZE)
        last, power, weight, made = 0.0, 0.0, 0.0, []
        rows = [0.0] * (WINDOW + 1)
        for t, now in enumerate(y):
            s = np.sqrt(power / max(weight, 1e-300))
            x = np.clip(np.array(rows[:WINDOW]) / (s or 1), -LIMIT, LIMIT)[:, None] * (s > 0)
            base = last if differences else 0.0
            out = forward(own, h, x)[0]
            made.append(base + s * out)
            if s > 0:
                aim = (now - base) / s

                def loss(own: list[np.ndarray], h: np.ndarray = h, x: np.ndarray = x, aim: float = aim) -> float:
                    e = abs(forward(own, h, x)[0] - aim)
                    return float(e * e / 2 if e < LIMIT else LIMIT * (e - LIMIT / 2))

                steps, memory = adam.update(slopes(loss, own), memory)
                own = [np.asarray(part + step) for part, step in zip(own, steps, strict=True)]
            h = gru_step(own, h, x[-1]) if name == "gru" else h
            d = (now - last if t else 0.0) if differences else now
            power, weight, last = FADING * power + d * d, FADING * weight + 1, now
            rows = [d, *rows[:-1]]
        return np.array(made)


@pytest.mark.parametrize(("name", "differences"), [("gru", True), ("attention", True), ("mlp", True), ("mlp", False)])
def test_it_is_a_plain_loop_with_adam(name: str, differences: bool) -> None:
    y = simulate(2, zoo("double-integrator"), 40, 1).outputs
    y[0, 20] += 1e4  # its error counts as ten units
    learner = MADE[name]((SIZE,), WINDOW, RATE, seed=4, differences=differences)
    made = replay(learner, Trajectories.of(y), precision="float64")[0, :, 0, 0, 0]
    expected = textbook_forecasts(name, learner, y[0, :, 0], differences)
    # differences of the loss have 1e-9; Adam divides by the root of its square, and errors add up over the steps
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-4 * np.abs(y).max())
    assert np.abs(made - (y[0, :, 0] if differences else 0)).max() > 1


@pytest.mark.parametrize("name", MADE)
def test_parameters_are_counted_and_sizes_are_apart(name: str) -> None:
    assert gru((8,)).parameters == (249,)
    q, p, L = 3, 2, 5  # one input, two outputs
    expected = dict(
        gru=lambda n: 3 * n * (n + q + 1) + p * (n + 1),
        attention=lambda n: n * (q + L + 3 * n) + p * (n + 1),
        mlp=lambda n: n * (q * L + 1) + p * (n + 1),
    )[name]
    assert MADE[name]((0, 1, 4), L, outputs=2, inputs=1).parameters == tuple(map(expected, (0, 1, 4)))
    y = simulate(1, zoo("random-walk"), 80, 1)
    both, alone = (replay(MADE[name](sizes, 2), y, precision="float64") for sizes in ((2, 3), (3,)))
    np.testing.assert_allclose(both[:, :, :, 1:], alone, rtol=1e-12, atol=1e-12)


def test_a_missing_sample_teaches_nothing() -> None:
    y = simulate(1, zoo("random-walk"), 60, 1).outputs
    y[0, 30:] = np.nan
    made = replay(mlp((2,), 2), Trajectories.of(y), precision="float64")[0, :, 0, 0, 0]
    other = y.copy()
    other[0, :30] *= 3
    assert np.isfinite(made).all()
    np.testing.assert_allclose(
        3 * made, replay(mlp((2,), 2), Trajectories.of(other), precision="float64")[0, :, 0, 0, 0], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", MADE)
def test_wrong_options_are_refused(name: str) -> None:
    for wrong in (dict(rate=0.0), dict(rate=1.0), dict(window=0), dict(seed=-1)):
        with pytest.raises(ValueError, match=f"{name} needs a window from 1 to 1024, a rate between 0 and 1"):
            MADE[name](**wrong)
    with pytest.raises(ValueError, match="a direct term needs inputs"):
        MADE[name](direct=True)
    with pytest.raises(ValueError, match=f"{name} was made for 1 outputs"):
        replay(MADE[name](), simulate(0, zoo("figure-1"), 10))
