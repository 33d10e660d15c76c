"""Scaling exponents against plain fits, and their intervals against curves whose mean is known exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from ergoscope.analysis import Quanta, scaling_exponent

X = np.geomspace(1, 1000, 13)


def slope(x: np.ndarray, mean: np.ndarray) -> float:
    return -float(np.polyfit(np.log(x), np.log(mean), 1)[0])


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(2, 13), st.integers(1, 6))
def test_the_exponents_are_those_of_plain_fits(seed: int, stretch: int, runs: int) -> None:
    random = np.random.default_rng(seed)
    losses = 0.3 + X**-0.4 * random.uniform(0.5, 1.5, (runs, 13))
    found = scaling_exponent(X, losses, floor=0.25, missing=0.1, window=(3, 400), stretch=stretch)
    mean, inside = losses.mean(axis=0) - 0.15, (X >= 3) & (X <= 400)
    assert found.exponent == pytest.approx(slope(X[inside], mean[inside]), rel=1e-9, abs=1e-12)
    assert (found.first, found.last, found.points, found.runs) == (X[inside][0], X[inside][-1], inside.sum(), runs)
    parts = [slice(k, k + stretch) for k in range(14 - stretch)]
    np.testing.assert_allclose(found.local["exponent"], [slope(X[p], mean[p]) for p in parts], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.local["x"], [np.prod(X[p]) ** (1 / stretch) for p in parts], rtol=1e-9)


def unlearned_runs(random: np.random.Generator, runs: int, quanta: Quanta, rows: np.ndarray, uses: int) -> np.ndarray:
    """Share of the kinds that are not learned, by frequency: one stream for each run, ``(run, point)``."""
    assert quanta.kinds is not None
    p = quanta.frequency(np.arange(1, quanta.kinds + 1))
    counts = [random.multinomial(n, p, size=runs) for n in np.diff(rows, prepend=0)]
    return ((np.cumsum(counts, axis=0) < uses) @ p).T


@pytest.mark.parametrize(("runs", "uses"), [(3, 3), (6, 1), (16, 3)])
def test_the_interval_holds_the_exact_exponent_in_95_percent(
    runs: int, uses: int, request: pytest.FixtureRequest
) -> None:
    cases = 5000 if request.config.getoption("--campaign") else 200
    quanta, rows, random = Quanta(0.4, 50), np.geomspace(30, 1000, 6).astype(int), np.random.default_rng(runs)
    exact = slope(rows, quanta.loss_by_data(rows, uses))
    held = 0
    for _ in range(cases):
        found = scaling_exponent(rows, unlearned_runs(random, runs, quanta, rows, uses))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= exact <= found.high
    print(f"{runs} runs, {uses} uses: {100 * held / cases:.2f} % of {cases} intervals hold {exact:.3f}")
    low, high = binom.ppf([0.5e-4, 1 - 0.5e-4], cases, 0.95)
    assert low <= held <= high


def test_local_intervals_are_those_of_the_stretch_alone() -> None:
    losses = X**-0.4 * np.random.default_rng(0).uniform(0.5, 1.5, (5, 13))
    whole = scaling_exponent(X, losses, stretch=4)
    part = scaling_exponent(X[2:6], losses[:, 2:6])
    assert whole.local.row(2)[1:] == pytest.approx((part.exponent, part.low, part.high))


def test_too_few_runs_are_said_to_be_too_few() -> None:
    found = scaling_exponent(X, [X**-0.5, 2 * X**-0.5])
    assert (found.low, found.high, found.reason) == (None, None, "an interval needs 3 runs")
    assert found.sentence == (
        "the loss falls with the exponent 0.5 [.., ..] from 1 to 1000 (13 points, 2 runs); an interval needs 3 runs."
    )
    three = scaling_exponent(X, np.outer([1, 2, 3], X**-0.5))
    assert (three.low, three.high, three.reason) == (pytest.approx(0.5), pytest.approx(0.5), "")


def test_a_curve_may_reach_its_floor_beyond_the_window() -> None:
    losses = np.where(X > 100, 0.0, X**-0.5)
    found = scaling_exponent(X, losses, window=(1, 100))
    assert found.exponent == pytest.approx(0.5)
    assert found.local["exponent"].null_count() == 4
    with pytest.raises(ValueError, match="at or below the floor at 177.8"):
        scaling_exponent(X, losses)


@pytest.mark.parametrize(
    ("x", "losses", "options", "message"),
    [
        (X[::-1], X, {}, "x must rise from above 0"),
        (X - 1, X, {}, "x must rise from above 0"),
        (X, X[:5], {}, r"got \(1, 5\) and \(13,\)"),
        (X, np.zeros((0, 13)), {}, r"got \(0, 13\)"),
        (X, np.where(X > 500, np.nan, X), {}, "the loss of run 0 at 562.341 is not finite"),
        (X, X, dict(floor=math.nan), "floor must be finite"),
        (X, X, dict(missing=-0.1), "missing at least 0"),
        (X, X, dict(window=(2, 4)), "holds 1 point, and it takes 3"),
        (X, X, dict(stretch=1), "stretch must be from 2 to the 13 points"),
        (X, X, dict(stretch=14), "stretch must be from 2 to the 13 points"),
    ],
)
def test_bad_input_is_refused(x: np.ndarray, losses: np.ndarray, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scaling_exponent(x, losses, **options)
