"""The live service: observations in, forecasts and verdicts out.

It is pure: no task, no disk, no clock. ``runner.serve`` connects it to a source, a sink and a state folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision
from ..._core.text import printable
from ...analysis._location.band_answer import band_answer
from ...analysis._location.streamed import locate_streamed
from ...learners import Learner
from ...learners._engine.band_sums import pooled
from ...learners._engine.band_tracker import check_level
from ...learners._engine.driver import Driver
from .._messages.errors import RejectedMessage
from .._messages.json_codec import TOGETHER
from .._messages.limits import MOST_STREAMS
from .._messages.metadata import Arrival, Plant
from .._messages.observation import Observation
from .._messages.outputs import Changed, Counts, Forecasts, Output, Threshold
from .._sources.interfaces import RejectionCounts, log
from .error_sums import as_scores
from .sequencer import WINDOW, Sequencer
from .stream_state import Stream, check_settings, restore_stream
from .stream_table import StreamTable
from .verdicts import VerdictSchedule, over_oracles, shared_plant

MOST_CHANNELS = 16


@dataclass
class Service:
    """A learner of many streams.

    Attributes:
        make: Returns the learner of streams with so many outputs and inputs; the first observation fixes both.
        center: Value that is subtracted from each output, as in ``Driver``.
        precision, device: As in ``Driver``.
        window: Samples that may overtake a lost one before it is counted as lost.
        together: Whether the streams are runs of one plant: if so, a threshold of all together is given, too.
        words: Name and options of the learner; a checkpoint of another learner is refused.
        channels: The most outputs and inputs of a stream, together: the cost of learning grows with their square or
            faster, and the first observation decides for all streams.
        most: The most streams. One more replaces the stream that has been silent the longest, counted in samples.
        bands: The share of samples that a band around each forecast is to cover, such as 0.95; None: no bands.
        rejections: Counts of the rejected messages.
        changes: Rate of false alarms with which each stream is watched for changes of the size that it needs; None:
            none is. After a change the learner takes over what a shorter memory has learned, and the sums of its errors
            begin anew.
        samples: Samples taken in.
        forgotten: Streams that were replaced.
    """

    make: Callable[[int, int], Learner]
    center: Any = "first"
    precision: Precision = "float64"
    device: str | None = None
    window: int = WINDOW
    together: bool = False
    words: str | None = None
    channels: int = MOST_CHANNELS
    most: int = MOST_STREAMS
    bands: float | None = None
    rejections: RejectionCounts = field(default_factory=RejectionCounts)
    changes: float | None = None
    samples: int = 0
    forgotten: int = 0

    def __post_init__(self) -> None:
        if self.window < 0 or self.most < 1 or self.channels < 1:
            got = f"{self.window}, {self.most} and {self.channels}"
            raise ValueError(f"window must be at least 0, most and channels at least 1, got {got}.")
        if self.bands is not None:
            check_level(self.bands)
        self.streams: dict[str, Stream] = {}
        self.plants: dict[str, str] = {}  # records of the plants, by stream
        self._together = VerdictSchedule()
        self.table: StreamTable | None = None

    @property
    def learner(self) -> Learner | None:
        """The learner; None before the first observation."""
        return None if self.table is None else self.table.driver.learner

    @property
    def counts(self) -> dict[str, Counts]:
        """Counts of the samples of each stream."""
        return {name: stream.sequencer.counts for name, stream in self.streams.items()}

    def take(self, batch: Sequence[Arrival]) -> list[Output]:
        """Take in arrivals in their order; return the forecasts, and the thresholds that have changed."""
        outputs: list[Output] = []
        for arrival in batch:
            try:
                outputs += self._take(arrival)
            except RejectedMessage as rejected:
                self.rejections.add(rejected, arrival.stream)
        return outputs + self._advance()

    def _take(self, arrival: Arrival) -> list[Output]:
        if isinstance(arrival, Plant):
            return self._set_plant(arrival)
        outputs: list[Output] = []
        try:
            self._validate(arrival)
        except RejectedMessage as rejected:
            if arrival.sequence is not None or arrival.stream not in self.streams:
                raise
            self.rejections.add(rejected, arrival.stream)
            arrival = self._missing(arrival)  # without a number it still takes its time
        if arrival.stream not in self.streams:
            if len(self.streams) == self.most:
                outputs += self._forget()
            self._begin(arrival.stream, Stream(Sequencer(self.window), self.samples))
            if arrival.stream in self.plants:
                self._start_oracle(Plant(arrival.stream, self.plants[arrival.stream]))
        stream = self.streams[arrival.stream]
        self._put(stream, stream.sequencer.take(arrival))
        return outputs

    def _missing(self, rows: Observation) -> Observation:
        """Return missing samples in place of rows of another width."""
        assert self.table is not None
        driver = self.table.driver
        output, input = (np.full((rows.steps, width), np.nan) for width in (driver.outputs, driver.inputs))
        return rows._replace(output=output, input=input)

    def finish(self) -> list[Output]:
        """Release the samples that wait for a lost one; return their forecasts and the last thresholds."""
        for stream in self.streams.values():
            self._put(stream, stream.sequencer.flush())
        outputs = self._advance()
        outputs += [self._threshold(name, [name]) for name in self.streams]
        if self.together and self.streams:
            outputs.append(self._threshold(TOGETHER, list(self.streams)))
        return outputs

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return the state as arrays and plain JSON; None before the first observation."""
        if self.table is None:
            return None
        oracles = self.table.plants
        plants = list(dict.fromkeys([*oracles, *self.plants.values()]))
        words = dict(
            settings=self._settings(),
            samples=self.samples,
            forgotten=self.forgotten,
            streams=[self.streams[name].state(name) for name in self.table.streams],
            plants=plants,
            oracles=len(oracles),
            known={name: plants.index(record) for name, record in self.plants.items()},
        )
        return self.table.state(), words

    def restore(self, arrays: Mapping[str, NDArray[Any]], words: Mapping[str, Any]) -> None:
        """Take over the state that ``state`` returned, in a service without a sample.

        Raises:
            OtherSettings: The state has other settings.
            KeyError, TypeError, ValueError: It is no state of a service; this service is then without a sample.
        """
        try:
            table = self._open(words["settings"]["outputs"], words["settings"]["inputs"])
            check_settings(self._settings(), words["settings"])
            for record in words["streams"]:
                self._begin(record["name"], restore_stream(record, self.window))
            self.plants = {name: words["plants"][place] for name, place in words["known"].items()}
            table.restore(list(self.streams), words["plants"][: words["oracles"]], arrays)
            self.samples, self.forgotten = int(words["samples"]), int(words["forgotten"])
        except BaseException:
            self.table, self.streams, self.plants = None, {}, {}
            raise

    def uncounted(self) -> list[tuple[str, int, int, int]]:
        """Return name, epoch, outputs and inputs of the streams whose last samples had no number."""
        if self.table is None:
            return []
        widths = self.table.driver.outputs, self.table.driver.inputs
        orders = ((name, stream.sequencer) for name, stream in self.streams.items())
        return [(name, order.epoch, *widths) for name, order in orders if not order.numbered]

    def following(self) -> dict[str, int]:
        """Return the number of the next sample of each stream."""
        orders = ((name, stream.sequencer.expected) for name, stream in self.streams.items())
        return {name: expected for name, expected in orders if expected is not None}

    def _settings(self) -> dict[str, Any]:
        assert self.table is not None
        driver = self.table.driver
        return dict(
            learner=self.words or driver.learner.name,
            sizes=list(driver.learner.sizes),
            outputs=driver.outputs,
            inputs=driver.inputs,
            center=self.center,
            precision=self.precision,
            window=self.window,
            width=driver.width,
        ) | {"--bands": self.bands, "--changes": self.changes}

    def _set_plant(self, plant: Plant) -> list[Output]:
        """Set the plant of a stream; queued samples came before it."""
        if self.plants.get(plant.stream, "") == plant.record:
            return []
        self.plants[plant.stream] = plant.record
        if len(self.plants) > 2 * self.most:
            del self.plants[next(iter(self.plants))]
        if plant.stream not in self.streams:
            return []
        outputs = self._advance()
        self._start_oracle(plant)
        return outputs

    def _start_oracle(self, plant: Plant) -> None:
        assert self.table is not None
        try:
            self.table.set_plant(plant)
        except RejectedMessage as rejected:
            self.rejections.add(rejected, plant.stream)
        except Exception as exc:  # no single message may end the service
            failed = RejectedMessage("failed", f"the plant in meta: {type(exc).__name__}: {exc!s:.200}")
            self.rejections.add(failed, plant.stream)

    def _put(self, stream: Stream, released: list[Observation]) -> None:
        """Queue the samples that a sequencer has released."""
        assert self.table is not None
        for rows in released:
            self.table.put(rows)
            self.samples += rows.steps
            stream.last_active = self.samples

    def _forget(self) -> list[Output]:
        """Remove the stream that has been silent the longest; return its last outputs."""
        assert self.table is not None
        name = min(self.streams, key=lambda name: self.streams[name].last_active)
        self._put(self.streams[name], self.streams[name].sequencer.flush())
        outputs = [*self._advance(), self._threshold(name, [name])]
        self.table.drop(name)
        del self.streams[name]
        if not self.forgotten:
            log.warning("there are %d streams: each new one replaces the one silent the longest.", self.most)
        self.forgotten += 1
        return outputs

    def _validate(self, rows: Observation) -> None:
        """Reject an observation of another width; the first observation fixes the width."""
        outputs, inputs = rows.output.shape[1], rows.input.shape[1]
        if outputs + inputs > self.channels:
            raise RejectedMessage(
                "dimension",
                f"a stream may have {self.channels} outputs and inputs, got {outputs} and {inputs}: allow more "
                f"(--channels {outputs + inputs}); learning is then slower.",
            )
        try:
            driver = (self.table or self._open(outputs, inputs)).driver
        except Exception as exc:  # no single message may end the service
            raise RejectedMessage("failed", f"{exc!s:.300}") from exc
        if (outputs, inputs) != (driver.outputs, driver.inputs) and rows.stream in self.streams:
            raise RejectedMessage(
                "dimension",
                f"this stream had {driver.outputs} outputs and {driver.inputs} inputs at first, and here it has "
                f"{outputs} and {inputs}: a list has got another length, or a channel is gone.",
            )
        if (outputs, inputs) != (driver.outputs, driver.inputs):
            raise RejectedMessage(
                "dimension",
                f"the first stream had {driver.outputs} outputs and {driver.inputs} inputs, and all streams of a "
                f"service must have the same; got {outputs} and {inputs}: use another service for this stream.",
            )

    def check(self) -> None:
        """Raise ValueError if no stream could be learned: options of the learner, precision, device, center.

        Else every sample would be rejected for what the user wrote at the start.
        """
        known = 0 if isinstance(self.center, str) else np.size(self.center)
        refused = None
        for outputs, inputs in ((known or 1, 0), (known or 1, 1), (known or 2, 0), (known or 2, 1)):
            try:
                self._table_for(outputs, inputs)
                return
            except Exception as exc:
                refused = refused or exc
        raise ValueError(f"no stream can be learned: {refused}") from refused

    def _table_for(self, outputs: int, inputs: int) -> StreamTable:
        """Return a new table of streams with so many outputs and inputs."""
        driver = Driver(
            self.make(outputs, inputs),
            outputs,
            inputs,
            center=self.center,
            precision=self.precision,
            device=self.device,
            known_ahead=0,
        )
        return StreamTable(driver, self.bands, self.changes)

    def _open(self, outputs: int, inputs: int) -> StreamTable:
        self.table = self._table_for(outputs, inputs)
        return self.table

    def _begin(self, name: str, stream: Stream) -> None:
        assert self.table is not None
        self.table.begin(name)
        self.streams[name] = stream

    def _advance(self) -> list[Output]:
        if self.table is None:
            return []
        outputs: list[Output] = []
        for forecasts in self.table.advance():
            outputs.append(forecasts)
            name = forecasts.stream
            if forecasts.change is not None:
                outputs.append(_changed(forecasts))
                self.streams[name].schedule = VerdictSchedule()
            if self.streams[name].schedule.is_due(self.table.age(name)):
                outputs += self._changed(self.streams[name].schedule, name, [name])
        if self.together and self.streams and self._together.is_due(self.samples // len(self.streams)):
            outputs += self._changed(self._together, TOGETHER, list(self.streams))
        return outputs

    def _changed(self, schedule: VerdictSchedule, name: str, streams: list[str]) -> list[Output]:
        """Return the threshold of streams if it has changed."""
        threshold = self._threshold(name, streams)
        return [threshold] if schedule.has_changed(threshold.found) else []

    def _threshold(self, name: str, streams: list[str]) -> Threshold:
        assert self.table is not None
        learner, sums = self.table.driver.learner, [self.table.error_sums(stream) for stream in streams]
        losses, samples = (np.concatenate(parts) for parts in zip(*(one.late_blocks() for one in sums), strict=True))
        excess = [self.table.excess(stream) for stream in streams]
        plant = None if None in excess else shared_plant([self.plants.get(stream, "") for stream in streams])
        with np.errstate(over="ignore", invalid="ignore"):
            label = "all streams together" if name == TOGETHER else printable(name)
            found = locate_streamed(as_scores(sums), losses, samples, learner, label, plant=plant)
            errors = (losses.sum(axis=0) / samples.sum()).tolist() if samples.sum() else None
        parts = [vars(self.streams[stream].sequencer.counts) for stream in streams]
        counts = Counts(**{word: sum(part[word] for part in parts) for word in parts[0]})
        threshold = Threshold(
            name, found, learner.sizes, errors, over_oracles(excess), counts, dict(self.rejections.counts)
        )
        covered = [one for one in map(self.table.band_sums, streams) if one is not None]
        if not covered:
            return threshold
        judged = found.critical, found.best, found.advice
        return threshold._replace(bands=band_answer(pooled(covered), learner.sizes, *judged))


def _changed(forecasts: Forecasts) -> Changed:
    """Return the change that was decided after the last of these samples."""
    found = forecasts.change
    assert found is not None
    first = forecasts.first + len(forecasts.output) - (found.told - found.since)
    return Changed(forecasts.stream, forecasts.epoch, first if first >= 0 else None, found)
