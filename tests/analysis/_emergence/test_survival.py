"""Kaplan-Meier against a plain loop, and medians of censored lifetimes against a closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from ergoscope.analysis._emergence.survival import median_passage, survival

Z = 1.959963984540054


def loop(times: list[float], passed: list[bool]) -> list[tuple[float, int, int, float, float]]:
    """The textbook: step, runs at risk, passages, S and the variance of log S of Greenwood."""
    left, variance, rows = 1.0, 0.0, []
    for step in sorted({t for t, p in zip(times, passed, strict=True) if p}):
        risk = sum(t >= step for t in times)
        deaths = sum(t == step and p for t, p in zip(times, passed, strict=True))
        left *= 1 - deaths / risk
        variance += deaths / (risk * (risk - deaths)) if risk > deaths else np.inf
        rows.append((step, risk, deaths, left, variance))
    return rows


def test_survival_is_that_of_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    for runs in (1, 2, 7, 40):
        times, ends = rng.integers(1, 20, size=runs), rng.integers(1, 25, size=runs)
        passed = times <= ends
        seen = np.minimum(times, ends)
        found, expected = survival(seen, passed), loop(seen.tolist(), passed.tolist())
        assert found.select("steps", "runs", "passed").rows() == [row[:3] for row in expected]
        np.testing.assert_allclose(found["survival"], [row[3] for row in expected], atol=1e-15)
        for row, low, high in zip(expected, found["low"], found["high"], strict=True):
            if row[3] > 0:
                centre, spread = np.log(-np.log(row[3])), Z * np.sqrt(row[4]) / -np.log(row[3])
                assert low == pytest.approx(np.exp(-np.exp(centre + spread)))
                assert high == pytest.approx(np.exp(-np.exp(centre - spread)))


def test_a_published_table() -> None:
    """Remission of leukaemia under 6-MP, Freireich et al. 1963: S(6) = .857, S(10) = .753, S(23) = .448; median 23."""
    times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    passed = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    table = survival(times, passed)
    left = dict(zip(table["steps"], table["survival"], strict=True))
    assert [round(left[t], 3) for t in (6, 7, 10, 13, 16, 22, 23)] == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]
    assert median_passage(times, passed) == (23.0, 13.0, None)  # the interval that survfit of R prints with log-log


def test_the_interval_without_censoring_is_that_of_the_order() -> None:
    """Of 30 passages the 10th and 21st hold the median in 95.7 %, the 11th and 20th in 90.1 %; of 8: 2, 7 and 1, 8."""
    found = median_passage(np.arange(1, 31), np.ones(30, bool))
    assert found.value == 15
    assert found.low is not None
    assert found.high is not None
    assert 10 < found.low < 11 < 20 < found.high < 21
    assert found.low + found.high == pytest.approx(31)
    eight = median_passage(np.arange(1, 9), np.ones(8, bool))
    assert eight.low is not None
    assert 1 < eight.low < 2


def test_where_runs_do_not_reach_it_there_is_none() -> None:
    times = np.array([3, 4, 5, 9, 9, 9, 9, 9])
    assert median_passage(times, times < 9)[::2] == (None, None)
    assert median_passage(times, np.zeros(8, bool)) == (None, None, None)
    assert median_passage(times[:5], times[:5] < 99)[1:] == (None, None)  # five runs hold no 95 % interval


LAWS = {"exponential": (1.0, np.log(2)), "weibull": (2.5, np.log(2) ** (1 / 2.5))}


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize("censoring", ["none", "horizon", "random"])
def test_intervals_of_the_median_hold_the_closed_form_in_95_percent(law: str, censoring: str) -> None:
    """Lifetimes E^(1/shape) have median (ln 2)^(1/shape); 60 runs, 500 seeds."""
    shape, exact = LAWS[law]
    held = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        times = rng.exponential(size=60) ** (1 / shape)
        ends = dict(none=np.full(60, 99), horizon=np.full(60, 1.8 * exact), random=rng.exponential(3 * exact, 60))
        seen = np.minimum(times, ends[censoring])
        _, low, high = median_passage(seen, times <= ends[censoring])
        held += (low is None or low <= exact) and (high is None or exact <= high)
    least, most = binom.ppf([0.5e-4, 1 - 0.5e-4], 500, 0.95)
    assert least <= held <= most, held
