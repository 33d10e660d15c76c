"""river: its own checks, and forecasts that are those of ``Live``."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

pytest.importorskip("river", reason="river is missing: pip install river")

from river import checks, compose, evaluate, metrics, preprocessing

from ergoscope.learners import Live, make_learner, river_forecaster, river_regressor

CHECKED = ["ladder", "lattice", "length-mixture:longest=8"]
LATE = "ignore:feature .* is not used:UserWarning"  # some checks begin with a part of the features


def named_checks(make: Any) -> list[Any]:
    return [
        pytest.param(words, number, id=f"{words}-{number}-{check.__name__}")
        for words in CHECKED
        for number, check in enumerate(checks.yield_checks(make(words)))
    ]


@pytest.mark.filterwarnings(LATE)
@pytest.mark.parametrize(("words", "number"), named_checks(river_regressor))
def test_a_regressor_passes_a_check_of_river(words: str, number: int) -> None:
    model = river_regressor(words)
    assert not model._unit_test_skips()
    list(checks.yield_checks(model))[number](model.clone())


@pytest.mark.parametrize(("words", "number"), named_checks(river_forecaster))
def test_a_forecaster_passes_a_check_of_river(words: str, number: int) -> None:
    model = river_forecaster(words)
    assert not model._unit_test_skips()
    list(checks.yield_checks(model))[number](model.clone())


def series(steps: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    u = random.standard_normal((steps, 2))
    return np.cumsum(random.standard_normal(steps)) + 2 * u[:, 0] - u[:, 1], u


def live_forecasts(words: str, y: np.ndarray, u: np.ndarray, size: int | None) -> np.ndarray:
    """Each forecast of ``Live``, which is told the inputs of the next sample."""
    m = u.shape[1]
    given = dict(sizes=None if size is None else [size], outputs=1, inputs=m, direct=m > 0, intercept=True)
    live, forecasts = Live(make_learner(words, given), 1, m), []
    for t in range(len(y)):
        forecasts.append(live.forecast[0, -1, 0])
        live.observe(y[t], u[t : t + 2] if m else None)
    return np.array(forecasts)


@pytest.mark.parametrize(("words", "size"), [("lattice", 3), ("length-mixture:longest=4", None), ("nlms", 2)])
def test_a_regressor_forecasts_as_live_bit_for_bit(words: str, size: int | None) -> None:
    """The inputs stand in the order of their names, in whatever order the features come."""
    y, u = series()
    model, forecasts = river_regressor(words, size), []
    for inputs, output in zip(u, y, strict=True):
        forecasts.append(model.predict_one({"a": inputs[0], "b": inputs[1]}))
        model.learn_one({"b": inputs[1], "a": inputs[0]}, output)
    np.testing.assert_array_equal(forecasts, live_forecasts(words, y, u, size))


def test_a_forecaster_forecasts_one_sample_as_live_bit_for_bit() -> None:
    y, u = series()
    model, forecasts = river_forecaster("ladder", size=3), []
    for output in y:
        forecasts += model.forecast(1)
        model.learn_one(output)
    np.testing.assert_array_equal(forecasts, live_forecasts("ladder", y, u[:, :0], 3))


def test_a_forecaster_feeds_its_forecasts_back() -> None:
    """Two steps by hand: the second forecast is made as if the first had come true."""
    y, u = series()
    model = river_forecaster("lattice", size=2)
    for inputs, output in zip(u[:50], y, strict=False):
        model.learn_one(output, dict(zip("ab", inputs, strict=True)))
    xs = [dict(zip("ab", inputs, strict=True)) for inputs in u[50:53]]
    forecasts, twin = model.forecast(3, xs), copy.deepcopy(model)
    for step, x in enumerate(xs):
        (expected,) = twin.forecast(1, [x])
        assert forecasts[step] == expected
        twin.learn_one(expected, x)
    assert model.forecast(3, xs) == forecasts  # and forgets that


def test_without_further_inputs_they_stay_as_they_are() -> None:
    model = river_forecaster("lattice", size=1)
    for k in range(20):
        model.learn_one(3.0 * (k % 3), {"u": k % 3})
    assert model.forecast(2) == model.forecast(2, [{"u": 1}, {"u": 1}])
    assert model.forecast(2) == pytest.approx([3.0, 3.0], abs=1e-2)
    assert river_forecaster().forecast(2) == [0.0, 0.0]
    with pytest.raises(ValueError, match="xs must have one dict for each of the 2 forecasts, got 1"):
        model.forecast(2, [{"u": 1}])


def test_missing_values_are_missing_samples() -> None:
    y, u = series()
    y[[7, 20]], u[30, 1] = np.nan, u[29, 1]
    model, forecasts = river_regressor("lattice", 2), []
    for t in range(60):
        x = {"a": u[t, 0]} if t == 30 else {"a": u[t, 0], "b": u[t, 1]}
        forecasts.append(model.predict_one(x))
        model.learn_one(x, None if t == 7 else y[t])
    np.testing.assert_array_equal(forecasts, live_forecasts("lattice", y, u, 2))


def test_a_feature_that_comes_late_is_named_once_and_ignored() -> None:
    model, twin = river_regressor("lattice", 1), river_regressor("lattice", 1, inputs=["a"])
    model.learn_one({"a": 1.0}, 1.0)
    twin.learn_one({"a": 1.0}, 1.0)
    with pytest.warns(UserWarning, match=r"feature 'b' is not used: it was not in the first sample. Name all inputs"):
        model.learn_one({"a": 2.0, "b": 5.0}, 2.0)
    model.learn_one({"a": 0.5, "b": 5.0}, 1.0)  # no second warning, which would be an error
    for a, y in ((2.0, 2.0), (0.5, 1.0)):
        twin.learn_one({"a": a, "c": "text"}, y)
    assert model.predict_one({"a": 1.0}) == twin.predict_one({"a": 1.0})


def test_the_inputs_may_be_named_before_they_come() -> None:
    model = river_regressor("lattice", 1, inputs=["a", "b"])
    for k in range(40):
        model.learn_one({"a": float(k % 5)} | ({"b": float(k % 7)} if k > 2 else {}), k % 5 + 2.0 * (k % 7))
    assert model.predict_one({"a": 1.0, "b": 1.0}) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ({"u": "on"}, 1.0, "feature 'u' must be a finite number, None where it is missing; got 'on'"),
        ({"u": float("inf")}, 1.0, "feature 'u' must be a finite number"),
        ({"u": 1.0}, "1", "the target must be a finite number"),
        ({"u": 1.0}, float("inf"), "the target must be a finite number"),
    ],
)
def test_what_is_no_number_is_refused(x: dict[str, Any], y: Any, message: str) -> None:
    model = river_regressor("lattice", 1)
    model.learn_one({"u": 1.0}, 1.0)
    with pytest.raises(ValueError, match=message):
        model.learn_one(x, y)


@pytest.mark.parametrize(
    ("words", "size", "message"),
    [
        ("laddr", None, "no learner is called 'laddr'"),
        ("kalman", None, "kalman needs to know the plant, and an estimator has only samples"),
        ("length-mixture", 3, "length-mixture has one size"),
        ("lattice:longest=3", None, "lattice has no option 'longest'"),
    ],
)
def test_wrong_arguments_are_errors_of_the_first_sample(words: str, size: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        river_regressor(words, size).learn_one({"u": 1.0}, 1.0)


def test_it_serves_in_a_pipeline_and_in_progressive_validation() -> None:
    y, u = series(200)
    stream = [({"a": a, "b": b}, value) for (a, b), value in zip(u.tolist(), y.tolist(), strict=True)]
    scaled = compose.Pipeline(preprocessing.StandardScaler(), river_regressor("lattice", size=2))
    alone = evaluate.progressive_val_score(stream, scaled, metrics.MAE()).get()
    assert 0.5 < alone < 1.5  # the steps of the random walk have a mean absolute value of 0.8
