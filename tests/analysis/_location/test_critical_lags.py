"""Lags for other libraries: the order of known autoregressions, the words, and the libraries themselves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

import ergoscope
from ergoscope.analysis import critical_lags, locate


def autoregression(coefficients: tuple[float, ...], samples: int, seed: int, level: float = 5.0) -> NDArray[np.float64]:
    """y[t] = level + sum of coefficients times the past deviations + e[t], after it has settled."""
    noise = np.random.default_rng(seed).standard_normal(samples + 200)
    y = np.zeros(samples + 200)
    for t in range(len(coefficients), len(y)):
        y[t] = noise[t] + sum(a * y[t - 1 - k] for k, a in enumerate(coefficients))
    return y[200:] + level


@pytest.mark.parametrize("coefficients", [(), (0.7,), (0.5, -0.5), (0.3, 0.2, 0.4), (0.0, 0.0, 0.0, 0.6)])
def test_the_number_is_the_order(coefficients: tuple[float, ...]) -> None:
    """A larger number is chosen only where a true zero is shown to be none: in at most 2.5 % of the series each."""
    order, seeds = len(coefficients), 8
    found = [critical_lags(autoregression(coefficients, 600, seed), largest=order + 1) for seed in range(seeds)]
    lags = [one.lags for one in found]
    assert min(lags) == order and sum(number > order for number in lags) <= binom.isf(1e-4, seeds, 0.025)
    assert all(one.lags in one.alike and one.largest == order + 1 for one in found)


def test_it_is_the_size_of_the_advice() -> None:
    y = autoregression((0.3, 0.2, 0.4), 150, 8)
    found, answer = critical_lags(y, largest=6), locate(y, sizes=range(7), model=False)
    assert answer.advice is not None and found.lags < found.least  # a shorter one than that of least error will do
    assert (found.lags, found.alike, found.least) == (answer.advice.size, answer.best.alike, answer.best.size)
    assert found.costs.equals(answer.advice.costs) and found.samples == 150 and found.largest == 6
    assert list(found.each) == [1, 2] and list(found.negative) == [-2, -1]
    assert ergoscope.critical_lags is critical_lags


def test_the_words_say_what_was_tried_and_what_was_not() -> None:
    sentence = str(critical_lags(autoregression((0.5, -0.5), 400, 3), largest=4))
    assert sentence.startswith("lags=2: the last 2 samples and a constant; no larger number is shown to predict better")
    assert "1 costs" in sentence and "Tried: 0 to 4 lags without gaps, over 400 samples" in sentence
    assert "A season has a lag of its own" in sentence
    noise = critical_lags(autoregression((), 400, 0), largest=4)
    assert noise.lags == 0 and list(noise.each) == list(noise.negative) == []
    assert "no past sample helps, forecast the mean" in noise.sentence
    edge = critical_lags(autoregression((0.0, 0.0, 0.0, 0.6), 400, 0), largest=4).sentence
    assert "the least error is that of 4, the largest: try largest=8" in edge


def test_a_series_that_changes_and_one_without_noise_are_said() -> None:
    noise, y = np.random.default_rng(6).standard_normal(4500), np.zeros(4500)
    for t in range(4, 4500):
        y[t] = 0.9 * y[t - (4 if t >= 3000 else 1)] + noise[t]
    (note,) = critical_lags(y, largest=8).notes
    assert note.startswith("The series changes at sample ") and "such as y[30" in note
    ramp = critical_lags(np.arange(200.0))
    assert "Rounding reaches the error beyond sample" in ramp.sentence


def test_inputs_are_counted_with_the_outputs() -> None:
    u = np.random.default_rng(1).standard_normal(400)
    y = np.convolve(u, [0.0, 1.0, 0.5])[:400] + 0.1 * np.random.default_rng(2).standard_normal(400)
    found = critical_lags(dict(y=y, u=u), output="y", input="u", largest=4)
    assert found.lags == 2 and found.inputs == ("u",)
    assert "the last 2 samples, as many of u with the one of the same time, and a constant" in found.sentence


def test_a_bad_largest_is_refused() -> None:
    for largest in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="largest must be a whole number of at least 1, such as 32"):
            critical_lags(np.arange(50.0), largest=largest)  # type: ignore[arg-type]


def by_hand(y: NDArray[np.float64], lags: int, ahead: int) -> list[float]:
    """The forecasts of least squares on so many lags and a constant, iterated."""
    rows = np.column_stack([np.ones(len(y) - lags), *(y[lags - k : len(y) - k] for k in range(1, lags + 1))])
    weights = np.linalg.lstsq(rows, y[lags:], rcond=None)[0]
    past = y.tolist()
    for _ in range(ahead):
        past.append(weights[0] + sum(w * past[-k] for k, w in enumerate(weights[1:], start=1)))
    return past[-ahead:]


@pytest.fixture(scope="module")
def series() -> NDArray[np.float64]:
    return autoregression((0.5, -0.5), 400, 3)


@pytest.fixture(scope="module")
def lags(series: NDArray[np.float64]) -> int:
    return critical_lags(series, largest=4).lags


def test_statsmodels_takes_the_number(series: NDArray[np.float64], lags: int) -> None:
    ar_model = pytest.importorskip("statsmodels.tsa.ar_model", exc_type=ImportError)
    forecast = ar_model.AutoReg(series, lags=lags, trend="c").fit().forecast(3)
    np.testing.assert_allclose(forecast, by_hand(series, lags, 3), rtol=1e-8)
    np.testing.assert_allclose(ar_model.AutoReg(series, lags=0, trend="c").fit().forecast(2), series.mean())
    assert ar_model.ar_select_order(series, 16, ic="bic").ar_lags == [1, 2]


def test_skforecast_takes_the_number(series: NDArray[np.float64], lags: int) -> None:
    pd, linear = pytest.importorskip("pandas"), pytest.importorskip("sklearn.linear_model")
    recursive = pytest.importorskip("skforecast.recursive", exc_type=ImportError)
    for given in (lags, [*range(1, lags + 1)]):
        model = recursive.ForecasterRecursive(linear.LinearRegression(), lags=given)
        model.fit(pd.Series(series))
        np.testing.assert_allclose(model.predict(3), by_hand(series, lags, 3), rtol=1e-8)
    with pytest.raises(ValueError, match="lags"):
        recursive.ForecasterRecursive(linear.LinearRegression(), lags=0)


def test_darts_takes_the_number_or_the_negative_list(series: NDArray[np.float64], lags: int) -> None:
    darts = pytest.importorskip("darts", exc_type=ImportError)
    models = pytest.importorskip("darts.models", exc_type=ImportError)
    for given in (lags, [*critical_lags(series, largest=4).negative]):
        model = models.LinearRegressionModel(lags=given)
        model.fit(darts.TimeSeries.from_values(series))
        np.testing.assert_allclose(model.predict(3).values().ravel(), by_hand(series, lags, 3), rtol=1e-8)
    with pytest.raises(ValueError, match="positive"):
        models.LinearRegressionModel(lags=0)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_sktime_takes_the_number_as_the_window(series: NDArray[np.float64], lags: int) -> None:
    pd, linear = pytest.importorskip("pandas"), pytest.importorskip("sklearn.linear_model")
    compose = pytest.importorskip("sktime.forecasting.compose", exc_type=ImportError)
    model = compose.make_reduction(linear.LinearRegression(), strategy="recursive", window_length=lags)
    model.fit(pd.Series(series))
    np.testing.assert_allclose(model.predict([1, 2, 3]), by_hand(series, lags, 3), rtol=1e-8)
    with pytest.raises(ValueError, match="size 0"):
        compose.make_reduction(linear.LinearRegression(), strategy="recursive", window_length=0).fit(pd.Series(series))
