"""Half-points against plain integrals and the isotonic regression of scipy; windows against their rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import isotonic_regression
from scipy.stats import binom

from ergoscope.analysis._emergence.half_point import half_point
from ergoscope.analysis._emergence.isotonic import falling_fit, is_window, isotonic_crossing, rising_fit, window_fit

FORMS = (
    lambda z: 1 / (1 + np.exp(-z)),
    lambda z: 0.5 ** np.exp(-z),
    lambda z: 1 - 0.5 ** np.exp(z),
)


def integrated(x: np.ndarray, passed: np.ndarray, runs: np.ndarray) -> tuple[float, float, float]:
    """The textbook: the likelihood of the best slope at every half-point of a fine grid, summed over the forms."""
    mean = np.ptp(x) / (len(x) - 1)
    places = np.linspace(x[0] - 2 * mean, x[-1] + 2 * mean, 1501)
    weight = np.zeros(len(places))
    for form in FORMS:
        best = np.zeros(len(places))
        for slope in np.geomspace(1 / np.ptp(x), 1000 / np.diff(x).min(), 300):
            with np.errstate(over="ignore", under="ignore"):
                share = form(slope * (x[:, None] - places))
                likely = share ** passed[:, None] * (1 - share) ** (runs - passed)[:, None]
            best = np.maximum(best, np.prod(likely, axis=0))
        weight += best
    below = np.cumsum(weight) - weight / 2
    low, value, high = np.interp(np.array([0.025, 0.5, 0.975]) * weight.sum(), below, places)
    return value, low, high


@pytest.mark.parametrize(
    ("passed", "runs"),
    [([0, 1, 5, 6, 8, 8], [8] * 6), ([0, 0, 0, 9, 9, 9], [9] * 6), ([2, 3, 4, 3, 6, 5], [6, 7, 8, 6, 7, 6])],
)
def test_the_half_point_is_that_of_plain_integrals(passed: list[int], runs: list[int]) -> None:
    x = np.array([0.0, 0.3, 0.5, 0.7, 1.2, 1.4])
    found = half_point(x, np.array(passed), np.array(runs))
    expected = integrated(x, np.array(passed), np.array(runs))
    np.testing.assert_allclose(found[:3], expected, atol=0.015)  # both grids are about 0.005 to 0.02 fine


@pytest.mark.parametrize(("form", "runs"), [(0, 8), (1, 30), (2, 8), ("jump", 8), ("jump", 30)])
def test_over_places_and_slopes_the_interval_covers_95_percent(form: int | str, runs: int) -> None:
    """250 transitions: a uniform place, a slope from 0.5 to 8 per distance of values, or a jump between two values."""
    x, held, rng = np.arange(8.0), 0, np.random.default_rng(runs)
    for _ in range(250):
        place, slope = rng.uniform(1.5, 5.5), 0.5 * 16 ** rng.uniform()
        share = (x > place).astype(float) if form == "jump" else FORMS[form](slope * (x - place))
        found = half_point(x, rng.binomial(runs, share), np.full(8, runs))
        held += found.low <= place <= found.high
    least, most = binom.ppf([0.5e-4, 1 - 0.5e-4], 250, 0.95)
    assert least <= held <= most, held


def test_the_width_is_that_of_the_curve() -> None:
    x, runs = np.linspace(-3, 3, 25), np.full(25, 4000)
    for form, width in zip(FORMS, (2 * np.log(9), 3.0844, 3.0844), strict=True):
        found = half_point(x, np.rint(4000 * form(2 * x)).astype(int), runs)
        assert found.width == pytest.approx(width / 2, rel=0.1)  # slopes are tried in steps of 16 %
        assert found.value == pytest.approx(0, abs=0.02)


def test_the_rising_fit_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 12):
        shares, weights = rng.uniform(size=(20, size)), rng.integers(1, 9, size).astype(float)
        for row, fit, down in zip(shares, rising_fit(shares, weights), falling_fit(shares, weights), strict=True):
            np.testing.assert_allclose(fit, isotonic_regression(row, weights=weights).x, atol=1e-12)
            expected = isotonic_regression(row, weights=weights, increasing=False).x
            np.testing.assert_allclose(down, expected, atol=1e-12)


def test_the_fit_of_a_window_is_the_best_of_all_tops() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        passed, weights = rng.integers(0, 9, 6), np.full(6, 8.0)
        fit = window_fit(passed / 8, weights)
        assert (np.diff(fit[: fit.argmax() + 1]) >= -1e-12).all()
        assert (np.diff(fit[fit.argmax() :]) <= 1e-12).all()
        most = binom.logpmf(passed, 8, fit).sum()
        for top in range(1, 7):
            rise = isotonic_regression(passed[:top] / 8).x
            fall = isotonic_regression(passed[top:] / 8, increasing=False).x if top < 6 else []
            assert binom.logpmf(passed, 8, np.concatenate([rise, fall])).sum() <= most + 1e-9


def test_the_crossing_is_drawn_from_shares_that_are_not_all_or_none() -> None:
    x, runs = np.arange(4.0), np.full(4, 8)
    found = isotonic_crossing(x, np.array([0, 0, 8, 8]), runs)
    assert found.value == 1.5
    assert found.low is not None
    assert found.high is not None
    assert 1 < found.low < 1.1 < 1.9 < found.high < 2  # anywhere between the two values
    assert isotonic_crossing(x, np.array([0, 4, 4, 8]), runs).value == 1.5  # the middle of what is level at one half
    assert isotonic_crossing(x, np.array([8, 8, 8, 8]), runs).value is None
    assert isotonic_crossing(x, np.array([4, 4, 4, 4]), runs).value is None


def test_a_window_is_claimed_from_monotone_shares_in_less_than_5_percent() -> None:
    """A plateau at 0.6 from which the shares seem to fall is what deceives most."""
    rng, runs = np.random.default_rng(3), np.full(6, 8)
    claimed = sum(is_window(rng.binomial(runs, [0.05, 0.4, 0.6, 0.6, 0.6, 0.6]), runs) for _ in range(200))
    assert claimed <= binom.ppf(1 - 1e-4, 200, 0.05)
    found = sum(is_window(rng.binomial(runs, [0.02, 0.1, 0.7, 0.9, 0.2, 0.05]), runs) for _ in range(50))
    assert found >= 40
