"""Sparkplug B: the metrics of edge nodes and their devices, each of which is a stream.

A birth certificate names the metrics and gives their aliases, types and current values. Data messages report only the
metrics that have changed. On a grid each value counts, that of a birth, too; without a grid a data message is a sample.
A node numbers its messages from 0 to 255, again and again: a gap shows that messages are lost. Then, and after a death
certificate, no value is held any longer; without a grid a missing sample stands for the gap, whose length is not known.
Nothing is published: no rebirth is asked for.

References:
    Eclipse Sparkplug 3.0.0, https://sparkplug.eclipse.org/specification/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..._core.text import counted, printable
from .._messages.errors import RejectedMessage
from .._messages.json_codec import check_stream
from .._messages.limits import LARGEST, MOST_STREAMS
from .._messages.observation import Observation
from .._sources.interfaces import log
from .mapping import ARRIVAL
from .payload import SPARKPLUG_B, Payload
from .sparkplug import OTHER, Metric, SparkplugPayload, check_installed, read_sparkplug, signed
from .stream_mapper import StreamMapper
from .topics import matches

NAMESPACE = "spBv1.0"
_BIRTHS, _DATA, _DEATHS = ("NBIRTH", "DBIRTH"), ("NDATA", "DDATA"), ("NDEATH", "DDEATH")
CONTROLS = ("bdSeq", "Node Control/", "Device Control/", "Properties/")
_NUMBERS = 256  # of the messages of a node


def is_sparkplug(topics: str) -> bool:
    """Return whether a topic filter is one of Sparkplug B."""
    return topics.split("/")[0] == NAMESPACE


def subscription(topics: str) -> str:
    """Return the filter to subscribe to: data need the certificates, too, and a death is the node's."""
    if not is_sparkplug(topics):
        return topics
    group, _, edge = (*topics.split("/")[1:4], *"+++")[:3]
    return "/".join([NAMESPACE, "+" if group == "#" else group, "+", "+" if edge == "#" else edge, "#"])


@dataclass
class _Node:
    """What is known of an edge node: its metrics by alias, their types, and the number of its next message."""

    names: dict[int, str] = field(default_factory=dict)
    types: dict[tuple[str, str], int] = field(default_factory=dict)
    expected: int | None = None
    death: Any = None  # bdSeq of its birth certificate
    last: bytes = b""
    gaps: int = 0
    streams: set[str] = field(default_factory=set)


class SparkplugReader:
    """The observations in the messages of edge nodes.

    Args:
        mapper: Takes the samples; its paths are names of metrics.
        topics: Topic filter, such as ``spBv1.0/plant/+/edge/device``.

    Raises:
        ValueError: protobuf is not installed, or the mapping has what belongs to other payloads.
    """

    def __init__(self, mapper: StreamMapper, topics: str) -> None:
        check_installed()
        mapping = mapper.mapping
        if mapping.by or mapping.each or mapping.time not in (None, ARRIVAL):
            raise ValueError("Sparkplug B has its own times and names: leave out --by, --each and --time.")
        self._mapper, self._nodes = mapper, dict[str, _Node]()
        levels = topics.split("/")
        self._wanted = [*levels[:2], "+", *levels[3:]] if "#" not in levels[:3] else [*levels[: levels.index("#")], "#"]

    def take(self, topic: str, payload: bytes, arrived: int) -> list[Observation]:
        """Return the observations in a message; one of another kind, such as a command, has none."""
        levels = topic.split("/")
        if len(levels) not in (4, 5) or levels[2] not in (*_BIRTHS, *_DATA, *_DEATHS):
            return []
        _, group, kind, edge, *device = levels
        stream = ":".join([group, edge, *device])
        try:
            if len(payload) > LARGEST:
                raise RejectedMessage("oversized", f"a payload may have {LARGEST} bytes, got {len(payload)}.")
            message, node = read_sparkplug(payload), self._node(f"{group}/{edge}")
            if kind == "NDEATH":
                return self._bury(node, message)
            lost = self._count(node, kind, message, payload, f"{group}/{edge}")
            if kind in _BIRTHS:
                self._name(node, kind, stream, message)
            if kind == "DDEATH":
                return [*lost, *self._mapper.lose([stream] if self._mapper.mapping.every is not None else [])]
            if not matches([*levels[:2], "+", *levels[3:]], self._wanted):
                return lost
            node.streams.add(check_stream(stream))
            return [*lost, *self._samples(node, kind, stream, message, arrived)]
        except RejectedMessage as rejected:
            return self._mapper.reject(stream, rejected)

    def _node(self, name: str) -> _Node:
        if name not in self._nodes and len(self._nodes) >= 2 * MOST_STREAMS:
            del self._nodes[next(iter(self._nodes))]
        return self._nodes.setdefault(name, _Node())

    def _count(self, node: _Node, kind: str, message: SparkplugPayload, payload: bytes, name: str) -> list[Observation]:
        """Check the number of a message; return the missing samples for a gap.

        Raises:
            RejectedMessage: ``repeated``: it is the message before once more.
        """
        if kind == "NBIRTH" or message.sequence is None:
            node.expected = None if message.sequence is None else (message.sequence + 1) % _NUMBERS
            node.last = payload
            return []
        if not 0 <= message.sequence < _NUMBERS:
            raise RejectedMessage("schema", f"seq of Sparkplug B is from 0 to 255, got {message.sequence}.")
        gap = 0 if node.expected is None else (message.sequence - node.expected) % _NUMBERS
        if gap == _NUMBERS - 1 and payload == node.last:
            raise RejectedMessage("repeated", "a message has come twice: the second is dropped.")
        node.expected, node.last = (message.sequence + 1) % _NUMBERS, payload
        if not gap:
            return []
        node.gaps += 1
        if node.gaps == 1:
            log.warning(
                "%s: %d messages of the edge node are lost or out of order; no value is held over such a gap (the "
                "first; more are not named).",
                *(printable(name), gap),
            )
        return self._mapper.lose(sorted(node.streams))

    def _bury(self, node: _Node, message: SparkplugPayload) -> list[Observation]:
        """Hold no value of a dead node; a death certificate of an earlier session is passed over."""
        number = next((metric.value for metric in message.metrics if metric.name == "bdSeq"), None)
        if (node.death is None or number in (None, node.death)) and self._mapper.mapping.every is not None:
            self._mapper.lose(sorted(node.streams))
        return []

    def _name(self, node: _Node, kind: str, stream: str, message: SparkplugPayload) -> None:
        """Take in a birth certificate: that of a node begins a session of all its devices."""
        if kind == "NBIRTH":
            node.names, node.types = {}, {}
            node.death = next((metric.value for metric in message.metrics if metric.name == "bdSeq"), None)
        for metric in message.metrics:
            if metric.name is not None:
                node.types[stream, metric.name] = metric.datatype
                if metric.alias is not None:
                    node.names[metric.alias] = metric.name

    def _samples(
        self, node: _Node, kind: str, stream: str, message: SparkplugPayload, arrived: int
    ) -> Iterator[Observation]:
        grid, mapper = self._mapper.mapping.every is not None, self._mapper
        born = kind in _BIRTHS
        records = list(self._records(node, stream, message, grid))
        if (born and not grid) or not mapper.mapping.y:
            self._learn(stream, records, born)
        if born and not grid:
            return
        for time, record in records:
            when = arrived if time is None or mapper.mapping.time == ARRIVAL else time * 10**6
            yield from mapper.take_records(stream, Payload(SPARKPLUG_B, [record]), when, partial=True)

    def _learn(self, stream: str, records: list[tuple[int | None, dict[str, Any]]], born: bool) -> None:
        """Find the one metric of a birth certificate, if none was named."""
        if self._mapper.mapping.y or self._mapper.knows(stream):
            return
        if not born:
            raise RejectedMessage("schema", "no metric was named, and no birth certificate has come: name it with --y.")
        whole = {name: value for _, record in records for name, value in record.items()}
        readings = {name: value for name, value in whole.items() if not name.startswith(CONTROLS)}
        if readings:
            self._mapper.learn(stream, Payload(SPARKPLUG_B, [readings]))

    def _records(
        self, node: _Node, stream: str, message: SparkplugPayload, grid: bool
    ) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """Yield the metrics that are read together, with their time: on a grid those of one time stamp."""
        time, record = message.time, dict[str, Any]()
        nameless = 0
        for metric in message.metrics:
            name = (
                metric.name if metric.name is not None else node.names.get(-1 if metric.alias is None else metric.alias)
            )
            if name is None:
                nameless += 1
                continue
            value = self._value(node, stream, name, metric, grid)
            stamp = message.time if metric.time is None else metric.time
            if record and (name in record or (grid and stamp != time)):
                yield time, record
                record = {}
            if value is not OTHER:
                time, record[name] = stamp, value
        if record:
            yield time, record
        if nameless:
            unknown = (
                f"{counted(nameless, 'metric')} with only an alias: the birth certificate with its name has not come"
            )
            self._mapper.rejections.add(
                RejectedMessage("schema", f"{unknown}; let the node send it again.", "alias"), stream
            )

    def _value(self, node: _Node, stream: str, name: str, metric: Metric, grid: bool) -> Any:
        if metric.historical and not grid:
            old = RejectedMessage(
                "time", "a stored value is sent later than others: it needs a grid (--every).", "stored"
            )
            self._mapper.rejections.add(old, stream)
            return OTHER
        return signed(metric.value, metric.datatype or node.types.get((stream, name), 0))
