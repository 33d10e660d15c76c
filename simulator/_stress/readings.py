"""What a predictor is given of a plant, and what its reference is told.

Time: a *reading* ``t`` is what a predictor is given; it is of the plant's sample ``sample[t]``. Reading ``t`` is

    given[t] = scale[t] y[sample[t]] + offset[t]

where the sensor does no more to it than that. A fault begins at reading ``begin``; one that passes is over at ``end``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from .._recordings.trajectories import Trajectories
from .._simulation.simulate import simulate
from .._systems.linear_system import LinearSystem

Matrix = NDArray[np.float64]


class Scene(NamedTuple):
    """What a case is made of: the plant constant in time, how long, how often, and when the fault begins and ends."""

    system: LinearSystem
    steps: int
    replicates: int
    begin: int
    end: int
    seed: int


class Readings(NamedTuple):
    """What a predictor is given, and what its reference is told.

    Attributes:
        given: Readings; NaN marks what is missing.
        inputs: Known inputs at the readings.
        system: The plant as the reference knows it.
        seen: What the reference is told, a sample of the plant each; NaN where nothing.
        target: The plant's own output before the sensor's fault, measurement noise included: forecasts are held
            against it.
        sample: Of which sample of the plant a reading is.
        offset: Of a reading, in its own unit.
        scale: Of a reading.
        scored: Whether a reading counts.
    """

    given: Float[np.ndarray, "batch time output"]
    inputs: Float[np.ndarray, "time input"]
    system: LinearSystem
    seen: Trajectories
    target: Float[np.ndarray, "batch sample output"]
    sample: Int[np.ndarray, " time"]
    offset: Float[np.ndarray, "time output"]
    scale: Float[np.ndarray, " time"]
    scored: Bool[np.ndarray, " time"]


def plain(scene: Scene, system: LinearSystem | None = None, samples: int | None = None) -> Readings:
    """Return the readings of a plant that nothing happens to, its inputs a maximum-length binary sequence of +-1."""
    system = scene.system if system is None else system
    steps = scene.steps if samples is None else samples
    seen = simulate(scene.seed, system, steps, scene.replicates, inputs="prbs")
    y = np.asarray(seen.outputs)
    time = np.arange(steps)
    return Readings(
        given=y,
        inputs=np.asarray(seen.inputs[0]),
        system=system,
        seen=seen,
        target=y,
        sample=time,
        offset=np.zeros((steps, system.outputs)),
        scale=np.ones(steps),
        scored=np.ones(steps, bool),
    )


def noise_level(system: LinearSystem) -> Float[np.ndarray, " output"]:
    """Return the standard deviation s of each output n samples after the state was known, n the number of states.

    s^2 = diag(R + sum_{i<n} C A^i Q A^i' C'): the unit that faults are measured in.

    Raises:
        ValueError: The plant varies in time, or an output has no noise.
    """
    if system.time_varying:
        raise ValueError(f"{system.name} varies in time; stress cases need a plant that does not.")
    covariance, reach = system.R.copy(), system.C
    for _ in range(system.states):
        covariance += reach @ system.Q @ reach.T
        reach = reach @ system.A
    level = np.sqrt(np.diag(covariance))
    if not (level > 0).all():
        raise ValueError(f"{system.name} has an output without noise: give Q or R, for faults are measured in it.")
    return np.asarray(level)
