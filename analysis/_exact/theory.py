"""What theory says about a system: five numbers, and how far a floating-point precision is enough."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...simulator import LinearSystem
from .covariances import output_power
from .modes import critical_length, parameter_threshold, unstable_modes
from .plant import balanced
from .riccati import seen_part, steady_state
from .tolerances import warn_of_tolerances

_LONGEST = 10**9
_SHARE_OF_NOISE = 1e-3
_OVERFLOW_MARGIN = 1e-2


class Theory(NamedTuple):
    """What theory says about a system without a horizon.

    Attributes:
        critical_size: h*, the length of the shortest filter with bounded error. For a learner with another kind of size
            it is that size; None if theory names no size.
        unstable_modes: m, the eigenvalues with |lambda| >= 1, with multiplicity.
        parameter_threshold: d*^2 = sum m_i^2.
        rho: Spectral radius of the steady Kalman filter's A - L C.
        memory: tau = 1 / |log rho| in steps, infinite for rho = 1, 0 for rho = 0.
    """

    critical_size: int | None
    unstable_modes: int
    parameter_threshold: int
    rho: float
    memory: float


def theory(system: LinearSystem, initial_covariance: ArrayLike | None = None) -> Theory:
    """Return the five numbers of ``Theory``. rho and memory are those of the states that the output sees.

    Args:
        system: Time-invariant.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.

    Warns:
        UserWarning: m, d*^2 or h* depend on a tolerance. Three cases: an eigenvalue is within 1e-6 of the unit circle
            and not on it (1e-9); eigenvalues count as one, or would count as one if A were known to seven digits only;
            the excited and seen subspace changes if the rank tolerance is 1e-12 or 1e-8 instead of 1e-10. The warning
            names the other answer.

    Raises:
        ValueError: The system is time-varying or ``initial_covariance`` is not a covariance.
    """
    critical = critical_length(system, initial_covariance)
    warn_of_tolerances(system, initial_covariance)
    steady = steady_state(seen_part(balanced(system)))
    return Theory(
        critical_size=critical,
        unstable_modes=unstable_modes(system),
        parameter_threshold=parameter_threshold(system),
        rho=steady.rho,
        memory=steady.memory,
    )


def trust_horizon(
    system: LinearSystem, precision: Literal["float32", "float64"], horizon: int | None = None
) -> int | None:
    """Return the last time at which learned errors can be trusted in this precision.

    The rounding error of a learner is about 100 eps |y|. Trust ends where eps |y_t|_rms exceeds 1e-3 (tr S_inf)^(1/2):
    up to there rounding is below 10 % of the noise and 1 % of the mean squared error. It also ends where |y_t|^2
    exceeds 1 % of the largest number. The system starts at zero, so the power only grows, and bisection finds the time.

    A system that varies in time has no S_inf. Its power C X C' + R, X <- A X A' + Q, and the S_t of its Kalman filter
    are computed sample by sample, and trust ends where the power first reaches the limit.

    Args:
        system: The plant.
        precision: ``float32`` or ``float64``.
        horizon: The last time to compute for a system that varies in time; required there, ignored otherwise.

    Returns:
        The time in steps, or None if it is later than 1e9 steps, or than the horizon.

    Raises:
        ValueError: The precision is neither of the two, or the system varies in time and there is no horizon.
    """
    if precision not in ("float32", "float64"):
        raise ValueError(f"precision must be 'float32' or 'float64', got {precision!r}.")
    number = np.finfo(precision)
    if system.time_varying:
        if horizon is None:
            raise ValueError(f"{system.name!r} varies in time: pass the horizon, the last time to compute.")
        return _varying_trust(system, number, horizon)
    plant = seen_part(balanced(system))
    innovation = float((plant.outputs**2 * np.diag(steady_state(plant).innovation)).sum())
    limit = (_SHARE_OF_NOISE / float(number.eps)) ** 2 * innovation
    limit = min(limit, _OVERFLOW_MARGIN * float(number.max))
    coarse = np.concatenate([[0], 2 ** np.arange(30), [_LONGEST]])
    beyond = np.flatnonzero(~(output_power(system, coarse) <= limit))
    if len(beyond) == 0:
        return None
    if beyond[0] == 0:
        return 0
    good, bad = int(coarse[beyond[0] - 1]), int(coarse[beyond[0]])
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if output_power(system, [middle])[0] <= limit else (good, middle)
    return good


def within_trust(
    system: LinearSystem, horizon: int | None, precision: Literal["float32", "float64"] = "float64"
) -> int | None:
    """Return a horizon that theory names, or None if no run in this precision can be trusted that far.

    Where it is None, what the horizon would show never shows: say "never", not the horizon.

    Args:
        system: The plant.
        horizon: Such as that from which on a weak mode shows; None stays None.
        precision: ``float32`` or ``float64``.
    """
    if horizon is None:
        return None
    trust = trust_horizon(system, precision, horizon)
    return horizon if trust is None or horizon <= trust else None


def _varying_trust(system: LinearSystem, number: np.finfo[np.floating], horizon: int) -> int | None:
    X = P = np.zeros((system.states, system.states))
    place = system.time_index(np.arange(horizon))
    with np.errstate(over="ignore", invalid="ignore"):
        for t, row in enumerate(place.tolist()):
            A, C, Q, R = (
                value if value.ndim == 2 else value[row] for value in (system.A, system.C, system.Q, system.R)
            )
            S = C @ P @ C.T + R
            power = float(np.trace(C @ X @ C.T + R))
            limit = (_SHARE_OF_NOISE / float(number.eps)) ** 2 * float(np.trace(S))
            if not power <= min(limit, _OVERFLOW_MARGIN * float(number.max)):
                return max(t - 1, 0)
            K = P @ C.T @ np.linalg.pinv(S, hermitian=True)
            left = np.eye(len(P)) - K @ C
            P = A @ (left @ P @ left.T + K @ R @ K.T) @ A.T + Q
            X = A @ X @ A.T + Q
    return None
