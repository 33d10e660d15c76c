"""The best split of computation beside a search over every number of concepts, and what the published code prints."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from ergoscope.analysis import optimal_split
from ergoscope.analysis._exact.compute_split import CHINCHILLA, as_language_model, split_limit, unlearned_share
from ergoscope.analysis._exact.finite_length import Signs


def most_learned(compute: float, mean: float, alpha: float, eps: float) -> float:
    """The number of concepts learned with the best whole R, for given width; thresholds by a search over x."""
    low, high = (share * split_limit(mean) * compute**0.5 for share in (0.4, 1.3))
    x = np.linspace(0.1, 1, 2000)
    best = 0.0
    for R in range(int(np.ceil(low)), int(high)):
        T, p, n = compute / R, mean / R, R / eps
        y = 1 - (1 - p * x) ** (n - 1)
        values = x / (1 - p + p * y) ** (T - 1)
        k = int(values.argmin())
        unlearned = values[k] * (1 - p + p * y[k]) ** T
        best = max(best, R * (1 - unlearned / eps * norm.sf(np.sqrt(n) * (values[k] - eps) / alpha)))
    return best


def test_no_number_of_concepts_is_better() -> None:
    """With the width of the limit, which changes the number learned by less than a hundredth."""
    compute = 3e5
    found = optimal_split(compute)
    learned = found.learned * found.concepts
    assert learned == pytest.approx(most_learned(compute, 6.0, 0.5905, 0.5), rel=0.01)
    others = found.concepts * np.linspace(0.9, 1.1, 201)
    assert (others * (1 - unlearned_share(others, compute / others)) <= learned * (1 + 1e-9)).all()


PRINTED = {4e5: 0.382, 2.7e7: 0.414, 1.7e9: 0.444, 1.1e11: 0.459, 7e12: 0.4655}
PRINTED_LEARNED = {4e5: 0.836, 2.7e7: 0.963, 1.7e9: 0.990, 1.1e11: 0.997}


def test_the_published_signs_give_what_the_published_code_prints() -> None:
    """The budgets are printed to two digits: R* / sqrt(C) is known to .001, the learned share to .004."""
    for compute, ratio in PRINTED.items():
        found = optimal_split(compute, signs="published")
        assert found.concepts / compute**0.5 == pytest.approx(ratio, abs=1e-3)
        assert found.learned == pytest.approx(PRINTED_LEARNED.get(compute, 0.999), abs=4e-3)


@pytest.mark.parametrize("signs", ["derived", "published"])
def test_concepts_and_texts_grow_alike(signs: Signs) -> None:
    budgets = np.geomspace(1e8, 1e20, 61)
    found = optimal_split(budgets, signs=signs)
    for part in (found.concepts, found.texts):
        assert np.polyfit(np.log(budgets), np.log(part), 1)[0] == pytest.approx(0.5, abs=0.01)
    ratio = found.concepts / np.sqrt(budgets)
    assert (np.diff(ratio) > 0).all()
    assert np.abs(ratio[budgets >= 1e13] - 0.46969).max() < 0.005
    np.testing.assert_allclose(found.concepts * found.texts, budgets)


@pytest.mark.parametrize("mean", [3.0, 4.0, 8.0])
def test_the_limit_is_where_density_evolution_jumps(mean: float) -> None:
    found = optimal_split(1e20, mean)
    assert found.concepts / 1e10 == pytest.approx(split_limit(mean), rel=2e-3)
    assert found.learned == pytest.approx(1, abs=1e-3)


def test_shapes() -> None:
    grid = np.array([[1e6, 1e8], [1e10, 1e12]])
    found = optimal_split(grid)
    assert found.concepts.shape == (2, 2)
    assert found.concepts[1, 0] == optimal_split(1e10).concepts
    assert split_limit() == pytest.approx(0.46969, abs=5e-6)


def test_a_split_stands_for_a_language_model() -> None:
    found = as_language_model(315e3, 1.75e6)
    assert found == pytest.approx((CHINCHILLA.parameters, CHINCHILLA.tokens, 5.292e23), rel=1e-3)
    assert CHINCHILLA.flops == pytest.approx(6 * CHINCHILLA.parameters * CHINCHILLA.tokens, rel=0.1)


@pytest.mark.parametrize(
    ("compute", "mean", "message"),
    [
        (1e3, 6.0, "budget C = R T must be at least 1.02e\\+05 for texts of 6 concepts"),
        (np.inf, 6.0, "budget C = R T must be at least"),
        (1e9, 2.5, "more than e = 2.718 concepts on average for a jump, got 2.5"),
    ],
)
def test_bad_numbers_are_refused(compute: float, mean: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimal_split(compute, mean)
