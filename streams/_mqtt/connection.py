"""A connection to an MQTT broker that opens again when it is lost: the only file that uses aiomqtt.

If the broker is not there, the connection is tried again, after random pauses that grow to a minute; the log says it
once. Messages of that time at QoS 0 are lost; the numbers of the samples show how many. Messages that come faster than
they are read push out the oldest ones, which are counted. In a session that the broker keeps nothing is pushed out: the
broker sends only a limited number of unacknowledged messages.
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
from .client import LOST, Client, Receipt
from .credentials import read_login, remedy, tls_context
from .drop_oldest_queue import DropOldestQueue

WAITING = 10_000  # messages that wait to be read
AT_ONCE = socket.IPPROTO_TCP, socket.TCP_NODELAY, 1  # otherwise a message may wait 40 ms for the one before
IN_FLIGHT = 100  # messages sent at QoS 1 that are not acknowledged yet
ANSWER = 10.0  # seconds in which the broker must answer
PAUSES = (0.5, 60.0)  # seconds before another try: the first and the longest
STABLE = 120.0  # seconds after which a connection is stable
MOST_LOSSES = 4  # losses of connections that were not stable, after which pauses grow
GIVE_UP = 300.0  # seconds of such losses after which a named client ends
REFUSED = 128  # reason codes from here on reject a subscription
UNAVAILABLE = (3, 136, 137)  # reason codes of a broker that may accept later
Broken = aiomqtt.MqttError  # raised by sending when the connection is lost
Send: TypeAlias = Callable[[str, bytes, bool], Awaitable[None]]  # topic, payload, whether it is retained
_silent = logging.getLogger("ergoscope.streams.client")  # this file logs a lost connection, once
_silent.setLevel(logging.CRITICAL + 1)


class Message(NamedTuple):
    """A message; it has a receipt in a session that the broker keeps."""

    topic: str
    payload: bytes
    receipt: Receipt | None
    retained: bool = False  # whether it is an old message that the broker has kept


class Connection(NullContext):
    """A connection while the block runs; if it is lost, it is opened again.

    Args:
        address: Broker; user and password come from the environment (``read_login``).
        subscriptions: Topics, where ``+`` means any level.
        qos: QoS of the subscriptions and of published messages that are not retained: 0 or 1.
        client: Client identifier; None: a new one.
        kept: Whether the broker keeps the session, and the messages while this client is away; if so, a message is
            acknowledged only by its receipt.
        will: Topic and payload that the broker publishes, retained, when the connection is lost.
        greet: Called with a function that sends, after each connection.
        leave: Called with a function that sends, before the end.
        waiting: The most messages that wait; if more come, the oldest are dropped.
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
        self._losses, self._opened_at, self._unstable_since = 0, 0.0, 0.0
        self.unsent = 0

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except aiomqtt.MqttError as exc:
            if _is_final(exc):
                await self._close()
                raise self._refused(exc) from exc
            log.warning("there is no broker at %s yet (%s); it is tried again until it is there.", self._where, exc)
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
        """Whether the connection is lost and is being opened."""
        return self._opening

    async def messages(self) -> AsyncIterator[Message]:
        """Yield each message, until cancelled."""
        while True:
            client = self._client
            assert client is not None
            if client.waiting.empty() and client.lost.done():
                await self._reopen(client)
                continue
            message = await client.waiting.get()
            if message is not LOST:
                receipt = Receipt(client, message.mid) if self._kept and message.qos else None
                yield Message(message.topic.value, message.payload, receipt, message.retain)

    def take_dropped(self) -> int:
        """Return the number of messages dropped since the last call."""
        if not isinstance(self._queue, DropOldestQueue):
            return 0
        dropped, self._queue.dropped = self._queue.dropped, 0
        return dropped

    async def lives(self) -> AsyncIterator[Send]:
        """Yield a function that sends over the connection, and a new one after each loss; it raises ``Broken`` then."""
        while True:
            client = self._client
            assert client is not None
            yield partial(self._send, client)
            await self._reopen(client)

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Send a message.

        If the connection is lost, wait for it. Then a retained message, or one at QoS 1, is sent again; another message
        is left out: late samples are of no use, and their numbers show that they are missing.
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
        await client.publish(topic, payload, 1 if retain else self._qos, retain)

    async def _open(self) -> None:
        if self._kept:
            self._queue = asyncio.Queue()  # messages in the old queue come again
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
        self._client, self._opened_at = client, asyncio.get_running_loop().time()
        for topic in self._subscriptions:
            (granted, *_) = await client.subscribe(topic, self._qos)
            if (granted if isinstance(granted, int) else granted.value) >= REFUSED:
                log.warning(
                    "the broker at %s rejects the subscription of %s: ask its administrator for access.",
                    self._where,
                    topic,
                )
        if self._greet is not None:
            await self._greet(partial(self._send, client))

    async def _reopen(self, broken: Client) -> None:
        """Open the connection again, unless another task has."""
        while self._opening:
            await asyncio.sleep(0.1)
        if self._client is not broken:
            return
        await self._try(pause=self._note_loss(asyncio.get_running_loop().time()))

    def _note_loss(self, now: float) -> float:
        """Log the first of several losses; return the seconds to wait, more after each of them.

        Two clients with one identifier end each other's connection for ever: after a time that is an error.

        Raises:
            ConnectionError: No connection of a named client has lasted for ``GIVE_UP`` seconds.
        """
        if now - self._opened_at >= STABLE:
            self._losses = 0
        self._losses += 1
        if self._losses == 1:
            self._unstable_since = self._opened_at
            log.warning("the connection to the broker at %s is lost; it is tried again until it is back.", self._where)
        if self._name is None or self._losses < MOST_LOSSES:
            return PAUSES[0]
        text = (
            f"the broker at {self._where} ends the connection of client {self._name} again and again: does another "
            "process use this state folder, or a copy of it? End one of them"
        )
        if self._losses == MOST_LOSSES:
            log.warning("%s.", text)
        if now - self._unstable_since >= GIVE_UP:
            raise ConnectionError(f"{text}; tried for {GIVE_UP:.0f} seconds.")
        return min(PAUSES[0] * 2.0 ** (self._losses - MOST_LOSSES + 1), PAUSES[1])

    async def _try(self, first: bool = False, pause: float | None = None) -> None:
        """Open the connection, however long it takes; at the start a rejection is an error."""
        self._opening, pause = True, PAUSES[0] if pause is None else pause
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
                    if self._losses < MOST_LOSSES:
                        log.warning("the broker at %s is %s.", self._where, "there" if first else "back")
                    return
        finally:
            self._opening = False

    def _refused(self, exc: aiomqtt.MqttError) -> ConnectionError:
        return ConnectionError(
            f"the broker at {self._where} cannot be used: {exc}. {remedy(str(exc), self._address.secure)}"
        )

    async def _close(self) -> None:
        if self._client is None:
            return
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)
        lost = self._client.lost
        if lost.done() and not lost.cancelled():
            lost.exception()  # retrieved, so that asyncio does not log it


def _is_final(exc: aiomqtt.MqttError) -> bool:
    """Return whether another try is of no use: the broker rejects us, is not trusted, or uses another protocol."""
    if isinstance(exc, MqttConnectError):
        return getattr(exc.rc, "value", exc.rc) not in UNAVAILABLE
    return isinstance(exc.__context__, ssl.SSLError) or str(exc) == "Operation timed out"
