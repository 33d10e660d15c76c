"""The coupon collector through the whole frame: the probability of every passage is known exactly.

Each draw is one of n equally likely kinds; a run passes at the draw at which it has seen all of them.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from ergoscope.analysis import emergence, first_passages

KINDS = 20
ROWS = (30, 37, 47, 59, 75, 94, 119, 150)  # about equal ratios, from a share of 0 to one of 0.99
SEEDS = 200


def passed_by(draws: int, kinds: int) -> float:
    """P(T <= m) = sum over k of (-1)^k C(n, k) (n - k)^m / n^m, in whole numbers."""
    ways = sum((-1) ** k * comb(kinds, k) * (kinds - k) ** draws for k in range(kinds + 1))
    return float(Fraction(ways, kinds**draws))


def chain(draws: int, kinds: int) -> list[float]:
    """P(T <= m) for m = 0..draws by the Markov chain of the number of kinds seen."""
    share, seen = np.zeros(kinds + 1), np.arange(kinds + 1)
    share[0], found = 1.0, [0.0]
    for _ in range(draws):
        new = share * (1 - seen / kinds)
        share = share * seen / kinds
        share[1:] += new[:-1]
        found.append(share[-1])
    return found


def half_draws() -> int:
    """The exact median of T: the first draw by which half of all runs have passed."""
    return next(m for m in range(KINDS, 1000) if passed_by(m, KINDS) >= 0.5)


def half_point() -> float:
    """The number of draws at which P = 1/2, on a straight line between two draws."""
    m = half_draws()
    before, after = passed_by(m - 1, KINDS), passed_by(m, KINDS)
    return m - (after - 0.5) / (after - before)


def collected(rng: np.random.Generator, runs: int) -> np.ndarray:
    """The draw at which each run has all kinds: the sum of geometric waits for a kind not seen yet."""
    return rng.geometric(1 - np.arange(KINDS) / KINDS, size=(runs, KINDS)).sum(axis=1)


def on_steps(seed: int, runs: int) -> tuple[float | None, float | None]:
    """One run after another collects; each is scored after every draw: the share of kinds that it lacks."""
    draws = collected(np.random.default_rng(seed), runs)
    frame = pl.DataFrame(dict(run=np.arange(runs).repeat(2), step=np.column_stack([draws - 1, draws]).ravel()))
    found = emergence(first_passages(curves(frame, np.tile([0.05, 0.0], runs)), "lacking", 0.0), "steps")
    return found.low, found.high


def on_rows(seed: int, runs: int) -> tuple[float | None, float | None]:
    """Each run gets a number of rows, and is scored once."""
    rows = np.repeat(ROWS, runs)
    draws = collected(np.random.default_rng(seed), len(rows))
    frame = pl.DataFrame(dict(run=np.arange(len(rows)), rows=rows, step=np.ones_like(rows)))
    found = emergence(first_passages(curves(frame, (draws > rows).astype(float)), "lacking", 0.0), "rows")
    return found.low, found.high


def curves(labels: pl.DataFrame, value: np.ndarray) -> pl.DataFrame:
    return labels.with_columns(metric=pl.lit("lacking"), kind=pl.lit("all"), value=pl.Series(value))


def holding(ends: list[tuple[float | None, float | None]], exact: float) -> int:
    """Count the intervals that hold a value; an open end reaches anywhere."""
    return sum((low is None or low <= exact) and (high is None or exact <= high) for low, high in ends)


AXES = {"steps": (on_steps, half_draws), "rows": (on_rows, half_point)}


def test_the_exact_law_by_inclusion_and_exclusion_is_that_of_the_chain() -> None:
    for kinds in (1, 2, 7, 20):
        exact = [passed_by(m, kinds) for m in range(151)]
        np.testing.assert_allclose(exact, chain(150, kinds), rtol=1e-10, atol=1e-14)
    assert passed_by(6, 3) == 540 / 729  # surjections from six draws onto three kinds
    assert half_draws() == 67


@pytest.mark.parametrize("runs", [8, 30])
@pytest.mark.parametrize("axis", list(AXES))
def test_the_interval_holds_the_exact_half_point_in_95_percent(
    axis: str, runs: int, request: pytest.FixtureRequest
) -> None:
    answer, exact = AXES[axis]
    many = request.config.getoption("--campaign")
    seeds = 2000 if many else SEEDS
    held = holding([answer(seed, runs) for seed in range(seeds)], exact())
    print(f"axis {axis}, {runs} runs a value: {100 * held / seeds:.2f} % of {seeds} intervals hold {exact():.2f}")
    assert 0.93 <= held / seeds <= 0.97
    low, high = binom.ppf([0.5e-4, 1 - 0.5e-4], seeds, 0.95)
    assert low <= held <= high
