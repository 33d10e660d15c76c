"""The client of aiomqtt with what it does not offer: the one file that reaches through it to paho below.

A message can be acknowledged by hand; that a connection is lost can be waited for; and a socket that is closed is not
watched any more, by whose number another may be open.

It relies on what tests/streams/test_client.py pins: ``_client`` is the client of paho, which acknowledges nothing by
itself after ``manual_ack_set``, and with ``ack`` what it is told; a message carries its ``mid``, which counts on its
own connection alone; ``_disconnected`` is done when the connection is lost.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, Self

import aiomqtt


class Client(aiomqtt.Client):
    """A connection, made once.

    Args:
        by_hand: Whether nothing is acknowledged but by its receipt.
        options: Of ``aiomqtt.Client``.
    """

    def __init__(self, *words: Any, by_hand: bool = False, **options: Any) -> None:
        super().__init__(*words, **options)
        self._client.manual_ack_set(by_hand)

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


class Receipt(NamedTuple):
    """What a message is acknowledged by: the connection it came on, and its number there."""

    client: Client
    number: int

    def acknowledge(self) -> None:
        """Acknowledge it, if its connection lasts."""
        self.client.acknowledge(self.number)
