"""An outbox: observations are on the disk before they are sent, and are sent until they are acknowledged.

The journal numbers the observations. Those on the disk are sent in order, with a limited number of them not yet
acknowledged. After a lost connection and after a restart the last ones are sent again, acknowledged or not: a broker
that was killed may have lost messages that it acknowledged. A receiver drops repeated samples by epoch and sequence.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...simulator import LinearSystem
from .._messages.observation import Observation
from .._sources.interfaces import log
from .._storage.journal import Journal
from .address import Address
from .connection import IN_FLIGHT, Broken, Send
from .source_and_sinks import MqttSink

AGAIN = 1000  # observations that are sent again
SEGMENT = 1 << 20  # bytes of a segment of its journal
LEAVING = 5.0  # seconds to wait for acknowledgements after a signal


class Outbox(MqttSink):
    """Publishes observations at QoS 1; none is lost between two starts.

    Args:
        address: As for ``MqttSink``.
        meta, system: As for ``MqttSink``.
        folder: State folder with the journal.
        client: Client identifier.

    Raises:
        ValueError: The folder cannot be used, or another process uses it.
    """

    def __init__(
        self,
        address: Address,
        meta: Mapping[str, Any],
        folder: Path,
        client: str,
        system: LinearSystem | None = None,
    ) -> None:
        super().__init__(address, meta, 1, client, system)
        self._journal = Journal(folder / "journal", SEGMENT)
        self._last: deque[tuple[str, bytes]] = deque(maxlen=AGAIN)  # the last messages
        self._kept, self._sent, self._done = self._journal.position, self._journal.position, set[int]()
        self._moved = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> int:
        """Observations since the first start; a source that starts again leaves out so many."""
        return self._journal.position

    async def __aenter__(self) -> Self:
        for item in self._journal.read(max(self._journal.first, self.position - AGAIN)):
            assert isinstance(item, Observation)  # an outbox holds nothing else
            self.introduce(item)
            self._last.append(self.message(item))
        self._sent = self.position - len(self._last)
        try:
            await super().__aenter__()
        except BaseException:
            self._journal.__exit__(None, None, None)
            raise
        for work in (self._journal.keep(self._note_kept), self._deliver()):
            task = asyncio.create_task(work, name="ergoscope-outbox")
            task.add_done_callback(lambda _: self._moved.set())
            self._tasks.append(task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self._until(lambda: self._sent == self.position)
            elif issubclass(kind, asyncio.CancelledError):  # ended by a signal
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._until(lambda: self._sent == self.position), LEAVING)
        finally:
            if self._sent < self.position:
                log.warning("%d messages are not acknowledged: the next start sends them.", self.position - self._sent)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._journal.__exit__(kind, value, trace)
            await super().__aexit__(kind, value, trace)

    async def send(self, item: Observation) -> None:
        """Append an observation to the journal; wait while too many are not acknowledged."""
        message = self.message(item)
        if self.introduce(item):
            await self._announce(self.connection.publish, item.stream)
        await self._until(lambda: self.position - self._sent < IN_FLIGHT)
        self._journal.append([item])
        self._journal.drop_before(self.position - AGAIN)
        self._last.append(message)

    async def _until(self, ready: Callable[[], bool]) -> None:
        """Wait until ``ready``; an error of a task is raised here."""
        while True:
            for task in self._tasks:
                if task.done():
                    task.result()
            if ready():
                return
            self._moved.clear()
            await self._moved.wait()

    def _note_kept(self, position: int) -> None:
        self._kept = position
        self._moved.set()

    async def _deliver(self) -> None:
        async for send in self.connection.lives():
            try:
                async with asyncio.TaskGroup() as group:
                    await self._deliver_by(send, group)
            except* Broken:
                pass

    async def _deliver_by(self, send: Send, group: asyncio.TaskGroup) -> None:
        """Send the messages on the disk, from the oldest one kept, while the connection is open."""
        number = self._sent = self.position - len(self._last)
        self._done.clear()
        while True:
            while number >= min(self._kept, self._sent + IN_FLIGHT):
                self._moved.clear()
                await self._moved.wait()
            message = self._last[number - self.position]
            group.create_task(self._post(send, number, *message))
            number += 1

    async def _post(self, send: Send, number: int, topic: str, payload: bytes) -> None:
        await send(topic, payload, False)
        self._done.add(number)
        while self._sent in self._done:
            self._done.remove(self._sent)
            self._sent += 1
        self._moved.set()
