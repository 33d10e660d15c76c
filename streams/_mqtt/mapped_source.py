"""Everyday payloads on MQTT: each topic is a stream, and its mapping says where the samples stand."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from time import time_ns
from typing import Any, NamedTuple

from ..._core.text import printable
from .._mapping.automatic import Choice
from .._mapping.origins import StreamNames
from .._mapping.sparkplug_reader import SparkplugReader, is_sparkplug, subscription
from .._mapping.stream_mapper import StreamMapper
from .._mapping.topics import TopicMapping
from .._messages.codec import decode
from .._messages.errors import RejectedMessage
from .._messages.json_codec import check_stream
from .._messages.metadata import Arrival
from .._messages.observation import Observation
from .._sources.interfaces import log
from .address import OUTPUTS, Address
from .source_and_sinks import SILENT, MqttSource

MOST_TOPICS = 100_000  # whose routes are remembered


class _Route(NamedTuple):
    """Who takes the payloads of a topic: the product's own format, a reader, or nobody, for a reason or none."""

    own: bool
    reader: StreamMapper | SparkplugReader | None = None
    stream: str = ""
    refused: RejectedMessage | None = None


class MappedSource(MqttSource):
    """Observations in the payloads of any topics.

    Args:
        address: Broker.
        topics: The topics and their mappings; the first that matches a topic is its mapping.
        own: Whether messages in the product's own format are taken, too: below ``data`` of the address, and where a
            payload is one.
        client: As for ``MqttSource``.
        plants: As for ``MqttSource``.
        command: Command line, for messages that complete it.
    """

    def __init__(
        self,
        address: Address,
        topics: Sequence[TopicMapping],
        *,
        own: bool = False,
        client: str | None = None,
        plants: bool = False,
        command: str = "ergoscope learn ..",
    ) -> None:
        data = [*([address.topic("meta")] if plants else []), address.topic("data")] if own else []
        filters = [subscription(topic.filter) for topic in topics]
        super().__init__(address, client=client, plants=plants, topics=[*data, *filters])
        self._own = address.topic("data").count("/") if own else 0
        alone = len(topics) == 1 and "+" not in topics[0].filter and "#" not in topics[0].filter
        options: dict[str, Any] = dict(command=command, kept=client is not None, alone=alone, names=StreamNames())
        self._mappers = [StreamMapper(topic.mapping, self.rejections, **options) for topic in topics]
        self._readers = [
            SparkplugReader(mapper, topic.filter) if is_sparkplug(topic.filter) else mapper
            for mapper, topic in zip(self._mappers, topics, strict=True)
        ]
        self._topics = [topic._replace(filter=subscription(topic.filter)) for topic in topics]
        self._routes: dict[str, _Route] = {}
        self._names = StreamNames()  # of topics

    def _note_silence(self) -> None:
        if self._own:
            super()._note_silence()
            return
        log.warning(
            "nothing has come from %s in %.0f s: ergoscope inspect shows what comes from a broker.",
            *(printable(", ".join(topic.filter for topic in self._topics)), SILENT),
        )

    def _arrivals(self, topic: str, payload: bytes, retained: bool) -> Sequence[Arrival]:
        route = self._routes.get(topic) or self._find_route(topic)
        if route.refused is not None:
            self.rejections.add(route.refused, topic)
            return ()
        if route.own:
            arrival = self._decode(topic, payload, retained)
            return () if arrival is None else (arrival,)
        if route.reader is None:
            return ()
        if retained:
            old = RejectedMessage("retained", "the broker sends an old reading, and it is no new sample: left out.")
            self.rejections.add(old, topic)
            return ()
        try:
            return self._take(route.reader, route.stream, topic, payload)
        except Choice:
            raise
        except Exception as exc:  # no single message may end the service
            self.rejections.add(RejectedMessage("failed", f"{type(exc).__name__}: {exc!s:.200}"), topic)
            return ()

    def _take(
        self, reader: StreamMapper | SparkplugReader, stream: str, topic: str, payload: bytes
    ) -> list[Observation]:
        if isinstance(reader, SparkplugReader):
            return reader.take(topic, payload, time_ns())
        if self._own and not reader.knows(stream):
            with contextlib.suppress(RejectedMessage):
                observation = decode(payload, check_stream(stream))
                self._missing.note(observation)
                return [observation]
        return reader.take(stream, payload, time_ns())

    def _find_route(self, topic: str) -> _Route:
        """Return the route of a topic: none for outputs of this program, and other topics."""
        if len(self._routes) >= MOST_TOPICS:
            self._routes.clear()
        own = bool(self._own) and topic.count("/") == self._own and topic.endswith(("/data", "/meta"))
        found = _Route(own)
        for reader, mapping in zip(self._readers, self._topics, strict=True):
            stream = mapping.stream(topic)
            if stream is not None and not own and f"/{OUTPUTS}/" not in topic:
                found = _Route(False, reader, stream)
                break
        self._routes[topic] = found = self._claim(topic, found)
        return found

    def _claim(self, topic: str, route: _Route) -> _Route:
        """Return a route, or one to nobody if the stream of its name comes from another topic."""
        levels, stream, place = topic.split("/"), route.stream, topic
        if route.own:
            stream = levels[-2] if levels[-1] == "data" else ""  # what is in meta is no sample
        elif isinstance(route.reader, SparkplugReader):  # all messages of a node or device
            stream, place = ":".join([levels[1], *levels[3:]]), "/".join([*levels[:2], *levels[3:]])
        try:
            if stream:
                self._names.claim(stream, place)
        except RejectedMessage as rejected:
            return _Route(False, refused=rejected)
        return route

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        super().remember(stream, epoch, outputs, inputs)
        for mapper in self._mappers:
            mapper.remember(stream, epoch, outputs, inputs)

    def resume(self, numbers: dict[str, int]) -> None:
        """Go on with the next numbers that the streams had before a restart."""
        for mapper in self._mappers:
            mapper.resume(numbers)
