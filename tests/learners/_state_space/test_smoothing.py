"""Baselines and the wrong Kalman filter: closed forms, textbook loops, and the steady filter that smoothing is."""

from __future__ import annotations

import control
import numpy as np
import pytest
from scipy.stats import chi2

from ergoscope.analysis import kalman_gain, locate
from ergoscope.learners import (
    Learner,
    exponential_smoothing,
    holt,
    kalman,
    linear_extrapolation,
    misspecified_kalman,
    persistence,
    replay,
    zero,
)
from ergoscope.simulator import Trajectories, simulate, zoo


def forecasts(learner: Learner, y: np.ndarray) -> np.ndarray:
    """``(time, lookahead)``."""
    empty = np.zeros((1, len(y), 0))
    made = replay(learner, Trajectories(y[None, :, None], empty, np.array([len(y)]), 1.0, ("y",), (), ("0",)))
    return np.asarray(made[0, :, :, 0, 0])


def twin(y: np.ndarray, alpha: float, beta: float, lookaheads: tuple[int, ...]) -> np.ndarray:
    """The forecast of y[t] made H samples before, by the textbook recursions."""
    level, trend, begun = 0.0, 0.0, False
    made = np.zeros((len(y), len(lookaheads)))
    for t, value in enumerate(y):
        if np.isnan(value):
            level += trend
        elif not begun:
            level, begun = value, True
        else:
            before = level
            level = alpha * value + (1 - alpha) * (level + trend)
            trend = beta * (level - before) + (1 - beta) * trend
        for j, H in enumerate(lookaheads):
            if t + H < len(y):
                made[t + H, j] = level + H * trend
    return made


@pytest.mark.parametrize(
    ("learner", "alpha", "beta"),
    [
        (persistence((1, 4)), 1.0, 0.0),
        (linear_extrapolation((1, 4)), 1.0, 1.0),
        (exponential_smoothing(0.2, (1, 4)), 0.2, 0.0),
        (holt(0.6, 0.3, (1, 4)), 0.6, 0.3),
    ],
)
def test_baselines_are_the_textbook_recursions(learner: Learner, alpha: float, beta: float) -> None:
    y = simulate(3, zoo("double-integrator"), 200).outputs[0, :, 0].copy()
    y[[0, 1, 50, 51, 120]] = np.nan
    expected = twin(y, alpha, beta, (1, 4))
    assert np.abs(forecasts(learner, y) - expected).max() <= 1e-12 * np.nanmax(np.abs(y))


def test_zero_is_zero_and_persistence_the_last_sample() -> None:
    y = np.array([3.0, -1.0, 4.0, np.nan, 5.0, 9.0])
    assert not forecasts(zero(), y).any()
    np.testing.assert_array_equal(forecasts(persistence(), y)[:, 0], [0, 3, -1, 4, 4, 5])
    np.testing.assert_array_equal(forecasts(linear_extrapolation(), y)[:, 0], [0, 3, -5, 9, 14, 5 + (5 - 9)])


def test_exponential_smoothing_is_the_steady_kalman_predictor_of_a_random_walk() -> None:
    system = zoo("random-walk")
    gain = kalman_gain(system).gain
    y = simulate(1, system, 500)
    smooth = replay(exponential_smoothing(float(gain[0, 0])), y)[0, :, 0, 0, 0]
    steady = replay(kalman(system, gain=gain), y)[0, :, 0, 0, 0]
    late = slice(200, None)  # their starts differ, by (1 - L)^t
    np.testing.assert_allclose(smooth[late], steady[late], atol=1e-9 * np.abs(y.outputs).max())


@pytest.mark.parametrize(
    ("words", "system", "bounded"),
    [
        ("zero", "stable-ar", True),
        ("zero", "random-walk", False),
        ("persistence", "random-walk", True),
        ("persistence", "double-integrator", False),
        ("linear-extrapolation", "double-integrator", True),
        ("linear-extrapolation", "triple-integrator", False),
        ("exponential-smoothing:alpha=0.4", "random-walk", True),
        ("holt", "double-integrator", True),
    ],
)
def test_which_baseline_is_bounded_on_what(words: str, system: str, bounded: bool) -> None:
    found = locate(system, learner=words, horizon=4000, seed=1)
    # One size only: the critical one may be smaller, where there is a smaller one than this.
    assert found.verdict in (("at most", "located") if bounded else ("above",)), found.sentence


def test_a_wrong_model_costs_what_the_closed_loop_says() -> None:
    """A random walk, Q and R wrong: P = (1 - L)^2 P + q + L^2 r with the gain that the wrong filter has by then."""
    system, process, measurement, steps, runs = zoo("random-walk"), 0.04, 3.0, 200, 4096
    q, r = float(system.Q[0, 0]), float(system.R[0, 0])
    believed, true = 0.0, 0.0
    expected = np.zeros(steps)
    for t in range(steps):
        expected[t] = true + r
        gain = believed / (believed + measurement * r)
        believed = believed * (1 - gain) + process * q
        true = (1 - gain) ** 2 * true + gain**2 * r + q
    made = simulate(5, system, steps, runs)
    errors = (
        replay(misspecified_kalman(process, measurement, system=system), made)[:, :, 0, 0, 0] - made.outputs[..., 0]
    )
    measured = (errors**2).mean(axis=0)
    # Each is a chi-square over the runs; 200 of them, two-sided 1e-4 in all.
    low, high = chi2.ppf([1e-4 / 400, 1 - 1e-4 / 400], runs) / runs
    assert (measured >= low * expected).all() and (measured <= high * expected).all()
    exact = replay(misspecified_kalman(system=system), made)
    np.testing.assert_array_equal(exact, replay(kalman(system), made))


def test_control_gives_the_gain_of_the_wrong_filter_and_its_error() -> None:
    """Two states: the gain by ``control.dlqe``, the error on the true system by a Lyapunov equation."""
    true = zoo("double-integrator")
    A, C, Q, R = true.A, true.C, true.Q, true.R
    believed = 0.04 * Q, 3.0 * R
    L, _, _ = control.dlqe(A, np.eye(2), C, *believed)
    P = control.dlyap(A - L @ C, Q + L @ R @ L.T)
    expected = float((C @ P @ C.T + R)[0, 0])
    made = simulate(8, true, 300, 4096)
    wrong = replay(misspecified_kalman(0.04, 3.0, system=true), made)[:, -1, 0, 0, 0]
    measured = np.mean((wrong - made.outputs[:, -1, 0]) ** 2)
    low, high = chi2.ppf([0.5e-4, 1 - 0.5e-4], 4096) / 4096
    assert low * expected <= measured <= high * expected


def test_wrong_dynamics_lose_the_mode() -> None:
    found = locate("random-walk", learner="kalman:dynamics=0.9", horizon=4000)
    assert found.verdict == "above"
    assert locate("random-walk", learner="kalman:process=0.01,measurement=10", horizon=4000).verdict == "at most"


def test_bad_gains_are_refused() -> None:
    for make, words in [
        (lambda: exponential_smoothing(0), "alpha must be above 0"),
        (lambda: holt(0.5, 1.5), "beta must be above 0 and at most 1"),
        (lambda: persistence((2, 1)), "lookaheads must be rising"),
        (lambda: misspecified_kalman(process=-1, system=zoo("random-walk")), "process must be a factor"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
