"""The wavefront against the step form, and against least squares in extended precision."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from ergoscope._core.devices import Precision
from ergoscope.learners import Learner, kalman, ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import Scores, score, score_recording
from ergoscope.learners._least_squares.wavefront import score_wavefront
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

LENGTHS = (0, 1, 4, 16, 32)
BOTH = pytest.mark.parametrize("precision", ["float32", "float64"])


def jax_driver(learner: Learner, *arguments: Any, **options: Any) -> Driver:
    """A driver as for another device: without the loop that is compiled for a CPU."""
    without = [one and one._replace(kernel=None) for one in (learner, options.pop("oracle", None))]
    return Driver(without[0], *arguments, oracle=without[1], **options)


def no_inputs(t: np.ndarray) -> np.ndarray:
    return np.zeros((len(t), 0))


def recording(y: np.ndarray, u: np.ndarray | None = None) -> Trajectories:
    """Runs ``(batch, time)``."""
    u = np.zeros((*y.shape, 0)) if u is None else u
    names = tuple(map(str, range(len(y))))
    inputs = tuple(f"u{i}" for i in range(u.shape[2]))
    return Trajectories(y[:, :, None], u, np.full(len(y), y.shape[1]), 1.0, ("y",), inputs, names)


def both(driver: Driver, runs: Trajectories, edges: list[int], chunk: int = 10_000) -> tuple[Scores, Scores]:
    y, u = runs.outputs.transpose(1, 2, 0), runs.inputs.transpose(1, 2, 0)
    chunks = [y[first : first + chunk] for first in range(0, len(y), chunk)]
    arguments = (lambda t: u[np.minimum(t, len(u) - 1)]), runs.lengths, edges
    return score(driver, chunks, *arguments), score_wavefront(driver, chunks, *arguments)


def check_equal(made: Scores, expected: Scores, runs: Trajectories, precision: Precision, spread: float = 1.0) -> None:
    """Root sums of squares differ by no more than the root of their number times the rounding of one error.

    The ridge is in units of the first sample's square: a small first sample leaves a start whose condition is that of
    (noise / first sample)^2, and so is its rounding.
    """
    y = runs.outputs[:, :, 0]
    first = np.abs(y[np.arange(len(y)), (y != 0).argmax(axis=1)])
    limit = 100 * np.finfo(precision).eps * np.abs(y).max(axis=1) * np.maximum(1, (spread / first) ** 2)
    np.testing.assert_array_equal(made.edges, expected.edges)
    np.testing.assert_array_equal(made.samples, expected.samples)
    count = np.maximum(expected.samples[:, :, None], 1)
    for now, then in ((made.error, expected.error), (made.excess, expected.excess)):
        assert now.shape == then.shape
        apart = np.abs(np.sqrt(now) - np.sqrt(then)) / np.sqrt(count)
        assert (apart <= limit).all(), f"{(apart / limit).max():.2f} times the limit"


@BOTH
@pytest.mark.parametrize("forgetting", [1.0, 0.99])
@pytest.mark.parametrize(
    ("system", "steps"), [("random-walk", 1000), ("double-integrator", 1000), ("explosive-2", 150)]
)
def test_the_sums_are_those_of_the_step_form(
    system: str, steps: int, forgetting: float, precision: Precision, pytestconfig: pytest.Config
) -> None:
    """Each system with each precision and each forgetting, each of these with the other; all twelve in a campaign."""
    only_long = ((forgetting == 1.0) == (precision == "float64")) == (system == "double-integrator")
    if only_long and not pytestconfig.getoption("--campaign"):
        pytest.skip("compiled for itself: make campaign")
    if precision == "float32":
        steps = min(steps, 60) if system == "explosive-2" else steps
    runs = simulate(11, zoo(system), steps, 5, precision=precision)
    driver = jax_driver(ladder(LENGTHS, forgetting=forgetting), oracle=kalman(zoo(system)), precision=precision)
    expected, made = both(driver, runs, [0, 1, 2, 3, 5, 9, 40, 41, 42, 55, steps])
    check_equal(made, expected, runs, precision, spread=2.0)
    assert (made.error[-1] > 0).all()
    assert (made.excess[-1] > 0).all()


def test_every_length_is_ridge_least_squares() -> None:
    y = simulate(11, zoo("random-walk"), 400, 1).outputs[:, :, 0]
    driver = jax_driver(ladder(LENGTHS))
    made = score_wavefront(driver, [y.T[:, None]], no_inputs, np.array([400]), list(range(401)))
    R, window, errors = np.diag(np.full(32, np.longdouble(0.1) * abs(y[0, 0]))), np.zeros(32, np.longdouble), []
    z = np.zeros(32, np.longdouble)
    for value in y[0].astype(np.longdouble):  # a triangular array: after k rotations, the error of length k
        u, d, g, row = window.copy(), value, np.longdouble(1), [value]
        for k in range(32):
            r = np.hypot(R[k, k], u[k])
            c, s = R[k, k] / r, u[k] / r
            R[k, k:], u[k:] = c * R[k, k:] + s * u[k:], c * u[k:] - s * R[k, k:]
            z[k], d, g = c * z[k] + s * d, c * d - s * z[k], g * c
            row.append(d / g)
        errors.append(row)
        window = np.concatenate([[value], window[:-1]])
    expected = np.abs(np.array(errors, np.float64))[:, list(LENGTHS)]
    limit = 100 * np.finfo(float).eps * np.abs(y).max() * max(1.0, (2 / y[0, 0]) ** 2)
    np.testing.assert_allclose(np.sqrt(made.error[:, 0, :, 0, 0]), expected, rtol=0, atol=limit)


@cache
def driver_of_a_walk() -> Driver:
    return jax_driver(ladder([0, 3, 8]), oracle=kalman(zoo("random-walk")))


@pytest.mark.parametrize("steps", [1, 2, 31, 127, 128, 129, 300])
@pytest.mark.parametrize("chunk", [50, 1000])
def test_any_length_in_any_chunks(steps: int, chunk: int) -> None:
    runs = simulate(4, zoo("random-walk"), steps, 3)
    for edges in ([0, steps], [0, (steps + 1) // 2, steps + 7], [0, steps + 1]):
        expected, made = both(driver_of_a_walk(), runs, edges, chunk)
        check_equal(made, expected, runs, "float64", spread=2.0)


def test_many_lanes_are_one_by_one() -> None:
    runs = simulate(5, zoo("double-integrator"), 200, 270)
    driver, edges = jax_driver(ladder([0, 2, 5])), [0, 100, 200]
    y = runs.outputs.transpose(1, 2, 0)
    whole = score_wavefront(driver, [y], no_inputs, runs.lengths, edges)
    for lane in (0, 127, 128, 269):
        alone = score_wavefront(driver, [y[..., lane : lane + 1]], no_inputs, runs.lengths[:1], edges)
        np.testing.assert_array_equal(alone.error[..., 0], whole.error[..., lane])


@BOTH
@pytest.mark.parametrize("forgetting", [1.0, 0.95])
@pytest.mark.parametrize("center", ["first", "none", [3.0]])
def test_streams_may_begin_late_or_never(
    center: object, forgetting: float, precision: Precision, pytestconfig: pytest.Config
) -> None:
    """Each center with each precision and each forgetting, of these two pairs; all twelve in a campaign."""
    if (forgetting == 1.0) != (precision == "float64") and not pytestconfig.getoption("--campaign"):
        pytest.skip("compiled for itself: make campaign")
    rng = np.random.default_rng(2)
    y = rng.standard_normal((5, 500)) + 3
    y[0, :] = 3.0  # flat
    y[1, :] = 0.0
    y[2, :400] = 0.0  # zero, then waking
    y[3, :137] = 3.0  # flat, then waking
    y[4] *= 2.0**40
    runs = recording(y.astype(precision))
    learner = ladder(range(9), forgetting=forgetting)._replace(kernel=None)
    driver = jax_driver(learner, center=center, precision=precision)
    expected, made = both(driver, runs, [0, 100, 450, 500])
    assert np.isfinite(made.error).all()
    limit = 1e5 * np.finfo(precision).eps * expected.error.max(axis=(0, 1, 2, 3))
    assert (np.abs(made.error - expected.error) <= limit + 1e-30).all()


def test_a_long_silence_under_forgetting_is_survived() -> None:
    y = np.zeros((1, 4000), np.float32)  # 0.95^4000 is far below the smallest number of float32
    y[0, 3000:] = np.random.default_rng(0).standard_normal(1000)
    driver = jax_driver(ladder(range(5), forgetting=0.95), precision="float32")
    expected, made = both(driver, recording(y), [0, 3000, 4000])
    assert np.isfinite(expected.error).all()
    np.testing.assert_allclose(made.error, expected.error, rtol=1e-4)
    assert (made.error[0] == 0).all()


def test_the_oracle_knows_the_inputs() -> None:
    system = LinearSystem(A=[[0.9]], B=[[1.0]], C=[[1.0]], D=[[0.5]], Q=[[0.1]], R=[[0.1]], dt=1.0, name="driven")
    runs = simulate(6, system, 300, 4, inputs="white")
    driver = jax_driver(ladder([0, 1, 4]), inputs=1, oracle=kalman(system))
    expected, made = both(driver, runs, [0, 1, 10, 300])
    check_equal(made, expected, runs, "float64", spread=3.0)


def test_an_overflow_leaves_the_sums_before_it_and_the_other_lanes() -> None:
    t = np.arange(600.0)
    y = np.stack([1e-3 * 1e2 ** np.minimum(t, 140), np.random.default_rng(1).standard_normal(600)])
    y[0, 200:] = np.inf
    runs = recording(y)
    driver = jax_driver(ladder(range(4)))
    made = score_wavefront(driver, [runs.outputs.transpose(1, 2, 0)], no_inputs, runs.lengths, [0, 30, 100, 600])
    assert np.isfinite(made.error[..., 1]).all()
    assert np.isfinite(made.error[0]).all()
    assert not np.isfinite(made.error[-1, ..., 0]).any()
    assert made.overflow.tolist() == [30, -1]  # 1e154 squared is too much
    stepped = score(driver, [np.where(np.isinf(y), 1e300, y).T[:, None]], no_inputs, runs.lengths, [0, 30, 100, 600])
    assert stepped.overflow.tolist() == [30, -1]
    assert np.isfinite(stepped.error[..., 1]).all()


@BOTH
def test_runs_may_be_summed_in_shares(precision: Precision) -> None:
    """Whatever the share, and where a tile ends: 300 runs are more than one tile, and 7 does not divide them."""
    runs = simulate(8, zoo("random-walk"), 90, 300, precision=precision)
    driver = jax_driver(ladder(range(5)), oracle=kalman(zoo("random-walk")), precision=precision)
    arguments = [runs.outputs.transpose(1, 2, 0)], no_inputs, runs.lengths, [0, 1, 20, 90]
    alone = score_wavefront(driver, *arguments)
    for share in (2, 7, 64, 256, 300):
        for form in (score_wavefront, score):
            made = form(driver, *arguments, share=share)
            for summed, each in zip(made[1:], alone[1:], strict=True):
                expected = np.add.reduceat(each, np.arange(0, 300, share), axis=-1)
                assert summed.shape == expected.shape
                np.testing.assert_allclose(summed, expected, rtol=1000 * np.finfo(precision).eps)


def test_score_picks_it_for_whole_streams_without_a_compiled_loop() -> None:
    # a recording gives the bits of the live stream, so it runs step by step
    runs = simulate(0, zoo("random-walk"), 50, 2)
    wave = score_recording(ladder(range(3)), runs, [0, 50])
    learner = ladder(range(3))._replace(batch=lambda *arguments: wave)
    arguments = jax_driver(learner), [runs.outputs.transpose(1, 2, 0)], no_inputs, runs.lengths, [0, 50]
    assert score(*arguments, whole=True) is wave
    assert score(*arguments) is not wave
    assert score(Driver(learner), *arguments[1:], whole=True) is not wave
    assert score_recording(learner, runs, [0, 50]) is not wave


def test_what_it_cannot_serve_is_refused() -> None:
    y = np.zeros((20, 1, 2))
    with pytest.raises(ValueError, match="for devices without a compiled loop"):
        score_wavefront(Driver(ladder([1])), [y], no_inputs, np.array([20, 20]), [0, 20])
    with pytest.raises(ValueError, match="no batch form"):
        score_wavefront(jax_driver(kalman(zoo("random-walk"))), [y], no_inputs, np.array([20, 20]), [0, 20])
    with pytest.raises(ValueError, match="one length"):
        score_wavefront(jax_driver(ladder([1])), [y], no_inputs, np.array([20, 19]), [0, 20])
    with pytest.raises(ValueError, match="one output"):
        score_wavefront(jax_driver(ladder([1]), 2), [y], no_inputs, np.array([20, 20]), [0, 20])
    with pytest.raises(ValueError, match="edges must rise"):
        score_wavefront(jax_driver(ladder([1])), [y], no_inputs, np.array([20, 20]), [0, 19])
    y[7, 0, 1] = np.nan
    with pytest.raises(ValueError, match="sample 7 is missing"):
        score_wavefront(jax_driver(ladder([1])), [y], no_inputs, np.array([20, 20]), [0, 20])
