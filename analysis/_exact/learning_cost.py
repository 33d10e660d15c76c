"""What learning costs: the excess of a filter whose taps least squares learns, above the filter of the best taps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...simulator import LinearSystem
from ...simulator._systems.eigenvalues import UNIT_TOLERANCE, distinct_eigenvalues
from .driven_part import driven_part
from .modes import growth_ladder
from .plant import Plant, balanced
from .riccati import innovation_covariances


def learning_cost(
    system: LinearSystem, size: ArrayLike, horizon: int, initial_covariance: ArrayLike | None = None
) -> Any:
    """Return the excess that learning h taps by least squares costs at a horizon, to first order, for each size.

        S (h + sum g_i) / T,    or for explosive systems S (prod |lambda_i|^2 - 1) for h > 0, whatever T

    S is tr S_T of one output. Both run over the modes with |lambda| >= 1 that are driven and seen: g_i is the growth
    exponent of each direction on the unit circle, lambda_i is each eigenvalue outside. The factor h + sum g_i is the
    growth of the log determinant of the window's Gram matrix in units of log T. A chain of m unit modes driven by noise
    has the exponents 1, 3, .., 2m - 1, and their sum is m^2. The Gram matrix then grows like T^2, T^4, .., T^(2m) in
    its m directions, and like T in the other h - m.

    Args:
        system: Time-invariant.
        size: Length h, at least the critical length; a number or an array.
        horizon: T, at least 1.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.

    Raises:
        ValueError: The system is time-varying or ``initial_covariance`` is not a covariance.
    """
    plant = balanced(system, initial_covariance)
    outside = _explosive_moduli(plant)
    innovation = float(np.trace(innovation_covariances(system, [horizon], initial_covariance)[0]))
    taps = np.asarray(size, float)
    if len(outside):
        return (innovation * float(np.prod(outside**2) - 1) * (taps > 0))[()]
    growth = sum(rate.exponent * rate.directions for rate in growth_ladder(plant) if rate.directions)
    return innovation * (taps + growth)[()] / horizon


def explosive(system: LinearSystem, initial_covariance: ArrayLike | None = None) -> bool:
    """Return whether a mode with |lambda| > 1 is driven and seen. Learning it costs a constant excess."""
    return len(_explosive_moduli(balanced(system, initial_covariance))) > 0


def _explosive_moduli(plant: Plant) -> NDArray[np.float64]:
    A = driven_part(plant).A
    moduli = np.abs(distinct_eigenvalues(A)[1]) if len(A) else np.zeros(0)
    return np.asarray(moduli[moduli > 1 + UNIT_TOLERANCE])
