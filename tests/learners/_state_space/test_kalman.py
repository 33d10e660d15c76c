"""The Kalman predictors against filterpy, python-control and a textbook likelihood."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import control
import numpy as np
import pytest
from filterpy.kalman import KalmanFilter

from ergoscope._core.devices import computing
from ergoscope.analysis import kalman_gain
from ergoscope.learners import Learner, Live, kalman, linear_extrapolation, replay, truncated_kalman
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import LinearSystem, Missing, Trajectories, simulate, to_filterpy, zoo

SYSTEMS = ("random-walk-0.1", "double-integrator", "triple-integrator", "two-tones", "stable-ar", "explosive-2")


def with_inputs() -> LinearSystem:
    rng = np.random.default_rng(1)
    A = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.1], [0.0, 0.0, 0.7]])
    R = np.array([[1.0, 0.3], [0.3, 0.5]])
    B, C, D = rng.normal(size=(3, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 2))
    return LinearSystem(A, C, np.diag([0.1, 0.2, 0.3]), R, B, D, name="two by two")


def time_varying() -> LinearSystem:
    """Every matrix moves, over 70 samples, again and again."""
    still, t = with_inputs(), np.arange(70.0)[:, None, None]
    moved = {word: getattr(still, word) * (1 + 0.3 * np.sin(0.1 * t + k)) for k, word in enumerate("BCDQR")}
    A = still.A * np.where(t < 40, 1.0, 0.9)
    return LinearSystem(A, **moved, name="time-varying", periodic=True)


def filterpy_forecasts(system: LinearSystem, run: Trajectories, P0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts and innovation covariances of one run, sample by sample."""
    twin = KalmanFilter(dim_x=system.states, dim_z=system.outputs)
    twin.x, twin.P = np.zeros((system.states, 1)), P0.copy()
    made, spread = [], []
    for t, (y, u) in enumerate(zip(run.outputs[0], run.inputs[0], strict=True)):
        now = {word: value if value.ndim == 2 else value[t % len(value)] for word, value in vars(system).items()
               if word in "ABCDQR"}  # fmt: skip
        twin.F, twin.H, twin.Q, twin.R = (now[word] for word in "ACQR")
        direct = now["D"] @ u
        made.append((twin.H @ twin.x)[:, 0] + direct)
        spread.append(twin.H @ twin.P @ twin.H.T + twin.R)
        twin.update(None if np.isnan(y).any() else (y - direct)[:, None])
        twin.predict(u=u[:, None], B=now["B"])
    return np.array(made), np.array(spread)


@pytest.mark.parametrize("name", [*SYSTEMS, "two by two", "time-varying", "switching", "drifting"])
def test_the_oracle_is_filterpy(name: str) -> None:
    own = {"two by two": with_inputs, "time-varying": time_varying}
    system = own[name]() if name in own else zoo(name)
    steps = 200 if name == "explosive-2" else 500
    run = simulate(4, system, steps, inputs="white", missing=Missing(0.1, 3))
    P0 = 2.0 * np.eye(system.states)
    made = replay(kalman(system, covariance=P0), run)[0, :, 0, 0]
    expected, _ = filterpy_forecasts(system, run, P0)
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-9 * max(1, np.nanmax(np.abs(run.outputs))))


def test_a_system_as_a_filter_of_filterpy_forecasts_as_the_learner_does() -> None:
    system, start = with_inputs(), dict(mean=[1.0, -2.0, 0.5], covariance=np.diag([2.0, 1.0, 0.5]))
    run = simulate(4, system, 200, inputs="white", missing=Missing(0.1, 3))
    twin, forecasts = to_filterpy(system, **start), []
    for y, u in zip(run.outputs[0], run.inputs[0], strict=True):
        forecasts.append((twin.H @ twin.x)[:, 0] + system.D @ u)
        twin.update(None if np.isnan(y).any() else y - system.D @ u)
        twin.predict(u[:, None])
    made = replay(kalman(system, **start), run)[0, :, 0, 0]
    np.testing.assert_allclose(made, forecasts, rtol=0, atol=1e-9 * np.nanmax(np.abs(run.outputs)))
    plain = to_filterpy(zoo("double-integrator"))
    assert plain.B is None and not plain.x.any() and not plain.P.any()
    assert not np.shares_memory(to_filterpy(system).F, system.A)


def test_what_filterpy_cannot_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="time-varying varies in time, a KalmanFilter does not"):
        to_filterpy(time_varying())
    with pytest.raises(ValueError, match=r"must have shapes \(3,\) and \(3, 3\), got \(2,\)"):
        to_filterpy(with_inputs(), mean=[0.0, 0.0])
    monkeypatch.setitem(sys.modules, "filterpy.kalman", None)
    with pytest.raises(ModuleNotFoundError, match="pip install filterpy"):
        to_filterpy(with_inputs())


@pytest.mark.parametrize("system", [with_inputs(), time_varying()], ids=lambda system: system.name)
def test_its_variance_is_the_innovation_covariance(system: LinearSystem) -> None:
    run = simulate(4, system, 40, inputs="white")
    learner = kalman(system, covariance=np.eye(3))
    live = Live(learner, 2, 2)
    _, expected = filterpy_forecasts(system, run, np.eye(3))
    for t in range(40):
        with computing("float64"):
            assert learner.variance is not None
            S = np.asarray(learner.variance(live.lanes.state))[0, :, :, 0]
        np.testing.assert_allclose(S, expected[t], rtol=1e-10)
        live.observe(run.outputs[0, t], np.vstack([run.inputs[0, t], run.inputs[0, min(t + 1, 39)]]))


@pytest.mark.parametrize("name", ["random-walk-0.1", "double-integrator", "triple-integrator", "two-tones"])
def test_the_gain_settles_at_that_of_dlqe(name: str) -> None:
    system = zoo(name)
    L, P, _ = control.dlqe(system.A, np.eye(system.states), system.C, system.Q, system.R)
    with computing("float64"):
        driver = Driver(kalman(system), width=1)
        lanes, record = driver.start(), driver.record()
        y, u = np.zeros((driver.block, 1, 1)), np.zeros((driver.block + 1, 0, 1))
        for _ in range(4):
            lanes, record = driver.advance(lanes, record, y, u, np.int32(0), np.full(1, driver.block, np.int32))
        settled = np.asarray(lanes.state.P)[:, :, 0]
    np.testing.assert_allclose(settled, P, rtol=1e-9, atol=1e-9)
    steady = kalman_gain(system)
    np.testing.assert_allclose(steady.gain, L, rtol=1e-8, atol=1e-9)  # dlqe gives the predictor's gain, A K
    np.testing.assert_allclose(system.A @ steady.filter_gain, L, rtol=1e-8, atol=1e-9)
    twin = to_filterpy(system)
    for _ in range(4 * driver.block):
        twin.update(np.zeros((1, 1)))
        twin.predict()
    np.testing.assert_allclose(steady.filter_gain, twin.K, rtol=1e-8, atol=1e-9)


def test_a_partly_missing_row_counts_for_what_is_there() -> None:
    system = with_inputs()
    run = simulate(8, system, 60)
    run.outputs[0, 20:30, 1] = np.nan
    made = replay(kalman(system), run)[0, :, 0, 0]
    x, P = np.zeros(3), np.zeros((3, 3))
    for t in range(60):
        np.testing.assert_allclose(made[t], system.C @ x, atol=1e-9)
        there = ~np.isnan(run.outputs[0, t])
        C, R = system.C[there], system.R[np.ix_(there, there)]
        K = P @ C.T @ np.linalg.inv(C @ P @ C.T + R)
        x = system.A @ (x + K @ (run.outputs[0, t, there] - C @ x))
        P = system.A @ (P - K @ C @ P) @ system.A.T + system.Q


@pytest.mark.parametrize(
    "name", ["random-walk", "double-integrator", "triple-integrator", "two-tones", "random-walk-0.01"]
)
def test_innovations_are_white(name: str) -> None:
    system, steps, runs = zoo(name), 3000, 32
    run = simulate(21, system, steps, runs)
    settled = kalman_gain(system)
    e = (run.outputs - replay(kalman(system), run)[:, :, 0, 0])[:, 200:, 0] / np.sqrt(settled.innovation[0, 0])
    n = e.size
    z = 3.89  # two-sided 1e-4 of the normal law
    assert abs(np.mean(e**2) - 1) < z * np.sqrt(2 / n)
    for lag in range(1, 11):
        assert abs(np.mean(e[:, lag:] * e[:, :-lag])) < z / np.sqrt(n - lag * runs), f"lag {lag}"


@pytest.mark.parametrize("lookaheads", [(1, 6), (3, 6)])
@pytest.mark.parametrize("known", [None, 0, 1, 2])
def test_forecasts_further_ahead_carry_the_mean_on(known: int | None, lookaheads: tuple[int, int]) -> None:
    # known: how many inputs after the last sample seen are known; the last known one is held for the others
    system, steps = with_inputs(), 60
    run = simulate(4, system, steps, inputs="white")
    made = replay(kalman(system, covariance=np.eye(3), lookaheads=lookaheads), run, known_ahead=known)[0, :, :, 0]
    y, u = run.outputs[0], np.concatenate([run.inputs[0], np.repeat(run.inputs[0, -1:], 6, axis=0)])
    x, P = np.zeros(3), np.eye(3)  # of sample t, from those before it
    for t in range(steps):
        ahead = x
        for H in range(1, 7):
            place = t + H - 1  # forecast while sample t - 1 is the last one seen
            last = place if known is None else min(place, max(t - 1 + known, 0))
            if H in lookaheads and place < steps:
                expected = system.C @ ahead + system.D @ u[last]
                np.testing.assert_allclose(made[place, lookaheads.index(H)], expected, atol=1e-9)
            ahead = system.A @ ahead + system.B @ u[last]
        S = system.C @ P @ system.C.T + system.R
        K = P @ system.C.T @ np.linalg.inv(S)
        x = system.A @ (x + K @ (y[t] - system.C @ x - system.D @ u[t])) + system.B @ u[t]
        P = system.A @ (P - K @ system.C @ P) @ system.A.T + system.Q


def test_forecasts_further_ahead_use_the_matrices_of_their_samples() -> None:
    system, steps = time_varying(), 120
    run = simulate(4, system, steps, inputs="white")
    made = replay(kalman(system, covariance=np.eye(3), lookaheads=(1, 4)), run)[0, :, :, 0]
    y, u = run.outputs[0], run.inputs[0]
    x, P = np.zeros(3), np.eye(3)
    for t in range(steps):
        A, B, C, D, Q, R = (getattr(system, word)[t % 70] for word in "ABCDQR")
        np.testing.assert_allclose(made[t, 0], C @ x + D @ u[t], atol=1e-9)
        ahead = x
        for place in range(t, min(t + 3, steps - 1)):
            ahead = system.A[place % 70] @ ahead + system.B[place % 70] @ u[place]
        if t + 3 < steps:
            expected = system.C[(t + 3) % 70] @ ahead + system.D[(t + 3) % 70] @ u[t + 3]
            np.testing.assert_allclose(made[t + 3, 1], expected, atol=1e-9)
        K = P @ C.T @ np.linalg.inv(C @ P @ C.T + R)
        x = A @ (x + K @ (y[t] - C @ x - D @ u[t])) + B @ u[t]
        P = A @ (P - K @ C @ P) @ A.T + Q


def test_plants_of_one_shape_share_what_is_compiled() -> None:
    """Their matrices are data: what is traced for the first one serves the others, and each gets its own forecasts."""
    traced = []

    def update(state, output, input, observed):
        traced.append(1)
        return beneath.update(state, output, input, observed)

    beneath = linear_extrapolation()
    watched = beneath._replace(update=update)
    plants = [zoo("double-integrator"), zoo("harmonic-oscillator").replace(name="another", dt=0.5)]
    excesses, oracles = [], []
    for plant in plants:
        gain = kalman_gain(plant).gain
        for oracle in (kalman(plant), kalman(plant, gain), truncated_kalman(plant, gain, [3])):
            run = simulate(7, plant, 40)
            excesses.append(score_recording(watched, run, [0, 40], oracle=oracle).excess.sum())
            told = replay(watched, run) - replay(oracle, run)
            oracles.append((told**2).sum())
        traced.append(0)
    one, two = (traced[: traced.index(0)], traced[traced.index(0) + 1 : -1])
    assert len(one) >= 4 and not two
    np.testing.assert_allclose(excesses, oracles, rtol=1e-9)


def test_a_fixed_gain_needs_a_constant_plant() -> None:
    with pytest.raises(ValueError, match="constant in time"):
        kalman(time_varying(), gain=np.zeros((3, 2)))


def test_a_count_of_known_inputs_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="known_ahead must be"):
        Driver(kalman(with_inputs()), 2, 2, known_ahead=-1)


def test_the_nile_likelihood() -> None:
    # Durbin and Koopman, Time Series Analysis by State Space Methods, section 2.10.3: -632.54 with these variances.
    text = (Path(__file__).parents[3] / "examples" / "data" / "nile.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    flow = np.array([float(row["flow"]) for row in rows])
    system = LinearSystem([[1]], [[1]], [[1469.1]], [[15099.0]], name="nile")
    run = Trajectories(flow[None, :, None], np.zeros((1, 100, 0)), np.array([100]), 1.0, ("flow",), (), ("0",))
    learner: Learner = kalman(system, covariance=[[1e10]])
    live = Live(learner)
    loglikelihood, level, P, made = 0.0, 0.0, 1e10, []
    for t, y in enumerate(flow):
        made.append(live.forecast[0, 0, 0])
        gain = P / (P + 15099.0)  # the twin: a local level
        level, P = level + gain * (y - level), P * (1 - gain) + 1469.1
        with computing("float64"):
            assert learner.variance is not None
            S = float(learner.variance(live.lanes.state)[0, 0, 0, 0])
        if t > 0:
            loglikelihood -= 0.5 * (np.log(2 * np.pi * S) + (y - live.forecast[0, 0, 0]) ** 2 / S)
        live.observe(y)
    assert loglikelihood == pytest.approx(-632.54, abs=0.01)  # printed with two figures
    np.testing.assert_array_equal(made, replay(learner, run)[0, :, 0, 0, 0])
    assert live.forecast[0, 0, 0] == pytest.approx(level, rel=1e-9)
    assert level == pytest.approx(798.37, abs=0.005)  # the forecast of 1971, as R and statsmodels print it


@pytest.mark.parametrize("name", ["random-walk-0.1", "two-tones", "two by two"])
def test_the_truncated_filter_is_its_sum(name: str) -> None:
    system = with_inputs() if name == "two by two" else zoo(name)
    run = simulate(6, system, 120, inputs="white")
    L = kalman_gain(system).gain
    F = system.A - L @ system.C
    made = replay(truncated_kalman(system, L, [0, 1, 3, 8]), run)[0, :, 0]
    y, u = run.outputs[0], run.inputs[0]
    for k, h in enumerate([0, 1, 3, 8]):
        for t in (0, 2, 9, 119):
            expected = system.D @ u[t]
            for j in range(1, min(h, t) + 1):
                step = system.C @ np.linalg.matrix_power(F, j - 1)
                expected = expected + step @ (L @ y[t - j] + (system.B - L @ system.D) @ u[t - j])
            if t > 0:
                np.testing.assert_allclose(made[t, k], expected, rtol=1e-9, atol=1e-9 * np.abs(y).max())


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("gain must be", dict(gain=[[1.0]])),
        ("mean and covariance", dict(mean=[1.0])),
        ("mean and covariance", dict(covariance=[[1.0]])),
    ],
)
def test_bad_arguments_are_refused(words: str, arguments: dict) -> None:
    with pytest.raises(ValueError, match=words):
        kalman(zoo("double-integrator"), **arguments)


def test_a_stream_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="has 1 outputs and 0 inputs, the stream has 7"):
        replay(kalman(zoo("double-integrator")), simulate(0, zoo("figure-1"), 10))


def test_missing_inputs_are_held() -> None:
    system = with_inputs()
    run = simulate(3, system, 50, inputs="white")
    held = run.inputs.copy()
    held[0, 10:13] = held[0, 9]
    gone = run.inputs.copy()
    gone[0, 10:13] = np.nan
    made = [
        replay(kalman(system), Trajectories(run.outputs, u, run.lengths, 1.0, ("y1", "y2"), ("u1", "u2"), ("0",)))
        for u in (held, gone)
    ]
    np.testing.assert_array_equal(made[0], made[1])


@pytest.mark.parametrize("name", ["stable-ar", "figure-1"])
def test_without_measurement_noise_the_error_is_the_process_noise(name: str) -> None:
    """R = 0 and x_0 = 0: S_0 = 0 brings no news, and from then on each error is that of one step."""
    system = zoo(name)
    run = simulate(3, system, 200, 4)
    error = run.outputs - replay(kalman(system), run)[:, :, 0, 0]
    x = run.states[:, :-1] if run.states is not None else None
    assert x is not None
    expected = run.outputs[:, 1:] - x @ system.A.T @ system.C.T
    known = system.states if name == "stable-ar" else 1  # samples that tell the whole state
    limit = 1e-12 * np.abs(run.outputs).max()
    np.testing.assert_allclose(error[:, known:], expected[:, known - 1 :], rtol=0, atol=limit)
    assert (error[:, 0] == 0).all()


def test_redundant_outputs_bring_no_news_twice() -> None:
    one = LinearSystem(A=[[0.9]], C=[[1.0]], Q=[[0.2]], R=[[0.5]], name="one")
    twice = LinearSystem(A=[[0.9]], C=[[1.0], [2.0]], Q=[[0.2]], R=[[0.5, 1.0], [1.0, 2.0]], name="the same twice")
    y = simulate(5, one, 100, 3)
    both = np.concatenate([y.outputs, 2 * y.outputs], axis=2)
    doubled = Trajectories(both, y.inputs, y.lengths, 1.0, ("y1", "y2"), (), y.run_names)
    made = replay(kalman(twice), doubled)[:, :, 0, 0]
    np.testing.assert_allclose(made[..., 0], replay(kalman(one), y)[:, :, 0, 0, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(made[..., 1], 2 * made[..., 0], rtol=0, atol=1e-12)
