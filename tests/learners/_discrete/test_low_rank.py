"""Alternating least squares: it finds what is determined, and says so of nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.learners._discrete import low_rank
from ergoscope.learners._discrete.low_rank import LowRank, low_rank_completion


def seen(matrix: np.ndarray, samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = len(matrix)
    i, j = np.divmod(np.random.default_rng(seed).permutation(size * size)[:samples], size)
    return i, j, matrix[i, j]


def matrix_of(size: int, rank: int, seed: int = 0) -> np.ndarray:
    U, V = np.random.default_rng(seed).standard_normal((2, size, rank))
    return 1e3 * U @ V.T


def fitted(matrix: np.ndarray, samples: int, **options: Any) -> LowRank:
    return low_rank_completion(*seen(matrix, samples), len(matrix), **options)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_matrix_is_found_from_a_part_of_it(rank: int) -> None:
    truth = matrix_of(12, rank)
    found = fitted(truth, 110, rank=rank)
    assert found.determined and found.fits >= 1 and found.residual < 1e-9
    np.testing.assert_allclose(found.matrix, truth, atol=1e-5 * np.abs(truth).max())
    assert found.freedom == 12**2 - (12 - rank) ** 2  # the codimension of matrices of this rank


def test_the_addition_map_is_found_without_its_form() -> None:
    truth = np.add.outer(np.arange(15), np.arange(15)).astype(float)
    found = fitted(truth, 150)
    assert found.determined and np.abs(found.matrix - truth).max() < 1e-3


def test_too_few_samples_determine_nothing() -> None:
    """One fewer than the degrees of freedom, placed so that they are easy to fit: two rows, two columns but a cell."""
    truth = matrix_of(6, 2)
    i, j = np.nonzero((np.arange(6) < 2)[:, None] | (np.arange(6) < 2))
    assert len(i) == 4 * 6 - 4
    whole = low_rank_completion(i, j, truth[i, j], 6, steps=1000)
    assert whole.determined and np.abs(whole.matrix - truth).max() < 1e-5 * np.abs(truth).max()
    fewer = low_rank_completion(i[:-1], j[:-1], truth[i, j][:-1], 6, steps=1000)
    assert fewer.fits > 0 and not fewer.determined


def test_an_empty_line_determines_nothing() -> None:
    truth = matrix_of(8, 2)
    i, j = np.indices((7, 8)).reshape(2, -1)
    found = low_rank_completion(i, j, truth[i, j], 8)
    assert found.fits > 0 and not found.determined
    np.testing.assert_allclose(found.matrix[:7], truth[:7], atol=1e-5 * np.abs(truth).max())


def test_a_matrix_of_higher_rank_fits_badly_and_determines_nothing() -> None:
    truth = matrix_of(8, 3)
    found = fitted(truth, 64, steps=60)
    assert found.fits == 0 and not found.determined
    best = np.sqrt((np.linalg.svd(truth, compute_uv=False)[2:] ** 2).sum() / (truth**2).sum())
    assert found.residual == pytest.approx(best, rel=1e-3)  # the nearest matrix of rank 2, as all entries are seen


def test_repeated_samples_weigh_more() -> None:
    """Of rank 1 in one cell: the mean of its samples."""
    found = low_rank_completion([0, 0, 0], [0, 0, 0], [1.0, 1.0, 4.0], 1, rank=1)
    assert found.matrix[0, 0] == pytest.approx(2.0)
    assert found.residual == pytest.approx(np.sqrt(2.0) / np.sqrt(6.0)) and not found.determined


def test_starts_that_disagree_determine_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two matrices, both said to fit all entries."""
    factors = iter([(np.ones((2, 1)), np.ones((2, 1))), (np.full((2, 1), 2.0), np.ones((2, 1)))] * 2)
    monkeypatch.setattr(low_rank, "_alternate", lambda *_: next(factors))
    monkeypatch.setattr(low_rank, "_residual", lambda *_: 0.0)
    cells = np.indices((2, 2)).reshape(2, -1)
    assert low_rank_completion(*cells, np.ones(4), 2, rank=1, starts=1).determined
    next(factors)
    assert not low_rank_completion(*cells, np.ones(4), 2, rank=1, starts=2).determined


def test_an_entry_does_not_move_with_a_column_whose_row_is_zero() -> None:
    U, V = np.array([[0.0], [1.0]]), np.ones((2, 1))
    assert low_rank._directions(U, V, np.array([[True, True], [False, False]])) == 1
    assert low_rank._directions(U, V, np.ones((2, 2), bool)) == 3


def test_zeros_are_a_matrix_too() -> None:
    found = low_rank_completion([0, 1], [1, 0], [0.0, 0.0], 2)
    assert not found.matrix.any() and found.residual == 0 and not found.determined


def test_the_same_seed_gives_the_same() -> None:
    truth = matrix_of(8, 2)
    one, two = (fitted(truth, 50, seed=3, starts=1) for _ in range(2))
    assert (one.matrix == two.matrix).all()
    assert (one.matrix != fitted(truth, 50, seed=4, starts=1).matrix).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(size=1), "size of the matrix must be a whole number of at least 2, got 1"),
        (dict(rank=0), "rank must be a whole number of at least 1"),
        (dict(starts=0), "starts must be"),
        (dict(rows=[0, 4]), "numbered 0 to 3, got 4"),
        (dict(rows=[0]), "one row, column and value for each sample .* got 1 rows, 2 columns"),
        (dict(rows=[], columns=[], values=[]), "a sample at least"),
        (dict(values=[1.0, np.inf]), "must be finite"),
        (dict(seed=-1), "seed must be"),
    ],
)
def test_bad_input_is_refused(change: dict[str, Any], message: str) -> None:
    options = dict(rows=[0, 1], columns=[1, 1], values=[1.0, 2.0], size=4) | change
    with pytest.raises(ValueError, match=message):
        low_rank_completion(**options)  # type: ignore[arg-type]
