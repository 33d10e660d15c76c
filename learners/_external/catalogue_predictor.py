"""A learner of the catalogue, run as an external predictor."""

from __future__ import annotations

import inspect
import time

import numpy as np
from numpy.typing import ArrayLike

from ...simulator import Trajectories
from .._base import Learner
from .._catalogue import learner_entry, make_learner
from .._engine.replay import replay
from .live_sessions import LearnerSession
from .predictor import ExternalPredictor, Failure, Outcome, check_series, finite_until


class CataloguePredictor(ExternalPredictor):
    """The largest rung of a learner, or that of ``size``, over a whole series at once, through the driver.

    As for every external predictor, the inputs of a sample are not known when it is forecast.

    Args:
        words: ``NAME`` or ``NAME:option=value,..``, ``size`` among the options.

    Raises:
        ValueError: No such learner or option, or a learner that knows the plant.
    """

    def __init__(self, words: str) -> None:
        self.name, self._waiting = words, None
        name, _, rest = words.partition(":")
        parts = [part.strip() for part in rest.split(",") if part]
        sizes = [part.partition("=")[2].strip() for part in parts if part.partition("=")[0].strip() == "size"]
        if len(sizes) > 1 or not all(size.isdecimal() for size in sizes):
            raise ValueError(f"{words}: size must be one whole number, such as {name}:size=4.")
        if "system" in inspect.signature(learner_entry(name).make).parameters:
            raise ValueError(f"{name} needs to know the plant; a predictor that is scored does not know it.")
        others = ",".join(part for part in parts if part.partition("=")[0].strip() != "size")
        self._words = f"{name}:{others}" if others else name
        self._sizes = [int(size) for size in sizes] or None
        self._made: dict[tuple[int, int], Learner] = {}
        make_learner(self._words, dict(sizes=self._sizes))

    def session(self) -> LearnerSession:
        """See ``ExternalPredictor``."""
        return LearnerSession(self._words, self._sizes)

    def run(self, outputs: ArrayLike, inputs: ArrayLike, dt: float) -> Outcome:
        """See ``ExternalPredictor``."""
        y, u = check_series(outputs, inputs)
        (steps, p), m = y.shape, u.shape[1]
        names = tuple(f"y{k}" for k in range(p)), tuple(f"u{k}" for k in range(m)), ("",)
        series = Trajectories(y[None], u[None], np.array([steps]), dt, *names)
        blank = np.full((steps, p), np.nan)
        try:
            if (p, m) not in self._made:
                given = dict(sizes=self._sizes, outputs=p, inputs=m, direct=False)
                self._made[p, m] = make_learner(self._words, given)
                replay(self._made[p, m], series.first(1), known_ahead=0)  # compiles it
            learner = self._made[p, m]
        except ValueError as exc:
            return Outcome(blank, None, blank[:, 0], np.zeros((0, 2)), None, Failure(0, "start", str(exc)))
        start = time.perf_counter()
        forecast = replay(learner, series, known_ahead=0)[0, :, 0, -1]
        seconds = np.full(steps, (time.perf_counter() - start) / steps)
        return finite_until(forecast, seconds, learner.parameters[-1])
