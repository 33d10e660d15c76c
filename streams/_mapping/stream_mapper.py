"""Payloads of streams into observations: mapping, repeats, grid, and missing samples.

Publishers of everyday payloads count neither epochs nor samples. Without a grid the samples are counted as they come:
an observation has no number. On a grid the number is that of the time. A payload with the time and the values of one of
the last thousand is a repeat, and dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .._messages.json_codec import check_stream
from .._messages.limits import MOST_STREAMS
from .._messages.observation import Observation
from .._sources.interfaces import RejectionCounts, log
from .._sources.missing import MissingSamples
from .automatic import Choice, candidates, find_mapping, with_time
from .gridder import Grid, Rows
from .mapped_stream import MappedStream
from .mapping import ARRIVAL, NoReading, PayloadMapping, Sample, records_at, sample_of
from .origins import OtherOrigin, Series, StreamNames, check_series, name_at, series
from .payload import SPARKPLUG_B, Payload, read_payload
from .values import shown


class StreamMapper:
    """The observations in the payloads of many streams.

    Args:
        mapping: Where the samples stand; without outputs, the one number of each payload is taken.
        rejections: Counts of what is not taken in.
        command: Command line that takes the payloads, for messages that complete it.
        kept: Whether streams go on after a restart: then nothing is found that a restart could find otherwise.
        alone: Whether there is one stream: then a first payload with several numbers is an error of the caller.
        names: Names of the streams, if other mappers share them.
    """

    def __init__(
        self,
        mapping: PayloadMapping,
        rejections: RejectionCounts,
        command: str = "ergoscope learn ..",
        kept: bool = False,
        alone: bool = False,
        names: StreamNames | None = None,
    ) -> None:
        self.mapping, self.rejections, self.missing = mapping, rejections, MissingSamples()
        self._command, self._kept, self._alone = command, kept, alone
        self._names = StreamNames() if names is None else names
        self._numbers: dict[str, int] = {}
        self._found: dict[str, PayloadMapping] = {}  # by topic
        self._streams: dict[str, MappedStream] = {}

    @property
    def needs_arrival(self) -> bool:
        """Whether the time of arrival was asked for."""
        return self.mapping.time == ARRIVAL

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        self.missing.remember(stream, epoch, outputs, inputs)

    def resume(self, numbers: dict[str, int]) -> None:
        """Go on with the next numbers that the streams had before a restart."""
        self._numbers = dict(numbers)

    def knows(self, stream: str) -> bool:
        """Return whether a payload of a topic has been taken."""
        return stream in self._found

    def learn(self, stream: str, payload: Payload) -> None:
        """Note where the samples of a topic stand, without taking one.

        Raises:
            RejectedMessage: The payload has not one number, and no path was named.
        """
        self._note_found(stream, self._mapping_for(stream, payload))

    def reject(self, stream: str, rejected: RejectedMessage) -> list[Observation]:
        """Count a payload; return a missing sample in its place, if its stream counts the samples as they come."""
        self.rejections.add(rejected, stream)
        nowhere = self.mapping.every is not None or isinstance(rejected, OtherOrigin)
        missing = None if nowhere else self.missing.replace(rejected, stream)
        return [] if missing is None else [missing]

    def take(self, stream: str, payload: bytes, arrived: int | None) -> list[Observation]:
        """Return the observations in a payload; what is rejected is counted, and a missing sample takes its place.

        Args:
            stream: Name of the stream, before a name that stands in the payload.
            payload: Bytes of the payload.
            arrived: Time of arrival in nanoseconds since 1970; None: not known.

        Raises:
            Choice: The first payload of the only stream has several numbers.
        """
        try:
            return self.take_records(check_stream(stream), read_payload(payload), arrived)
        except Choice as choice:
            if self._alone and not self._found:
                raise
            return self.reject(stream, choice)
        except RejectedMessage as rejected:
            return self.reject(stream, rejected)

    def take_records(
        self, stream: str, payload: Payload, arrived: int | None, *, partial: bool = False
    ) -> list[Observation]:
        """Return the observations in records, as ``take`` does.

        Args:
            stream: Name of the stream.
            payload: The records.
            arrived: Time of arrival.
            partial: Whether a record that has none of the paths is no reading, as on a grid, and not a missing one.

        Raises:
            RejectedMessage: The payload has not one number, and no path was named.
        """
        named = self._named(stream, records_at(payload.records, self.mapping.each))
        observations = [
            item for _, one in named if isinstance(one, RejectedMessage) for item in self.reject(stream, one)
        ]
        taken = [(name, record) for name, record in named if not isinstance(record, RejectedMessage)]
        if not taken:
            return observations
        mapping = self._mapping_for(stream, payload._replace(records=[record for _, record in taken]))
        for name, record in taken:
            try:
                self._check_series(name, record)  # once more: a record before it may have begun the stream
                sample = sample_of(mapping, record, arrived)
                self._note_found(stream, mapping)
                observations += self._take(name, mapping, sample, series(record))
            except NoReading as rejected:
                if not partial and mapping.every is None:
                    observations += self.reject(name, rejected)
            except RejectedMessage as rejected:
                observations += self.reject(name, rejected)
        return observations

    def _named(self, topic: str, records: list[Any]) -> list[tuple[str, Any]]:
        """Return the stream of each record and the record; what is of another origin is replaced by its error."""
        named: list[tuple[str, Any]] = []
        for record in records:
            name = topic
            try:
                if self.mapping.by is not None:
                    found = name_at(record, self.mapping.by)
                    written = str(found).replace("/", ":")
                    name = _checked(written if topic == "stream" else f"{topic}:{written}")
                    self._names.claim(name, topic, shown(found))
                else:
                    self._names.claim(name, topic)
                self._check_series(name, record)
                named.append((name, record))
            except RejectedMessage as rejected:
                named.append((name, rejected))
        return named

    def _check_series(self, name: str, record: Any) -> None:
        if (stream := self._streams.get(name)) is not None:
            check_series(stream.series, series(record), self.mapping.by)

    def finish(self) -> list[Observation]:
        """Return the last samples of the grids at the end of a recording."""
        ends = [(name, one, None if one.grid is None else one.grid.finish()) for name, one in self._streams.items()]
        return [_on_grid(name, rows, one.outputs) for name, one, rows in ends if rows is not None]

    def lose(self, streams: Iterable[str]) -> list[Observation]:
        """Note that messages of some streams are lost: return a missing sample of each, or hold no value of it."""
        lost: list[Observation] = []
        for name in streams:
            if name in self._streams and (grid := self._streams[name].grid) is not None:
                grid.forget()
            elif (missing := self.missing.replace(RejectedMessage("malformed", "lost"), name)) is not None:
                lost.append(missing)
        return lost

    def _mapping_for(self, stream: str, payload: Payload) -> PayloadMapping:
        """Return the mapping of a stream, with what the payload shows of it."""
        known = self._found.get(stream)
        if known is not None and (self.mapping.y or payload.kind == SPARKPLUG_B):
            return known
        seen = candidates(payload)
        if self.mapping.y:
            return with_time(self.mapping, seen)
        if known is not None and not seen.numbers:  # a missing reading, such as null
            return known
        found = find_mapping(payload, self.mapping, self._command)
        if payload.kind == SPARKPLUG_B:
            return found
        if known is not None and found != known:
            raise RejectedMessage(
                "schema", f"the one number was {known.options}, and here it is {found.options}: name its path.", "path"
            )
        if self._kept and payload.kind != "value":
            raise RejectedMessage(
                "schema",
                "with a state folder the paths must be named, so that a restart takes the same: write "
                f"{found.options}.",
            )
        return found

    def _note_found(self, stream: str, mapping: PayloadMapping) -> None:
        if stream in self._found:
            return
        if len(self._found) >= 2 * MOST_STREAMS:
            del self._found[next(iter(self._found))]
        self._found[stream] = mapping
        if mapping != self.mapping and mapping.y != (".",):
            log.info("%s: taken with %s.", printable(stream), mapping.options)

    def _take(self, name: str, mapping: PayloadMapping, sample: Sample, origin: Series | None) -> list[Observation]:
        stream = self._streams.get(name) or self._begin(name, mapping, sample, origin)
        stream.check_channels(sample)
        if sample.stamped:
            stream.check_new(sample)
        if stream.grid is None:
            observation = _as_it_comes(name, sample)
            self.missing.note(observation)
            return [observation]
        if sample.time is None:
            raise RejectedMessage("schema", "a grid needs times: name the path of the time (--time), or arrival.")
        rows = stream.grid.add(sample)
        return [] if rows is None else [_on_grid(name, rows, stream.outputs)]

    def _begin(self, name: str, mapping: PayloadMapping, sample: Sample, origin: Series | None) -> MappedStream:
        if len(self._streams) >= 2 * MOST_STREAMS:
            del self._streams[next(iter(self._streams))]
        channels = len(sample.output) + len(sample.input)
        grid = None if mapping.every is None else Grid(mapping, channels, self._numbers.get(name), name)
        stream = self._streams[name] = MappedStream(grid, len(sample.output), origin)
        return stream


def _checked(name: str) -> str:
    """Return a name that stands in a payload; a wrong one is nobody's."""
    try:
        return check_stream(name)
    except RejectedMessage as rejected:
        raise OtherOrigin("schema", str(rejected), "name") from rejected


def _as_it_comes(name: str, sample: Sample) -> Observation:
    time = np.array([np.nan if sample.time is None else sample.time / 10**9])
    return Observation(name, 0, None, time, sample.output[None], sample.input[None])


def _on_grid(name: str, rows: Rows, outputs: int) -> Observation:
    return Observation(name, 0, rows.first, rows.time, rows.values[:, :outputs], rows.values[:, outputs:])
