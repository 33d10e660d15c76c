"""The changes of one recording: what ``learn --changes`` finds in it, sample by sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ...learners import Learner
from ...learners._engine.driver import Driver
from ...learners._engine.scored import scored_ahead
from .change import RATE, Change
from .watch import STEP, ChangeWatch


def recorded_changes(
    learner: Learner,
    outputs: Float[np.ndarray, "time output"],
    inputs: Float[np.ndarray, "time input"] | None = None,
    rate: float = RATE,
    **options: Any,
) -> list[Change]:
    """Return the changes of one run, in order; memory does not grow with its length.

    Args:
        learner: With a short memory, see ``check_watched``.
        outputs: NaN where missing.
        inputs: NaN where missing: held.
        rate: Of false alarms.
        options: Those of ``Driver``: center, precision, ..

    Raises:
        ValueError: The learner has no short memory.
    """
    found: list[Change] = []
    for _, changes in run_watched(learner, outputs[..., None], inputs, rate, **options):
        found += changes.values()
    return found


def run_watched(
    learner: Learner,
    outputs: Float[np.ndarray, "time output lane"],
    inputs: Float[np.ndarray, "time input"] | None = None,
    rate: float = RATE,
    **options: Any,
) -> Any:
    """Yield the watch and the changes by lane after each block of streams that run side by side."""
    p, width = outputs.shape[1:]
    u = np.zeros((len(outputs), 0)) if inputs is None else held(inputs)
    driver = Driver(learner, p, u.shape[1], **(dict(width=width, block=STEP, known_ahead=0) | options))
    watch, lanes, record = ChangeWatch(driver, rate), driver.start(), driver.record()
    for start in range(0, len(outputs), STEP):
        y = outputs[start : start + STEP]
        ahead = u[np.minimum(np.arange(start, start + len(y) + driver.ahead), len(u) - 1)]
        rows, end = np.repeat(ahead[..., None], width, axis=2), np.full(width, len(y), np.int32)
        scored = scored_ahead(y, np.array(lanes.centered), (1,))[:, 0]
        lanes, record = driver.advance(lanes, record, y, rows, np.int32(0), end)
        forecast = np.asarray(record)[: len(y), 0]
        yield watch, watch.compare(lanes, forecast, scored, y, rows, end)


def held(inputs: Float[np.ndarray, "time input"]) -> Float[np.ndarray, "time input"]:
    """Return the inputs with each missing one held at its last value, 0 before the first."""
    if not np.isnan(inputs).any():
        return inputs
    place = np.where(np.isnan(inputs), -1, np.arange(len(inputs))[:, None])
    last = np.maximum.accumulate(place, axis=0)
    return np.where(last < 0, 0.0, np.take_along_axis(inputs, np.maximum(last, 0), axis=0))
