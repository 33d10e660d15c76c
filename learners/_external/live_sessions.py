"""Sessions of a learner of the catalogue and of fixed weights: in this process, sample by sample.

They are Ergoscope's own code, so they need no process of their own and no time limit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._catalogue import make_learner
from .._engine.replay import Live
from .._fixed.predictor import FixedPredictor
from .sessions import Inputs, Outputs
from .validation import Answer, Failed, read_forecast


class _OwnSession:
    """The calls of ``Session`` that need no process."""

    def __init__(self) -> None:
        self.parameters: int | None = None
        self.lasts = False
        self._held = np.zeros(0)  # the last known inputs

    def check(self) -> None:
        """Return at once."""

    def resident(self) -> int | None:
        """Return None: its memory is that of this process."""

    def end(self) -> bool:
        """Return False: a new session is made at no cost."""
        return False

    def close(self) -> None:
        """Return at once."""

    def _hold(self, u: Inputs) -> Inputs:
        self._held = np.where(np.isnan(u), self._held, u)
        return self._held


class LearnerSession(_OwnSession):
    """The largest rung of a learner, or that of ``size``; a missing input is held at the last one.

    Args:
        words: Name and options of the learner.
        sizes: Its one size, or None.
    """

    def __init__(self, words: str, sizes: Sequence[int] | None) -> None:
        super().__init__()
        self._words, self._sizes = words, sizes

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """See ``Session``."""
        start = time.perf_counter()
        given: dict[str, Any] = dict(sizes=self._sizes, outputs=outputs, inputs=inputs, direct=False)
        try:
            learner = make_learner(self._words, given)
            self._live = Live(learner, outputs, inputs, known_ahead=0)
        except ValueError as exc:
            raise Failed("start", str(exc)) from exc
        self._outputs, self._held, self.parameters = outputs, np.zeros(inputs), learner.parameters[-1]
        return self._answer(start)

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """See ``Session``."""
        start = time.perf_counter()
        self._live.observe(y, self._hold(u) if len(u) else None)
        return self._answer(start)

    def _answer(self, start: float) -> Answer:
        forecast = read_forecast(self._live.forecast[0, -1], self._outputs)
        return Answer(forecast, None, time.perf_counter() - start)


class FixedSession(_OwnSession):
    """Fixed weights, as ``ergoscope export --to json`` writes them.

    Args:
        predictor: The weights.
    """

    def __init__(self, predictor: FixedPredictor) -> None:
        super().__init__()
        self._predictor = predictor

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """See ``Session``."""
        own, start = self._predictor, time.perf_counter()
        if outputs != own.outputs or own.inputs not in (0, inputs):
            asked = f"the file forecasts {own.outputs} outputs from {own.inputs} inputs"
            raise Failed("start", f"{asked}, not {outputs} from {inputs}.")
        self._held, self._running = np.zeros(own.inputs), own.start()
        return self._answer(start)

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """See ``Session``."""
        start = time.perf_counter()
        self._running.observe(y, self._hold(u) if self._predictor.inputs else u[:0])
        return self._answer(start)

    def _answer(self, start: float) -> Answer:
        forecast = read_forecast(self._running.forecast(), self._predictor.outputs)
        return Answer(forecast, None, time.perf_counter() - start)
