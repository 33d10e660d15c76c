"""Predictors of other libraries against a loop by hand, and against our own of the same plant."""

from __future__ import annotations

import io
import re
from collections import deque
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from ergoscope.analysis import kalman_gain
from ergoscope.learners import Outcome, kalman, open_predictor, replay
from ergoscope.simulator import LinearSystem, Missing, Trajectories, simulate, zoo

FILE = """
import numpy as np
from filterpy.kalman import KalmanFilter

def walk():
    kf = KalmanFilter(dim_x=2, dim_z=1)
    kf.F, kf.H, kf.P = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]]), 2 * np.eye(2)
    return kf
"""
MORE = """
import control
import numpy as np
from filterpy.kalman import KalmanFilter
from ergoscope.analysis import kalman_gain
from ergoscope.simulator import LinearSystem

def plant():
    A = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.1], [0.0, 0.0, 0.7]])
    C = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, -1.0]])
    B, R = np.array([[0.0, 1.0], [0.5, 0.0], [1.0, -1.0]]), np.array([[1.0, 0.3], [0.3, 0.5]])
    return LinearSystem(A, C, np.diag([0.1, 0.2, 0.3]), R, B)

def filter_of(system, shape):
    kf = KalmanFilter(dim_x=3, dim_z=2, dim_u=2)
    kf.F, kf.H, kf.Q, kf.R, kf.B = system.A, system.C, system.Q, system.R, system.B
    kf.x, kf.P = np.zeros(shape), 2 * np.eye(3)
    return kf
small = KalmanFilter(dim_x=2, dim_z=1)
column, flat = filter_of(plant(), (3, 1)), filter_of(plant(), 3)

def observer():
    system, L = plant(), kalman_gain(plant()).gain
    A = system.A - L @ system.C
    return control.ss(A, np.hstack([L, system.B]), system.C, np.zeros((2, 4)), dt=1)
def estimator():
    system = plant()
    disturbed = control.ss(system.A, np.hstack([system.B, np.eye(3)]), system.C, np.zeros((2, 5)), dt=1)
    made = control.create_estimator_iosystem(disturbed, system.Q, system.R, P0=system.Q, disturbance_indices=3)
    return made, disturbed, [np.zeros(3), system.Q]
def leaky():
    return control.ss(0.5, [[1.0]], 1.0, 1.0, dt=1)
def continuous():
    return control.ss(-0.5, [[1.0]], 1.0, 0.0)

def gradient():
    from river import linear_model, optim
    model = linear_model.LinearRegression(optim.SGD(0.01))
    model.lags = 3
    return model
def partial():
    from sklearn.linear_model import SGDRegressor
    model = SGDRegressor(learning_rate="constant", eta0=0.01, random_state=1)
    model.parameters = 99
    return model
def lagless():
    model = partial()
    model.lags = 0
    return model
"""
STEPS = 300


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("theirs") / "models.py"
    file.write_text(MORE)
    return file


def driven_plant() -> LinearSystem:
    mine: dict[str, object] = {}
    exec(MORE, mine)
    return mine["plant"]()  # type: ignore[operator, no-any-return]


def run(words: str, series: Trajectories, in_process: bool = True) -> Outcome:
    with open_predictor(words, in_process=in_process, limit=30.0) as predictor:
        return predictor.run(series.outputs[0], series.inputs[0], 1.0)


def driven_series(system: LinearSystem) -> Trajectories:
    """One run, some samples missing wholly, some in part."""
    series = simulate(3, system, STEPS, inputs="white", missing=Missing(0.1, 3))
    outputs = series.outputs.copy()
    outputs[0, 20:60:4, 0], outputs[0, 22:60:4, 1] = np.nan, np.nan
    return Trajectories(outputs, *(getattr(series, word) for word in list(vars(series))[1:]))


def close(made: np.ndarray, twin: np.ndarray, series: Trajectories) -> None:
    """Equal but for rounding, of some 10 operations a step on the largest numbers."""
    scale = max(np.nanmax(np.abs(series.outputs)), np.abs(twin).max())
    np.testing.assert_allclose(made, twin, rtol=0, atol=10 * STEPS * np.finfo(float).eps * scale)


def test_a_filter_of_filterpy_is_our_kalman_predictor(tmp_path: Path) -> None:
    (tmp_path / "walk.py").write_text(FILE)
    system, words = zoo("double-integrator"), f"filterpy:{tmp_path / 'walk.py'}:walk"
    series = simulate(4, system, STEPS)
    done, apart = run(words, series), run(words, series, in_process=False)
    check_filter(done, system, series)
    np.testing.assert_array_equal(apart.forecast, done.forecast)
    np.testing.assert_array_equal(apart.variance, done.variance)


def test_a_filter_with_inputs_and_gaps_is_our_kalman_predictor(file: Path) -> None:
    system = driven_plant()
    series = driven_series(system)
    column, flat = (run(f"filterpy:{file}:{name}", series) for name in ("column", "flat"))
    check_filter(column, system, series)
    np.testing.assert_array_equal(flat.forecast, column.forecast)
    np.testing.assert_array_equal(flat.variance, column.variance)


def check_filter(done: Outcome, system: LinearSystem, series: Trajectories) -> None:
    assert done.failure is None and done.parameters is None
    before = 2 * system.A @ system.A.T + system.Q  # filterpy moves on before its first forecast
    close(done.forecast, replay(kalman(system, covariance=before), series)[0, :, 0, 0], series)
    assert done.variance is not None
    np.testing.assert_allclose(done.variance[0], np.diag(system.C @ before @ system.C.T + system.R), rtol=1e-12)


def test_an_observer_of_python_control_is_our_steady_kalman_predictor(file: Path) -> None:
    system = driven_plant()
    series, gain = driven_series(system), kalman_gain(system).gain
    done = run(f"control:{file}:observer", series)
    close(done.forecast, replay(kalman(system, gain), series)[0, :, 0, 0], series)


def test_an_estimator_of_python_control_is_our_kalman_predictor(file: Path) -> None:
    system = driven_plant()
    series = simulate(5, system, STEPS, inputs="white", missing=Missing(0.1, 3))
    done = run(f"control:{file}:estimator", series)
    assert done.failure is None
    close(done.forecast, replay(kalman(system, covariance=system.Q), series)[0, :, 0, 0], series)


def by_hand(ask: object, teach: object, models: list[object], lags: int, series: Trajectories) -> np.ndarray:
    """The twin: forecasts of regressors on the last samples, newest first."""
    outputs, inputs = series.outputs[0], series.inputs[0]
    window = deque([0.0] * lags * (outputs.shape[1] + inputs.shape[1]))
    made = []
    for y, u in zip(outputs, inputs, strict=True):
        row = list(window)
        made.append([ask(model, row) for model in models])  # type: ignore[operator]
        for model, value in zip(models, y.tolist(), strict=True):
            if value == value:
                teach(model, row, value)  # type: ignore[operator]
        filled = [value if value == value else guess for value, guess in zip(y.tolist(), made[-1], strict=True)]
        for value in reversed([*filled, *u.tolist()]):
            window.appendleft(value)
            window.pop()
    return np.array(made)


def stable_series() -> Trajectories:
    A = np.array([[0.8, 0.1], [0.0, 0.5]])
    return driven_series(LinearSystem(A, np.eye(2), 0.1 * np.eye(2), 0.1 * np.eye(2), B=[[0.0], [1.0]]))


def test_a_regressor_of_river_is_a_loop_by_hand(file: Path) -> None:
    pytest.importorskip("river", reason="river is in the extra bench")
    from river import linear_model, optim

    series = stable_series()
    done = run(f"river:{file}:gradient", series)
    assert done.failure is None and done.parameters == 3 * 3 * 2
    models = [linear_model.LinearRegression(optim.SGD(0.01)) for _ in range(2)]
    twin = by_hand(
        lambda model, row: model.predict_one(dict(enumerate(row))),
        lambda model, row, value: model.learn_one(dict(enumerate(row)), value),
        models,
        3,
        series,
    )
    np.testing.assert_array_equal(done.forecast, twin)


def test_a_regressor_of_scikit_learn_is_a_loop_by_hand(file: Path) -> None:
    from sklearn.linear_model import SGDRegressor

    series = stable_series()
    done = run(f"sklearn:{file}:partial", series)
    assert done.failure is None and done.parameters == 99
    models = [SGDRegressor(learning_rate="constant", eta0=0.01, random_state=1) for _ in range(2)]
    twin = by_hand(
        lambda model, row: float(model.predict(np.array([row]))[0]) if hasattr(model, "coef_") else 0.0,
        lambda model, row, value: model.partial_fit(np.array([row]), np.array([value])),
        models,
        8,
        series,
    )
    np.testing.assert_array_equal(done.forecast, twin)


REFUSED = {
    "filterpy:FILE:small": "the filter has 1 measurements, the stream 2 outputs",
    "control:FILE:leaky": "the system has 1 inputs; it needs 3: the 2 outputs of the stream, then its 1 inputs",
    "control:FILE:continuous": "the system is continuous; sample it first",
    "sklearn:FILE:lagless": "lags must be a whole number of at least 1, got 0",
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_model_that_does_not_fit_the_stream_is_refused_at_the_start(file: Path, words: str) -> None:
    done = run(words.replace("FILE", str(file)), stable_series())
    assert done.failure is not None and done.failure[:2] == (0, "start")
    assert REFUSED[words] in done.failure.message


def test_a_forecast_may_not_use_its_own_sample(file: Path) -> None:
    series = Trajectories(np.zeros((1, 5, 1)), np.zeros((1, 5, 0)), np.array([5]), 1.0, ("y",), (), ("",))
    done = run(f"control:{file}:leaky", series)
    assert done.failure is not None and "a forecast may not use the sample that it is of" in done.failure.message


def test_an_object_of_another_library_is_refused_at_the_door(file: Path) -> None:
    for words, wanted in (("river", "a regressor of river"), ("control", "of python-control")):
        with pytest.raises(ValueError, match=f"is KalmanFilter, not callable and no predictor; expected .*{wanted}"):
            open_predictor(f"{words}:{file}:column", in_process=True)


# The excess over the Kalman predictor that each example of the page should have, in percent. On a random walk with
# q = r = 1, P = (1 + 5^0.5) / 2 and persistence has 1 / (P + 1)^2: it is off by (1 - K) e. The filters are optimal.
# Gradient descent, on a stable plant, must at least be better than a forecast of zero.
WALK = 100 / ((1 + 5**0.5) / 2 + 1) ** 2
SHOULD = {
    "my_predictor.py:make": ("random-walk", WALK),
    "my_functions.py:pair": ("random-walk", WALK),
    "filterpy:my_kf.py:kf": ("double-integrator", 0.0),
    "control:my_control.py:observer": ("double-integrator", 0.0),
    "control:my_estimator.py:pair": ("double-integrator", 0.0),
    "river:my_river.py:model": ("stable-ar", None),
    "sklearn:my_sklearn.py:model": ("stable-ar", None),
}


def excess(words: str, name: str) -> tuple[float, float]:
    """Of a predictor, and of a forecast of zero, over the last half of a run, in percent."""
    system = zoo(name)
    run_ = simulate(2, system, 4000)
    y, best = run_.outputs[0, 2000:, 0], replay(kalman(system), run_)[0, 2000:, 0, 0, 0]
    made = run(words, run_).forecast[2000:, 0]
    return tuple(100 * ((guess - best) ** 2).sum() / ((y - best) ** 2).sum() for guess in (made, 0 * made))


BLOCK = re.compile(r"```python\n(?:# (\S+), given as (\S+)\n)?(.*?)```", re.DOTALL)


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file of docs/predictors.md, under the words that it is given as; then the block that opens one."""
    pytest.importorskip("river", reason="river is in the extra bench")
    monkeypatch.chdir(tmp_path)
    series = simulate(2, zoo("double-integrator"), 40)
    page = (Path(__file__).parents[3] / "docs" / "predictors.md").read_text()
    blocks = BLOCK.findall(page)
    assert len(blocks) == 8
    for file, words, text in blocks:
        if file:
            Path(file).write_text(text)
            done = run(words, series)
            assert done.failure is None, words
            plant, should = SHOULD[words]
            own, of_zero = excess(words, plant)
            if should is None:
                assert own < of_zero, words
            else:  # the sums of e^2 are of the same e but for one at either end
                assert own == pytest.approx(should, rel=0.01, abs=1e-6), words
            assert f"| `{words}`" in page or words in ("my_functions.py:pair", "control:my_estimator.py:pair")
    code = next(text for file, _, text in blocks if not file)
    with redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    assert printed.getvalue().startswith("None [")
