"""Predictors from outside: a user's own, in Python or any language, run over a recorded series.

Time: ``forecast[t]`` is of y[t], made when the predictor had been given y[0..t-1] and u[0..t-1]. It runs in a process
of its own, which is told one sample at a time, and not how many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from .sessions import Session
from .validation import Failed, Kind

LOOKS = 64  # at the memory, in one run


@runtime_checkable
class Predictor(Protocol):
    """What a user writes; each ``predict`` is followed by one ``update``, with the sample that was forecast.

    It may also have

    * ``variance()``, of the error of the last forecast: ``(output,)`` or ``(output, output)``, from which its interval
      is made; None where it has none at that sample;
    * ``parameters``, the number of its trainable parameters, so that it can be held against learners of that size.
    """

    def predict(self) -> ArrayLike:
        """Return the forecast of the next output, ``(output,)``; a number where there is one output."""

    def update(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> None:
        """Take in the sample; NaN where something is missing, ``u`` empty where there are no inputs."""


class Failure(NamedTuple):
    """Why a run ended early.

    Attributes:
        step: The first sample without a forecast. What ``update`` with the sample before does counts here, too.
        kind: ``"raised"``; ``"shape"``, an answer that is none or of another shape; ``"not finite"``; ``"stalled"``,
            no answer in time; ``"ended"``, its process; ``"start"``, there was no predictor to begin with.
        said: The same in words, with the line of the user's file or the end of what was written to standard error.
    """

    step: int
    kind: Kind
    said: str


class Outcome(NamedTuple):
    """One run of a predictor over one series.

    Attributes:
        forecast: NaN from the failure on.
        variance: Of the error of each forecast; NaN where none was given, None where none ever was.
        seconds: Taken to take in the sample before and forecast this one, measured where the predictor runs; of a
            program in another language, of question and answer; of a learner of ours, which runs over all samples at
            once, the mean.
        memory: Sample, and bytes resident in the process of the predictor then, some 64 times a run; empty where they
            cannot be told (in-process; not Linux).
        parameters: Trainable ones, as the predictor says; None where it says nothing.
        failure: Why it ended early, or None.
    """

    forecast: Float[np.ndarray, "time output"]
    variance: Float[np.ndarray, "time output"] | None
    seconds: Float[np.ndarray, " time"]
    memory: Float[np.ndarray, "look 2"]
    parameters: int | None
    failure: Failure | None


class ExternalPredictor:
    """A predictor ready to run, as often as wanted, each time afresh; made by ``open_predictor``.

    Use it in a ``with`` block, or close it: a process waits for the next run.

    Attributes:
        name: The words it was opened with.
    """

    def __init__(self, name: str, start: Callable[[], Session]) -> None:
        self.name, self._start = name, start
        self._waiting: Session | None = start()
        try:
            self._waiting.check()
        except Failed as failed:
            self.close()
            raise ValueError(failed.said) from None

    def __enter__(self) -> ExternalPredictor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what waits for the next run."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def run(self, outputs: ArrayLike, inputs: ArrayLike, dt: float) -> Outcome:
        """Run a fresh predictor over a series, up to its end or to the first failure.

        Args:
            outputs: ``(time, output)``, NaN where missing.
            inputs: ``(time, input)``, of no columns where there are none.
            dt: Sampling time in seconds.

        Returns:
            What it did. Nothing that a predictor does is raised here, apart from KeyboardInterrupt in-process.

        Raises:
            ValueError: The series is none.
        """
        y, u = check_series(outputs, inputs)
        session, self._waiting = self._waiting or self._start(), None
        try:
            if not session.lasts:
                self._waiting = self._start()  # now, so that the next run need not wait for it
            outcome = _follow(session, y, u, float(dt))
        except BaseException:
            session.close()
            raise
        if session.end():
            self.close()
            self._waiting = session
        return outcome


def check_series(
    outputs: ArrayLike, inputs: ArrayLike
) -> tuple[Float[np.ndarray, "time output"], Float[np.ndarray, "time input"]]:
    """Return copies of outputs and inputs, or say what is wrong with them."""
    y, u = (np.array(values, dtype=np.float64, order="C") for values in (outputs, inputs))
    if y.ndim != 2 or u.ndim != 2 or len(y) != len(u) or not y.size:
        raise ValueError(f"a series is (time, output) and (time, input) of one length, got {y.shape} and {u.shape}.")
    if np.isinf(y).any() or np.isinf(u).any():
        raise ValueError("a series must be finite, NaN where missing; it has infinity.")
    return y, u


def _follow(
    session: Session, y: Float[np.ndarray, "time output"], u: Float[np.ndarray, "time input"], dt: float
) -> Outcome:
    steps, p = y.shape
    forecast, variance, seconds = np.full((steps, p), np.nan), np.full((steps, p), np.nan), np.full(steps, np.nan)
    memory: list[tuple[int, int]] = []
    failure, every = None, max(steps // LOOKS, 1)
    for t in range(steps):
        try:
            answer = session.step(y[t - 1], u[t - 1]) if t else session.begin(p, u.shape[1], dt)
        except Failed as failed:
            failure = Failure(t, failed.kind, failed.said)
            break
        forecast[t], seconds[t] = answer.forecast, answer.seconds
        if answer.variance is not None:
            variance[t] = answer.variance
        if t % every == 0 and (held := session.resident()) is not None:
            memory.append((t, held))
    given = None if np.isnan(variance).all() else variance
    looks = np.array(memory, np.float64).reshape(-1, 2)
    return Outcome(forecast, given, seconds, looks, session.parameters, failure)
