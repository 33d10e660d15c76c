"""Probes: runs on the same series again, scaled and summed, and on white noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...learners import Outcome
from ...learners._external.predictor import ExternalPredictor
from ...simulator._stress.readings import nominal
from .battery import Case

LENGTH = 2000  # readings
POWER = 10  # data are multiplied by 2^10 and 2^-10


class Probes(NamedTuple):
    """The forecasts of a predictor for series made from two runs ``a`` and ``b`` of the plant."""

    a: Outcome
    b: Outcome
    again: Outcome  # a once more
    larger: Outcome  # 2^10 a
    smaller: Outcome  # 2^-10 a
    sum: Outcome  # a + b
    white: Outcome  # white noise, as large as the steps of a
    series: NDArray[np.float64]  # a, (time, output)
    noise: NDArray[np.float64]  # the white one


def probe(predictor: ExternalPredictor, case: Case) -> Probes:
    """Run the series of ``Probes`` on the plant of a case."""
    scene = case.scene._replace(replicates=2, steps=min(LENGTH, case.scene.steps))
    readings, dt = nominal(scene), scene.system.dt
    (a, b), u = readings.given, readings.inputs
    level = np.diff(a, axis=0).std(axis=0)
    noise = level * np.random.default_rng(scene.seed).standard_normal(a.shape)
    factor = 2.0**POWER
    return Probes(
        a=predictor.run(a, u, dt),
        b=predictor.run(b, u, dt),
        again=predictor.run(a, u, dt),
        larger=predictor.run(factor * a, factor * u, dt),
        smaller=predictor.run(a / factor, u / factor, dt),
        sum=predictor.run(a + b, 2 * u, dt),
        white=predictor.run(noise, 0 * u, dt),
        series=a,
        noise=noise,
    )
