"""A predictor with fixed weights from a JSON file, run as an external predictor."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike

from .._fixed.json_file import read_predictor
from .live_sessions import FixedSession
from .predictor import ExternalPredictor, Failure, Outcome, check_series, finite_until


class FixedWeights(ExternalPredictor):
    """A file of ``ergoscope export --to json`` over a whole series at once.

    As for every external predictor, the inputs of a sample are not known when it is forecast: a direct term takes the
    last one known.

    Args:
        words: The file.

    Raises:
        ValueError: The file holds no predictor.
    """

    def __init__(self, words: str) -> None:
        self.name, self._waiting = words, None
        self._predictor = read_predictor(words)

    def session(self) -> FixedSession:
        """See ``ExternalPredictor``."""
        return FixedSession(self._predictor)

    def run(self, outputs: ArrayLike, inputs: ArrayLike, dt: float) -> Outcome:
        """See ``ExternalPredictor``."""
        y, u = check_series(outputs, inputs)
        own = self._predictor
        if y.shape[1] != own.outputs or own.inputs not in (0, u.shape[1]):
            blank = np.full(y.shape, np.nan)
            asked = f"{self.name} forecasts {own.outputs} outputs from {own.inputs} inputs, not {y.shape[1]} from "
            failure = Failure(0, "start", f"{asked}{u.shape[1]}.")
            return Outcome(blank, None, blank[:, 0], np.zeros((0, 2)), None, failure)
        start = time.perf_counter()
        driven = u if own.inputs else u[:, :0]
        if own.uses_input_now:
            forecast, running = np.empty_like(y), own.start()
            for t in range(len(y)):
                forecast[t] = running.forecast()
                running.observe(y[t], driven[t])
        else:
            forecast = own.forecasts(y, driven)
        seconds = np.full(len(y), (time.perf_counter() - start) / len(y))
        parameters = own.about.get("parameters")
        return finite_until(forecast, seconds, parameters if isinstance(parameters, int) else None)
