"""The numbers of a scorecard against closed forms and plain twins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ergoscope.analysis._scoring import metrics as measures


def test_an_error_that_decays_is_back_when_its_running_mean_is() -> None:
    """error = 1 before, 1 + a k^j from the fault on; oracle 1: the running mean is known in closed form."""
    a, k, steps, begin, runs = 50.0, 0.97, 1000, 400, 8
    j = np.arange(steps) - begin
    error = np.tile(1 + np.where(j >= 0, a * k ** np.maximum(j, 0), 0.0), (runs, 1))
    w = 32  # 256 / 8
    # the window that ends at begin + d, d >= w, holds j = d-w+1 .. d, and a k^(d-w+1) (1 - k^w) / (1 - k) / w of excess
    d = w - 1 + np.log(0.5 * w * (1 - k) / (a * (1 - k**w))) / np.log(k)
    assert d > w
    found = measures.recovery_time(error, np.ones_like(error), begin, begin)
    assert found == int(np.ceil(d))
    assert measures.recovery_time(error, np.ones_like(error), begin, begin + 50) == int(np.ceil(d)) - 50


def test_no_harm_is_back_at_once_and_lasting_harm_never() -> None:
    ones = np.ones((8, 600))
    assert measures.recovery_time(ones, ones, 300, 300) == 0
    worse = ones + 2.0 * (np.arange(600) >= 300)
    assert measures.recovery_time(worse, ones, 300, 300) is None
    assert measures.recovery_time(worse, worse, 300, 300) == 0  # the reference suffers as much
    relapse = ones.copy()
    relapse[:, 400:440] = 9.0
    assert (
        measures.recovery_time(relapse, ones, 300, 300) == 440 + 31 - 300 - 2
    )  # for good: after the last window that is late


def test_a_share_and_its_interval_are_those_of_the_textbook() -> None:
    rng = np.random.default_rng(1)
    loss, reference = rng.chisquare(1, (6, 50)), rng.chisquare(1, (6, 50))
    loss[2, 17] = np.nan
    found = measures.share_above(loss, reference, slice(10, None))
    assert found is not None
    reference[2, 17] = 0.0  # what is not known of one counts for neither
    each = np.nansum(loss[:, 10:], axis=1) * 6 / reference[:, 10:].sum()
    assert found.value == pytest.approx(np.nansum(loss[:, 10:]) / reference[:, 10:].sum())
    np.testing.assert_allclose(found[1:], stats.t.interval(0.95, 5, each.mean(), stats.sem(each)))
    assert measures.share_above(np.full((2, 4), np.nan), np.ones((2, 4)), slice(None)) is None
    assert measures.share_above(np.ones((1, 4)), np.ones((1, 4)), slice(None)) == (1.0, None, None)


def test_coverage_of_independent_hits_has_the_exact_bounds() -> None:
    inside = np.random.default_rng(2).random((4, 500)) < 0.95
    found = measures.coverage(inside)
    exact = stats.binomtest(int(inside.sum()), inside.size).proportion_ci(0.999, "exact")
    assert found.value == inside.mean()
    # chance correlation of independent hits widens the bounds by a little: rho of 2000 is within 4.5 / sqrt(2000)
    assert found.low is not None and found.high is not None
    assert exact.low - 0.01 < found.low <= exact.low + 1e-9 and exact.high - 1e-9 <= found.high < exact.high + 0.01


def test_hits_that_come_together_count_less() -> None:
    """Each hit or miss repeated ten times is worth a tenth: the bounds are those of one in ten."""
    once = np.random.default_rng(3).random((4, 200)) < 0.9
    found, exact = measures.coverage(np.repeat(once, 10, axis=1)), stats.binomtest(int(once.sum()), once.size)
    wide = exact.proportion_ci(0.999, "exact")
    assert found.low is not None and found.high is not None
    np.testing.assert_allclose([found.low, found.high], [wide.low, wide.high], atol=0.02)


def test_memory_that_grows_has_its_slope_and_memory_that_rises_once_has_none() -> None:
    steps = np.arange(0, 6400, 100.0)
    grows = [np.stack([steps, 1e7 + 40 * steps + 4096.0 * (k % 2)], axis=1) for k in range(8)]
    slope = measures.memory_slope(grows)
    assert slope is not None and slope.low is not None
    assert slope.value == pytest.approx(40) and slope.low > 39
    once = [np.stack([steps, 1e7 + 1e6 * (steps > 1000)], axis=1)] * 8
    level = measures.memory_slope(once)
    assert level is not None and abs(level.value) < 1e-6
    assert measures.memory_slope([np.zeros((0, 2))]) is None
