"""The steady Kalman predictor of a plant, as a predictor with fixed weights."""

from __future__ import annotations

from ...learners import StateSpacePredictor
from ...simulator import LinearSystem, find_system
from .riccati import kalman_gain


def kalman_predictor(system: LinearSystem | str) -> StateSpacePredictor:
    """Return the steady Kalman predictor of a plant: the best linear predictor after the start.

    Args:
        system: Constant in time, or its name as in ``find_system``.

    Raises:
        ValueError: The system varies in time, or it has no steady gain.

    Examples:
        >>> kalman_predictor("random-walk").F.round(3).tolist()
        [[0.382]]
    """
    plant = find_system(system)
    if plant.time_varying:
        raise ValueError(f"{plant.name} varies in time, so it has no steady Kalman predictor: pass one time slice.")
    about = dict(source=plant.name, learner="kalman", size=plant.states, parameters=0)
    return StateSpacePredictor.of(plant, kalman_gain(plant).gain, about)
