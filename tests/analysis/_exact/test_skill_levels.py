"""Levels of skills beside 40-digit binomial tails and plain loops."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from scipy.stats import binom

from ergoscope.analysis._exact.skill_levels import (
    ONE_LEVEL,
    SEVERAL_LEVELS,
    Levels,
    _binomial_tail,
    acquired_shares,
    level_weights,
    skill_levels,
    task_accuracy,
)


def giant(degree: float) -> float:
    share, before = 1.0, 0.0
    while abs(share - before) > 1e-13:
        share, before = 1 - np.exp(-degree * share), share
    return float(share)


def textbook(R: int, T: int, mean: float, levels: Levels) -> list[float]:
    """Level after level, with numbers alone."""
    shares, before, skills = [], 1.0, levels.skills
    for eta, sigma in zip(levels.support, levels.prerequisites, strict=True):
        support = (1 - (1 - (mean / R) ** 2) ** T) / skills**2
        link = binom.sf(eta - 1, R * (R - 1) // 2, support) * before ** (2 * sigma)
        before = giant(skills * link)
        shares.append(before)
    return shares


EVEN = Levels(100, np.full(5, 3.0), np.array([0.0, 1.0, 1.0, 2.0, 1.0]))  # so that levels fade slowly


@pytest.mark.parametrize(
    ("concepts", "texts", "levels"), [(400, 20_000, skill_levels(10, 100)), (112, 5000, EVEN), (2000, 350, EVEN)]
)
def test_shares_agree_with_plain_loops(concepts: int, texts: int, levels: Levels) -> None:
    found = acquired_shares(concepts, texts, 6.0, levels)
    np.testing.assert_allclose(found, textbook(concepts, texts, 6.0, levels), atol=1e-9)
    assert 0 < found.sum() < len(found)


def test_the_tail_of_few_pairs_is_the_binomial_law() -> None:
    pairs, support = np.array([1.0, 3.0, 6.0, 45.0]), np.array([0.3, 0.01, 0.5, 0.9])
    for eta in (1.0, 2.0, 5.0):
        np.testing.assert_allclose(_binomial_tail(pairs, support, eta), binom.sf(eta - 1, pairs, support), rtol=1e-12)


def test_the_tail_of_many_pairs_agrees_with_forty_digits() -> None:
    for pairs, support, eta in ((1e16, 1e-14, 80.0), (1e20, 1e-18, 120.0), (1e12, 1e-10, 60.0), (1e14, 1e-11, 1097.0)):
        with mp.workdps(40):
            exact = mp.betainc(eta, mp.mpf(pairs) - eta + 1, 0, support, regularized=True)
        found = _binomial_tail(np.array(pairs), np.array(support), eta)
        assert float(found) == pytest.approx(float(exact), rel=1e-9)


def test_more_is_learned_with_more_and_never_more_than_below() -> None:
    budgets = np.geomspace(1e8, 1e17, 91)
    shares = acquired_shares(0.4697 * budgets**0.5, budgets**0.5 / 0.4697)
    assert shares.shape == (100, 91)
    assert (np.diff(shares, axis=1) >= -1e-12).all()
    assert (np.diff(shares, axis=0) <= 1e-12).all()  # the support rises with the level
    assert shares[-1, 0] == 0 and shares[:, -1].min() > 0.999


def test_the_published_law_is_later_and_gives_the_published_curve() -> None:
    """Accuracies of a trial with the code's formulae, whose R / sqrt(C) was .47 and not .46969."""
    budgets = 10.0 ** np.array([9.5, 10.5, 11, 11.5, 12, 12.5, 13.5, 14, 15])
    concepts = 0.47 * budgets**0.5
    published, exact = (
        acquired_shares(concepts, budgets / concepts, links=links)
        for links in ("published", "exact")  # type: ignore[arg-type]
    )
    assert (published <= exact + 1e-12).all() and (published < exact - 0.1).any()
    one, several = (task_accuracy(published, level_weights(parts)) for parts in (ONE_LEVEL, SEVERAL_LEVELS))
    np.testing.assert_allclose(one[2:6], [0.0, 0.10, 0.63, 0.98], atol=0.015)
    np.testing.assert_allclose(several, [0.02, 0.38, 0.40, 0.40, 0.42, 0.62, 0.80, 0.80, 1.0], atol=0.015)


def test_weights_and_accuracy_are_sums() -> None:
    weights = level_weights(((0.4, 0.2), (0.6, 0.7)), 12)
    for level in range(1, 13):
        parts = [(0.4, 0.2), (0.6, 0.7)]
        expected = sum(w * binom.pmf(level, 12, p) / binom.sf(0, 12, p) for w, p in parts)
        assert weights[level - 1] == pytest.approx(expected)
    assert level_weights(SEVERAL_LEVELS).sum() == pytest.approx(1)
    shares = np.linspace(1, 0, 12)[:, None] * np.array([[1.0, 0.5]])
    expected = [sum(weights[k] * np.mean([shares[k, i] ** m for m in (2, 3)]) for k in range(12)) for i in range(2)]
    np.testing.assert_allclose(task_accuracy(shares, weights, (2, 3)), expected)
    assert task_accuracy(np.ones(12), weights) == pytest.approx(1)


def test_levels_are_those_of_the_source() -> None:
    levels = skill_levels()
    assert (levels.support[[0, 49, 99]].tolist(), levels.prerequisites[[0, 1, 99]].tolist()) == (
        [1, 33, 1097],
        [0, 1, 7],
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: skill_levels(0), "levels must be a whole number of at least 1"),
        (lambda: skill_levels(10, 1), "skills must be a whole number of at least 2"),
        (lambda: acquired_shares(6, 100), "more than a text names on average"),
        (lambda: acquired_shares(100, 0), "got 100, 6 and 0"),
        (lambda: acquired_shares(100, 100, links="bits"), "links must be exact or published, got 'bits'"),  # type: ignore[arg-type]
        (lambda: level_weights(((0.5, 0.5),)), "have the sum 1"),
        (lambda: level_weights(((1.0, 0.0),)), "place above 0"),
        (lambda: task_accuracy(np.ones(3), np.ones(2)), "a weight for each level"),
        (lambda: task_accuracy(np.ones(2), np.ones(2), ()), "at least one skill"),
    ],
)
def test_bad_numbers_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
