"""Thresholds and scaling parameters of ensembles beside 40-digit arithmetic, the literature and one another."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from scipy.special import lambertw

from ergoscope.analysis import learning_jump
from ergoscope.analysis._exact.finite_length import (
    Ensemble,
    binomial_ensemble,
    poisson_ensemble,
    regular_ensemble,
    scaling_parameter,
    threshold,
)
from ergoscope.analysis._exact.threshold_spread import code_spread, stream_spread

Number = mp.mpf
Polynomials = tuple[Callable[[Number], Number], Callable[[Number], Number]]  # L and R: by nodes


def poisson_polynomials(load: float, mean: float, eps: float) -> Polynomials:
    return lambda x: mp.exp(mean * load * (x - 1)), lambda x: mp.exp(mean / mp.mpf(eps) * (x - 1))


def binomial_polynomials(texts: float, concepts: float, mean: float, eps: float) -> Polynomials:
    p = mp.mpf(mean) / concepts
    return lambda x: (1 - p + p * x) ** texts, lambda x: (1 - p + p * x) ** (concepts / mp.mpf(eps))


def regular_polynomials(symbol: int, check: int) -> Polynomials:
    return lambda x: x**symbol, lambda x: x**check


def textbook(polynomials: Polynomials, start: float, sign: int) -> tuple[Number, Number, Number, Number]:
    """eps_BP, x_BP, gamma_BP and alpha, from generating functions alone; derivatives by differences of 40 digits."""
    L, R = polynomials
    degree = mp.diff(L, 1)

    def symbol(x: Number) -> Number:
        return mp.diff(L, x) / degree

    def check(x: Number) -> Number:
        return mp.diff(R, x) / mp.diff(R, 1)

    def erasures(x: Number) -> Number:
        return x / symbol(1 - check(1 - x))

    x = mp.findroot(lambda x: mp.diff(erasures, x), start)
    e, w = erasures(x), 1 - x
    y, rho, slope = 1 - check(w), check(w), mp.diff(check, w)
    checks = rho**2 - check(w**2) + slope * (1 - 2 * x * rho) - sign * w**2 * mp.diff(check, w**2)
    symbols = e**2 * (symbol(y) ** 2 - sign * symbol(y**2) - sign * y**2 * mp.diff(symbol, y**2))
    alpha = mp.sqrt(checks / (degree * symbol(y) ** 2 * slope**2) + symbols / (degree * symbol(y) ** 2))
    return e, x, e * L(y), alpha


CASES = {
    "regular": (regular_ensemble(3, 6), regular_polynomials(3, 6), 0.26),
    "poisson": (poisson_ensemble(4.0, 6.0, 0.5), poisson_polynomials(4.0, 6.0, 0.5), 0.4),
    "poisson, all erased": (poisson_ensemble(1.4, 4.0, 1.0), poisson_polynomials(1.4, 4.0, 1.0), 0.7),
    "binomial": (binomial_ensemble(400, 90, 6.0, 0.5), binomial_polynomials(400, 90, 6.0, 0.5), 0.4),
}


@pytest.mark.parametrize("name", CASES)
def test_threshold_and_alpha_agree_with_forty_digits(name: str) -> None:
    ensemble, polynomials, start = CASES[name]
    found = threshold(ensemble)
    for signs, sign in (("derived", 1), ("published", -1)):
        with mp.workdps(40):
            e, x, unlearned, alpha = textbook(polynomials, start, sign)
        assert found.x == pytest.approx(float(x), rel=1e-7)  # at a minimum half of the digits are lost
        assert (found.eps, found.unlearned) == pytest.approx((float(e), float(unlearned)), rel=1e-6)
        assert scaling_parameter(ensemble, found, signs) == pytest.approx(float(alpha), rel=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "check", "eps"), [(3, 4, 0.6474), (3, 5, 0.5176), (3, 6, 0.4294), (4, 6, 0.5061), (4, 8, 0.3834)]
)
def test_thresholds_of_regular_codes_are_those_of_the_literature(symbol: int, check: int, eps: float) -> None:
    """T. Richardson, R. Urbanke, Modern Coding Theory, 2008, chapter 3."""
    assert threshold(regular_ensemble(symbol, check)).eps == pytest.approx(eps, abs=6e-5)


@pytest.mark.parametrize(
    ("ensemble", "derived", "published"),
    [(regular_ensemble(3, 6), 0.56035, 0.9385), (poisson_ensemble(4.532990, 6.0, 0.5), 0.5905, 0.9403)],
    ids=["regular", "poisson"],
)
def test_both_signs_are_those_that_are_known(ensemble: Ensemble, derived: float, published: float) -> None:
    """Amraoui et al. 2009 have .56036 for the regular code; .9403 is what the published code prints."""
    found = threshold(ensemble)
    assert scaling_parameter(ensemble, found) == pytest.approx(derived, abs=5e-5)
    assert scaling_parameter(ensemble, found, "published") == pytest.approx(published, abs=5e-5)


def test_the_threshold_of_many_concepts_is_that_of_density_evolution() -> None:
    """At the load of the jump the threshold is eps, whatever eps; off it Lambert's W solves for the double root."""
    means, shares = np.array([3.0, 4.0, 6.0, 8.0])[:, None], np.array([0.1, 0.5, 1.0])[None]
    exact = learning_jump(means)
    found = threshold(poisson_ensemble(exact.load, means, shares))
    np.testing.assert_allclose(found.eps, np.broadcast_to(shares, (4, 3)), rtol=1e-12)
    np.testing.assert_allclose(found.x / shares, np.broadcast_to(1 - exact.below, (4, 3)), rtol=1e-7)
    np.testing.assert_allclose(found.unlearned, found.x, rtol=1e-6)
    loads = np.array([2.0, 3.0, 4.0])
    v = -lambertw(-1 / (6 * loads), -1).real
    found = threshold(poisson_ensemble(loads, 6.0, 0.5))
    np.testing.assert_allclose(found.x, v / 12, rtol=1e-7)
    np.testing.assert_allclose(found.eps, v / 12 * np.exp(1 / v), rtol=1e-12)


def test_many_concepts_are_the_limit_of_few() -> None:
    loads = np.array([3.0, 4.533, 6.0])
    parts = []
    for ensemble in (binomial_ensemble(1e12 * loads, 1e12), poisson_ensemble(loads)):
        found = threshold(ensemble)
        parts.append(np.array([*found, scaling_parameter(ensemble, found)]))
    np.testing.assert_allclose(*parts, rtol=1e-7)


def test_there_is_no_threshold_where_nothing_jumps() -> None:
    found = threshold(poisson_ensemble([0.4, 0.45, 0.5], 6.0))  # a = d c = 2.4, 2.7, 3: from e = 2.718 on
    assert np.isnan(found.eps).tolist() == [True, True, False]
    assert np.isnan(scaling_parameter(poisson_ensemble([0.4], 6.0), threshold(poisson_ensemble([0.4], 6.0)))).all()


def test_two_theories_of_the_spread_agree() -> None:
    """Few erasures in many symbols: how many of a check are erased is then as random as what a text names."""
    means = np.array([3.0, 4.0, 6.0, 8.0])
    np.testing.assert_allclose(code_spread(means, 1e-7), stream_spread(means), rtol=1e-5)
    np.testing.assert_allclose(stream_spread(6.0), 10.3425, atol=5e-5)
    assert (code_spread(6.0), code_spread(6.0, signs="published")) == pytest.approx((9.850, 24.966), abs=5e-4)
    assert np.isnan([stream_spread(2.0), code_spread(2.0)]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: poisson_ensemble(0.0), "load T / R must be finite and above 0"),
        (lambda: poisson_ensemble(1.0, -1.0), "mean must be finite and above 0"),
        (lambda: poisson_ensemble(1.0, 6.0, 1.5), "eps, the share of unknown concepts"),
        (lambda: binomial_ensemble(1.0, 100), "more than 1 text"),
        (lambda: binomial_ensemble(10, 6.0), "more concepts than a text names"),
        (lambda: regular_ensemble(2, 6), "3 <= symbol < check, got symbol=2, check=6"),
        (
            lambda: scaling_parameter(CASES["regular"][0], threshold(CASES["regular"][0]), "plus"),
            "derived or published",
        ),  # type: ignore[arg-type]
    ],
)
def test_bad_numbers_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
