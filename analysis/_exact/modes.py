"""How big a predictor must be: counts that follow from the modes of the plant, without any horizon."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_lookahead, check_whole
from ...simulator import LinearSystem
from ...simulator._systems.eigenvalues import UNIT_TOLERANCE, distinct_eigenvalues
from .blocks import polynomial, unique
from .driven_part import growing_modes, reached_modes, seen_rows
from .plant import Plant, balanced
from .subspaces import STATED, Tolerances, krylov, orthonormal

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

    Ranks are counted on orthonormal bases after states and outputs are scaled, so no unit matters. Columns of the
    excitation and rows of C are scaled to one, so a weak excitation costs a tap just as a strong one does. A direction
    counts from 1e-10 of the matrix that makes it.

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
    ladder = growth_ladder(balanced(system, initial_covariance), lookahead)
    return max((growth.length for growth in ladder), default=0)


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
    ladder = growth_ladder(balanced(system, initial_covariance))
    return max((growth.exponent for growth in ladder if growth.length > length), default=0.0)


class Growth(NamedTuple):
    """State directions that grow at one rate, and how long a filter must be to cancel them and all faster ones.

    Attributes:
        exponent: They grow like t^exponent in mean square, infinite for exponential growth.
        length: Of the shortest filter that cancels them and all faster ones.
        directions: How many of them the output sees beside the faster ones.
    """

    exponent: float
    length: int
    directions: int


def growth_ladder(plant: Plant, lookahead: int = 1, tolerances: Tolerances = STATED) -> list[Growth]:
    """Return the rates of growth that are excited and seen, fastest first."""
    check_lookahead(lookahead)
    rank, modes = tolerances.rank, growing_modes(plant.A, tolerances)
    m, e = len(modes.eigenvalues), modes.explosive
    V = np.linalg.qr(modes.right)[0]
    A = V.T @ plant.A @ V
    both = np.hstack([plant.noise, plant.initial])
    explosive, circle = slice(0, e), slice(e, m)
    classes = [(math.inf, V.T @ reached_modes(plant.A, modes, explosive, both, tolerances))]
    q = polynomial(A, unique(modes.eigenvalues[e:]))
    noise, start = (
        V.T @ reached_modes(plant.A, modes, circle, excitation, tolerances)
        for excitation in (plant.noise, plant.initial)
    )
    for images in range(m - e, 0, -1):
        classes.append((2.0 * images, _image(q, start, images, rank)))
        classes.append((2.0 * images - 1, _image(q, noise, images - 1, rank)))
    ladder: list[Growth] = []
    basis, known = np.zeros((m, 0)), 0
    for exponent, directions in classes:
        grown, _ = krylov(A, np.hstack([basis, directions]), tolerance=rank)
        if grown.shape[1] > basis.shape[1]:
            basis = grown
            # Rows are compared with all of C: beside their own growing part alone, rounding would be a full row.
            rows, dynamics = seen_rows(plant.C, V @ basis, tolerances), basis.T @ A @ basis
            seen = krylov(dynamics.T, rows, tolerance=rank)[0].shape[1]
            ladder.append(Growth(exponent, _shortest(dynamics.T, rows, lookahead, rank), seen - known))
            known = seen
    return ladder


def _shortest(A: Matrix, C: Matrix, lookahead: int, rank: float) -> int:
    # The smallest h with A^(h+H-1) C in the span of C, AC, .., A^(h-1) C. Both matrices are transposed.
    _, index = krylov(A, C, tolerance=rank)
    if lookahead == 1 or index == 0:
        return index
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


def _image(q: Matrix, directions: Matrix, times: int, rank: float) -> Matrix:
    size = max(1.0, float(np.linalg.norm(q, 2))) if len(q) else 1.0
    for _ in range(times):
        directions = orthonormal(q @ directions, 10 * rank * size)
    return directions


def multiplicities(system: LinearSystem, tolerances: Tolerances = STATED) -> list[int]:
    """Return the multiplicity m_i of each distinct eigenvalue with |lambda_i| >= 1."""
    _, grouped = distinct_eigenvalues(balanced(system).A, tolerances.grouping)
    growing = grouped[np.abs(grouped) >= 1 - UNIT_TOLERANCE]
    distinct = unique(growing)
    return [int((np.abs(growing - value) <= UNIT_TOLERANCE).sum()) for value in distinct]
