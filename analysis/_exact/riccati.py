"""The Riccati equation of the Kalman filter: its steady solution and the innovation covariance over time.

Time: x^_t is the one-step prediction of x_t from y_0 .. y_{t-1}. At t = 0 it is zero, and its error has covariance P_0.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_lookahead, check_whole
from ...simulator import LinearSystem
from ...simulator._systems.eigenvalues import UNIT_TOLERANCE, distinct_eigenvalues
from .circle_zeros import uncertain_basis
from .driven_part import driven_part, growing_modes, seen_rows
from .plant import Plant, balanced, independent_outputs
from .square_roots import covariance_factor, factor_rounding, triangular
from .subspaces import krylov, significant

Matrix = NDArray[np.float64]

_STEPS = 3000
_MOST_STEPS = 20_000
_MOST_DOUBLINGS = 50


class SteadyState(NamedTuple):
    """The steady Kalman filter x^_{t+1} = A x^_t + L (y_t - C x^_t).

    Attributes:
        gain: L = A K, ``(state, output)``, of the one-step predictor: the L of ``control.dlqe``.
        covariance: P_inf of x_t - x^_t, ``(state, state)``.
        innovation: S_inf = C P_inf C' + R, ``(output, output)``.
        rho: Spectral radius of A - L C. It is 1 if a mode on the unit circle has no noise or the noise has a zero on
            the circle, and 0 if R = 0 and the outputs determine the state.
        memory: Effective memory tau = 1 / |log rho| in steps; infinite for rho = 1, 0 for rho = 0.
        filter_gain: K = P_inf C' S_inf^+, ``(state, output)``, of x^_{t|t} = x^_t + K (y_t - C x^_t). It is the gain of
            MATLAB's ``dlqe`` and the limit of ``filterpy.kalman.KalmanFilter.K``.
    """

    gain: Matrix
    covariance: Matrix
    innovation: Matrix
    rho: float
    memory: float
    filter_gain: Matrix


def kalman_gain(system: LinearSystem) -> SteadyState:
    """Solve for the steady one-step predictor, the limit of the Kalman filter from an uncertain start.

    P = A P A' + Q - A P C' (C P C' + R)^+ C P A',    L = A P C' (C P C' + R)^+

    A unit-circle mode that no noise reaches is known exactly in the end. So is a combination of states that belongs to
    a zero on the unit circle (R = 0, y_t = w_t - w_{t-1}). Their covariance is zero, and the equation is solved on the
    other states; rho is then 1. The solution of SciPy is kept if it satisfies the equation to 1e-8 and is stable.
    Otherwise the recursion runs from a wide start until it converges: by doubling where R is well conditioned, else in
    square-root form, at most 20 000 steps.

    Args:
        system: Time-invariant. R = 0 is allowed.

    Raises:
        ValueError: The system is time-varying, the output does not see a growing mode, or no steady state was found.

    References:
        T. Kailath, A. H. Sayed, B. Hassibi, Linear Estimation (2000), chapters 8 and 14.

    Examples:
        >>> steady = kalman_gain(zoo("double-integrator"))
        >>> steady.gain.round(3).tolist(), steady.innovation.round(3).tolist()
        ([[1.244], [0.422]], [[5.613]])
    """
    plant = balanced(system)
    steady = steady_state(plant)
    gain, filter_gain = (plant.states[:, None] * gain / plant.outputs for gain in (steady.gain, steady.filter_gain))
    covariance = plant.states[:, None] * steady.covariance * plant.states
    innovation = system.C @ covariance @ system.C.T + system.R
    return steady._replace(gain=gain, covariance=covariance, innovation=innovation, filter_gain=filter_gain)


def steady_state(plant: Plant) -> SteadyState:
    """Return what ``kalman_gain`` does, in the scaled coordinates of a plant."""
    A, C, error = plant.A, plant.C, plant.error
    basis, learnt = _uncertain_states(plant)
    kept, _ = independent_outputs(plant)
    uncertain, zeros = uncertain_basis(basis.T @ A @ basis, kept.C @ basis, basis.T @ plant.noise, kept.error)
    basis, learnt = basis @ uncertain, learnt or bool(zeros)
    factor = basis @ _steady_factor(basis.T @ A @ basis, kept.C @ basis, basis.T @ plant.noise, kept.error)
    gain, covariance = _gain(A, C, error, factor), factor @ factor.T
    moduli = np.abs(distinct_eigenvalues(A - gain @ C)[1]) if len(A) else np.zeros(1)
    radius = float(moduli.max())
    rho = 1.0 if learnt or abs(radius - 1) < 1e-12 else 0.0 if radius < UNIT_TOLERANCE else radius
    innovation = C @ covariance @ C.T + error @ error.T
    return SteadyState(gain, covariance, innovation, rho, memory_of(rho), _gain(np.eye(len(A)), C, error, factor))


def memory_of(rho: float) -> float:
    """Return tau = 1 / |log rho| in steps; infinite for rho >= 1, 0 for rho <= 0."""
    return float("inf") if rho >= 1 else 0.0 if rho <= 0 else float(-1 / np.log(rho))


def innovation_covariances(
    system: LinearSystem, times: ArrayLike, initial_covariance: ArrayLike | None = None, lookahead: int = 1
) -> NDArray[np.float64]:
    """Return S_t = C P_t C' + R of the time-varying Kalman filter. No predictor has a smaller error.

    P_t is the covariance of x_t given y up to t - H. For H = 1, S_t is the covariance of the innovation; for H > 1 it
    is that of the forecast H ahead, with P <- A P A' + Q for each sample not measured yet.

    The square-root recursion runs until it converges. If it has not converged after 3000 steps and R is well
    conditioned, doubling crosses the longer gaps between times.

    Args:
        system: Time-invariant.
        times: Whole numbers ``(time,)``; 0 is the first sample, with S_0 = C P_0 C' + R.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.
        lookahead: H, at least 1.

    Returns:
        ``(time, output, output)``, in squared units of the outputs.

    Raises:
        ValueError: The system is time-varying, a time is not a whole number of at least 0, the lookahead is not a whole
            number of at least 1, or ``initial_covariance`` is not a covariance.

    References:
        B. D. O. Anderson, J. B. Moore, Optimal Filtering (1979), section 6.7 (doubling).
    """
    plant = seen_part(driven_part(balanced(system, initial_covariance)))
    check_lookahead(lookahead)
    times_ = check_whole("times", times)
    when = np.maximum(times_ - (lookahead - 1), 0)
    A, C, noise, error = plant.A, plant.C, plant.noise, plant.error
    factor, now, still = triangular(plant.initial), 0, False
    doubles: list[tuple[Matrix, Matrix, Matrix]] | None = None
    R = error @ error.T
    if np.linalg.cond(R) < 1e8:
        doubles = [(A, C.T @ np.linalg.solve(R, C), noise @ noise.T)]
    result = np.empty((len(when), system.outputs, system.outputs))
    for place in np.argsort(when, kind="stable"):
        while now < when[place] and not still:
            steps = int(when[place]) - now
            if now >= _STEPS and steps > 1 and doubles is not None:
                stride = steps.bit_length() - 1
                factor, now = _stride(factor, doubles, stride), now + (1 << stride)
                continue
            following = _riccati_step(A, C, noise, error, factor)
            now += 1
            # Before noise reaches the output the recursion may pause. So compare only every 2 n steps.
            if now % (2 * system.states) == 0:
                before, after = factor @ factor.T, following @ following.T
                still = bool(np.abs(after - before).max(initial=0.0) <= 4e-15 * np.abs(after).max(initial=0.0))
            factor = following
        unseen = factor
        for _ in range(int(times_[place] - when[place])):
            unseen = triangular(np.hstack([A @ unseen, noise]))
        seen = plant.outputs[:, None] * (C @ unseen)
        result[place] = seen @ seen.T + system.R
    return result


def seen_part(plant: Plant) -> Plant:
    """Leave out the states that the output does not see; ``states`` then has no meaning."""
    basis, _ = krylov(plant.A.T, significant(plant.C.T, plant.C.T))
    if basis.shape[1] == len(plant.A):
        return plant
    return plant._replace(
        A=basis.T @ plant.A @ basis,
        C=plant.C @ basis,
        noise=basis.T @ plant.noise,
        initial=basis.T @ plant.initial,
        states=np.ones(basis.shape[1]),
    )


def _uncertain_states(plant: Plant) -> tuple[Matrix, bool]:
    # A basis of the invariant subspace that holds the steady covariance, and whether it leaves a mode out.
    modes = growing_modes(plant.A)
    m, e = len(modes.eigenvalues), modes.explosive
    V = np.linalg.qr(modes.right)[0]
    seen = krylov((V.T @ plant.A @ V).T, seen_rows(plant.C, V))[0].shape[1]
    if seen < m:
        raise ValueError(
            f"A steady filter needs every mode with |lambda| >= 1 to be seen in the output; got {seen} of {m} "
            f"(eigenvalues {modes.eigenvalues}): leave the unseen states out of the system."
        )
    rows, _ = np.linalg.qr(modes.left[e:].T)
    exciting = significant(rows.T @ plant.noise, plant.noise, rounding=factor_rounding(plant.noise))
    reached, _ = krylov(rows.T @ plant.A @ rows, exciting)
    left = scipy.linalg.null_space(reached.T) if reached.shape[1] else np.eye(m - e)
    if left.shape[1] == 0:
        return np.eye(len(plant.A)), False
    return scipy.linalg.null_space(left.T @ rows.T), True


def _steady_factor(A: Matrix, C: Matrix, noise: Matrix, error: Matrix) -> Matrix:
    if len(A) == 0:
        return np.zeros((0, 0))
    try:
        P = scipy.linalg.solve_discrete_are(A.T, C.T, noise @ noise.T, error @ error.T)
        factor = triangular(covariance_factor((P + P.T) / 2))
        following = _riccati_step(A, C, noise, error, factor)
        gap = np.abs(following @ following.T - P).max()
        radius = np.abs(np.linalg.eigvals(A - _gain(A, C, error, factor) @ C)).max()
        if gap <= 1e-8 * np.abs(P).max() and radius < 1:
            return following
    except (np.linalg.LinAlgError, ValueError):
        pass
    size = max(float(np.linalg.norm(noise)), float(np.linalg.norm(error)), 1e-100)
    factor = 1e4 * size * np.eye(len(A))
    R = error @ error.T
    if np.linalg.cond(R) < 1e8:
        doubles = [(A, C.T @ np.linalg.solve(R, C), noise @ noise.T)]
        with contextlib.suppress(np.linalg.LinAlgError):  # rounding has made a covariance indefinite
            for bit in range(_MOST_DOUBLINGS):
                following = _stride(1e4 * size * np.eye(len(A)), doubles, bit)
                before, factor = factor @ factor.T, following
                if np.abs(factor @ factor.T - before).max() <= 1e-11 * np.abs(before).max():
                    return factor
    for _ in range(_MOST_STEPS):
        following = _riccati_step(A, C, noise, error, factor)
        before, factor = factor @ factor.T, following
        if np.abs(factor @ factor.T - before).max() <= 1e-13 * max(np.abs(before).max(), 1e-13 * size**2):
            return factor
    raise ValueError(
        f"The Riccati equation must have a steady solution, got one that still moves after {_MOST_STEPS} steps: "
        "a mode next to the unit circle has almost no noise, or the outputs hardly see it; give it some, or none."
    )


def _gain(A: Matrix, C: Matrix, error: Matrix, factor: Matrix) -> Matrix:
    # L = A P C' S^+ by least squares on square roots, which keep the digits that P would lose.
    known = np.vstack([(C @ factor).T, error.T])
    target = np.vstack([(A @ factor).T, np.zeros((error.shape[1], len(A)))])
    lengths = np.linalg.norm(known, axis=0)
    scale = np.where(lengths > 0, lengths, 1.0)
    return np.asarray((np.linalg.lstsq(known / scale, target, rcond=1e-12)[0] / scale[:, None]).T)


def _riccati_step(A: Matrix, C: Matrix, noise: Matrix, error: Matrix, factor: Matrix) -> Matrix:
    # Joseph's form of the Riccati step on square roots. It works for R = 0 and for redundant outputs.
    gain = _gain(A, C, error, factor)
    return triangular(np.hstack([(A - gain @ C) @ factor, noise, gain @ error]))


def _stride(factor: Matrix, doubles: list[tuple[Matrix, Matrix, Matrix]], bit: int) -> Matrix:
    # 2^bit Riccati steps at once: P -> H + F (P^-1 + G)^-1 F', with F, G, H doubled from F = A, G = C' R^-1 C, H = Q.
    unit = np.eye(len(factor))
    while len(doubles) <= bit:
        F, G, H = doubles[-1]
        half = np.linalg.solve(unit + H @ G, F)
        G = G + F.T @ G @ half
        H = H + F @ np.linalg.solve(unit + H @ doubles[-1][1], H) @ F.T
        doubles.append((F @ half, (G + G.T) / 2, (H + H.T) / 2))
    F, G, H = doubles[bit]
    chol = np.linalg.cholesky(unit + factor.T @ G @ factor)
    moved = F @ scipy.linalg.solve_triangular(chol, factor.T, lower=True).T
    return triangular(np.hstack([moved, covariance_factor(H)]))
