"""Checks of the arguments of the exact theory."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...simulator import LinearSystem
from .square_roots import covariance_factor

Matrix = NDArray[np.float64]


def check_time_invariant(system: LinearSystem) -> None:
    """Raise ValueError if a matrix of the system has a time axis."""
    if system.time_varying:
        raise ValueError(
            f"The exact theory needs a time-invariant system, got {system.name!r} with a leading time axis: "
            "pass one time slice of each matrix."
        )


def initial_factor(system: LinearSystem, initial_covariance: ArrayLike | None) -> Matrix:
    """Check E x_0 x_0' and return a square root of it, ``(state, rank)``; None means zero."""
    if initial_covariance is None:
        return np.zeros((system.states, 0))
    P = np.asarray(initial_covariance, dtype=np.float64)
    if P.shape != (system.states, system.states):
        raise ValueError(f"initial_covariance must have shape {(system.states, system.states)}, got {P.shape}.")
    if not np.isfinite(P).all():
        raise ValueError("initial_covariance must hold finite numbers, got NaN or infinity.")
    size = float(np.abs(P).max(initial=0.0))
    if np.abs(P - P.T).max() > 1e-8 * size or np.linalg.eigvalsh((P + P.T) / 2).min() < -1e-8 * size:
        raise ValueError("initial_covariance must be symmetric and positive semidefinite, as a covariance is.")
    return covariance_factor(P)
