"""A sink around a sink: what a service gives goes on as it is, and a predictor runs beside the ladder.

The predictor has a thread and a process of its own for each stream. Samples wait for it in a queue; the service never
waits for it. If it is slower than the samples come, it is stopped when the queue is full.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..._core.text import counted, printable, spaced
from ...learners import open_predictor
from ...learners._external.predictor import ExternalPredictor
from ...learners._external.sessions import Session
from .._messages.beside import Beside
from .._messages.outputs import Forecasts, Output
from .._sources.interfaces import Sink, log
from .service import Service
from .shadow import Ladder, Shadow

STREAMS = 4
WAITING = 1 << 17  # samples of a stream that wait for the predictor
LAST_SECONDS = 10.0  # for the samples that wait at the end
KILLED = 5.0  # seconds for a process to be killed


class BesideSink:
    """Sends the outputs of a service to a sink, and runs a predictor beside it.

        sink = BesideSink(MemorySink(), "my.py:make", service)
        await serve(service, source, sink)

    The sink gets, besides: ``BesideErrors``, and a ``Beside`` whenever the samples compared have doubled, when the
    predictor fails, and at the end.

    Args:
        sink: Sink of the outputs; it is opened and closed here.
        predictor: Its name, as for ``learners.open_predictor``.
        service: The service whose outputs come.
        streams: The most streams that it runs beside, the first ones; each has a process of its own.
        limit: Seconds for each step.
        dt: Sampling time in seconds that the predictor is given.
        waiting: The most samples of a stream that wait for it.

    Raises:
        ValueError: No predictor has this name, its file fails, or a number is not positive.
    """

    def __init__(
        self,
        sink: Sink[Output],
        predictor: str,
        service: Service,
        *,
        streams: int = STREAMS,
        limit: float = 1.0,
        dt: float = 1.0,
        waiting: int = WAITING,
    ) -> None:
        if streams < 1 or waiting < 1:
            raise ValueError(f"there must be at least 1 stream and room for 1 sample, got {streams} and {waiting}.")
        if not 0 < dt < float("inf"):
            raise ValueError(f"dt must be a positive number of seconds, got {dt}.")
        self._sink, self._service, self._most, self._dt, self._waiting = sink, service, streams, dt, waiting
        self._predictor: ExternalPredictor = open_predictor(predictor, limit=limit)
        self._lanes: dict[str, _Lane] = {}
        self._starting, self._sending = threading.Lock(), asyncio.Lock()
        self._outputs: asyncio.Queue[Output] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._refused = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._sink.__aenter__()
        self._task = asyncio.create_task(self._forward(), name="ergoscope-beside")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._finish()
        finally:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            for lane in self._lanes.values():
                lane.abort()
            self.close()
            await self._sink.__aexit__(kind, value, trace)

    def close(self) -> None:
        """End the process that waits for the next stream."""
        self._predictor.close()

    async def send(self, item: Output) -> None:
        """Send an output on; then queue its samples for the predictor."""
        async with self._sending:
            await self._sink.send(item)
        if isinstance(item, Forecasts):
            lane = self._lanes.get(item.stream) or self._begin(item.stream)
            if lane is not None:
                lane.put(item)

    def _begin(self, stream: str) -> _Lane | None:
        """Start a predictor for a stream; None if it runs beside enough of them."""
        if len(self._lanes) == self._most:
            if not self._refused:
                self._refused = True
                log.warning(
                    "the predictor runs beside the first %s only, not beside %s: allow more (--beside-streams %d).",
                    *(counted(self._most, "stream"), printable(stream), 2 * self._most),
                )
            return None
        learner = self._service.learner
        assert learner is not None  # it has made the forecasts
        ladder = Ladder(learner.sizes, learner.size_label)
        name = PurePath(self._predictor.name).name or self._predictor.name  # a path is nobody else's business
        shadow = Shadow(stream, name, self._session, ladder, self._dt)
        self._lanes[stream] = _Lane(shadow, self._emit, self._waiting)
        return self._lanes[stream]

    def _session(self) -> Session:
        with self._starting:
            return self._predictor.session()

    def _emit(self, output: Output) -> None:
        """Queue an output for the sink; called in the thread of a stream."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._outputs.put_nowait, output)

    async def _forward(self) -> None:
        while True:
            output = await self._outputs.get()
            if isinstance(output, Beside) and output.failure is not None:
                log.warning("%s", output.sentence)
            async with self._sending:
                await self._sink.send(output)
            self._outputs.task_done()

    async def _finish(self) -> None:
        """Let the predictor take what waits, for some seconds; then send what it has given."""
        for lane in self._lanes.values():
            lane.finish()
        await self._ended(LAST_SECONDS)
        for lane in self._lanes.values():
            behind = lane.abort()
            if behind:
                name = printable(lane.shadow.stream)
                log.warning("%s: at the end %s waited for the predictor.", name, counted(behind, "sample"))
        await self._ended(KILLED)
        if self._task is not None and not self._task.done():
            await asyncio.sleep(0)  # what the threads have given is queued now
            joined = asyncio.ensure_future(self._outputs.join())
            await asyncio.wait([joined, self._task], return_when=asyncio.FIRST_COMPLETED)
            joined.cancel()

    async def _ended(self, seconds: float) -> None:
        """Wait for the threads."""
        clock = self._loop.time
        end = clock() + seconds
        while clock() < end and any(lane.running for lane in self._lanes.values()):
            await asyncio.sleep(0.005)


class _Lane:
    """The thread of one stream, and the samples that wait for it."""

    def __init__(self, shadow: Shadow, emit: Callable[[Any], None], most: int) -> None:
        self.shadow, self._emit, self._most = shadow, emit, most
        self._changed, self._items, self._waiting = threading.Condition(), deque[Forecasts](), 0
        self._full = self._last = self._aborted = False
        self._thread = threading.Thread(target=self._run, name="ergoscope-beside")  # no daemon: it may compile
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def put(self, item: Forecasts) -> None:
        """Queue samples; if there is no room, all that wait are dropped, and the predictor is stopped."""
        if self._full or self.shadow.given_up:
            return
        item = item._replace(  # copies: the arrays are parts of those of all streams
            output=item.output.copy(),
            forecast=np.ascontiguousarray(item.forecast[:, :1]),
            scored=item.scored.copy(),
            input=None if item.input is None else item.input.copy(),
        )
        with self._changed:
            self._waiting += len(item.output)
            if self._waiting > self._most:
                self._full, self._waiting = True, 0
                self._items.clear()
            else:
                self._items.append(item)
            self._changed.notify()

    def finish(self) -> None:
        """End the thread when it has taken all that waits."""
        with self._changed:
            self._last = True
            self._changed.notify()

    def abort(self) -> int:
        """Drop what waits, and end the process of the predictor; return how many samples waited."""
        with self._changed:
            behind, self._waiting = 0 if self.shadow.given_up else self._waiting, 0
            self._items.clear()
            self._last = self._aborted = True
            self._changed.notify()
        session = self.shadow.session
        if session is not None and self.running:
            session.close()
        return behind

    def _next(self) -> Forecasts | None:
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._full or self._last)
            return self._items.popleft() if self._items else None

    def _run(self) -> None:
        try:
            while not self.shadow.given_up and (item := self._next()) is not None:
                for output in self.shadow.take(item):
                    if not (self._aborted and isinstance(output, Beside) and output.failure is not None):
                        self._emit(output)
                with self._changed:
                    self._waiting = max(self._waiting - len(item.output), 0)
            if self._full and not self.shadow.given_up:
                self._emit(self.shadow.fail("behind", self._behind()))
            for output in self.shadow.finish():
                self._emit(output)
            self._items.clear()
        except Exception as exc:  # a fault here must not end the service, and must be seen
            log.error(
                "the predictor beside %s ends: %s: %.200s", printable(self.shadow.stream), type(exc).__name__, exc
            )
            if self.shadow.session is not None:
                self.shadow.session.close()

    def _behind(self) -> str:
        return (
            f"it is slower than the samples come: {spaced(self._most)} samples waited for it. Of a recording, "
            "ergoscope score --recording waits for it"
        )
