"""Monitors of streams over MQTT; nothing is published."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from .._mqtt.address import Address, read_streams
from .._mqtt.connection import Connection
from .._mqtt.source_and_sinks import MqttSource
from .._sources.interfaces import NullContext, Source, forward
from .._sources.parquet import RecordSink
from .board import Board
from .monitor import Monitor, Row


async def watch(
    where: str, show: Callable[[list[Row], int], None], every: float = 0.5, seconds: float = math.inf
) -> None:
    """Show the published outputs of streams, again and again.

    Args:
        where: ``mqtt://host:1883/lab`` or ``lab/+`` for all streams of ``lab``, ``lab/plant1`` for one, or the topics
            that are learned.
        show: Called with a row for each stream, and the number of messages of another form.
        every: Seconds between two calls.
        seconds: It ends after so many, whether a broker is there or not; it also ends when it is cancelled.

    Raises:
        ConnectionError: The broker rejects the connection.
        ValueError: The address has another form, or the time is not positive.
    """
    if not seconds > 0:
        raise ValueError(f"a time to watch is a positive number of seconds, got {seconds}.")
    address, clock = read_streams(where), asyncio.get_running_loop().time
    heard, end = Monitor(address), clock() + seconds

    async def hear() -> None:
        connection = Connection(address, subscriptions=heard.topics)
        async with connection, _hearing(connection, heard) as hearing:
            await hearing

    task = asyncio.create_task(hear(), name="ergoscope-watch")
    try:
        with contextlib.suppress(asyncio.CancelledError):
            while clock() < end and not task.done():
                await asyncio.wait([task], timeout=min(every, max(end - clock(), 0)))
                show(heard.rows(clock()), heard.ignored)
        if task.done() and not task.cancelled():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class LiveBoard(NullContext):
    """A board of one address after another; it shows when nothing comes.

    Args:
        recording: Folder where all samples are recorded; None: they are not.
        source: Returns the source of the samples that are recorded; None: messages in the product's own format.
    """

    def __init__(self, recording: Path | None = None, source: Callable[[], Source] | None = None) -> None:
        self.recording, self._source = recording, source
        self._board: Board | None = None
        self._connection: Connection | None = None
        self._listening: asyncio.Task[None] | None = None

    def frame(self, stream: str | None) -> dict[str, Any]:
        """Return everything that a page of a stream draws (``Board.frame``)."""
        if self._board is None:
            return dict(where="", broken="nothing runs yet", stream=None, streams=[], counts={})
        if self._connection is None or self._connection.broken:
            self._board.broken = f"there is no connection to {self._board.where}; it is tried again until there is"
        else:
            self._board.broken = ""
        return self._board.frame(stream)

    async def listen(self, address: Address) -> None:
        """Show the streams of this address from now on."""
        await self._end()
        board = self._board = Board(address, asyncio.get_running_loop().time)

        async def listen() -> None:
            await asyncio.gather(show(), *([] if self.recording is None else [record(self.recording)]))

        async def record(folder: Path) -> None:
            await forward(MqttSource(address) if self._source is None else self._source(), RecordSink(folder))

        async def show() -> None:
            async with Connection(address, subscriptions=board.topics) as connection:
                self._connection = connection
                async with _hearing(connection, board) as hearing:
                    await hearing

        self._listening = asyncio.create_task(listen(), name="ergoscope-board")

    async def last(self) -> None:
        """Run until cancelled.

        Raises:
            ConnectionError: The broker rejects the connection.
        """
        while (listening := self._listening) is not None:
            await asyncio.wait([listening])
            if listening.cancelled():
                await asyncio.sleep(0.05)  # another address follows
            elif listening is self._listening:
                listening.result()

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        self._connection = None
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])


@contextlib.asynccontextmanager
async def _hearing(connection: Connection, heard: Monitor) -> AsyncIterator[asyncio.Task[None]]:
    clock = asyncio.get_running_loop().time

    async def hear() -> None:
        async for message in connection.messages():
            heard.dropped += connection.take_dropped()
            if message.retained and message.topic.endswith("/ergoscope/error"):
                heard.ignored += 1  # an old message, not a new sample
            else:
                heard.hear(message.topic, message.payload, clock())

    task = asyncio.create_task(hear(), name="ergoscope-watch")
    try:
        yield task
    finally:
        task.cancel()
