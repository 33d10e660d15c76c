"""The sliding window against batch least squares on the last N pairs, also where giving back loses digits."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.learners import Live, replay, sliding_window
from ergoscope.simulator import Trajectories


def data_of(y: np.ndarray, u: np.ndarray | None = None) -> Trajectories:
    u = np.zeros((len(y), 0)) if u is None else u
    names = tuple(f"y{k}" for k in range(y.shape[1])), tuple(f"u{k}" for k in range(u.shape[1]))
    return Trajectories(y[None], u[None], np.array([len(y)]), 1.0, *names, ("0",))


def fitted(y: np.ndarray, u: np.ndarray, h: int, t: int, N: int, ridge: float) -> np.ndarray:
    """The forecast of y[t] by batch least squares on the pairs of t - N <= s < t, with a direct term."""
    z = np.concatenate([u, y], axis=1)

    def phi(s: int) -> np.ndarray:
        lags = [z[s - k] if s >= k else np.zeros(z.shape[1]) for k in range(1, h + 1)]
        return np.concatenate([u[s], *lags])

    pairs = range(max(t - N, 0), t)
    X = np.array([phi(s) for s in pairs]).reshape(len(pairs), -1)
    gram = X.T @ X + ridge * np.eye(X.shape[1])
    return np.asarray(phi(t) @ np.linalg.solve(gram, X.T @ y[list(pairs)]))


@pytest.mark.parametrize(("precision", "limit"), [("float64", 1e-10), ("float32", 2e-3)])
def test_it_is_batch_least_squares_on_the_last_samples(precision: str, limit: float) -> None:
    random, N, ridge = np.random.default_rng(1), 40, 0.05
    u, y = random.uniform(-0.9, 0.9, (400, 1)), np.zeros((400, 2))
    for t in range(400):
        A = np.array([[0.8, 0.3], [-0.2, 0.6]]) * (1 if t < 200 else -1)  # it must follow
        y[t] = A @ (y[t - 1] if t else np.zeros(2)) + u[t] * [0.5, -1.0] + 0.2 * random.standard_normal(2)
    y[0], u[0] = [1.0, -1.0], 1.0  # units of one
    learner = sliding_window((0, 1, 3), N, ridge, True, outputs=2, inputs=1)
    made = replay(learner, data_of(y, u), precision=precision)[0, :, 0]
    for t in (1, 39, 40, 41, 79, 80, 81, 150, 201, 399):
        for k, h in enumerate((0, 1, 3)):
            np.testing.assert_allclose(made[t, k], fitted(y, u, h, t, N, ridge), atol=limit * np.abs(y).max())


def test_what_rounding_eats_is_dropped_and_comes_back() -> None:
    """A burst of 1e9 leaves the window: of the small samples nothing is left in the difference."""
    random, N = np.random.default_rng(2), 50
    y = random.standard_normal((400, 1))
    y[0] = 1.0
    y[120] = 1e9  # below a jump at which it would start again
    live = Live(sliding_window((0, 1, 2), N))
    short = []
    for value in y:
        live.observe(value)
        assert np.isfinite(live.forecast).all()
        short.append(bool(np.array(live.lanes.state.rule.short)[0]))
    # y[120] is in the regressors of 121 and 122 (and the target of 120); they leave at 170 to 172; 200 starts anew.
    assert not any(short[:170]) and all(short[173:199]) and not any(short[199:])
    made = replay(sliding_window((0, 1, 2), N), data_of(y))[0, :, 0]
    for t in (250, 399):
        expected = fitted(y, np.zeros((400, 0)), 2, t, N, 1e-2)
        np.testing.assert_allclose(made[t, 2], expected, atol=1e-8)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="a window of 16 columns needs more samples than that, got 16"):
        replay(sliding_window(range(17), 16), data_of(np.ones((20, 1))))
