"""One run of an external predictor, from start to end: in this process, in a worker, or as a program.

Time: ``begin`` returns the forecast of sample 0, ``step(y[t], u[t])`` that of sample t + 1.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from .child_process import GRACE, PATIENCE, ChildProcess
from .factory import PredictorFactory, Stepper
from .framing import LENGTH, frame, frame_end
from .validation import Answer, Failed, read_forecast, read_parameters, read_variance

LARGEST = 1 << 14  # bytes of an answer, besides its numbers

Outputs = Float[np.ndarray, " output"]
Inputs = Float[np.ndarray, " input"]


@runtime_checkable
class Session(Protocol):
    """The calls of a run; a call without an answer raises ``Failed``.

    Attributes:
        parameters: Trainable parameters, as the predictor reports them; known after ``begin``.
        lasts: Whether another run can follow; known after ``check``.
    """

    parameters: int | None
    lasts: bool

    def check(self) -> None:
        """Wait until the predictor is found or has failed."""

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """Start on a stream of this shape and forecast its first sample."""

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """Take one sample in and forecast the next."""

    def resident(self) -> int | None:
        """Return the bytes of memory held; None where they cannot be told from those of this process."""

    def end(self) -> bool:
        """End the run; return whether another can begin, else it is closed."""

    def close(self) -> None:
        """End the run and all processes of the session."""


class InProcessSession:
    """In this process: no time limit and nothing is hidden; only the arrays that it receives are copies."""

    def __init__(self, factory: PredictorFactory) -> None:
        self.parameters: int | None = None
        self.lasts, self._factory = True, factory

    def check(self) -> None:
        """Return at once: the predictor is found already."""

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """See ``Session``."""
        with redirect_stdout(sys.stderr):
            self._stepper = Stepper(self._factory, outputs, inputs, dt)
            self.parameters = self._stepper.parameters
            return self._stepper.first()

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """See ``Session``."""
        with redirect_stdout(sys.stderr):
            return self._stepper.next(y.copy(), u.copy())

    def resident(self) -> int | None:
        """Return None: its memory is that of this process."""

    def end(self) -> bool:
        """Return True: there is no process to end."""
        return True

    def close(self) -> None:
        """Return at once: there is no process to end."""


class WorkerSession:
    """In a Python process of its own, a fresh one for each run: see ``worker.py``."""

    def __init__(self, words: str, limit: float) -> None:
        self.parameters: int | None = None
        self.lasts, self._limit, self._ready, self._outputs = False, limit, False, 0
        self._state: Literal["idle", "running", "failed", "lost"] = "idle"
        command = [sys.executable, "-P", "-m", f"{__package__}.worker", words]
        self._process = ChildProcess(command, reports_position=True, environment=dict(OPENBLAS_NUM_THREADS="1"))

    def check(self) -> None:
        """Wait until the name is found."""
        if not self._ready:
            self._process.started()
            self.lasts = self._ask(b"", PATIENCE) == b"many"
            self._ready = True

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """See ``Session``."""
        self.check()
        self._outputs, self._state = outputs, "running"
        stream = json.dumps(dict(outputs=outputs, inputs=inputs, dt=dt)).encode()
        started = json.loads(self._ask(frame(stream), PATIENCE))
        self.parameters = started["parameters"]
        self._process.follow(started["process"])
        return self._answer(self._ask(b"", PATIENCE))

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """See ``Session``."""
        return self._answer(self._ask(frame(y.tobytes() + u.tobytes()), self._limit))

    def resident(self) -> int | None:
        """See ``Session``."""
        return self._process.resident()

    def end(self) -> bool:
        """See ``Session``."""
        if self.lasts and self._state in ("running", "failed"):
            last = frame(b"") if self._state == "running" else b""
            with suppress(Failed):
                if self._process.ask(last, frame_end, LARGEST, GRACE)[LENGTH.size :][:1] == b".":
                    self._state = "idle"
                    return True
            self._state = "lost"
        self.close()
        return False

    def close(self) -> None:
        """See ``Session``."""
        self._process.close(GRACE if self._state == "running" else 0.0)

    def _ask(self, question: bytes, limit: float) -> bytes:
        try:
            content = self._process.ask(question, frame_end, LARGEST + 16 * self._outputs, limit)[LENGTH.size :]
        except Failed as failed:
            self._state = "lost"
            raise failed if self._ready else Failed("start", failed.message) from None
        if content[:1] == b"-":
            self._state = "failed"
            raise Failed(*json.loads(content[1:]))
        if content[:1] == b".":
            self._state = "lost"
            raise Failed("ended", self._process.ending(int(content[1:])))
        return content[1:]

    def _answer(self, content: bytes) -> Answer:
        p = self._outputs
        if len(content) not in (8 * (1 + p), 8 * (1 + 2 * p)):
            self._state = "lost"
            raise Failed("shape", f"the answer of the process has a wrong length, {len(content)} bytes.")
        numbers = np.frombuffer(content)
        variance = numbers[1 + p :]
        return Answer(numbers[1 : 1 + p], variance if len(variance) else None, float(numbers[0]))


class ProgramSession:
    """A program in any language that reads and writes lines of JSON: see docs/predictors.md."""

    def __init__(self, command: Sequence[str], limit: float) -> None:
        self.parameters: int | None = None
        self.lasts, self._limit, self._grace = False, limit, 0.0
        self._process = ChildProcess(command)

    def check(self) -> None:
        """Wait until the program has started."""
        self._process.started()

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        """See ``Session``."""
        self.check()
        self._outputs, self._grace = outputs, GRACE
        return self._ask(dict(outputs=outputs, inputs=inputs, dt=dt), PATIENCE)

    def step(self, y: Outputs, u: Inputs) -> Answer:
        """See ``Session``."""
        return self._ask(dict(y=_nullable(y), u=_nullable(u)), self._limit)

    def resident(self) -> int | None:
        """See ``Session``."""
        return self._process.resident()

    def end(self) -> bool:
        """See ``Session``."""
        self.close()
        return False

    def close(self) -> None:
        """See ``Session``."""
        self._process.close(self._grace)

    def _ask(self, question: dict[str, Any], limit: float) -> Answer:
        start, p = time.perf_counter(), self._outputs
        largest = LARGEST + 32 * (p + p * p)
        line = json.dumps(question, allow_nan=False).encode() + b"\n"
        try:
            reply = self._process.ask(line, lambda received: received.find(b"\n") + 1, largest, limit)
        except Failed:
            self._grace = 0.0
            raise
        seconds = time.perf_counter() - start
        try:
            answer = json.loads(reply)
        except (ValueError, RecursionError):
            raise Failed(
                "shape", f"an answer must be one line of JSON, got {reply.decode(errors='replace')!r}"
            ) from None
        if not isinstance(answer, dict):
            answer = dict(forecast=answer)
        if "parameters" in answer:
            self.parameters = read_parameters(answer["parameters"])
        return Answer(read_forecast(answer.get("forecast"), p), read_variance(answer.get("variance"), p), seconds)


def _nullable(numbers: Float[np.ndarray, " any"]) -> list[float | None]:
    return [None if math.isnan(number) else number for number in numbers.tolist()]
