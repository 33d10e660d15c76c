"""The loop of a service: what comes is queued, taken in as it may, and kept.

One task reads the source into a queue of bounded length, another takes all that has come as one micro-batch: under
little load each sample by itself, under much load many at once, the same bits either way. Where the service is slower
than the source, the queue is full and the source waits.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .._messages.metadata import Arrival
from .._sources.interfaces import Arrivals, Sink
from .durability import Durability

if TYPE_CHECKING:
    from .._messages.outputs import Output
    from .service import Service

QUEUE = 4096  # observations that wait
BATCH = 1 << 16  # samples in a micro-batch
LONGEST_WAIT = 0.05  # seconds that the first of many messages waits for the others


async def take_all(service: Service, source: Arrivals, sink: Sink[Output], keeper: Durability | None = None) -> None:
    """Serve until the source ends, or ``service.reader`` is cancelled; then say the last words.

    Raises:
        ValueError: What is taken in cannot be kept.
    """
    queue: asyncio.Queue[Arrival | None] = asyncio.Queue(QUEUE)
    clock, ended = asyncio.get_running_loop().time, False

    async def read() -> None:
        async for came in source:
            await queue.put(came)

    def end(task: asyncio.Task[None]) -> None:
        nonlocal ended
        ended = True
        if not queue.full():
            queue.put_nowait(None)  # wakes who waits; a full queue has nobody waiting

    service.reader = asyncio.create_task(read(), name="ergoscope-read")
    tasks = [service.reader]
    if keeper is not None:
        tasks.append(asyncio.create_task(keeper.keep(), name="ergoscope-keep"))
    for task in tasks:
        task.add_done_callback(end)
    try:
        while not (ended and queue.empty()):
            came, steps = [await queue.get()], 0
            while steps < BATCH and not queue.empty():
                came.append(queue.get_nowait())
                steps += came[-1].steps if came[-1] else 1
            batch = [one for one in came if one is not None]
            if keeper is not None:
                keeper.append(batch)
            begun = clock()
            for said in service.take(batch):
                await sink.send(said)
            spent = clock() - begun
            if keeper is not None:
                keeper.save_when_due()
            await asyncio.sleep(0)  # where neither source nor sink ever waits, signals are seen here
            await _linger(queue, spent, len(batch))
        if keeper is not None:
            keeper.save()  # before what waits is given up: it may come when the service does
        for said in service.finish():
            await sink.send(said)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _linger(queue: asyncio.Queue[Arrival | None], spent: float, last: int) -> None:
    """Let more come where several came at once: many are taken in nearly as fast as one.

    As long as messages do come, there is room, and ten times as long as was spent on the last ones is not over.
    """
    clock = asyncio.get_running_loop().time
    end, there = clock() + min(10 * spent, LONGEST_WAIT), -1 if last > 1 else 0
    while there < queue.qsize() < QUEUE and clock() < end:
        there = queue.qsize()
        await asyncio.sleep(0.001)
