"""The readings of a predictor under a fault, and the data of its reference.

Time: *reading* ``t`` is the measurement that a predictor gets at time ``t``. It belongs to sample ``sample[t]`` of the
plant. With a linear sensor

    given[t] = scale[t] y[sample[t]] + offset[t].

A fault begins at reading ``begin``; a temporary fault ends at ``end``.
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


class Scenario(NamedTuple):
    """A time-invariant plant, the number of steps and replicates, and the times at which the fault begins and ends."""

    system: LinearSystem
    steps: int
    replicates: int
    begin: int
    end: int
    seed: int


class Readings(NamedTuple):
    """The readings of a predictor, and the data of its reference.

    Attributes:
        given: Readings; NaN marks a missing one.
        inputs: Known inputs at the readings.
        system: The plant model of the reference.
        seen: Measurements of the reference, one per sample of the plant; NaN marks a missing one.
        target: Output of the plant before the sensor's fault, with measurement noise. Forecasts are compared with it.
        sample: The sample of the plant that each reading belongs to.
        offset: Offset of each reading, in the unit of the output.
        scale: Scale of each reading.
        scored: Whether the forecast of a reading counts.
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


def nominal(scenario: Scenario, system: LinearSystem | None = None, samples: int | None = None) -> Readings:
    """Return the readings without a fault; the inputs are a maximum-length binary sequence of +-1."""
    system = scenario.system if system is None else system
    steps = scenario.steps if samples is None else samples
    seen = simulate(scenario.seed, system, steps, scenario.replicates, inputs="prbs")
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
    """Return the standard deviation s of the n-step forecast of each output from a known state, n states.

    s^2 = diag(R + sum_{i<n} C A^i Q A^i' C'). Faults are given in units of s.

    Raises:
        ValueError: The plant varies in time, or an output has no noise.
    """
    if system.time_varying:
        raise ValueError(f"{system.name} varies in time; stress cases need a time-invariant plant.")
    covariance, reach = system.R.copy(), system.C
    for _ in range(system.states):
        covariance += reach @ system.Q @ reach.T
        reach = reach @ system.A
    level = np.sqrt(np.diag(covariance))
    if not (level > 0).all():
        raise ValueError(
            f"{system.name} has an output without noise: give Q or R; faults are given in units of the noise."
        )
    return np.asarray(level)
