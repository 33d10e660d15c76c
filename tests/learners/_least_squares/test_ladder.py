"""The ladder against recursive least squares of each length, in extended precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice, qr_array, replay
from ergoscope.simulator import Trajectories, simulate, zoo

LENGTHS = (1, 4, 16, 32)


def least_squares(y: np.ndarray, length: int, forgetting: float, ridge: float) -> np.ndarray:
    """A-priori errors of every length by a triangular array in long double; column h - 1 is the filter of length h.

    The row [window | target] is rotated into the factor of diag(ridge forgetting^-k); after k rotations the rotated
    target over the product of the cosines is the error of length k.
    """
    dtype = np.longdouble
    first = int(np.flatnonzero(y)[0])
    delta = dtype(ridge) * dtype(y[first]) ** 2
    R = np.diag(np.sqrt(delta * dtype(forgetting) ** -np.arange(length).astype(dtype)))
    z, root = np.zeros(length, dtype), np.sqrt(dtype(forgetting))
    errors = np.zeros((len(y), length))
    padded = np.concatenate([np.zeros(length, dtype), y.astype(dtype)])
    for t in range(len(y)):
        u, d, g = padded[t : t + length][::-1].copy(), padded[t + length], dtype(1)
        if t > first:
            R *= root
            z *= root
        for k in range(length):
            r = np.hypot(R[k, k], u[k])
            c, s = R[k, k] / r, u[k] / r
            row = R[k, k:].copy()
            R[k, k:], u[k:] = c * row + s * u[k:], c * u[k:] - s * row
            z[k], d = c * z[k] + s * d, c * d - s * z[k]
            g *= c
            errors[t, k] = d / g
    return errors


def recording(y: np.ndarray) -> Trajectories:
    shape = (1, len(y))
    return Trajectories(y.reshape(*shape, 1), np.zeros((*shape, 0)), np.array([len(y)]), 1.0, ("y",), (), ("0",))


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
@pytest.mark.parametrize(
    ("system", "steps"), [("random-walk", 3000), ("double-integrator", 3000), ("explosive-2", 230)]
)
def test_every_length_is_ridge_least_squares(system: str, steps: int, forgetting: float) -> None:
    """A first sample below the noise of one leaves a start of condition (noise / first sample)^2."""
    made = simulate(11, zoo(system), steps).outputs[0, :, 0]
    for precision in ("float64", "float32"):
        y = made.astype(precision)
        if precision == "float32" and system == "explosive-2":
            y = y[:60]  # within the trust of float32
        expected = least_squares(y.astype(float), max(LENGTHS), forgetting, 1e-2)
        forecasts = replay(ladder(LENGTHS, forgetting=forgetting), recording(y), precision=precision)[0, :, 0, :, 0]
        errors = y[:, None].astype(float) - forecasts.astype(float)
        limit = 100 * np.finfo(precision).eps * np.abs(y).max() * max(1, 1 / y[0].astype(float) ** 2)
        for k, length in enumerate(LENGTHS):
            apart = np.abs(errors[:, k] - expected[:, length - 1]).max()
            assert apart <= limit, f"{precision} length {length}: {apart:.2e} apart, limit {limit:.2e}"


def test_sizes_may_be_any_part_of_the_ladder() -> None:
    y = simulate(1, zoo("two-tones"), 500)
    whole = replay(ladder(range(9)), y)
    np.testing.assert_allclose(replay(ladder([2, 3, 8]), y), whole[:, :, :, [2, 3, 8]], rtol=0, atol=1e-9)


def test_an_offset_is_centered_away() -> None:
    # theory.md, trap (i): an offset of 1e4 left in costs forgetting 1 for 20 000 steps
    walk = simulate(2, zoo("random-walk"), 4000, 8)
    plain = replay(ladder([8]), walk, center="first")
    moved = simulate(2, zoo("random-walk"), 4000, 8)
    object.__setattr__(moved, "outputs", moved.outputs + 1e4)
    shifted = replay(ladder([8]), moved, center="first")
    np.testing.assert_allclose(shifted[:, 1:] - 1e4, plain[:, 1:], rtol=0, atol=1e-7)
    left_in = replay(ladder([8]), moved, center="none")

    def mean_square(forecasts: np.ndarray) -> float:
        return float(np.mean((moved.outputs[:, 1000:, None] - forecasts[:, 1000:, 0]) ** 2))

    assert mean_square(left_in) > 1.03 * mean_square(shifted)


@pytest.mark.parametrize("forgetting", [1.0, 0.99])
def test_a_flat_stretch_costs_nothing_at_the_wake_up(forgetting: float) -> None:
    y = simulate(3, zoo("random-walk"), 3000).outputs[0, :, 0]
    y[500:2500] = y[499]
    forecasts = replay(ladder(range(33), forgetting=forgetting), recording(y))[0, :, 0, :, 0]
    errors = y[:, None] - forecasts
    assert np.isfinite(forecasts).all()
    awake = simulate(3, zoo("random-walk"), 3000).outputs[0, :, 0]
    reference = awake[:, None] - replay(ladder(range(33), forgetting=forgetting), recording(awake))[0, :, 0, :, 0]
    assert (errors[2510:, 1:] ** 2).mean() < 3 * (reference[2510:, 1:] ** 2).mean()


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("rising", dict(sizes=[3, 2])),
        ("rising", dict(sizes=[-1, 2])),
        ("forgetting", dict(forgetting=0.0)),
        ("forgetting", dict(forgetting=1.5)),
        ("memory shorter", dict(sizes=range(65), forgetting=0.98)),
        ("ridge", dict(ridge=0.0)),
    ],
)
def test_bad_arguments_are_refused(words: str, arguments: dict) -> None:
    with pytest.raises(ValueError, match=words):
        ladder(**arguments)


def test_two_outputs_are_refused() -> None:
    with pytest.raises(ValueError, match="one output"):
        replay(ladder(range(3)), simulate(0, zoo("figure-1"), 20))


@pytest.mark.parametrize("make", [ladder, lattice, qr_array])
@pytest.mark.parametrize(("first", "pole"), [(1.0, 0.9), (100.0, 0.0), (1e4, 0.9), (1e3, 1.0), (1e4, 1.0)])
def test_after_a_large_first_sample_forgetting_is_that_of_least_squares(
    make: Callable[..., Learner], first: float, pole: float
) -> None:
    """The lower bound of the energies fades with the first sample: else forecasts were 2.3 noise deviations off."""
    random = np.random.default_rng(3)
    y = np.zeros(600)
    y[0] = first
    for t in range(1, len(y)):
        y[t] = pole * y[t - 1] + random.standard_normal()
    expected = least_squares(y, 8, 0.97, 1e-2)[:, [0, 3, 7]]
    made = replay(make((1, 4, 8), forgetting=0.97), recording(y))[0, :, 0, :, 0]
    np.testing.assert_allclose((y[:, None] - made)[1:], expected[1:], rtol=0, atol=1e-6)
