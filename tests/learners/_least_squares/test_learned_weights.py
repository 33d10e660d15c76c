"""The weights that a learner has learned: its own forecast again, and least squares by another way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.analysis import kalman_gain
from ergoscope.learners import (
    Learner,
    Live,
    affine_projection,
    gradient_descent,
    ladder,
    lattice,
    length_mixture,
    lms,
    naive_rls,
    nlms,
    qr_array,
    sliding_window,
    square_root_rls,
    truncated_kalman,
)
from ergoscope.learners._engine.tile_state import map_leaves
from ergoscope.simulator import zoo

SAMPLES = 300

# Learner, outputs, inputs, whether u[t] is known when y[t] is predicted.
CASES: dict[str, tuple[Learner, int, int, bool]] = {
    "ladder": (ladder(range(9)), 1, 0, False),
    "ladder, some lengths": (ladder([2, 5, 8]), 1, 0, False),
    "ladder that forgets, intercept": (ladder(range(9), 0.99, intercept=True), 1, 0, False),
    "ladder, ahead": (ladder(range(5), lookaheads=(1, 3)), 1, 0, False),
    "lattice": (lattice(range(6), outputs=2), 2, 0, False),
    "lattice, intercept": (lattice(range(6), intercept=True, outputs=2, inputs=1), 2, 1, False),
    "lattice, inputs": (lattice(range(6), outputs=2, inputs=2), 2, 2, False),
    "lattice, direct": (lattice(range(6), direct=True, outputs=2, inputs=2), 2, 2, True),
    "lattice, all": (lattice(range(6), 0.99, direct=True, intercept=True, outputs=2, inputs=2), 2, 2, True),
    "qr-array": (qr_array(range(6), direct=True, intercept=True, outputs=2, inputs=1), 2, 1, True),
    "square-root-rls": (square_root_rls(range(6), direct=True, intercept=True, outputs=2, inputs=1), 2, 1, True),
    "naive-rls": (naive_rls(range(6)), 1, 0, False),
    "sliding-window": (sliding_window(range(6), intercept=True), 1, 0, False),
    "nlms": (nlms(range(6), outputs=1, inputs=1), 1, 1, False),
    "lms": (lms(range(4), step=0.001), 1, 0, False),
    "affine-projection": (affine_projection(range(4)), 1, 0, False),
    "gradient-descent": (gradient_descent(range(6)), 1, 0, False),
    "length-mixture": (length_mixture(6, intercept=True, outputs=2, inputs=1), 2, 1, False),
}


@pytest.mark.parametrize("name", CASES)
def test_the_weights_give_the_forecast_of_the_learner(name: str) -> None:
    learner, p, m, known = CASES[name]
    rng = np.random.default_rng(len(name))
    u = rng.standard_normal((SAMPLES + 1, m)) * 7 + 3
    y = 50 + 3 * rng.standard_normal((SAMPLES, p)).cumsum(axis=0) + u[:-1] @ rng.standard_normal((m, p))
    live = Live(learner, p, m, center="first", known_ahead=int(known))
    for t in range(SAMPLES):
        live.observe(y[t], u[t : t + 1 + known] if m else None)
    assert learner.weights is not None
    weights = learner.weights(map_leaves(lambda leaf: np.asarray(leaf)[..., :1], live.lanes.state))
    center, scale = (np.asarray(leaf)[:, 0] for leaf in (live.lanes.center, live.lanes.scale))
    expected = weights.constant[..., 0].copy()
    if weights.direct.shape[1]:
        expected += np.einsum("siol,i->so", weights.direct, u[SAMPLES])
    for k in range(weights.lagged.shape[1]):
        z = np.concatenate([u[SAMPLES - 1 - k], (y[SAMPLES - 1 - k] - center) / scale])
        expected += np.einsum("scol,c->so", weights.lagged[:, k], z)
    for i, size in enumerate(learner.sizes):  # lags beyond a size are not its own
        assert not weights.lagged[i, size:].any()
    np.testing.assert_allclose(center + scale * expected, live.forecast[0], rtol=1e-9)


def test_the_weights_of_the_cut_off_kalman_filter() -> None:
    plant = zoo("dc-motor")
    gain = kalman_gain(plant).gain
    live, u = Live(truncated_kalman(plant, gain, [0, 2, 5]), 1, 1), np.random.default_rng(0).standard_normal((40, 1))
    y = u.cumsum(axis=0)
    for t in range(40):
        live.observe(y[t], u[t])
    assert live._driver.learner.weights is not None
    found = live._driver.learner.weights(map_leaves(lambda leaf: np.asarray(leaf)[..., :1], live.lanes.state))
    F, L, G = plant.A - gain @ plant.C, gain, plant.B - gain @ plant.D
    for i, size in enumerate([0, 2, 5]):
        for k in range(5):
            reach = plant.C @ np.linalg.matrix_power(F, k) * (k < size)
            np.testing.assert_allclose(found.lagged[i, k, :, :, 0].T, np.c_[reach @ G, reach @ L], rtol=1e-12, atol=0)
        z = np.concatenate([u[::-1], y[::-1]], axis=1)[:5]
        np.testing.assert_allclose(np.einsum("kco,kc->o", found.lagged[i, ..., 0], z), live.forecast[0, i], rtol=1e-9)


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_the_weights_of_the_ladder_are_least_squares(forgetting: float) -> None:
    rng, h, ridge = np.random.default_rng(3), 4, 1e-2
    y = rng.standard_normal(SAMPLES)
    for t in range(2, SAMPLES):
        y[t] += 1.2 * y[t - 1] - 0.5 * y[t - 2]
    live = Live(ladder(range(h + 1), forgetting, ridge))
    for value in y:
        live.observe(value)
    assert live._driver.learner.weights is not None
    found = live._driver.learner.weights(map_leaves(lambda leaf: np.asarray(leaf)[..., :1], live.lanes.state))
    past = np.array([[y[t - k] if t >= k else 0.0 for k in range(1, h + 1)] for t in range(SAMPLES)])
    ages = np.sqrt(forgetting ** (SAMPLES - 1.0 - np.arange(SAMPLES)))
    for size in range(1, h + 1):
        # The docstring's ridge: forgetting^(t-1-t0) ridge y[t0]^2 sum_k forgetting^(1-k) w_k^2, t0 = 0.
        prior = np.sqrt(forgetting ** (SAMPLES - 1.0) * ridge * y[0] ** 2 * forgetting ** -np.arange(size))
        rows = np.concatenate([ages[:, None] * past[:, :size], np.diag(prior)])
        wanted: Any = np.linalg.lstsq(rows, np.concatenate([ages * y, np.zeros(size)]), rcond=None)[0]
        np.testing.assert_allclose(found.lagged[size, :size, 0, 0, 0], wanted, rtol=1e-9)
