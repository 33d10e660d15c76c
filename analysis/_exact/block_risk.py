"""Figure 1 of the paper in closed form: how many entries of A a predictor of a measured state needs.

Time: x_1 = w_0 is the first state, as in the paper. Sums run over t = 1 .. T-1 for a run of T samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...simulator import LinearSystem
from ...simulator._systems.scaling import unit_scales
from .checks import check_time_invariant
from .driven_part import growing_modes
from .square_roots import covariance_factor, triangular

Matrix = NDArray[np.float64]


def best_submatrices(system: LinearSystem, steps: int) -> NDArray[np.float64]:
    """Return the least-squares fit of x_{t+1} on x_t in the top-left k x k block, for every k.

    M_k = (A S)_kk S_kk^-1 with S = sum_{t=1}^{T-1} E x_t x_t'. The other entries are zero. This is the limit for
    infinitely many runs of T samples.

    Args:
        system: Time-invariant; C and R play no part.
        steps: T, at least 2.

    Returns:
        ``(size, state, state)``, k = 1 .. state.

    Raises:
        ValueError: The system is time-varying or the run is too short.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity, Figure 1.
    """
    G = _summed_factor(system, steps)
    moved = system.A @ G
    fits = np.zeros((system.states, system.states, system.states))
    for k in range(1, system.states + 1):
        scale = np.maximum(np.linalg.norm(G[:k], axis=1), np.finfo(np.float64).tiny)
        fit = np.linalg.lstsq((G[:k] / scale[:, None]).T, moved[:k].T, rcond=1e-13)[0].T
        fits[k - 1, :k, :k] = fit / scale
    return fits


def submatrix_risk(system: LinearSystem, estimates: ArrayLike, steps: int) -> NDArray[np.float64]:
    """Return the mean excess error of fitted matrices over one run: tr((A - M) S (A - M)') / (T - 1).

    Args:
        system: Time-invariant; C and R play no part.
        estimates: M, ``(size, state, state)``.
        steps: T, at least 2; S = sum_{t=1}^{T-1} E x_t x_t'.

    Returns:
        ``(size,)``, in squared units of the state.

    Raises:
        ValueError: The system is time-varying, the run is too short or the estimates have the wrong shape.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity, Figure 1.
    """
    G = _summed_factor(system, steps)
    M = np.asarray(estimates, dtype=np.float64)
    if M.ndim != 3 or M.shape[1:] != system.A.shape:
        raise ValueError(f"estimates must have shape (size, {system.states}, {system.states}), got {M.shape}.")
    return np.asarray((((system.A - M) @ G) ** 2).sum(axis=(1, 2)) / (steps - 1))


def critical_block(system: LinearSystem) -> int | None:
    """Return the smallest k for which a matrix zero outside its top-left k x k block can have bounded error.

    The error is bounded if (M - A) V = 0 on the non-ergodic invariant subspace V. So the rows of A V after row k must
    vanish, and rows 1 .. k of A V must be combinations of the first k rows of V.

    Args:
        system: Time-invariant. Noise must excite its non-ergodic modes.

    Returns:
        k, or None where rounding makes even k = state fail.

    Raises:
        ValueError: The system is time-varying.
    """
    check_time_invariant(system)
    # The state is measured, so only the noise can set the scales of the states.
    scale, _ = unit_scales(system.A, np.eye(system.states), np.diag(system.Q))
    A = system.A / scale[:, None] * scale
    V = np.linalg.qr(growing_modes(A).right)[0]
    moved = A @ V
    for k in range(system.states + 1):
        rest = moved.copy()
        rest[:k] -= np.linalg.lstsq(V[:k].T, moved[:k].T, rcond=1e-9)[0].T @ V[:k] if k else 0
        if np.abs(rest).max(initial=0.0) <= 1e-9 * np.abs(moved).max(initial=1.0):
            return k
    return None


def _summed_factor(system: LinearSystem, steps: int) -> Matrix:
    # G with G G' = S. Normal equations on S itself would lose half the digits, and lambda = 1.1 needs them.
    check_time_invariant(system)
    if steps != int(steps) or steps < 2:
        raise ValueError(f"steps must be a whole number of at least 2 (one step to predict), got {steps}.")
    noise = triangular(covariance_factor(system.Q))
    factor, total = noise, noise
    for _ in range(int(steps) - 2):
        factor = triangular(np.hstack([system.A @ factor, noise]))
        total = triangular(np.hstack([total, factor]))
    return total
