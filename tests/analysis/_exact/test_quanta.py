"""The exact losses of the quantization model against plain sums, all sequences, 40 digits and closed forms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.special import gammaln, zeta
from scipy.stats import binom, gamma

from ergoscope.analysis import Quanta
from ergoscope.simulator._tasks.find import find_task

ALPHAS = (0.05, 0.4, 0.8, 3.0)
FORMS = ("none", "unlearned", "both")


def terms(quanta: Quanta) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The textbook: p_k, b_k, a_k for k = 1 .. K."""
    assert quanta.kinds is not None
    weights = np.arange(1, quanta.kinds + 1) ** -(quanta.alpha + 1.0)
    p = weights / weights.sum()
    b = quanta.unlearned - np.log(p) * (quanta.surprisal != "none")
    a = quanta.learned - np.log(p) * (quanta.surprisal == "both")
    return p, b, a


def plain_loss(quanta: Quanta, unlearned: np.ndarray) -> float:
    p, b, a = terms(quanta)
    return float((p * a).sum() + (p * (b - a) * unlearned).sum())


@pytest.mark.parametrize("surprisal", FORMS)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_loss_by_size_is_the_plain_sum(alpha: float, surprisal: str) -> None:
    quanta = Quanta(alpha, 300, 1.5, 0.5, surprisal)
    slots = [0, 1, 2, 17, 299, 300, 1000]
    expected = [plain_loss(quanta, np.arange(1, 301) > n) for n in slots]
    np.testing.assert_allclose(quanta.loss_by_size(slots), expected, rtol=1e-12)
    assert quanta.floor == pytest.approx(expected[-1], rel=1e-12)
    np.testing.assert_allclose(quanta.frequency([1, 7, 300]), terms(quanta)[0][[0, 6, 299]], rtol=1e-13)


@pytest.mark.parametrize("surprisal", FORMS)
@pytest.mark.parametrize("alpha", [0.05, 0.4, 3.0])
def test_the_loss_of_endless_kinds_is_that_of_40_digits(alpha: float, surprisal: str) -> None:
    quanta = Quanta(alpha, None, 1.5, 0.5, surprisal)
    with mpmath.workdps(40):
        s = mpmath.mpf(alpha) + 1
        z = mpmath.zeta(s)

        def entropy(n: int) -> mpmath.mpf:  # of the kinds after the n-th
            return (-s * mpmath.zeta(s, n + 1, 1) + mpmath.log(z) * mpmath.zeta(s, n + 1)) / z

        floor = mpmath.mpf(0.5) + (entropy(0) if surprisal == "both" else 0)
        exact = [
            floor + mpmath.zeta(s, n + 1) / z + (entropy(n) if surprisal == "unlearned" else 0)
            for n in (0, 1, 100, 600, 10**6)
        ]
        np.testing.assert_allclose(
            quanta.loss_by_size([0, 1, 100, 600, 10**6]), [float(one) for one in exact], rtol=3e-15
        )


@pytest.mark.parametrize(
    ("form", "prefactor"),
    [
        (dict(unlearned=1.5, learned=0.5), lambda a, z, n: 1 / (a * z)),
        (
            dict(unlearned=0.0, surprisal="unlearned"),
            lambda a, z, n: (1 + a + a * math.log(z)) / (a**2 * z) + (a + 1) / (a * z) * math.log(n),
        ),
        (dict(unlearned=0.0, learned=-math.log(7), surprisal="both"), lambda a, z, n: math.log(7) / (a * z)),
    ],
)
@pytest.mark.parametrize("alpha", [0.05, 0.4, 0.8])
def test_the_loss_tends_to_the_published_asymptote(
    alpha: float, form: dict[str, Any], prefactor: Callable[[float, float, float], float]
) -> None:
    """It is the integral of f from n. If f falls and is convex, the sum over k > n lies between two others."""
    quanta, z = Quanta(alpha, None, **form), float(zeta(alpha + 1))

    def published(n: float) -> float:
        return quanta.floor + prefactor(alpha, z, n) * n**-alpha

    for n in (100, 1000):
        assert quanta.size_asymptote(n) == pytest.approx(published(n), rel=1e-12)
        assert published(n + 1) < quanta.loss_by_size(n)[0] < published(n + 0.5)


def test_the_kinds_of_the_task_have_these_frequencies() -> None:
    assert find_task("sparse-parity:tasks=40,alpha=0.8").frequency == pytest.approx(
        terms(Quanta(0.8, 40))[0], rel=1e-12
    )


def test_the_loss_by_data_is_the_mean_over_all_sequences() -> None:
    """3 kinds, 6 examples, 2 uses: every sequence with its probability."""
    quanta = Quanta(0.7, 3, 1.5, 0.5)
    p = terms(quanta)[0]
    expected = 0.0
    for sequence in itertools.product(range(3), repeat=6):
        counts = np.bincount(sequence, minlength=3)
        expected += np.prod(p[list(sequence)]) * (p * np.where(counts < 2, 1.5, 0.5)).sum()
    assert quanta.loss_by_data(6, uses=2) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("surprisal", FORMS)
@pytest.mark.parametrize(("alpha", "uses"), [(0.05, 1), (0.4, 100), (0.8, 3), (3.0, 1)])
def test_the_loss_by_data_is_the_plain_sum_of_binomials(alpha: float, uses: int, surprisal: str) -> None:
    quanta = Quanta(alpha, 20_000, 1.5, 0.5, surprisal)  # more kinds than are added one by one
    rows = [0, 1, 100, 30_000, 10**7]
    expected = [plain_loss(quanta, binom.cdf(uses - 1, D, terms(quanta)[0])) for D in rows]
    np.testing.assert_allclose(quanta.loss_by_data(rows, uses), expected, rtol=1e-12)


@pytest.mark.parametrize(("power", "stages"), [(1.0, 1), (0.81, 3), (1.3, 200)])
def test_the_loss_by_steps_is_the_plain_sum(power: float, stages: int) -> None:
    quanta = Quanta(0.4, 20_000, 1.5, 0.5)
    p = terms(quanta)[0]
    steps = np.array([0.0, 5.0, 300.0, 1e5, 1e8])
    smooth = [plain_loss(quanta, gamma.sf(S, stages, scale=7 * p**-power / stages)) for S in steps]
    np.testing.assert_allclose(quanta.loss_by_steps(steps, 7, power, stages), smooth, rtol=1e-12)
    hard = [plain_loss(quanta, 7 * p**-power > S) for S in steps]
    np.testing.assert_allclose(quanta.loss_by_steps(steps, 7, power), hard, rtol=1e-12)
    at_once = quanta.loss_by_steps(7 * p[:50] ** -power, 7, power)  # the very steps at which kinds are learned
    np.testing.assert_allclose(at_once, quanta.loss_by_size(np.arange(1, 51)), rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.4, 0.8])
def test_the_laws_of_endless_kinds_are_powers_with_known_factors(alpha: float) -> None:
    """The integral of p^(beta / s - 1) Q(m, m S p^s) over p; what the sum adds to it falls faster than any power."""
    quanta, beta = Quanta(alpha), alpha / (alpha + 1)
    x = np.array([1e9, 1e12, 1e14])

    def law(ratio: np.ndarray, stages: int, power: float) -> np.ndarray:
        factor = np.exp(gammaln(stages + beta / power) - gammaln(stages))
        return zeta(alpha + 1) ** (-1 / (alpha + 1)) / alpha * factor * ratio ** (-beta / power)

    for stages, power in ((1, 1.0), (3, 0.81), (100, 1.0), (1000, 2.0)):
        found = quanta.loss_by_steps(x * 5, cost=5, power=power, stages=stages)
        np.testing.assert_allclose(found, law(stages * x, stages, power), rtol=2e-12)
    for uses in (1, 3, 100):  # binomial and Poisson differ by a term of order 1 / D
        ratio = quanta.loss_by_data(x, uses) / law(x, uses, 1.0)
        assert (np.abs(ratio - 1) < 1 / x + 2e-12).all()
    assert quanta.step_exponent(0.81) == pytest.approx(alpha / ((alpha + 1) * 0.81))


@pytest.mark.parametrize("alpha", [0.4, 0.8])
def test_the_missing_tail_makes_the_curve_of_endless_kinds(alpha: float) -> None:
    few, endless = Quanta(alpha, 500, 1.5, 0.5), Quanta(alpha, None, 1.5, 0.5)
    norm = (np.arange(1, 501) ** -(alpha + 1.0)).sum()
    assert few.missing == pytest.approx((zeta(alpha + 1) - norm) / norm, rel=1e-12)
    c = zeta(alpha + 1) / norm
    slots, steps = np.array([1, 10, 400]), np.array([30.0, 300.0, 2000.0])
    for found, whole in (
        (few.loss_by_size(slots), endless.loss_by_size(slots)),
        (few.loss_by_steps(steps), endless.loss_by_steps(c * steps)),
        (few.loss_by_steps(steps, stages=100), endless.loss_by_steps(c * steps, stages=100)),
    ):
        np.testing.assert_allclose(found - 0.5 + few.missing, c * (whole - 0.5), rtol=1e-10)
    assert endless.missing == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Quanta(0.0), "alpha must be 0.001 to 100, got 0.0"),
        (lambda: Quanta(-0.4), "alpha must be"),
        (lambda: Quanta(math.nan), "alpha must be"),
        (lambda: Quanta(0.4, 0), "kinds must be a whole number of at least 1, got 0: give None"),
        (lambda: Quanta(0.4, 2.5), "kinds must be a whole number"),
        (lambda: Quanta(0.4, True), "kinds must be a whole number"),
        (lambda: Quanta(0.4, 5, 0.5, 0.5), "unlearned must be above learned"),
        (lambda: Quanta(0.4, 5, 0.4, 0.5, "unlearned"), "unlearned must be above learned"),
        (lambda: Quanta(0.4, 5, math.inf), "unlearned must be above learned"),
        (lambda: Quanta(0.4, 5, surprisal="all"), "none, unlearned, both; got 'all'"),
        (lambda: Quanta(0.4).loss_by_size(-1), "slots must be whole numbers"),
        (lambda: Quanta(0.4).loss_by_size([1, 2.5]), r"got \[2.5\]"),
        (lambda: Quanta(0.4).loss_by_size([[1]]), r"of shape \(1, 1\)"),
        (lambda: Quanta(0.4).size_asymptote(0), "above 0"),
        (lambda: Quanta(0.4).loss_by_data(math.nan), "rows must be whole numbers"),
        (lambda: Quanta(0.4).loss_by_data(1e16), "to 1e\\+15"),
        (lambda: Quanta(0.4).loss_by_data(5, uses=0), "uses must be a whole number"),
        (lambda: Quanta(0.4).loss_by_steps(-1.0), "steps / cost must be numbers from 0"),
        (lambda: Quanta(0.4).loss_by_steps(1.0, cost=0), "cost must be above 0"),
        (lambda: Quanta(0.4).loss_by_steps(1.0, power=0.1), "power must be 0.2 to 5"),
        (lambda: Quanta(0.4).loss_by_steps(1.0, stages=0), "stages must be a whole number"),
        (lambda: Quanta(0.4, 5).frequency([1, 6]), r"ranks must be from 1 to 5, got \[6"),
        (lambda: Quanta(0.4).step_exponent(-1), "power must be"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
