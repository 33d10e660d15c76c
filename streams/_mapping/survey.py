"""What comes on the topics of a broker: forms, paths, rates, and the command that takes each path.

Messages in, rows out: there is no broker and no clock here.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np

from ..._core.text import printable
from .._messages.codec import decode
from .._messages.errors import RejectedMessage
from .._messages.limits import LARGEST, MOST_STREAMS
from .automatic import Candidates, candidates
from .devices import DeviceNames, batch_path
from .durations import written_duration
from .mapping import quoted, records_at
from .payload import SPARKPLUG_B, Payload, read_payload
from .sparkplug import OTHER, read_sparkplug, signed
from .sparkplug_reader import CONTROLS, NAMESPACE

OWN = "ergoscope"  # the kind of the product's own messages
_LAST = 1000  # arrivals of a topic from which its interval is computed
_PATHS = 100  # of a topic
_RECORDS = 100  # of a payload that are looked at
_IRREGULAR = 0.5  # spread of the intervals, as a share of the median


class Row(NamedTuple):
    """One topic.

    Attributes:
        topic: The topic; of Sparkplug B that of all messages of a node or device.
        kind: Form of the payloads: ``value``, ``JSON``, ``CSV``, ``InfluxDB line``, ``Sparkplug B``, ``ergoscope``, or
            ``other``.
        messages: Messages that came, without old ones that the broker has kept.
        retained: Old ones.
        rate: Messages per second; None if fewer than two came.
        every: A step for a grid, such as ``10s``, if the messages come irregularly; else None.
        values: Last value at each path that could be an output.
        times: Unit of each path that is a time.
        commands: Command that takes each path of ``values``.
        reason: Why nothing can be taken; empty if something can.
    """

    topic: str
    kind: str
    messages: int
    retained: int
    rate: float | None
    every: str | None
    values: dict[str, Any]
    times: dict[str, str]
    commands: dict[str, str]
    reason: str


class Survey:
    """The topics that were heard.

    Args:
        broker: The broker as in an address: ``mqtt://host:1883``.
    """

    def __init__(self, broker: str) -> None:
        self._broker, self._topics, self.ignored = broker, dict[str, _Topic](), 0

    def hear(self, topic: str, payload: bytes, retained: bool, now: float) -> None:
        """Take in a message; the outputs of this program, and topics beyond 10 000, are only counted.

        Args:
            topic: Its topic.
            payload: Its bytes.
            retained: Whether the broker has kept it.
            now: Seconds of a monotonic clock.
        """
        levels = topic.split("/")
        sparkplug = levels[0] == NAMESPACE and len(levels) in (4, 5)
        place = "/".join([*levels[:2], "+", *levels[3:]]) if sparkplug else topic
        if OWN in levels[1:] or (place not in self._topics and len(self._topics) >= MOST_STREAMS):
            self.ignored += 1
            return
        known = self._topics.setdefault(place, _Topic(sparkplug))
        known.note(retained, now)
        known.read(levels, payload)

    def rows(self) -> list[Row]:
        """Return a row for each topic, by name."""
        return [self._topics[topic].row(topic, self._broker) for topic in sorted(self._topics)]


class _Topic:
    def __init__(self, sparkplug: bool) -> None:
        self.kind = SPARKPLUG_B if sparkplug else "other"
        self.messages = self.retained = 0
        self.arrivals: deque[float] = deque(maxlen=_LAST)
        self.found, self.reason = Candidates({}, {}, True), ""
        self.devices = DeviceNames()
        self.each: str | None = None
        self._names: dict[int, tuple[str, int]] = {}  # of the metrics, by alias, with their types

    def note(self, retained: bool, now: float) -> None:
        self.retained += retained
        self.messages += not retained
        if not retained:
            self.arrivals.append(now)

    def read(self, levels: list[str], payload: bytes) -> None:
        if self.kind == SPARKPLUG_B:
            self._read_metrics(payload)
            return
        if levels[-1] == "data":
            try:
                self.kind, self.found = OWN, Candidates({"y": decode(payload).output[0].tolist()}, {}, True)
                return
            except RejectedMessage:
                self.kind = "other"
        try:
            parsed = read_payload(payload)
        except RejectedMessage as rejected:
            self.reason = "" if self.found.numbers else str(rejected)
            return
        self.kind, self.each = parsed.kind, batch_path(parsed.records[0]) if len(parsed.records) == 1 else None
        for record in records_at(parsed.records, self.each)[:_RECORDS]:
            self.devices.see(record)
            seen = candidates(Payload(parsed.kind, [record]))
            numbers = dict(list((self.found.numbers | seen.numbers).items())[:_PATHS])
            self.found = Candidates(numbers, self.found.times | seen.times, self.found.certain and seen.certain)
        self.reason = "" if self.found.numbers else "there is no number in it"

    def _read_metrics(self, payload: bytes) -> None:
        try:
            message = None if len(payload) > LARGEST else read_sparkplug(payload)
        except RejectedMessage as rejected:
            self.reason = str(rejected)
            return
        for metric in [] if message is None else message.metrics:
            name, datatype = self._names.get(-1 if metric.alias is None else metric.alias, (metric.name, 0))
            name, datatype = metric.name or name, metric.datatype or datatype
            if name is None or name.startswith(CONTROLS):
                continue
            if metric.alias is not None:
                self._names[metric.alias] = name, datatype
            value = signed(metric.value, datatype)
            seen = candidates(Payload(SPARKPLUG_B, [{name: None if value is OTHER else value}]))
            if len(self.found.numbers) < _PATHS:
                self.found = Candidates(self.found.numbers | seen.numbers, {}, True)
        self.reason = "" if self.found.numbers else "there is no number in it, or its birth certificate has not come"

    def row(self, topic: str, broker: str) -> Row:
        steps = np.diff(self.arrivals)
        middle = float(np.median(steps)) if len(steps) else 0.0
        one = self.each is None and self.devices.by is None  # else these are not the steps of a stream
        irregular = one and len(steps) > 3 and middle > 0 and float(np.ptp(steps)) > _IRREGULAR * middle
        every = written_duration(_round(middle)) if irregular else None
        rate = None if not len(steps) or not steps.sum() else float(len(steps) / steps.sum())
        numbers, times = self.found.numbers, self.found.times
        commands = {path: self._command(path, topic, broker, every) for path in numbers}
        return Row(
            *(printable(topic, None), self.kind, self.messages, self.retained, rate, every),
            *({printable(path): value for path, value in numbers.items()}, times, commands, self.reason),
        )

    def _command(self, path: str, topic: str, broker: str, every: str | None) -> str:
        if self.kind == OWN:
            return f"ergoscope learn {quoted(f'{broker}/{topic}'.removesuffix('/data'))}"
        words = [f"ergoscope learn {quoted(f'{broker}/{_escaped(topic)}')}"]
        if self.each is not None:
            words.append(f"--each {quoted(self.each)}")
        if len(self.found.numbers) > 1 or not self.found.certain or self.kind == SPARKPLUG_B or self.each is not None:
            words.append(f"--y {quoted(path)}")
        if (by := self.devices.by) is not None:
            words.append(f"--by {quoted(by)}")
        if every is not None:
            words.append(f"--every {every}")
        if len(self.found.times) > 1:
            words.append(f"--time {quoted(next(iter(self.found.times)))}")
        return " ".join(words)


def _round(seconds: float) -> int:
    """Return the duration 1, 2 or 5 times a power of ten that is nearest above, in nanoseconds."""
    power = 10.0 ** math.floor(math.log10(seconds))
    step = next(k * power for k in (1, 2, 5, 10) if k * power >= seconds * (1 - 1e-6))
    return max(round(step * 1e9), 1_000_000)


def _escaped(topic: str) -> str:
    return topic.replace("%", "%25").replace("?", "%3F")
