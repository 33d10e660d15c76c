"""An aiomqtt client with four additions: the only file that uses paho, the client below aiomqtt.

A message can be acknowledged by hand. The loss of the connection ends every wait: aiomqtt would wait for an answer that
cannot come, and makes two tasks for each message that it waits for. All bytes that have come are read
at once (paho asks the socket three times for each message, and the event loop once). A closed socket is not watched any
more, because another socket may get its number.

It relies on facts that tests/streams/_mqtt/test_client.py checks: ``_client`` is the paho client; after
``manual_ack_set`` it acknowledges only by ``ack``; it reads its socket only by ``_sock_recv``, one packet in each
``loop_read``; a message has its ``mid``, a number on its own connection; ``_disconnected`` is done when the connection
is lost; ``_pending_publishes`` and ``_pending_subscribes`` hold what waits for an answer, ``_queue`` what has come.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import aiomqtt

AHEAD = 1 << 16  # bytes that are read at once
TOGETHER = 100  # messages that are read before other tasks run
LOST = aiomqtt.Message("lost", b"", 0, False, 0, None)  # wakes who waits for a message when there will be none


class Client(aiomqtt.Client):
    """A connection that is opened once.

    Args:
        by_hand: Whether messages are acknowledged only by their receipts.
        options: Options of ``aiomqtt.Client``.
    """

    def __init__(self, *words: Any, by_hand: bool = False, **options: Any) -> None:
        super().__init__(*words, **options)
        self._client.manual_ack_set(by_hand)
        self._thread = threading.get_ident()
        self._ahead = _Ahead(self._client._sock_recv)
        self._client._sock_recv = self._ahead.receive  # type: ignore[method-assign, assignment]

    async def __aenter__(self) -> Self:
        try:
            await super().__aenter__()
        except BaseException:
            self._client._sock_close()  # else it stays open until it is garbage collected, maybe after the loop
            raise
        self._disconnected.add_done_callback(self._end_waits)
        return self

    def _end_waits(self, lost: asyncio.Future[None]) -> None:
        if self._queue.empty():  # else it would push a message out of a full queue
            self._queue.put_nowait(LOST)
        for published in self._pending_publishes.values():
            published.set()
        for granted in self._pending_subscribes.values():
            if not granted.done():
                granted.set_exception(aiomqtt.MqttError("the connection is lost"))

    async def publish(self, *words: Any, **options: Any) -> None:
        """Send a message, and wait until it is on its way; at QoS 1, until it is acknowledged.

        Raises:
            aiomqtt.MqttError: The connection is lost, or was before the answer.
        """
        await super().publish(*words, **options)
        if self._disconnected.done():
            raise aiomqtt.MqttError("the connection is lost")

    @property
    def waiting(self) -> asyncio.Queue[aiomqtt.Message]:
        """The messages that have come; ``LOST`` if the connection is lost when there is none."""
        return self._queue

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done when the connection is over."""
        return self._disconnected

    def acknowledge(self, number: int) -> None:
        """Acknowledge a message at QoS 1; if the connection is over, the broker sends it again."""
        if self._client.is_connected():
            self._client.ack(number, 1)

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        super()._on_socket_open(client, userdata, sock)
        self._loop.call_soon_threadsafe(self._loop.add_reader, sock.fileno(), self._read)  # replaces aiomqtt's reader

    def _read(self) -> None:
        """Read all messages that have come, or ``TOGETHER`` of them."""
        try:
            for _ in range(TOGETHER):
                self._client.loop_read()
                if self._ahead.dry or self._disconnected.done():
                    return
        except Exception as exc:
            if not self._disconnected.done():
                self._disconnected.set_exception(exc)
        else:
            self._loop.call_soon(self._read)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        """Write at once what paho has queued, and the rest when the socket has room again."""

        def write() -> None:
            try:
                client.loop_write()
            except Exception as exc:
                if not self._disconnected.done():
                    self._disconnected.set_exception(exc)

        def watch() -> None:
            if sock.fileno() >= 0 and client.want_write():  # it may have been closed, or written, in between
                self._loop.add_writer(sock.fileno(), write)

        if threading.get_ident() != self._thread:  # while connecting
            self._loop.call_soon_threadsafe(watch)
            return
        write()
        watch()

    def _on_socket_unregister_write(self, client: Any, userdata: Any, sock: Any) -> None:
        if threading.get_ident() != self._thread:
            super()._on_socket_unregister_write(client, userdata, sock)
        elif sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())


class _Ahead:
    """A read buffer of a socket.

    Args:
        receive: Returns at most so many bytes, at least one until the end, or raises BlockingIOError.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive, self._held, self._at = receive, b"", 0
        self.dry = False  # whether the last read found nothing

    def receive(self, most: int) -> bytes:
        if self._at == len(self._held):
            self.dry = True
            self._held, self._at = self._receive(max(most, AHEAD)), 0
            self.dry = False
        begin, self._at = self._at, min(self._at + most, len(self._held))
        return self._held[begin : self._at]


class Receipt(NamedTuple):
    """The receipt of a message: its connection and its number there."""

    client: Client
    number: int

    def acknowledge(self) -> None:
        """Acknowledge the message, if its connection is still open."""
        self.client.acknowledge(self.number)
