"""A connection to an MQTT broker, by aiomqtt: the one file that knows it.

A lost connection is made again, with pauses that grow to a minute and differ by chance; that is said once. What was
sent meanwhile at QoS 0 is lost; the numbers of the samples tell how much. What comes faster than it is taken pushes out
the oldest and is counted: aiomqtt by itself would drop the newest and count nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self, TypeAlias, cast

import aiomqtt

from ._address import Address
from ._login import read_login, tls_context
from ._seam import Owner, log

WAITING = 10_000  # messages that wait to be taken
MOST_BYTES = 1 << 26  # in those messages
PAUSES = (0.5, 60.0)  # seconds before another try: the first, the longest
Send: TypeAlias = Callable[[str, bytes, bool], Awaitable[None]]  # topic, payload, whether it is retained
_silent = logging.getLogger("ergoscope.streams.client")  # a lost connection is said here, once, and not by the client
_silent.setLevel(logging.CRITICAL + 1)


class Connection(Owner):
    """A connection that lasts while the block does, broken or not.

    Args:
        address: Of the broker; who we are to it is told by the environment (``read_login``).
        subscriptions: Topics to hear, ``+`` standing for any level.
        qos: Of the subscriptions, and of what is sent unless it is retained: 0 or 1.
        will: Topic and payload that the broker sends, retained, when the connection breaks.
        greet: Called with what sends after each connecting, for what it begins with.
        leave: Called before the end, for what it ends with.
        waiting: Messages that may wait to be taken; beyond, the oldest go.
    """

    def __init__(
        self,
        address: Address,
        *,
        subscriptions: Sequence[str] = (),
        qos: int = 0,
        will: tuple[str, bytes] | None = None,
        greet: Callable[[Send], Awaitable[None]] | None = None,
        leave: Callable[[Send], Awaitable[None]] | None = None,
        waiting: int = WAITING,
    ) -> None:
        if qos not in (0, 1):
            raise ValueError(f"qos must be 0 or 1, got {qos}.")
        self._where, self._address = address.broker, address
        self._login, self._tls = read_login(), tls_context() if address.secure else None
        self._subscriptions, self._qos, self._greet, self._leave = subscriptions, qos, greet, leave
        self._queue = _Newest(waiting)
        self._will = None if will is None else aiomqtt.Will(*will, qos=1, retain=True)
        self._client: aiomqtt.Client | None = None
        self._opening = False
        self._mending: asyncio.Task[None] | None = None
        self.unsent = 0

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except aiomqtt.MqttError as exc:
            await self._close()
            raise ConnectionError(
                f"no MQTT broker takes us at {self._where}: {exc}. Is one running there, and are we let in?"
            ) from exc
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mending is not None:
            self._mending.cancel()
        if self._leave is not None:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._leave(self._send)
        await self._close()

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield topic and payload of each message, for ever."""
        while True:
            client = self._client
            assert client is not None
            with contextlib.suppress(aiomqtt.MqttError):
                while True:
                    # The client makes a task for each message that it waits for: only where none is there already.
                    message = await anext(client.messages) if self._queue.empty() else self._queue.get_nowait()
                    yield message.topic.value, message.payload
            await self._reopen(client)

    def take_dropped(self) -> int:
        """Return how many messages were pushed out since this was last asked."""
        dropped, self._queue.dropped = self._queue.dropped, 0
        return dropped

    async def publish(self, topic: str, payload: bytes, retain: bool = False, wait: bool = True) -> None:
        """Send a message.

        Where the connection is broken, and ``wait``, wait for it: a retained message, and any at QoS 1, is then sent
        again; another one is left out, for late samples are of no use and their numbers tell that they are missing.
        Without ``wait`` whatever cannot be sent is left out.
        """
        while True:
            client = self._client
            assert client is not None
            if not wait and self._opening:
                break
            try:
                await self._send(topic, payload, retain)
                return
            except aiomqtt.MqttError:
                if not wait:
                    self._mending = asyncio.create_task(self._reopen(client), name="ergoscope-reopen")
                    break
                await self._reopen(client)
            if not retain and not self._qos:
                break
        self.unsent += 1

    async def _send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        assert self._client is not None
        await self._client.publish(topic, payload, 1 if retain else self._qos, retain)

    async def _open(self) -> None:
        client = aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._login.user,
            password=self._login.password,
            tls_context=self._tls,
            will=self._will,
            socket_options=[
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ],  # else the kernel holds a message back, to 40 ms
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: self._queue),
            logger=_silent,
        )
        await client.__aenter__()
        self._client = client
        for topic in self._subscriptions:
            await client.subscribe(topic, self._qos)
        if self._greet is not None:
            await self._greet(self._send)

    async def _reopen(self, broken: aiomqtt.Client) -> None:
        """Connect again, unless someone else has already."""
        while self._opening:
            await asyncio.sleep(0.1)
        if self._client is not broken:
            return
        self._opening = True
        try:
            await self._try()
        finally:
            self._opening = False

    async def _try(self) -> None:
        log.warning("the broker at %s is gone; it is tried again until it is back.", self._where)
        pause = PAUSES[0]
        while True:
            await self._close()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, PAUSES[1])
            with contextlib.suppress(aiomqtt.MqttError):
                await self._open()
                log.warning("the broker at %s is back.", self._where)
                return

    async def _close(self) -> None:
        if self._client is None:
            return
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)
        lost = self._client._disconnected
        if lost.done() and not lost.cancelled():
            lost.exception()  # seen, so that Python does not say that nobody has


class _Newest(asyncio.Queue[aiomqtt.Message]):
    """A queue that lets the oldest go when it holds too many messages or bytes, and counts."""

    dropped = 0
    size = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        while self.full() or (self.size > MOST_BYTES and not self.empty()):
            self.get_nowait()
            self.dropped += 1
        super().put_nowait(item)

    def _put(self, item: aiomqtt.Message) -> None:
        self.size += len(item.payload)
        super()._put(item)

    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        self.size -= len(item.payload)
        return item
