"""A system as a Kalman filter of filterpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .linear_system import LinearSystem

if TYPE_CHECKING:
    from filterpy.kalman import KalmanFilter


def to_filterpy(
    system: LinearSystem, mean: ArrayLike | None = None, covariance: ArrayLike | None = None
) -> KalmanFilter:
    """Return the Kalman filter of a system as a ``filterpy.kalman.KalmanFilter``: F = A, B, H = C, Q, R, x and P.

    Its x and P are those of the first sample before that is seen, so the order is forecast, update, predict:

        made = filter.H @ filter.x              # the forecast of y[t], (output, 1)
        filter.update(y)                        # None where it is missing
        filter.predict(u)                       # u[t], (input, 1); without inputs, predict()

    These are the forecasts of ``learners.kalman`` to rounding. filterpy knows no direct term: where D is not zero, the
    forecast is H x + D u[t], and what is given to ``update`` is y - D u[t].

    Args:
        system: Time-invariant.
        mean: Of the first state, ``(state,)``; zero by default.
        covariance: Of the first state, ``(state, state)``; zero by default, as simulations start.

    Raises:
        ModuleNotFoundError: filterpy is not installed.
        ValueError: A time-varying system, or a mean or covariance of another shape.
    """
    if system.time_varying:
        raise ValueError(
            f"{system.name} varies in time, and a KalmanFilter does not: pass one time slice of each matrix."
        )
    n = system.states
    x = np.zeros(n) if mean is None else np.array(mean, np.float64)
    P = np.zeros((n, n)) if covariance is None else np.array(covariance, np.float64)
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
