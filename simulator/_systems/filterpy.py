"""Systems as Kalman filters of filterpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..._core.arrays import real_array
from .find import find_system
from .linear_system import LinearSystem

if TYPE_CHECKING:
    from filterpy.kalman import KalmanFilter


def to_filterpy(
    system: LinearSystem | str, mean: ArrayLike | None = None, covariance: ArrayLike | None = None
) -> KalmanFilter:
    """Return the Kalman filter of a system as a ``filterpy.kalman.KalmanFilter``: F = A, B, H = C, Q, R, x and P.

    x and P belong to the first sample, before its measurement. The order is therefore: forecast, update, predict.

        forecast = filter.H @ filter.x          # of y[t], (output, 1)
        filter.update(y)                        # None if y is missing
        filter.predict(u)                       # u[t], (input, 1); without inputs, predict()

    The forecasts equal those of ``learners.kalman`` up to rounding. filterpy has no direct term: if D is not zero, the
    forecast is H x + D u[t], and ``update`` gets y - D u[t].

    Args:
        system: A time-invariant system, or its name as in ``find_system``.
        mean: Mean of the first state, ``(state,)``; zero by default.
        covariance: Covariance of the first state, ``(state, state)``; zero by default, as in simulations.

    Raises:
        ModuleNotFoundError: filterpy is not installed.
        ValueError: The system varies in time, or mean or covariance has another shape.
    """
    system = find_system(system)
    if system.time_varying:
        raise ValueError(f"{system.name} varies in time, a KalmanFilter does not: pass one time slice of each matrix.")
    n = system.states
    x = np.zeros(n) if mean is None else real_array("mean", mean)
    P = np.zeros((n, n)) if covariance is None else real_array("covariance", covariance)
    if x.shape != (n,) or P.shape != (n, n):
        raise ValueError(f"mean and covariance must have shapes ({n},) and ({n}, {n}), got {x.shape} and {P.shape}.")
    try:
        from filterpy.kalman import KalmanFilter
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError("to_filterpy needs filterpy: pip install filterpy", name=exc.name) from exc
    made = KalmanFilter(dim_x=n, dim_z=system.outputs, dim_u=system.inputs)
    made.x, made.P = x[:, None], P
    made.F, made.H, made.Q, made.R = (matrix.copy() for matrix in (system.A, system.C, system.Q, system.R))
    made.B = system.B.copy() if system.inputs else None
    return made
