"""Invariant subspaces of a dynamics matrix: those that do not decay, those that are reached or seen.

Every rank is a decision about rounding. The tolerances stand together at the head of this file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ...simulator._systems.eigenvalues import GROUPING, UNIT_TOLERANCE, distinct_eigenvalues

Matrix = NDArray[np.float64]

RANK_TOLERANCE = 1e-10
"""A direction counts if its length, relative to the matrix that makes it, is above this (columns scaled to one)."""
_ROUNDING = 1e-13  # of a column that is projected, relative to its length


class Tolerances(NamedTuple):
    """The tolerances that decide the multiplicity of an eigenvalue and the rank of a subspace.

    Attributes:
        grouping: c. Eigenvalues count as one if a relative change of A by c n eps makes them equal.
        rank: A direction counts if its length, relative to the matrix that makes it, is above this.
    """

    grouping: float = GROUPING
    rank: float = RANK_TOLERANCE


STATED = Tolerances()


def split(A: Matrix, first: NDArray[np.bool_], computed: NDArray[np.complex128]) -> tuple[Matrix, Matrix] | None:
    """Decouple two sets of eigenvalues: x = T z makes A block diagonal, with the chosen set first.

    The method is an ordered real Schur form, then the Sylvester equation A_11 X - X A_22 = -A_12.

    Args:
        A: ``(state, state)``.
        first: Which eigenvalues belong to the first block, ``(state,)``. Conjugates belong together.
        computed: The eigenvalues, in the order of ``first``, ``(state,)``.

    Returns:
        T and its inverse, or None where rounding mixes the two sets.
    """
    count = int(first.sum())
    if count in (0, len(A)):
        return np.eye(len(A)), np.eye(len(A))

    def chosen(real: float, imaginary: float = 0.0) -> bool:
        return bool(first[np.argmin(np.abs(computed - complex(real, imaginary)))])

    try:
        form, basis, found = scipy.linalg.schur(A, sort=chosen)
        if found != count:
            return None
        X = scipy.linalg.solve_sylvester(form[:count, :count], -form[count:, count:], -form[:count, count:])
    except (np.linalg.LinAlgError, ValueError):
        return None
    unit, inverse = np.eye(len(A)), np.eye(len(A))
    unit[:count, count:], inverse[:count, count:] = X, -X
    return basis @ unit, inverse @ basis.T


def non_ergodic(A: Matrix, tolerances: Tolerances = STATED) -> tuple[Matrix, Matrix, NDArray[np.complex128]]:
    """Decouple the modes that do not decay: x = T z, first |lambda| > 1, then the unit circle, then the rest.

    Returns:
        T and its inverse ``(state, state)``, and the eigenvalues that do not decay, in the same order.

    Raises:
        ValueError: Rounding mixes the three kinds.
    """
    if len(A) == 0:
        return A, A, np.zeros(0, np.complex128)
    computed, grouped = distinct_eigenvalues(A, tolerances.grouping)
    kind = (np.abs(grouped) >= 1 - UNIT_TOLERANCE).astype(int) + (np.abs(grouped) > 1 + UNIT_TOLERANCE)
    order = np.argsort(-kind, kind="stable")
    computed, grouped, kind = computed[order], grouped[order], kind[order]
    T, inverse, start = np.eye(len(A)), np.eye(len(A)), 0
    for level in (2, 1):
        step = split((inverse @ A @ T)[start:, start:], kind[start:] == level, computed[start:])
        if step is None:
            raise ValueError(
                "A must have eigenvalues that are clearly outside, on or inside the unit circle; got moduli "
                f"{np.abs(computed)}, which rounding mixes: scale the states to similar sizes, or move eigenvalues "
                "near the circle onto it or away from it."
            )
        T[:, start:], inverse[start:] = T[:, start:] @ step[0], step[1] @ inverse[start:]
        start += int((kind == level).sum())
    return T, inverse, grouped[kind > 0]


def krylov(A: Matrix, B: Matrix, most: int | None = None, tolerance: float = RANK_TOLERANCE) -> tuple[Matrix, int]:
    """Return an orthonormal basis of span [B, AB, A^2 B, ..] and the number of terms it takes.

    For A' and C' the number of terms is the observability index. A direction of B counts if it is longer than
    ``tolerance``: scale the columns with ``significant``. Later directions count if they are longer than
    ``tolerance`` |A|.

    Args:
        A: ``(state, state)``.
        B: ``(state, any)``.
        most: Largest number of terms, at least 1; None means all.
        tolerance: Of the rank.

    Returns:
        The basis ``(state, rank)`` and the number of terms; 0 for the zero subspace.
    """
    new = orthonormal(B, tolerance)
    basis, terms = new, int(new.shape[1] > 0)
    reach = tolerance * max(float(np.linalg.norm(A, 2)), np.finfo(np.float64).tiny) if len(A) else 0.0
    while 0 < basis.shape[1] < len(A) and terms != most:
        new = A @ new
        for _ in range(2):
            new = new - basis @ (basis.T @ new)
        new = orthonormal(new, reach)
        if new.shape[1] == 0:
            break
        basis, terms = np.hstack([basis, new]), terms + 1
    return basis, terms


def significant(
    part: Matrix, whole: Matrix, tolerance: float = RANK_TOLERANCE, rounding: Matrix | float = _ROUNDING
) -> Matrix:
    """Return the columns of a part that are more than rounding of the whole, scaled to length one.

    The part is a projection of the whole with an orthonormal basis; it must not be compared with itself, for then its
    rounding counts as much as a true direction. A column that is short beside the whole is not scaled up so far that
    its rounding exceeds the tolerance.

    Args:
        part: ``(any, column)``.
        whole: ``(state, column)``, before the projection.
        tolerance: A column counts if it is longer than this, relative to the same column of the whole.
        rounding: Relative error of each column of the whole.

    Returns:
        ``(any, fewer columns)``, each of length one at most.
    """
    length, size = np.linalg.norm(part, axis=0), np.linalg.norm(whole, axis=0)
    rounding = np.maximum(rounding, _ROUNDING)
    kept = length > np.maximum(tolerance, rounding) * size
    floor = np.maximum(length, rounding / tolerance * size)
    return np.asarray(part[:, kept] / floor[kept])


def orthonormal(B: Matrix, tolerance: float) -> Matrix:
    """Return an orthonormal basis of the columns, without directions up to this length."""
    if 0 in B.shape:
        return np.zeros((len(B), 0))
    left, lengths, _ = np.linalg.svd(B, full_matrices=False)
    return np.asarray(left[:, lengths > tolerance])
