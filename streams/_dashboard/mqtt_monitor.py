"""Look on at streams over MQTT; nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from .._mqtt.address import Address, read_address
from .._mqtt.connection import Connection
from .._mqtt.source_and_sinks import MqttSource
from .._sources.interfaces import NullContext, forward
from .._sources.parquet import RecordSink
from .board import Board
from .monitor import Monitor, Row


async def watch(
    where: str, show: Callable[[list[Row], int], None], every: float = 0.5, seconds: float = math.inf
) -> None:
    """Hear what is said of streams and show it, again and again.

    Args:
        where: ``mqtt://host:1883/lab`` or ``lab/+`` for all of ``lab``, ``lab/plant1`` for one.
        show: Called with a row for each stream, and how many messages were not as described.
        every: Seconds from one showing to the next.
        seconds: After which it ends; it ends, too, when it is cancelled.

    Raises:
        ConnectionError: No broker takes us there.
        ValueError: It is no such address, or the time is not positive.
    """
    if not seconds > 0:
        raise ValueError(f"a time to watch is a positive number of seconds, got {seconds}.")
    address, clock = read_address(where), asyncio.get_running_loop().time
    heard, end = Monitor(address), clock() + seconds
    async with Connection(address, subscriptions=heard.topics) as connection, _hearing(connection, heard) as hearing:
        with contextlib.suppress(asyncio.CancelledError):
            while clock() < end and not hearing.done():
                await asyncio.wait([hearing], timeout=min(every, max(end - clock(), 0)))
                show(heard.rows(clock()), heard.ignored)
        if hearing.done() and not hearing.cancelled():
            hearing.result()


class LiveBoard(NullContext):
    """A board of what comes from a broker, one place after the other; it says so where nothing does.

    Args:
        recording: Folder where all samples are recorded, too; None: they are not.
    """

    def __init__(self, recording: Path | None = None) -> None:
        self.recording = recording
        self._board: Board | None = None
        self._connection: Connection | None = None
        self._listening: asyncio.Task[None] | None = None

    def frame(self, stream: str | None) -> dict[str, Any]:
        """Return all that a page of this stream draws (``Board.frame``)."""
        if self._board is None:
            return dict(where="", broken="nothing runs yet", stream=None, streams=[], counts={})
        if self._connection is None or self._connection.broken:
            self._board.broken = f"the broker at {self._board.where} is not there; it is tried until it is"
        else:
            self._board.broken = ""
        return self._board.frame(stream)

    async def listen(self, address: Address) -> None:
        """Forget what was shown, and show what comes from there."""
        await self._end()
        board = self._board = Board(address, asyncio.get_running_loop().time)

        async def listen() -> None:
            await asyncio.gather(show(), *([] if self.recording is None else [record(self.recording)]))

        async def record(folder: Path) -> None:
            await forward(MqttSource(address), RecordSink(folder))

        async def show() -> None:
            async with Connection(address, subscriptions=board.topics) as connection:
                self._connection = connection
                async with _hearing(connection, board) as hearing:
                    await hearing

        self._listening = asyncio.create_task(listen(), name="ergoscope-board")

    async def last(self) -> None:
        """Go on until cancelled.

        Raises:
            ConnectionError: The broker does not let us in.
        """
        while (listening := self._listening) is not None:
            await asyncio.wait([listening])
            if listening.cancelled():
                await asyncio.sleep(0.05)  # another place is listened to next
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
            heard.hear(message.topic, message.payload, clock())

    task = asyncio.create_task(hear(), name="ergoscope-watch")
    try:
        yield task
    finally:
        task.cancel()
