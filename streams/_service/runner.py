"""The service between a source and a sink: arrivals are queued, taken in together, and kept on the disk.

One task reads the source into a bounded queue. Another task takes everything in the queue as one micro-batch: under
little load one sample, under much load many. The bits are the same. If the service is slower than the source, the queue
is full and the source waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from .._messages.metadata import Arrival
from .._messages.outputs import Output
from .._sources.interfaces import Arrivals, Replacing, Resuming, Sink
from .durability import Durability
from .service import Service

QUEUE = 4096  # arrivals that wait
BATCH = 1 << 16  # samples in a micro-batch
LONGEST_WAIT = 0.05  # seconds that the first of many arrivals waits for the others


async def serve(
    service: Service,
    source: Arrivals,
    sink: Sink[Output],
    *,
    state: Path | None = None,
    every: float = 10.0,
    opened: Callable[[], None] | None = None,
) -> None:
    """Run a service from a source to a sink until the source ends or the task is cancelled.

    At the end all arrivals are taken in, a checkpoint is written, and the service gives its last thresholds. Cancelling
    ends the source in the same order, and ``serve`` returns. A second cancellation ends at once.

    Args:
        service: A service without a sample.
        source: Source of observations, and of the plants behind them; it is opened and closed here.
        sink: Sink of ``Forecasts``, and of a ``Threshold`` when it has changed; it is opened and closed here.
        state: Folder of a journal and of checkpoints. If it holds a state, the service goes on from there: the arrivals
            after the last checkpoint are taken in again, and their outputs are sent again.
        every: Seconds between checkpoints.
        opened: Called when source and sink are open.

    Raises:
        ValueError: The folder cannot be used, or cannot be written, ``every`` is negative,
            or no stream could be learned (``Service.check``).
        Exception: The source, the sink or the service failed; the last thresholds were sent before if possible.
    """
    if not every >= 0:
        raise ValueError(f"the seconds between checkpoints must be at least 0 (after each batch), got {every}.")
    service.check()
    runner = _Runner(service, source, sink)
    work = asyncio.create_task(runner.run(state, every, opened), name="ergoscope-serve")
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        reading = runner.stop(work)
        try:
            await work
        except asyncio.CancelledError:
            if reading:  # cancelled a second time
                raise


class _Runner:
    """A service, its source and its sink; ``stop`` ends the source in order."""

    def __init__(self, service: Service, source: Arrivals, sink: Sink[Output]) -> None:
        self._service, self._source, self._sink = service, source, sink
        self._queue: asyncio.Queue[Arrival | None] = asyncio.Queue(QUEUE)
        self._reader: asyncio.Task[None] | None = None
        self._ended = False

    def stop(self, work: asyncio.Task[None]) -> bool:
        """End the reader in order; if it has not begun, as while there is no broker, cancel all the work.

        Returns:
            Whether it had begun.
        """
        (self._reader or work).cancel()
        return self._reader is not None

    async def run(self, state: Path | None, every: float, opened: Callable[[], None] | None) -> None:
        self._service.rejections = self._source.rejections
        with contextlib.ExitStack() as stack:
            disk = None
            if state is not None:
                disk = stack.enter_context(Durability(self._service, state, self._source, every))
            async with self._source, self._sink:
                if opened is not None:
                    opened()
                for batch in [] if disk is None else disk.recover():
                    await self._take(batch)
                    await asyncio.sleep(0)
                if isinstance(self._source, Replacing):
                    for stream in self._service.uncounted():
                        self._source.remember(*stream)
                if isinstance(self._source, Resuming):
                    self._source.resume(self._service.following())
                await self._read_all(disk)

    async def _read_all(self, disk: Durability | None) -> None:
        """Take in everything from the source; then save, and send the last outputs."""
        self._reader = asyncio.create_task(self._read(), name="ergoscope-read")
        tasks = [self._reader]
        if disk is not None:
            tasks.append(asyncio.create_task(disk.keep(), name="ergoscope-keep"))
        for task in tasks:
            task.add_done_callback(self._end)
        try:
            while not (self._ended and self._queue.empty()):
                batch = await self._next_batch()
                if disk is not None:
                    disk.append(batch)
                seconds = await self._take(batch)
                if disk is not None:
                    disk.save_when_due()
                await asyncio.sleep(0)  # if neither source nor sink ever waits, signals are handled here
                await self._linger(seconds, len(batch))
            if disk is not None:
                disk.save()  # before samples that wait for a lost one are released: it may come after the restart
            for output in self._service.finish():
                await self._sink.send(output)
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _read(self) -> None:
        async for arrival in self._source:
            await self._queue.put(arrival)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._ended = True
        if not self._queue.full():
            self._queue.put_nowait(None)  # wakes the other task; if the queue is full, nobody waits

    async def _next_batch(self) -> list[Arrival]:
        items, steps = [await self._queue.get()], 0
        while steps < BATCH and not self._queue.empty():
            items.append(self._queue.get_nowait())
            steps += items[-1].steps if items[-1] else 1
        return [item for item in items if item is not None]

    async def _take(self, batch: list[Arrival]) -> float:
        """Take in a batch and send the outputs; return the seconds."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        for output in self._service.take(batch):
            await self._sink.send(output)
        return clock() - begun

    async def _linger(self, seconds: float, last: int) -> None:
        """Wait for more arrivals if several came at once: many are taken in nearly as fast as one.

        The wait ends when nothing more comes, when the queue is full, or after ten times the seconds of the last batch.
        """
        clock, size = asyncio.get_running_loop().time, self._queue.qsize
        end, before = clock() + min(10 * seconds, LONGEST_WAIT), -1 if last > 1 else 0
        while before < size() < QUEUE and clock() < end:
            before = size()
            await asyncio.sleep(0.001)
