"""Payloads of streams into observations: mapping, repeats, grid, and missing samples.

Publishers of everyday payloads count neither epochs nor samples. Without a grid the samples are counted as they come:
an observation has no number. On a grid the number is that of the time. A payload with the time and the values of one of
the last thousand is a repeat, and dropped.
"""

from __future__ import annotations

from collections.abc import Iterable

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
from .mapping import ARRIVAL, NoReading, PayloadMapping, Sample, records_at, samples
from .payload import SPARKPLUG_B, Payload, read_payload

REMEMBERED = 1000  # times and values of a stream, by which repeats are known


class StreamMapper:
    """The observations in the payloads of many streams.

    Args:
        mapping: Where the samples stand; without outputs, the one number of each payload is taken.
        rejections: Counts of what is not taken in.
        where: Where the payloads come from, for messages.
        kept: Whether streams go on after a restart: then nothing is found that a restart could find otherwise.
        alone: Whether there is one stream: then a first payload with several numbers is an error of the caller.
    """

    def __init__(
        self,
        mapping: PayloadMapping,
        rejections: RejectionCounts,
        where: str = "..",
        kept: bool = False,
        alone: bool = False,
    ) -> None:
        self.mapping, self.rejections, self.missing = mapping, rejections, MissingSamples()
        self._where, self._kept, self._alone = where, kept, alone
        self._numbers: dict[str, int] = {}
        self._found: dict[str, PayloadMapping] = {}  # by topic
        self._streams: dict[str, _Stream] = {}

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
        """Count a payload; return a missing sample in its place, if the samples are counted as they come."""
        self.rejections.add(rejected, stream)
        missing = None if self.mapping.every is not None else self.missing.replace(rejected, stream)
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
        payload = payload._replace(records=records_at(payload.records, self.mapping.each))
        if not payload.records:
            return []
        mapping = self._mapping_for(stream, payload)
        observations: list[Observation] = []
        for sample in samples(mapping, payload.records, arrived):
            if isinstance(sample, Sample):
                self._note_found(stream, mapping)
                observations += self._take(stream, mapping, sample)
            elif not isinstance(sample, NoReading) or not (partial or mapping.every is not None):
                observations += self.reject(stream, sample)
        return observations

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
        found = find_mapping(payload, self.mapping, self._where)
        if payload.kind == SPARKPLUG_B:
            return found
        if known is not None and found != known:
            raise RejectedMessage(
                "schema", f"the one number was {known.options}, and here it is {found.options}: name its path."
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

    def _take(self, topic: str, mapping: PayloadMapping, sample: Sample) -> list[Observation]:
        name = topic
        try:
            if sample.name is not None:
                name = check_stream(sample.name if topic == "stream" else f"{topic}:{sample.name}")
            stream = self._streams.get(name) or self._begin(name, mapping, sample)
            if sample.stamped:
                stream.check_new(sample)
            if stream.grid is None:
                observation = _as_it_comes(name, sample)
                self.missing.note(observation)
                return [observation]
            if sample.time is None:
                raise RejectedMessage("schema", "a grid needs times: name the path of the time (--time), or arrival.")
            rows = stream.grid.add(sample)
        except RejectedMessage as rejected:
            return self.reject(name, rejected)
        return [] if rows is None else [_on_grid(name, rows, stream.outputs)]

    def _begin(self, name: str, mapping: PayloadMapping, sample: Sample) -> _Stream:
        if len(self._streams) >= 2 * MOST_STREAMS:
            del self._streams[next(iter(self._streams))]
        channels = len(sample.output) + len(sample.input)
        grid = None if mapping.every is None else Grid(mapping, channels, self._numbers.get(name))
        stream = self._streams[name] = _Stream(grid, len(sample.output))
        return stream


class _Stream:
    """A stream: its grid, if it has one, and the samples by which repeats are known."""

    def __init__(self, grid: Grid | None, outputs: int) -> None:
        self.grid, self.outputs = grid, outputs
        self._recent: dict[tuple[int | None, bytes, bytes], None] = {}

    def check_new(self, sample: Sample) -> None:
        """Raise RejectedMessage if a sample with this time and these values has come before."""
        key = sample.time, sample.output.tobytes(), sample.input.tobytes()
        if key in self._recent:
            raise RejectedMessage(
                "repeated",
                "a payload has the time and the values of one before: it is dropped as a repeat. If it is a reading of "
                "its own, use --time arrival.",
            )
        self._recent[key] = None
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]


def _as_it_comes(name: str, sample: Sample) -> Observation:
    time = np.array([np.nan if sample.time is None else sample.time / 10**9])
    return Observation(name, 0, None, time, sample.output[None], sample.input[None])


def _on_grid(name: str, rows: Rows, outputs: int) -> Observation:
    return Observation(name, 0, rows.first, rows.time, rows.values[:, :outputs], rows.values[:, outputs:])
