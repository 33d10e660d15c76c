"""Laws of completion beside iteration, brute force over all sets of entries, and linear algebra."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from ergoscope.analysis import determined_share
from ergoscope.analysis._exact.completion import (
    addition_singular_values,
    all_determined,
    determining_load,
    isolated_pairs,
    no_empty_line,
    no_empty_line_exactly,
)


def test_the_share_is_the_square_of_what_iteration_tends_to() -> None:
    loads, x = np.array([0.5, 1.2, 1.5, 2.0, 2.64, 4.0]), np.ones(6)
    for _ in range(1000):
        x = 1 - np.exp(-loads * x)
    np.testing.assert_allclose(determined_share(loads), x**2, atol=1e-12)
    np.testing.assert_allclose(determined_share([1.5, 2.0, 2.64, 4.0]), [0.340, 0.635, 0.827, 0.961], atol=5e-4)
    assert isinstance(determined_share(2.0), float)


def test_the_load_is_the_inverse_of_the_share() -> None:
    shares = np.array([[0.01, 0.5], [0.9, 0.999]])
    np.testing.assert_allclose(determined_share(determining_load(shares)), shares, rtol=1e-12)
    assert determining_load(0.5) == pytest.approx(1.7365796, abs=1e-7)
    assert determining_load(1e-12) == pytest.approx(1.0, abs=1e-5)  # the giant component begins at c = 1


@pytest.mark.parametrize("size", [1, 2, 3])
def test_emptiness_is_that_of_all_sets_of_entries(size: int) -> None:
    cells = [(i, j) for i in range(size) for j in range(size)]
    for samples in range(size**2 + 1):
        sets = list(combinations(cells, samples))
        covered = sum(all(len({cell[axis] for cell in each}) == size for axis in (0, 1)) for each in sets)
        assert no_empty_line_exactly(samples, size) == covered / len(sets)
        alone = sum(
            [i for i, _ in each].count(cell[0]) == 1 == [j for _, j in each].count(cell[1])
            for each in sets
            for cell in each
        )
        if size > 1:
            assert isolated_pairs(samples, size) == pytest.approx(alone / len(sets))


def test_the_exact_sum_does_not_cancel() -> None:
    """With as many entries as rows, none is empty only if they are a permutation: n! of C(n^2, n)."""
    n, m = 40, 40
    permutations = 1
    for k in range(1, n + 1):
        permutations *= k
    assert no_empty_line_exactly(m, n) == permutations / comb(n * n, m)


def test_the_poisson_law_is_near_and_tends_to_the_limit() -> None:
    for size, close in ((20, 0.02), (50, 0.01), (100, 0.006)):
        samples = round(size * np.log(2 * size))
        exact = no_empty_line_exactly(samples, size)
        assert 0 < no_empty_line(samples, size) - exact < close
        line = comb(size**2 - size, samples) / comb(size**2, samples)
        assert no_empty_line(samples, size) == pytest.approx(np.exp(-2 * size * line), rel=1e-9)
    assert no_empty_line(530, 100) == pytest.approx(np.exp(-200 * (1 - 0.053) ** 100), abs=0.015)  # .42
    size = 10**6
    for excess in (-1.0, 0.0, 2.0):
        samples = round(size * (np.log(2 * size) + excess))
        assert no_empty_line(samples, size) == pytest.approx(all_determined(excess), abs=1e-3)
    np.testing.assert_allclose(all_determined([0.0, 2.0]), [np.exp(-1), np.exp(-np.exp(-2))])


def test_ends() -> None:
    assert no_empty_line(91, 10) == no_empty_line_exactly(100, 10) == 1
    assert no_empty_line_exactly(9, 10) == isolated_pairs(0, 5) == isolated_pairs(18, 5) == 0


def integer_rank(matrix: list[list[int]]) -> int:
    """Fraction-free elimination in whole numbers."""
    rows, rank = [list(row) for row in matrix], 0
    for column in range(len(rows[0])):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        top = rows[rank]
        for k in range(rank + 1, len(rows)):
            rows[k] = [top[column] * a - rows[k][column] * b for a, b in zip(rows[k], top, strict=True)]
        rank += 1
    return rank


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_the_addition_map_has_rank_two(size: int) -> None:
    addition = np.add.outer(np.arange(size), np.arange(size))
    assert integer_rank(addition.tolist()) == 2
    found = np.linalg.svd(addition.astype(float), compute_uv=False)
    np.testing.assert_allclose(found[:2], addition_singular_values(size), rtol=1e-12)
    assert found[2:].max(initial=0.0) < 1e-13 * found[0]


def test_bad_input_is_refused() -> None:
    for share in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="share determined must be above 0 and below 1"):
            determining_load(share)
    with pytest.raises(ValueError, match="mean degree must be at least 0"):
        determined_share(-1.0)
    for function in (no_empty_line, no_empty_line_exactly, isolated_pairs):
        with pytest.raises(ValueError, match="has 4 entries, got 5"):
            function(5, 2)
        with pytest.raises(ValueError, match="seen must be a whole number of at least 0"):
            function(-1, 2)
    with pytest.raises(ValueError, match="at most 100 rows, got 101"):
        no_empty_line_exactly(5, 101)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        addition_singular_values(1)
