"""External predictors: a user's own, in Python or any language, run over a recorded series.

Time: ``forecast[t]`` is of y[t], made when the predictor had received y[0..t-1] and u[0..t-1]. It runs in a process of
its own, which receives one sample at a time and does not know how many there are.
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

LOOKS = 64  # measurements of the memory in one run


@runtime_checkable
class Predictor(Protocol):
    """The object that a user writes. Each ``predict`` is followed by one ``update`` with the sample that was forecast.

    It may also have

    * ``variance()``: the variance of the error of the last forecast, ``(output,)`` or ``(output, output)``; None where
      it has none at that sample. Its interval is made from it.
    * ``parameters``: the number of its trainable parameters, to compare it with learners of that size.
    """

    def predict(self) -> ArrayLike:
        """Return the forecast of the next output, ``(output,)``; a number where there is one output."""

    def update(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> None:
        """Take the sample in: NaN where a value is missing; ``u`` is empty where there are no inputs."""


class Failure(NamedTuple):
    """Why a run ended early.

    Attributes:
        step: The first sample without a forecast. A fault in ``update`` with the sample before counts here, too.
        kind: ``"raised"``: an exception. ``"shape"``: no answer, or one of another shape. ``"not finite"``: NaN or
            infinity. ``"stalled"``: no answer in time. ``"ended"``: its process ended. ``"start"``: the predictor
            could not be made.
        message: The same in words, with the line of the user's file or the last lines of standard error.
    """

    step: int
    kind: Kind
    message: str


class Outcome(NamedTuple):
    """One run of a predictor over one series.

    Attributes:
        forecast: NaN from the failure on.
        variance: Of the error of each forecast; NaN where none was given, None where none ever was.
        seconds: For ``update`` with the sample before and ``predict`` of this one, measured where the predictor runs.
            Of a program: from question to answer. Of a learner of the catalogue, which runs over all samples at once:
            the mean.
        memory: Sample, and bytes resident in the process of the predictor then, some 64 times a run; empty where they
            cannot be measured (in-process; not Linux).
        parameters: Trainable ones, as the predictor reports them; None where it reports none.
        failure: Why it ended early, or None.
    """

    forecast: Float[np.ndarray, "time output"]
    variance: Float[np.ndarray, "time output"] | None
    seconds: Float[np.ndarray, " time"]
    memory: Float[np.ndarray, "look 2"]
    parameters: int | None
    failure: Failure | None


class ExternalPredictor:
    """A predictor ready to run; each run starts a fresh one. ``open_predictor`` returns it.

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
            raise ValueError(failed.message) from None

    def __enter__(self) -> ExternalPredictor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that waits for the next run."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def session(self) -> Session:
        """Return a fresh predictor for one stream, sample by sample; whoever asks for it closes it.

        Of another thread than the last call, too, but not at the same time.
        """
        session, self._waiting = self._waiting or self._start(), None
        return session

    def run(self, outputs: ArrayLike, inputs: ArrayLike, dt: float) -> Outcome:
        """Run a fresh predictor over a series, up to its end or to the first failure.

        Args:
            outputs: ``(time, output)``, NaN where missing.
            inputs: ``(time, input)``, of no columns where there are none.
            dt: Sampling time in seconds.

        Returns:
            Its forecasts, or its failure. Faults of a predictor are not raised here, apart from KeyboardInterrupt
            in-process.

        Raises:
            ValueError: The series has a wrong shape, or infinite values.
        """
        y, u = check_series(outputs, inputs)
        session, self._waiting = self._waiting or self._start(), None
        try:
            if not session.lasts:
                self._waiting = self._start()  # now: the next run then does not wait for it
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
    """Return copies of outputs and inputs.

    Raises:
        ValueError: Their shapes do not fit, or a value is infinite.
    """
    y, u = (np.array(values, dtype=np.float64, order="C") for values in (outputs, inputs))
    if y.ndim != 2 or u.ndim != 2 or len(y) != len(u) or not y.size:
        raise ValueError(
            f"a series must be (time, output) and (time, input) of one length, got {y.shape} and {u.shape}."
        )
    if np.isinf(y).any() or np.isinf(u).any():
        raise ValueError("a series must be finite, or NaN where a value is missing; this one has infinite values.")
    return y, u


def finite_until(
    forecast: Float[np.ndarray, "time output"], seconds: Float[np.ndarray, " time"], parameters: int | None
) -> Outcome:
    """Return the outcome of forecasts that were made at once: up to the first that is not finite."""
    lost, failure = ~np.isfinite(forecast).all(axis=1), None
    if lost.any():
        step = int(lost.argmax())
        failure = Failure(step, "not finite", f"the forecast is {forecast[step].tolist()}.")
        forecast = np.where(np.arange(len(forecast))[:, None] < step, forecast, np.nan)
        seconds[step:] = np.nan
    return Outcome(forecast, None, seconds, np.zeros((0, 2)), parameters, failure)


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
            failure = Failure(t, failed.kind, failed.message)
            break
        forecast[t], seconds[t] = answer.forecast, answer.seconds
        if answer.variance is not None:
            variance[t] = answer.variance
        if t % every == 0 and (held := session.resident()) is not None:
            memory.append((t, held))
    given = None if np.isnan(variance).all() else variance
    looks = np.array(memory, np.float64).reshape(-1, 2)
    return Outcome(forecast, given, seconds, looks, session.parameters, failure)
