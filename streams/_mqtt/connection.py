"""A connection to an MQTT broker, by aiomqtt: the one file that knows it.

A broker that is not there is tried again, with pauses that grow to a minute and differ by chance; that is said once.
What was sent meanwhile at QoS 0 is lost; the numbers of the samples tell how much. What comes faster than it is taken
pushes out the oldest and is counted: aiomqtt by itself would drop the newest and count nothing. In a session that the
broker keeps nothing is pushed out: the broker sends no more than may be unacknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias, cast

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from .._sources.interfaces import NullContext, log
from .address import Address
from .client import Client, Receipt
from .credentials import read_login, remedy, tls_context
from .drop_oldest_queue import DropOldestQueue

WAITING = 10_000  # messages that wait to be taken
AT_ONCE = socket.IPPROTO_TCP, socket.TCP_NODELAY, 1  # else a message may wait 40 ms for the one before it
IN_FLIGHT = 100  # messages sent at QoS 1 that are not acknowledged yet
ANSWER = 10.0  # seconds that the broker has for each answer
PAUSES = (0.5, 60.0)  # seconds before another try: the first, the longest
REFUSED = 128  # the answer to a subscription that is not granted, and what is beyond it
UNAVAILABLE = (3, 136, 137)  # a broker that refuses us by these may take us later
Broken = aiomqtt.MqttError  # what sending raises when the connection is lost
Send: TypeAlias = Callable[[str, bytes, bool], Awaitable[None]]  # topic, payload, whether it is retained
_silent = logging.getLogger("ergoscope.streams.client")  # a lost connection is said here, once, and not by the client
_silent.setLevel(logging.CRITICAL + 1)


class Message(NamedTuple):
    """What came; it has a receipt in a session that the broker keeps."""

    topic: str
    payload: bytes
    receipt: Receipt | None


class Connection(NullContext):
    """A connection that lasts while the block does, broken or not.

    Args:
        address: Of the broker; who we are to it is told by the environment (``read_login``).
        subscriptions: Topics to hear, ``+`` standing for any level.
        qos: Of the subscriptions, and of what is sent unless it is retained: 0 or 1.
        client: The name by which the broker knows us; by default a new one.
        kept: Whether the broker keeps the subscriptions under that name, and what comes while we are away; then what it
            sends is acknowledged by its receipt alone.
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
        client: str | None = None,
        kept: bool = False,
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
        self._name, self._kept = client, kept
        self._queue: asyncio.Queue[aiomqtt.Message] = DropOldestQueue(waiting)
        self._will = None if will is None else aiomqtt.Will(*will, qos=1, retain=True)
        self._client: Client | None = None
        self._opening = False
        self.unsent = 0

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except aiomqtt.MqttError as exc:
            if _is_final(exc):
                await self._close()
                raise self._refused(exc) from exc
            log.warning("no broker is at %s yet (%s); it is tried again until it is there.", self._where, exc)
            await self._try(first=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._leave is not None and self._client is not None and not self._opening:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._leave(partial(self._send, self._client))
        await self._close()

    @property
    def broken(self) -> bool:
        """Whether the broker is gone, and is tried again."""
        return self._opening

    async def messages(self) -> AsyncIterator[Message]:
        """Yield each message, for ever."""
        while True:
            client = self._client
            assert client is not None
            with contextlib.suppress(aiomqtt.MqttError):
                while True:
                    # The client makes a task for each message that it waits for: only where none is there already.
                    message = await anext(client.messages) if self._queue.empty() else self._queue.get_nowait()
                    receipt = Receipt(client, message.mid) if self._kept and message.qos else None
                    yield Message(message.topic.value, message.payload, receipt)
            await self._reopen(client)

    def take_dropped(self) -> int:
        """Return how many messages were pushed out since this was last asked."""
        if not isinstance(self._queue, DropOldestQueue):
            return 0
        dropped, self._queue.dropped = self._queue.dropped, 0
        return dropped

    async def lives(self) -> AsyncIterator[Send]:
        """Yield what sends over this connection, and anew each time that one is lost; then it raises ``Broken``."""
        while True:
            client = self._client
            assert client is not None
            yield partial(self._send, client)
            await self._reopen(client)

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send a message.

        Where the connection is broken, wait for it: a retained message, and any at QoS 1, is then sent again; another
        one is left out, for late samples are of no use and their numbers tell that they are missing.
        """
        while True:
            client = self._client
            assert client is not None
            with contextlib.suppress(aiomqtt.MqttError):
                await self._send(client, topic, payload, retain)
                return
            await self._reopen(client)
            if not retain and not self._qos:
                self.unsent += 1
                return

    async def _send(self, client: Client, topic: str, payload: bytes, retain: bool = False) -> None:
        sending = asyncio.ensure_future(client.publish(topic, payload, 1 if retain else self._qos, retain))
        try:  # the client by itself would wait ten seconds for a connection that is lost
            await asyncio.wait((sending, client.lost), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise aiomqtt.MqttError("the connection is lost")
            sending.result()
        finally:
            sending.cancel()

    async def _open(self) -> None:
        if self._kept:
            self._queue = asyncio.Queue()  # what waited in the old one comes again
        client = Client(
            self._address.host,
            self._address.port,
            username=self._login.user,
            password=self._login.password,
            identifier=self._name,
            clean_session=not self._kept,
            tls_context=self._tls,
            will=self._will,
            timeout=ANSWER,
            socket_options=[AT_ONCE],
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: self._queue),
            max_inflight_messages=IN_FLIGHT,
            logger=_silent,
            by_hand=self._kept,
        )
        await client.__aenter__()
        self._client = client
        for topic in self._subscriptions:
            (granted, *_) = await client.subscribe(topic, self._qos)
            if (granted if isinstance(granted, int) else granted.value) >= REFUSED:
                log.warning("the broker at %s does not let us hear %s: ask who sets its rules.", self._where, topic)
        if self._greet is not None:
            await self._greet(partial(self._send, client))

    async def _reopen(self, broken: Client) -> None:
        """Connect again, unless someone else has already."""
        while self._opening:
            await asyncio.sleep(0.1)
        if self._client is not broken:
            return
        log.warning("the broker at %s is gone; it is tried again until it is back.", self._where)
        await self._try()

    async def _try(self, first: bool = False) -> None:
        """Connect, however long it takes; at first it is an error to be refused."""
        self._opening, pause = True, PAUSES[0]
        try:
            while True:
                await self._close()
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, PAUSES[1])
                try:
                    await self._open()
                except aiomqtt.MqttError as exc:
                    if first and _is_final(exc):
                        raise self._refused(exc) from exc
                else:
                    log.warning("the broker at %s is %s.", self._where, "there" if first else "back")
                    return
        finally:
            self._opening = False

    def _refused(self, exc: aiomqtt.MqttError) -> ConnectionError:
        return ConnectionError(
            f"no MQTT broker takes us at {self._where}: {exc}. {remedy(str(exc), self._address.secure)}"
        )

    async def _close(self) -> None:
        if self._client is None:
            return
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)
        lost = self._client.lost
        if lost.done() and not lost.cancelled():
            lost.exception()  # seen, so that Python does not say that nobody has


def _is_final(exc: aiomqtt.MqttError) -> bool:
    """Whether to try again is of no use: we are refused, do not trust the broker, or speak otherwise than it does."""
    if isinstance(exc, MqttConnectError):
        return getattr(exc.rc, "value", exc.rc) not in UNAVAILABLE
    return isinstance(exc.__context__, ssl.SSLError) or str(exc) == "Operation timed out"
