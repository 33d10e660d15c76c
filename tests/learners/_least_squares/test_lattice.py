"""The multichannel lattice against a triangular array of each window in extended precision."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.learners import lattice, replay
from ergoscope.simulator import LinearSystem, Trajectories, simulate

WINDOWS = (0, 1, 3, 8, 32)


def plant() -> LinearSystem:
    """Two unit modes that both outputs see, a damped tone, two inputs and a direct term."""
    A = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0.8, 0.6], [0, 0, -0.6, 0.8]]) * np.array([1, 1, 0.95, 0.95])
    B = np.array([[0.3, -0.2], [0.1, 0.4], [1.0, 0.5], [-0.7, 0.2]])
    C = np.array([[1.0, 0.0, 0.5, 0.2], [0.6, 1.0, -0.4, 1.0]])
    D = np.array([[0.8, -0.5], [0.3, 1.1]])
    return LinearSystem(A, C, 0.01 * np.eye(4), np.eye(2), B, D, name="two-by-two")


def recording(y: np.ndarray, u: np.ndarray) -> Trajectories:
    names = tuple(f"y{i}" for i in range(y.shape[1])), tuple(f"u{i}" for i in range(u.shape[1]))
    return Trajectories(y[None], u[None], np.array([len(y)]), 1.0, *names, ("0",))


def errors_by_rotation(
    y: np.ndarray, u: np.ndarray, window: int, forgetting: float, ridge: float, direct: bool
) -> np.ndarray:
    """A-priori errors (time, window + 1, output) of every window by Givens rotations in long double.

    The row [u[t] | z[t-1] | z[t-2] | .. | y[t]] is rotated into the factor of the ridge; after the columns of window h
    the rotated target over the product of the cosines is its error. A channel's ridge is set at its first nonzero
    sample.
    """
    real = np.longdouble
    z = np.concatenate([u, y], axis=1).astype(real)
    steps, q = z.shape
    m, p = u.shape[1], y.shape[1]
    ahead = m if direct else 0
    columns = ahead + window * q
    channel = np.concatenate([np.arange(ahead), np.tile(np.arange(q), window)])
    lag = np.concatenate([np.zeros(ahead), np.repeat(np.arange(1, window + 1), q)]).astype(real)
    R = np.eye(columns, columns + p, dtype=real)
    started = np.zeros(q, bool)
    padded = np.concatenate([np.zeros((window, q), real), z])
    errors = np.zeros((steps, window + 1, p))
    stops = ahead + q * np.arange(window + 1)
    for t in range(steps):
        R *= np.sqrt(real(forgetting))
        for c in np.flatnonzero(~started & (z[t] != 0)):
            started[c] = True
            for k in np.flatnonzero(channel == c):
                R[k, k] = np.sqrt(real(ridge) * z[t, c] ** 2 * real(forgetting) ** (1 - lag[k]))
        regressors = np.concatenate([z[t, :ahead], padded[t : t + window][::-1].ravel()])
        row, g = np.concatenate([regressors, z[t, m:]]), real(1)
        errors[t, 0] = row[columns:] / g if ahead == 0 else 0
        for k in range(columns):
            r = np.hypot(R[k, k], row[k])
            c, s = R[k, k] / r, row[k] / r
            upper = R[k, k:].copy()
            R[k, k:], row[k:] = c * upper + s * row[k:], c * row[k:] - s * upper
            g *= c
            if k + 1 in stops:
                errors[t, np.searchsorted(stops, k + 1)] = row[columns:] / g
    return errors


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_every_window_is_ridge_least_squares(direct: bool, forgetting: float) -> None:
    made = simulate(4, plant(), 300, inputs="white")
    y, u = made.outputs[0], made.inputs[0]
    expected = errors_by_rotation(y, u, max(WINDOWS), forgetting, 1e-2, direct)
    for precision in ("float64", "float32"):
        learner = lattice(WINDOWS, forgetting, direct=direct, outputs=2, inputs=2)
        errors = y[:, None] - replay(learner, recording(y, u), precision=precision)[0, :, 0]
        q, eps = 4, np.finfo(precision).eps
        limit = 100 * q * eps * np.abs(y).max()
        for k, window in enumerate(WINDOWS):
            apart = np.abs(errors[:, k] - expected[:, window]).max()
            assert apart <= limit, f"{precision} window {window}: {apart:.2e} apart, limit {limit:.2e}"


def made_with(outputs: np.ndarray, inputs: np.ndarray, **options: bool) -> np.ndarray:
    return replay(lattice([0, 1, 4], outputs=2, inputs=2, **options), recording(outputs, inputs))[0, :, 0]


@pytest.mark.parametrize("direct", [False, True])
def test_the_unit_of_an_input_does_not_matter(direct: bool) -> None:
    made = simulate(5, plant(), 200, inputs="white")
    y, u = made.outputs[0], made.inputs[0]
    plain = made_with(y, u, direct=direct)
    np.testing.assert_array_equal(made_with(y, u * np.array([2.0**40, 2.0**-60]), direct=direct), plain)
    np.testing.assert_allclose(made_with(y, u * np.array([1e200, 1e-200]), direct=direct), plain, atol=1e-8)


def test_an_input_that_wakes_late_or_stops_costs_nothing() -> None:
    made = simulate(6, plant(), 3000, inputs="white")
    y, u = made.outputs[0], made.inputs[0].copy()
    u[:100, 0], u[500:2500], u[:, 1] = 0, u[499], 0
    forgetful = lattice([0, 1, 8], 0.99, direct=True, outputs=2, inputs=2)
    assert np.isfinite(replay(forgetful, recording(y, u), precision="float32")).all()


def test_a_gap_is_filled_with_the_best_window_and_learned_as_such() -> None:
    made = simulate(7, plant(), 300, inputs="white")
    y, u = made.outputs[0].copy(), made.inputs[0]
    y[150, 0], y[200:203] = np.nan, np.nan
    windows = range(6)
    learner = lattice(windows, direct=True, outputs=2, inputs=2)
    forecasts = replay(learner, recording(y, u))[0, :, 0]
    filled, loss = y.copy(), np.zeros((len(windows), 2))
    for t in range(len(y)):
        gaps = np.isnan(y[t])
        filled[t, gaps] = forecasts[t, loss.argmin(axis=0), [0, 1]][gaps]
        loss = 0.9 * loss + np.where(gaps, 0, (filled[t] - forecasts[t]) ** 2)
    again = replay(learner, recording(filled, u))[0, :, 0]
    assert np.abs(forecasts - again).max() <= 1e-10 * np.abs(filled).max()
