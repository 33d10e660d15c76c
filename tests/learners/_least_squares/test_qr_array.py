"""The triangular array against the lattice, and against batch least squares on the rows that are kept."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.learners import Learner, lattice, qr_array, replay
from ergoscope.learners._engine.driver import Driver
from ergoscope.simulator import LinearSystem, Trajectories, simulate

TWO = dict(outputs=2, inputs=2)


def plant() -> LinearSystem:
    A = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]])
    B, C = np.array([[0.3, -0.2], [0.1, 0.4], [1.0, 0.5]]), np.array([[1.0, 0.0, 0.5], [0.6, 1.0, -0.4]])
    return LinearSystem(A, C, 0.01 * np.eye(3), np.eye(2), B, np.array([[0.8, -0.5], [0.3, 1.1]]), name="two-by-two")


def recording(y: np.ndarray, u: np.ndarray) -> Trajectories:
    return Trajectories(y[None], u[None], np.array([len(y)]), 1.0, ("y1", "y2"), ("u1", "u2"), ("0",))


@pytest.mark.parametrize(
    ("direct", "forgetting", "precision"), [(False, 0.99, "float64"), (True, 1.0, "float64"), (True, 0.99, "float32")]
)
def test_without_gaps_it_is_the_lattice(direct: bool, forgetting: float, precision: str) -> None:
    made = simulate(4, plant(), 300, inputs="white")
    sizes = (0, 1, 3, 8)
    one = replay(lattice(sizes, forgetting, direct=direct, **TWO), made, precision=precision)
    other = replay(qr_array(sizes, forgetting, direct=direct, **TWO), made, precision=precision)
    most = 100 * 4 * np.finfo(precision).eps * np.abs(made.outputs).max()
    assert np.abs(one - other).max() <= most


def least_squares_forecasts(
    y: np.ndarray,
    u: np.ndarray,
    lost: np.ndarray,
    window: int,
    longest: int,
    lookahead: int,
    direct: bool,
    forgetting: float,
) -> dict[int, np.ndarray]:
    """The forecasts of y[t] whose own window is whole, each one a batch fit of the whole pairs up to its issue."""
    z, steps, ridge = np.concatenate([u, y], axis=1), len(y), 1e-2
    unit = np.array([z[np.flatnonzero(~lost & (z[:, c] != 0))[0], c] for c in range(4)])
    begun = int(np.flatnonzero(~lost)[0])
    far = lookahead - 1 + direct

    def row(t: int) -> np.ndarray:
        told = [u[t - j] if t >= j else np.zeros(2) for j in range(1 - direct, lookahead)]
        lags = [z[t - lookahead - k] if t - lookahead - k >= 0 else np.zeros(4) for k in range(window)]
        return np.concatenate([*told, *lags]) if told or lags else np.zeros(0)

    def whole(t: int) -> bool:
        reach = [t - lookahead - k for k in range(longest) if t - lookahead - k >= 0]
        return not lost[reach].any()

    held = np.concatenate([np.full(2 * far, forgetting), np.repeat(forgetting ** -np.arange(float(window)), 4)])
    held *= ridge * np.concatenate([np.tile(unit[:2], far), np.tile(unit, window)]) ** 2
    forecasts = {}
    pairs = [t for t in range(steps) if not lost[t] and whole(t)]
    for t in range(120, steps, 17):
        if whole(t):
            now = t - lookahead
            rows = [s for s in pairs if s <= now]
            root = np.sqrt(forgetting ** (now - np.array(rows, float)))
            X, Y = np.stack([row(s) for s in rows]) * root[:, None], y[rows] * root[:, None]
            prior = np.sqrt(held * forgetting ** (now - begun))
            fitted, *_ = np.linalg.lstsq(
                np.concatenate([np.diag(prior), X]), np.concatenate([np.zeros((len(prior), 2)), Y])
            )
            forecasts[t] = row(t) @ fitted
    return forecasts


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("lookahead", [1, 5])
@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_rows_with_a_gap_are_left_out_exactly(direct: bool, lookahead: int, forgetting: float) -> None:
    made = simulate(4, plant(), 300, inputs="white")
    y, u = made.outputs[0].copy(), made.inputs[0]
    lost = np.random.default_rng(2).random(len(y)) < 0.1
    lost[0] = False
    gaps = y.copy()
    gaps[lost, np.random.default_rng(3).integers(0, 2, lost.sum())] = np.nan  # one output of the two is enough
    learner = qr_array([0, 1, 2, 4], forgetting, lookaheads=(1, 5), direct=direct, **TWO)
    forecasts = replay(learner, recording(gaps, u))[0, :, (1, 5).index(lookahead)]
    for k, window in enumerate((0, 1, 2, 4)):
        expected = least_squares_forecasts(y, u, lost, window, 4, lookahead, direct, forgetting)
        assert len(expected) >= 3
        for t, value in expected.items():
            np.testing.assert_allclose(forecasts[t, k], value, rtol=0, atol=1e-8 * np.abs(y).max())


def through_the_driver(learner: Learner, y: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Forecasts of one lane; unlike ``replay``, the driver hands missing inputs on as they are."""
    driver = Driver(learner, 2, 2, block=len(y))
    outputs, inputs = (np.repeat(rows[..., None], driver.width, axis=2) for rows in (y, np.concatenate([u, u[-1:]])))
    end = np.full(driver.width, len(y), np.int32)
    return np.array(driver.advance(driver.start(), driver.record(), outputs, inputs, np.int32(0), end)[1])[..., 0]


def test_a_missing_input_leaves_its_rows_out() -> None:
    made = simulate(4, plant(), 200, inputs="white")
    y, u = made.outputs[0], made.inputs[0].copy()
    u[90] = np.nan
    wrong = y.copy()
    wrong[90] += 1e3  # target of a row without its input, and a regressor of the next two
    learner = qr_array([1, 2], direct=True, **TWO)
    one, two = through_the_driver(learner, y, u), through_the_driver(learner, wrong, u)
    np.testing.assert_array_equal(one[93:], two[93:])
    assert (one[91:93] != two[91:93]).any()
    assert np.isfinite(one).all()


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("rising", dict(sizes=[3, 2])),
        ("forgetting", dict(forgetting=0.0)),
        ("memory shorter", dict(sizes=range(65), forgetting=0.98)),
        ("ridge", dict(ridge=0.0)),
        ("needs inputs", dict(direct=True)),
    ],
)
@pytest.mark.parametrize("family", [qr_array, lattice])
def test_bad_arguments_are_refused(words: str, arguments: dict, family) -> None:
    with pytest.raises(ValueError, match=words):
        family(**arguments)


@pytest.mark.parametrize("family", [qr_array, lattice])
def test_another_number_of_channels_is_refused_with_the_remedy(family) -> None:
    with pytest.raises(ValueError, match="pass outputs=2, inputs=2"):
        replay(family(range(3)), simulate(0, plant(), 20))
