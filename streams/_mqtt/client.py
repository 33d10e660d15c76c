"""The client of aiomqtt with what it does not offer: the one file that reaches through it to paho below.

A message can be acknowledged by hand; that a connection is lost can be waited for; all that has come is read at once,
where paho asks the socket three times for each message and the loop once; and a socket that is closed is not watched
any more, by whose number another may be open.

It relies on what tests/streams/_mqtt/test_client.py pins: ``_client`` is the client of paho, which acknowledges
nothing by itself after ``manual_ack_set``, and with ``ack`` what it is told; it reads its socket by ``_sock_recv``
alone, one packet in a ``loop_read``; a message carries its ``mid``, which counts on its own connection alone;
``_disconnected`` is done when the connection is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import aiomqtt

AHEAD = 1 << 16  # bytes that are asked for at once
TOGETHER = 100  # messages that are read before others have their turn


class Client(aiomqtt.Client):
    """A connection, made once.

    Args:
        by_hand: Whether nothing is acknowledged but by its receipt.
        options: Of ``aiomqtt.Client``.
    """

    def __init__(self, *words: Any, by_hand: bool = False, **options: Any) -> None:
        super().__init__(*words, **options)
        self._client.manual_ack_set(by_hand)
        self._ahead = _Ahead(self._client._sock_recv)
        self._client._sock_recv = self._ahead.receive  # type: ignore[method-assign, assignment]

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except BaseException:
            self._client._sock_close()  # else it is open until Python collects it, maybe after the loop
            raise

    @property
    def lost(self) -> asyncio.Future[None]:
        """Done when the connection is over."""
        return self._disconnected

    def acknowledge(self, number: int) -> None:
        """Acknowledge a message at QoS 1; nothing where the connection is over, for then it is sent again."""
        if self._client.is_connected():
            self._client.ack(number, 1)

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        super()._on_socket_open(client, userdata, sock)
        self._loop.call_soon_threadsafe(self._loop.add_reader, sock.fileno(), self._read)  # in place of theirs

    def _read(self) -> None:
        """Take what has come, until there is nothing more or others wait."""
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
        def write() -> None:
            try:
                client.loop_write()
            except Exception as exc:
                if not self._disconnected.done():
                    self._disconnected.set_exception(exc)

        def watch() -> None:
            if sock.fileno() >= 0 and client.want_write():  # it may have been closed, or written, since it was asked
                self._loop.add_writer(sock.fileno(), write)

        self._loop.call_soon_threadsafe(watch)


class _Ahead:
    """Bytes of a socket, asked for by many and given by few.

    Args:
        receive: Returns bytes, at most so many and at least one until the end, or raises BlockingIOError.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive, self._held, self._at = receive, b"", 0
        self.dry = False  # whether there was nothing when it was last asked for

    def receive(self, most: int) -> bytes:
        if self._at == len(self._held):
            self.dry = True
            self._held, self._at = self._receive(max(most, AHEAD)), 0
            self.dry = False
        begin, self._at = self._at, min(self._at + most, len(self._held))
        return self._held[begin : self._at]


class Receipt(NamedTuple):
    """What a message is acknowledged by: the connection it came on, and its number there."""

    client: Client
    number: int

    def acknowledge(self) -> None:
        """Acknowledge it, if its connection lasts."""
        self.client.acknowledge(self.number)
