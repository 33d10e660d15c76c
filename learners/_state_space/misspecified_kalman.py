"""The Kalman predictor with a wrong model of the system."""

from __future__ import annotations

from collections.abc import Iterable

from ...simulator import LinearSystem
from .._base import Learner
from .kalman import KalmanState, kalman


def misspecified_kalman(
    process: float = 1.0,
    measurement: float = 1.0,
    dynamics: float = 1.0,
    lookaheads: Iterable[int] = (1,),
    *,
    system: LinearSystem,
) -> Learner[KalmanState]:
    """Predict with the Kalman filter of a system that is wrong by stated factors.

        A~ = dynamics A,   Q~ = process Q,   R~ = measurement R

    With all three factors 1 it is the Kalman predictor itself, and its excess is rounding. A process noise that is too
    small makes it slow, one that is too large makes it nervous. With a wrong A it loses modes with |lambda| >= 1, and
    the error grows: x - xhat is driven by (1 - dynamics) A x.

    A missing sample gives no update, only a prediction. Cost per step: as ``kalman``.

    Args:
        process: Factor on Q, from 0 on.
        measurement: Factor on R, from 0 on.
        dynamics: Factor on A.
        lookaheads: Samples ahead to forecast, rising.
        system: The true one.

    Returns:
        A learner of one rung, its size the number of states, nothing trainable.

    Raises:
        ValueError: A negative or infinite factor, or lookaheads not rising.

    References:
        H. Heffes, The effect of erroneous models on the Kalman filter response, 1966.
    """
    factors = dict(process=process, measurement=measurement, dynamics=dynamics)
    for word, factor in factors.items():
        if not 0 <= factor < float("inf"):
            raise ValueError(f"{word} must be a factor of at least 0, got {factor}.")
    believed = system
    if any(factor != 1 for factor in factors.values()):
        believed = system.replace(A=dynamics * system.A, Q=process * system.Q, R=measurement * system.R)
    return kalman(believed, lookaheads=lookaheads)
