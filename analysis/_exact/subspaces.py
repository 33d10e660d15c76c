"""Invariant subspaces of a dynamics matrix: multiple eigenvalues, decoupled blocks, Krylov subspaces.

Every rank is a decision about rounding. The tolerances stand together at the head of this file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

UNIT_TOLERANCE = 1e-9
"""An eigenvalue is on the unit circle if its modulus is within this of one."""
RANK_TOLERANCE = 1e-10
"""A direction counts if its length, relative to the matrix that makes it, is above this (columns scaled to one)."""
_COUPLING_LIMIT = 1e4


class Tolerances(NamedTuple):
    """The tolerances that decide the multiplicity of an eigenvalue and the rank of a subspace.

    Attributes:
        grouping: c. Eigenvalues count as one if a relative change of A by c n eps makes them equal.
        rank: A direction counts if its length, relative to the matrix that makes it, is above this.
    """

    grouping: float = 100.0
    rank: float = RANK_TOLERANCE


STATED = Tolerances()


class Block(NamedTuple):
    """Consecutive states that do not act on the other states.

    Attributes:
        states: Number of states.
        modulus: Largest modulus of the block's eigenvalues.
    """

    states: int
    modulus: float


def distinct_eigenvalues(
    A: Matrix, tolerances: Tolerances = STATED
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Group computed eigenvalues that stand for one exact multiple eigenvalue.

    Rounding spreads an eigenvalue of a Jordan block of size k over a circle of radius about (eps |A|)^(1/k). But it
    moves the mean of the circle, and every coefficient of prod (z - lambda_i), by about eps |A| only. So k computed
    values are one k-fold eigenvalue if they lie within that radius of their mean, and if the elementary symmetric
    functions e_j of their deviations are rounding too: |e_j| <= c n eps |A|^j, c = 100. Large groups are tried first.

    Args:
        A: ``(state, state)``.
        tolerances: Holds c.

    Returns:
        The computed eigenvalues and, for each, the mean of its group, both ``(state,)``.

    References:
        J. H. Wilkinson, The Algebraic Eigenvalue Problem (1965), chapter 2.
    """
    balanced = scipy.linalg.matrix_balance(A, permute=False)[0]
    computed = np.asarray(scipy.linalg.eigvals(scipy.linalg.schur(balanced)[0]), dtype=np.complex128)
    grouped = computed.copy()
    size = max(float(np.linalg.norm(balanced, 2)), np.finfo(np.float64).tiny)
    rounding = tolerances.grouping * len(A) * np.finfo(np.float64).eps
    left = list(range(len(A)))
    for k in range(len(A), 1, -1):
        radius = size * rounding ** (1 / k)
        for seed in list(left):
            if seed not in left or len(left) < k:
                continue
            group = sorted(left, key=lambda i: abs(computed[i] - computed[seed]))[:k]
            mean = computed[group].mean()
            deviations = computed[group] - mean
            symmetric = np.abs(np.poly(deviations)[2:])
            allowed = rounding * size ** np.arange(2.0, k + 1)
            if np.abs(deviations).max() <= radius and (symmetric <= allowed).all():
                grouped[group] = mean if abs(mean.imag) > radius else mean.real
                left = [i for i in left if i not in group]
    return computed, grouped


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
    scale = scipy.linalg.matrix_balance(A, permute=False, separate=True)[1][0]
    balanced = A / scale[:, None] * scale

    def chosen(real: float, imaginary: float = 0.0) -> bool:
        return bool(first[np.argmin(np.abs(computed - complex(real, imaginary)))])

    try:
        form, basis, found = scipy.linalg.schur(balanced, sort=chosen)
        if found != count:
            return None
        X = scipy.linalg.solve_sylvester(form[:count, :count], -form[count:, count:], -form[:count, count:])
    except (np.linalg.LinAlgError, ValueError):
        return None
    unit, inverse = np.eye(len(A)), np.eye(len(A))
    unit[:count, count:], inverse[:count, count:] = X, -X
    return scale[:, None] * (basis @ unit), inverse @ basis.T / scale


def non_ergodic(A: Matrix, tolerances: Tolerances = STATED) -> tuple[Matrix, Matrix, NDArray[np.complex128]]:
    """Decouple the modes that do not decay: x = T z, first |lambda| > 1, then the unit circle, then the rest.

    Returns:
        T and its inverse ``(state, state)``, and the eigenvalues that do not decay, in the same order.

    Raises:
        ValueError: Rounding mixes the three kinds.
    """
    computed, grouped = distinct_eigenvalues(A, tolerances)
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


def decoupled_blocks(A: Matrix) -> tuple[Matrix, Matrix, Matrix, list[Block]]:
    """Decouple modes that grow at different rates, fastest first: x = T z.

    In these coordinates each state has its own scale, so the rounding of a fast mode does not cover a slow one. There
    is one block for each modulus above one, one for the unit circle and one for the rest. Two blocks stay together if
    their separation needs a coupling above 1e4. Each block is in real Schur form. Its zeros stay zeros in its powers;
    in a full matrix rounding couples the first state of a chain to the last, and squaring multiplies the error.

    Args:
        A: ``(state, state)``.

    Returns:
        T, its inverse and T^-1 A T, all ``(state, state)``, and the blocks in order.
    """
    computed, grouped = distinct_eigenvalues(A)
    modulus = np.abs(grouped)
    modulus = np.where(modulus > 1 + UNIT_TOLERANCE, modulus, np.where(modulus >= 1 - UNIT_TOLERANCE, 1.0, 0.0))
    T, inverse, blocks = np.eye(len(A)), np.eye(len(A)), []
    start = 0
    order = np.argsort(-modulus, kind="stable")
    for edge in range(1, len(A) + 1):
        if edge < len(A) and modulus[order[edge - 1]] - modulus[order[edge]] <= UNIT_TOLERANCE * modulus[order[edge]]:
            continue
        if edge < len(A):
            rest = (inverse @ A @ T)[start:, start:]
            first = np.isin(order[start:], order[start:edge])
            step = split(rest, first, computed[order[start:]])
            if step is None or np.linalg.norm(step[0]) * np.linalg.norm(step[1]) > _COUPLING_LIMIT * len(A):
                continue
            T[:, start:], inverse[start:] = T[:, start:] @ step[0], step[1] @ inverse[start:]
        blocks.append(Block(edge - start, float(np.abs(grouped[order[start]]))))
        start = edge
    dynamics, start = np.zeros_like(A), 0
    coupled = inverse @ A @ T
    for block in blocks:
        run = slice(start, start + block.states)
        dynamics[run, run], basis = scipy.linalg.schur(coupled[run, run])
        T[:, run], inverse[run] = T[:, run] @ basis, basis.T @ inverse[run]
        start += block.states
    return T, inverse, dynamics, blocks


def krylov(A: Matrix, B: Matrix, most: int | None = None, tolerance: float = RANK_TOLERANCE) -> tuple[Matrix, int]:
    """Return an orthonormal basis of span [B, AB, A^2 B, ..] and the number of terms it takes.

    For A' and C' the number of terms is the observability index. Columns of B are scaled to one first, so a weak
    direction counts as much as a strong one. Later directions count if they are longer than ``tolerance`` |A|.

    Args:
        A: ``(state, state)``.
        B: ``(state, any)``; zero columns are left out.
        most: Largest number of terms, at least 1; None means all.
        tolerance: Of the rank.

    Returns:
        The basis ``(state, rank)`` and the number of terms; 0 for the zero subspace.
    """
    lengths = np.linalg.norm(B, axis=0)
    new = _orthonormal(B[:, lengths > 0] / lengths[lengths > 0], tolerance)
    basis, terms = new, int(new.shape[1] > 0)
    reach = tolerance * max(float(np.linalg.norm(A, 2)), np.finfo(np.float64).tiny) if len(A) else 0.0
    while 0 < basis.shape[1] < len(A) and terms != most:
        new = A @ new
        for _ in range(2):
            new = new - basis @ (basis.T @ new)
        new = _orthonormal(new, reach)
        if new.shape[1] == 0:
            break
        basis, terms = np.hstack([basis, new]), terms + 1
    return basis, terms


def significant(part: Matrix, whole: Matrix, tolerance: float = RANK_TOLERANCE) -> Matrix:
    """Return the part. Columns that are only rounding, compared with the same column of the whole, become zero."""
    rounding = np.linalg.norm(part, axis=0) <= tolerance * np.linalg.norm(whole, axis=0)
    return np.where(rounding, 0.0, part)


def _orthonormal(B: Matrix, tolerance: float) -> Matrix:
    if 0 in B.shape:
        return np.zeros((len(B), 0))
    left, lengths, _ = np.linalg.svd(B, full_matrices=False)
    return np.asarray(left[:, lengths > tolerance])
