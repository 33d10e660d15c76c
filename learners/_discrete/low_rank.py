"""Completion of a matrix of known rank and unknown form, by alternating least squares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array
from ..._core.checks import check_seed, check_whole
from ..._core.ranges import check_count

FIRST_RIDGE, FALL, LAST_RIDGE = 0.1, 0.8, 1e-12  # relative to the mean square of the values
FITS, SAME, SINGULAR = 1e-9, 1e-5, 1e-9  # relative: residual of a fit; two matrices; singular values that count as 0
ROUNDING = 1e-14
Matrix = NDArray[np.float64]
Samples = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]  # rows, columns, values


class LowRank(NamedTuple):
    """A matrix of low rank that was fitted to samples.

    Attributes:
        matrix: The best fit, ``(row, column)``, n x n.
        residual: Its root mean square error on the samples, relative to the root mean square of the values.
        freedom: r (2n - r), the degrees of freedom of such matrices: with fewer entries no sample set determines one.
        fits: How many starts fit the samples.
        determined: Whether the samples determine the matrix, as far as can be told: it fits them, no small change of it
            that keeps the rank fits them, too, and all starts that fit agree.
    """

    matrix: Float64[np.ndarray, "line line"]
    residual: float
    freedom: int
    fits: int
    determined: bool


def low_rank_completion(
    rows: ArrayLike,
    columns: ArrayLike,
    values: ArrayLike,
    size: int,
    rank: int = 2,
    starts: int = 4,
    steps: int = 150,
    seed: int = 0,
) -> LowRank:
    """Fit an n x n matrix of rank r to samples (i, j, value).

        min over U, V of sum (M_ij - U_i . V_j)^2 + ridge (|U|^2 + |V|^2),

    alternately in U and V, from random U and V. The ridge falls step by step from a tenth of the mean square of the
    values to 1e-12 of it: it keeps early steps from running after a few entries.
    No answer is exact: other matrices far away may fit as well, and a start may end in a local minimum.

    Args:
        rows: i, ``(sample,)``, from 0 to n - 1.
        columns: j, ``(sample,)``.
        values: M_ij, ``(sample,)``, finite.
        size: n, at least the rank.
        rank: r, at least 1.
        starts: Random starts, at least 1.
        steps: Most steps of each; a start that fits ends earlier.
        seed: Of the starts.

    Raises:
        ValueError: A number is not within its limits, or the vectors do not fit together.

    References:
        P. Jain, P. Netrapalli, S. Sanghavi, Low-rank matrix completion using alternating minimization, 2013.
        A. Singer, M. Cucuringu, Uniqueness of low-rank matrix completion by rigidity theory, SIAM Journal on Matrix
        Analysis and Applications 31, 2010.
    """
    for word, number in (("the rank", rank), ("starts", starts), ("steps", steps)):
        check_count(word, number, 1)
    check_count("the size of the matrix", size, rank)
    i, j, v = _samples(rows, columns, values, size)
    scale = float(np.sqrt(np.mean(v**2))) or 1.0
    weights, sums = np.zeros((2, size, size))
    np.add.at(weights, (i, j), 1.0)
    np.add.at(sums, (i, j), v / scale)
    generator = np.random.default_rng(check_seed(seed))
    found = []
    samples: Samples = i, j, v / scale
    for _ in range(starts):
        start = generator.standard_normal((size, rank))
        U, V = _alternate(weights, sums, samples, start, steps)
        found.append((_residual(U, V, samples), U, V))
    residual, U, V = min(found, key=lambda each: each[0])
    matrix, fitting = U @ V.T, [A @ B.T for error, A, B in found if error <= FITS]
    freedom = rank * (2 * size - rank)
    agree = all(np.abs(each - matrix).max() <= SAME * np.abs(matrix).max() for each in fitting)
    determined = bool(fitting) and agree and _directions(U, V, weights > 0) == freedom
    return LowRank(scale * matrix, residual, freedom, len(fitting), determined)


def _samples(rows: ArrayLike, columns: ArrayLike, values: ArrayLike, size: int) -> Samples:
    i, j, v = check_whole("rows", rows), check_whole("columns", columns), real_array("values", values)
    if not len(i) == len(j) == v.size or v.ndim != 1 or not len(i):
        raise ValueError(
            f"there must be one row, column and value for each sample and a sample at least, got {len(i)} rows, "
            f"{len(j)} columns and values of shape {v.shape}."
        )
    if max(i.max(), j.max()) >= size:
        raise ValueError(f"rows and columns are numbered 0 to {size - 1}, got {max(i.max(), j.max())}.")
    if not np.isfinite(v).all():
        raise ValueError("values must be finite, got NaN or infinity: leave these samples out.")
    return i, j, v


def _alternate(weights: Matrix, sums: Matrix, samples: Samples, V: Matrix, steps: int) -> tuple[Matrix, Matrix]:
    for step in range(steps):
        ridge = max(FIRST_RIDGE * FALL**step, LAST_RIDGE)
        U = _solve(weights, sums, V, ridge)
        V = _solve(weights.T, sums.T, U, ridge)
        if _residual(U, V, samples) <= FITS:
            break
    return U, V


def _solve(weights: Matrix, sums: Matrix, V: Matrix, ridge: float) -> Matrix:
    """Return U: for each row the regression of its samples on the rows of V."""
    size, rank = V.shape
    products = (V[:, :, None] * V[:, None, :]).reshape(size, -1)
    gram = (weights @ products).reshape(size, rank, rank)
    least = ridge + ROUNDING * np.trace(gram, axis1=1, axis2=2)  # keeps it regular where factors have run away
    gram += least[:, None, None] * np.eye(rank)
    return np.asarray(np.linalg.solve(gram, (sums @ V)[:, :, None])[:, :, 0])


def _residual(U: Matrix, V: Matrix, samples: Samples) -> float:
    i, j, v = samples
    return float(np.sqrt(np.mean((np.sum(U[i] * V[j], axis=1) - v) ** 2)))


def _directions(U: Matrix, V: Matrix, known: NDArray[np.bool_]) -> int:
    """Return in how many directions the known entries move with U and V: the rank of their derivatives."""
    size, rank = U.shape
    i, j = np.nonzero(known)
    derivatives = np.zeros((len(i), 2 * size, rank))
    derivatives[np.arange(len(i)), i] = V[j]
    derivatives[np.arange(len(i)), size + j] = U[i]
    singular = np.linalg.svd(derivatives.reshape(len(i), -1), compute_uv=False)
    return int((singular > SINGULAR * singular.max()).sum())
