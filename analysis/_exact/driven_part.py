"""The part of a plant that matters: growing modes that noise or the initial state drives and that the output sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ...simulator._systems.eigenvalues import UNIT_TOLERANCE
from .plant import Plant
from .square_roots import factor_rounding
from .subspaces import STATED, Tolerances, krylov, non_ergodic, orthonormal, significant

Matrix = NDArray[np.float64]


class GrowingModes(NamedTuple):
    """The modes that do not decay, decoupled: first |lambda| > 1, then the unit circle.

    Attributes:
        right: A basis of their subspace, ``(state, mode)``.
        left: Their coordinates are left @ x, ``(mode, state)``.
        eigenvalues: ``(mode,)``.
        explosive: The number of modes with |lambda| > 1.
    """

    right: Matrix
    left: Matrix
    eigenvalues: NDArray[np.complex128]
    explosive: int


def growing_modes(A: Matrix, tolerances: Tolerances = STATED) -> GrowingModes:
    """Decouple the modes with |lambda| >= 1.

    Raises:
        ValueError: Rounding mixes modes that grow and modes that decay.
    """
    T, inverse, eigenvalues = non_ergodic(A, tolerances)
    m = len(eigenvalues)
    explosive = int((np.abs(eigenvalues) > 1 + UNIT_TOLERANCE).sum())
    return GrowingModes(T[:, :m], inverse[:m], eigenvalues, explosive)


def reached_modes(
    A: Matrix, modes: GrowingModes, run: slice, excitation: Matrix, tolerances: Tolerances = STATED
) -> Matrix:
    """Return an orthonormal basis ``(state, rank)`` of what an excitation reaches of some growing modes.

    Args:
        A: ``(state, state)``.
        modes: Those of A.
        run: The explosive ones, or those on the unit circle.
        excitation: A square root of its covariance, ``(state, any)``.
        tolerances: Of the rank.
    """
    left = modes.left[run]
    if 0 in left.shape:
        return np.zeros((len(A), 0))
    rows, triangle = np.linalg.qr(left.T)
    rounding = factor_rounding(excitation)
    exciting = significant(rows.T @ excitation, excitation, tolerances.rank, rounding)
    reached, _ = krylov(rows.T @ A @ rows, exciting, tolerance=tolerances.rank)
    return orthonormal(modes.right[:, run] @ (triangle.T @ reached), 1e-14)


def seen_rows(C: Matrix, basis: Matrix, tolerances: Tolerances = STATED) -> Matrix:
    """Return C on a subspace, transposed and scaled for a rank decision, ``(rank, output)``.

    Args:
        C: ``(output, state)``.
        basis: Orthonormal, ``(state, rank)``.
        tolerances: Of the rank.
    """
    return significant((C @ basis).T, C.T, tolerances.rank)


def driven_part(plant: Plant, tolerances: Tolerances = STATED) -> Plant:
    """Leave out growing modes that nothing excites or that the output does not see; they change no output.

    Rounding excites every mode a little, and an explosive mode makes any rounding large. So these modes must go before
    anything is computed over time. The modes that decay stay.

    Returns:
        The plant itself, or one with fewer states in other coordinates; ``states`` then has no meaning.
    """
    modes = growing_modes(plant.A, tolerances)
    m, e = len(modes.eigenvalues), modes.explosive
    excitation = np.hstack([plant.noise, plant.initial])
    parts: list[tuple[Matrix, Matrix]] = []  # right and left bases of what is kept
    for run in (slice(0, e), slice(e, m)):
        reached = reached_modes(plant.A, modes, run, excitation, tolerances)
        dynamics = reached.T @ plant.A @ reached
        seen, _ = krylov(dynamics.T, seen_rows(plant.C, reached, tolerances), tolerance=tolerances.rank)
        # z = reached' (projection of x on these modes), and of z what the output sees: seen' z moves on its own.
        left = seen.T @ reached.T @ modes.right[:, run] @ modes.left[run]
        parts.append((reached @ seen, left))
    if sum(right.shape[1] for right, _ in parts) == m:
        return plant
    T, inverse, _ = non_ergodic(plant.A, tolerances)
    decaying, triangle = np.linalg.qr(T[:, m:])
    parts.append((decaying, triangle @ inverse[m:]))
    right, left = np.hstack([part for part, _ in parts]), np.vstack([part for _, part in parts])
    A = scipy.linalg.block_diag(*(rows @ plant.A @ columns for columns, rows in parts))
    return plant._replace(
        A=A,
        C=plant.C @ right,
        noise=left @ plant.noise,
        initial=left @ plant.initial,
        states=np.ones(len(A)),
    )
