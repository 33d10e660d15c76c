"""How big a predictor must be: counts that follow from the modes of the plant, without any horizon."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_lookahead, check_whole
from ...simulator import LinearSystem
from .checks import check_time_invariant, initial_factor
from .square_roots import covariance_factor
from .subspaces import STATED, UNIT_TOLERANCE, Tolerances, distinct_eigenvalues, krylov, non_ergodic, significant

Matrix = NDArray[np.float64]


def unstable_modes(system: LinearSystem) -> int:
    """Count the eigenvalues of A with |lambda| >= 1, with multiplicity: m.

    Computed eigenvalues that stand for one multiple eigenvalue are first replaced by their mean. An eigenvalue counts
    if its modulus is at least 1 - 1e-9.

    Args:
        system: Time-invariant.

    Raises:
        ValueError: The system is time-varying.
    """
    return sum(multiplicities(system))


def parameter_threshold(system: LinearSystem) -> int:
    """Return d*^2 = sum m_i^2, a lower bound on the parameters that one-step prediction of a measured state needs.

    m_i is the multiplicity of each distinct eigenvalue with |lambda_i| >= 1. With fewer parameters there is a system,
    arbitrarily near A, whose error per step grows without limit.

    Args:
        system: Time-invariant; C and R play no part.

    Raises:
        ValueError: The system is time-varying.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity, Theorem 2.
    """
    return sum(count * count for count in multiplicities(system))


def critical_length(system: LinearSystem, initial_covariance: ArrayLike | None = None, lookahead: int = 1) -> int:
    """Return h*, the shortest filter y^_t = sum_{k=1..h} F_k y_{t-k} whose error stays bounded.

    The filter must cancel every mode with |lambda| >= 1 that is excited and seen. The excited subspace is the reachable
    subspace of (A_u, [Q_u^(1/2), q(A_u) P_0u^(1/2)]). A_u is the non-ergodic part of A, and q(z) is the product of z -
    lambda over the distinct eigenvalues on the unit circle. (A chain that only the initial state excites grows from its
    second member on, so its first member need not be cancelled.) On this subspace h* is the observability index, the
    smallest h with rank [C; CA; ..; CA^(h-1)] = rank [C; CA; ..; CA^(n-1)].

    For a forecast H samples ahead, y^_t = sum_{k=1..h} F_k y_{t-H+1-k}, h* is the smallest h with C A^(h+H-1) in the
    row space of [C; CA; ..; CA^(h-1)]. It never exceeds h* of H = 1. With one output it equals h* of H = 1 if every
    mode is real and positive, because z^(h+H-1) - sum_k f_k z^(h-k) has at most h such roots (Descartes). Otherwise
    powers may
    coincide: a quarter turn per sample needs two taps for H = 1 and one tap for H = 2, because y_t = -y_{t-2}.

    Ranks are counted on orthonormal bases after A is balanced. Columns of the excitation and rows of C are scaled to
    one, so a weak excitation costs a tap just as a strong one does. A direction counts from 1e-10 of the matrix that
    makes it.

    Args:
        system: Time-invariant. Inputs are taken as known.
        initial_covariance: E x_0 x_0', ``(state, state)``; None means zero.
        lookahead: H, at least 1.

    Returns:
        h*; 0 if no growing mode is excited and seen.

    Raises:
        ValueError: The system is time-varying, ``initial_covariance`` is not a covariance, or the lookahead is not a
            whole number of at least 1.

    Examples:
        >>> critical_length(zoo("double-integrator"))
        2
    """
    return max((length for _, length in growth_ladder(system, initial_covariance, lookahead)), default=0)


def growth_exponent(system: LinearSystem, size: int, initial_covariance: ArrayLike | None = None) -> float:
    """Return the growth exponent g: E|e_t|^2 of the best filter of this length grows like t^g.

    A filter that cancels the fastest directions, and not the next ones, keeps the growth of the next ones. State
    directions in the j-th image of a unit-circle chain, q(A_u)^(j-1), grow in mean square like t^(2j-1) if noise
    reaches them, and like t^(2j-2) if only the initial state does. So g is the largest of these exponents whose
    directions, together with all faster ones, have an observability index above ``size``.

    Args:
        system: Time-invariant. Inputs are taken as known.
        size: Length h of the filter, at least 0.
        initial_covariance: E x_0 x_0', ``(state, state)``; None means zero, and then g is 0, 1, 3, 5, .. or infinite.

    Returns:
        0 if the error stays bounded; 1, 2, 3, ..; ``math.inf`` for exponential growth.

    Raises:
        ValueError: The system is time-varying, the size is negative, or ``initial_covariance`` is not a covariance.

    Examples:
        >>> [growth_exponent(zoo("double-integrator"), size) for size in range(3)]
        [3.0, 1.0, 0.0]
    """
    length = int(check_whole("size", [size])[0])
    ladder = growth_ladder(system, initial_covariance)
    return max((exponent for exponent, index in ladder if index > length), default=0.0)


def growth_ladder(
    system: LinearSystem,
    initial_covariance: ArrayLike | None = None,
    lookahead: int = 1,
    tolerances: Tolerances = STATED,
) -> list[tuple[float, int]]:
    """Return pairs (exponent, length of the shortest filter that cancels this and all faster growth), fastest first."""
    check_time_invariant(system)
    check_lookahead(lookahead)
    initial = initial_factor(system, initial_covariance)
    T, inverse, eigenvalues = non_ergodic(system.A, tolerances)
    m, e = len(eigenvalues), int((np.abs(eigenvalues) > 1 + UNIT_TOLERANCE).sum())
    A, C = (inverse @ system.A @ T)[:m, :m], (system.C @ T)[:, :m]
    noise, start = inverse @ covariance_factor(system.Q), inverse @ initial
    both = np.hstack([noise, start])
    rank = tolerances.rank
    classes = [(math.inf, _reached(A, both, 0, e, rank))]
    q = _polynomial(A, _unique(eigenvalues[e:]))
    noise, start = _reached(A, noise, e, m, rank), _reached(A, start, e, m, rank)
    for images in range(m - e, 0, -1):
        classes.append((2.0 * images, _image(q, start, images, rank)))
        classes.append((2.0 * images - 1, _image(q, noise, images - 1, rank)))
    ladder: list[tuple[float, int]] = []
    basis = np.zeros((m, 0))
    for exponent, directions in classes:
        grown, _ = krylov(A, np.hstack([basis, directions]), tolerance=rank)
        if grown.shape[1] > basis.shape[1]:
            basis = grown
            seen = significant((C @ basis).T, C.T, rank)
            ladder.append((exponent, _shortest((basis.T @ A @ basis).T, seen, lookahead, rank)))
    return ladder


def _shortest(A: Matrix, C: Matrix, lookahead: int, rank: float) -> int:
    # The smallest h with A^(h+H-1) C in the span of C, AC, .., A^(h-1) C. Both matrices are transposed.
    _, index = krylov(A, C, tolerance=rank)
    if lookahead == 1:
        return index
    C = C[:, np.linalg.norm(C, axis=0) > 0]
    reached = C / np.linalg.norm(C, axis=0)
    for power in range(1, index + lookahead - 1):
        reached = A @ reached
        reached = reached / np.linalg.norm(reached, axis=0)
        length = power - lookahead + 1
        if length > 0:
            basis, _ = krylov(A, C, length, rank)
            left = reached - basis @ (basis.T @ reached)
            if np.abs(left).max() <= rank * lookahead:
                return length
    return index


def _reached(A: Matrix, excitation: Matrix, start: int, stop: int, rank: float) -> Matrix:
    # The reachable subspace of one decoupled block, in the coordinates of all blocks.
    exciting = significant(excitation[start:stop], excitation, rank)
    reached, _ = krylov(A[start:stop, start:stop], exciting, tolerance=rank)
    return np.vstack([np.zeros((start, reached.shape[1])), reached, np.zeros((len(A) - stop, reached.shape[1]))])


def _image(q: Matrix, directions: Matrix, times: int, rank: float) -> Matrix:
    for _ in range(times):
        if directions.shape[1]:
            left, lengths, _ = np.linalg.svd(q @ directions, full_matrices=False)
            directions = left[:, lengths > 10 * rank]
    return directions


def _polynomial(A: Matrix, roots: NDArray[np.complex128]) -> Matrix:
    product = np.eye(len(A))
    for root in roots[roots.imag >= 0]:
        if root.imag > 0:
            product = product @ (A @ A - 2 * root.real * A + abs(root) ** 2 * np.eye(len(A)))
        else:
            product = product @ (A - root.real * np.eye(len(A)))
    return product


def _unique(values: NDArray[np.complex128]) -> NDArray[np.complex128]:
    kept: list[complex] = []
    for value in values:
        if all(abs(value - other) > UNIT_TOLERANCE for other in kept):
            kept.append(value)
    return np.asarray(kept, dtype=np.complex128)


def multiplicities(system: LinearSystem, tolerances: Tolerances = STATED) -> list[int]:
    """Return the multiplicity m_i of each distinct eigenvalue with |lambda_i| >= 1."""
    check_time_invariant(system)
    _, grouped = distinct_eigenvalues(system.A, tolerances)
    growing = grouped[np.abs(grouped) >= 1 - UNIT_TOLERANCE]
    distinct = _unique(growing)
    return [int((np.abs(growing - value) <= UNIT_TOLERANCE).sum()) for value in distinct]
