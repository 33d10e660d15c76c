"""Streams on MQTT: observations from topics and to them, and what a learner says of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from types import TracebackType
from typing import Any, Self

from ._address import Address
from ._arrow_payload import channel_names
from ._json_payload import check_stream
from ._mqtt import WAITING, Connection, Send
from ._observation import Observation
from ._payload import LARGEST, decode, encode
from ._refused import Refused
from ._said import KINDS, messages_of
from ._seam import Owner, Refusals
from ._service import Said


class MqttSource(Owner):
    """Observations of one stream, or of all below a root.

    Args:
        address: Where from.
        qos: 0 or 1.
        waiting: Messages that may wait; beyond, the oldest go and are counted as ``dropped``.
    """

    def __init__(self, address: Address, qos: int = 0, waiting: int = WAITING) -> None:
        self.refusals = Refusals()
        self._connection = Connection(address, subscriptions=[address.topic("data")], qos=qos, waiting=waiting)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, value, trace)

    async def __aiter__(self) -> AsyncIterator[Observation]:
        async for topic, payload in self._connection.messages():
            for _ in range(self._connection.take_dropped()):
                self.refusals.add(Refused("dropped", "messages come faster than they are taken in: the oldest go."))
            try:
                yield decode(payload, check_stream(topic.split("/")[-2]))
            except Refused as refused:
                self.refusals.add(refused, topic)


class _Publisher(Owner):
    """What sends, below one root."""

    def __init__(self, address: Address, connection: Connection) -> None:
        self.address, self.connection = address, connection

    async def __aenter__(self) -> Self:
        await self.connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.__aexit__(kind, value, trace)


class MqttSink(_Publisher):
    """Publishes observations, and of each stream ``meta`` and ``status``; the last will says that they are offline.

    A client has one last will: of several streams it is that of the name in the address, if there is one.

    Args:
        address: Where to; each observation goes to the stream of its own name below the same root.
        meta: What is said of the streams: ``outputs`` and ``inputs``, the names of the channels, by default y and u, or
            y1, y2, ..; ``dt``, and what else is known.
        qos: 0 or 1.
    """

    def __init__(self, address: Address, meta: Mapping[str, Any] | None = None, qos: int = 0) -> None:
        will = None if address.stream == "+" else (address.topic("status"), b"offline")  # a wildcard is no topic
        connection = Connection(address, will=will, greet=self._greet, leave=self._leave, qos=qos)
        super().__init__(address, connection)
        self._meta, self._streams = dict(meta or {}), dict[str, bytes]()

    async def _greet(self, send: Send) -> None:
        for stream in self._streams:
            await self._announce(send, stream)

    async def _leave(self, send: Send) -> None:
        for stream in self._streams:
            await send(self.address.topic("status", stream=stream), b"offline", True)

    async def _announce(self, send: Send, stream: str) -> None:
        await send(self.address.topic("meta", stream=stream), self._streams[stream], True)
        await send(self.address.topic("status", stream=stream), b"online", True)

    async def send(self, item: Observation) -> None:
        """Publish one message."""
        payload = encode(item)
        if len(payload) > LARGEST:
            raise ValueError(f"a message may have {LARGEST} bytes, one has {len(payload)}: choose a smaller block.")
        if item.stream not in self._streams:
            widths = dict(outputs=("y", item.output.shape[1]), inputs=("u", item.input.shape[1]))
            meta = dict(schema=1) | {word: channel_names(*width) for word, width in widths.items()} | self._meta
            self._streams[item.stream] = json.dumps(meta, separators=(",", ":")).encode()
            await self._announce(self.connection.publish, item.stream)
        await self.connection.publish(self.address.topic("data", stream=item.stream), payload)


class MqttSaid(_Publisher):
    """Publishes what a learner says below each stream; of all together below ``all``.

    While the broker is gone learning goes on, and what is said is left out; when it is back, it is sent the last
    thresholds.

    Args:
        address: Where the streams are.
        kinds: What is published.
        qos: 0 or 1; thresholds are retained and sent with 1.
    """

    def __init__(self, address: Address, kinds: Collection[str] = KINDS, qos: int = 0) -> None:
        super().__init__(address, Connection(address, greet=self._greet, qos=qos))
        self._kinds, self._thresholds = kinds, dict[str, bytes]()

    async def _greet(self, send: Send) -> None:
        for topic, payload in self._thresholds.items():
            await send(topic, payload, True)

    async def send(self, item: Said) -> None:
        """Publish the messages that say it."""
        for kind, payload in messages_of(item, self._kinds):
            stream = "all" if item.stream == "*" else item.stream
            topic, retain = self.address.topic("ergoscope", kind, stream=stream), kind == "threshold"
            if retain:
                self._thresholds[topic] = payload
            await self.connection.publish(topic, payload, retain, wait=False)
