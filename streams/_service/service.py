"""The live service: observations in, forecasts and verdicts out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.devices import Precision
from ...analysis._location.streamed import locate_streamed
from ...learners import Learner
from ...learners._engine.driver import Driver
from .._messages.errors import RejectedMessage
from .._messages.metadata import Arrival, Plant
from .._messages.observation import Observation
from .._messages.outputs import MOST_STREAMS, Counts, Output, Threshold
from .._sources.interfaces import Arrivals, RejectionCounts, Sink, log
from .durability import Durability
from .error_sums import gathered
from .runner import take_all
from .sequencer import WINDOW, Sequencer
from .snapshot import load_service
from .stream_table import StreamTable
from .verdicts import Verdicts, over_oracles

MOST_CHANNELS = 16


@dataclass
class Stream:
    """What the service holds of one stream beside its lane."""

    sequencer: Sequencer
    heard: int  # samples that the service had taken when it last took one of this stream
    verdicts: Verdicts = field(default_factory=Verdicts)


@dataclass
class Service:
    """A learner of many streams.

    Attributes:
        make: Outputs and inputs to the learner of such streams; those of the first observation count.
        center: What is taken off each output first, as in ``Driver``.
        precision, device: As in ``Driver``.
        window: Samples that may overtake a lost one before it is given up.
        together: The streams are runs of one plant: a verdict of all together is given, too.
        words: Name and options of the learner, by which a checkpoint knows it.
        state: Folder of checkpoints and of a journal; what is there is taken up, and what is taken in is journaled. A
            checkpoint is written every ``every`` seconds and at the end.
        channels: Outputs and inputs that a stream may have, together: the cost of learning grows with their square and
            more, and the first observation decides for all.
        most: Streams that are held. One more takes the place of the one that is silent the longest, counted in samples.
        rejections: What was not taken in.
        samples: Taken in so far.
        position: Number of the next record of the journal, at the last checkpoint.
        forgotten: Streams that had to go.
    """

    make: Callable[[int, int], Learner]
    center: Any = "first"
    precision: Precision = "float64"
    device: str | None = None
    window: int = WINDOW
    together: bool = False
    words: str | None = None
    state: Path | None = None
    every: float = 10.0
    channels: int = MOST_CHANNELS
    most: int = MOST_STREAMS
    rejections: RejectionCounts = field(default_factory=RejectionCounts)
    samples: int = 0
    forgotten: int = 0
    position: int = 0

    def __post_init__(self) -> None:
        if self.window < 0 or self.most < 1 or self.channels < 1:
            got = f"{self.window}, {self.most} and {self.channels}"
            raise ValueError(f"window must be at least 0, most and channels at least 1, got {got}.")
        self.streams: dict[str, Stream] = {}
        self.plants: dict[str, str] = {}  # by stream, as they were told
        self._together = Verdicts()
        self.lanes: StreamTable | None = None
        self.reader: asyncio.Task[None] | None = None
        if self.state is not None:
            load_service(self, self.state)

    @property
    def learner(self) -> Learner | None:
        """The learner; None before the first observation."""
        return None if self.lanes is None else self.lanes.driver.learner

    @property
    def counts(self) -> dict[str, Counts]:
        """What became of the samples of each stream."""
        return {name: stream.sequencer.counts for name, stream in self.streams.items()}

    def stop(self) -> bool:
        """End as if the source had ended; return whether the service has begun to read one."""
        if self.reader is not None:
            self.reader.cancel()
        return self.reader is not None

    async def run(self, source: Arrivals, sink: Sink[Output]) -> None:
        """Serve until the source ends, or is stopped; then give up what is held back, and give the last verdicts.

        With ``state`` what was taken in after the last checkpoint is taken in first, and what is said of it said again.

        Args:
            source: Of observations, and of the plants behind them; opened and closed by the caller, as the sink is.
            sink: Is sent ``Forecasts`` as they are made, and a ``Threshold`` when one has changed.

        Raises:
            ValueError: What is taken in cannot be kept in ``state``.
        """
        self.rejections = source.rejections
        if self.state is None:
            await take_all(self, source, sink)
            return
        with Durability(self, self.state, source, self.every) as keeper:
            for batch in keeper.recover():
                for said in self.take(batch):
                    await sink.send(said)
            await take_all(self, source, sink, keeper)

    def take(self, batch: Sequence[Arrival]) -> list[Output]:
        """Take observations in, as they came, and return what there is to say."""
        said: list[Output] = []
        for came in batch:
            if isinstance(came, Plant):
                said += self._know(came)
                continue
            try:
                self._door(came)
            except RejectedMessage as refused:
                self.rejections.add(refused, came.stream)
                continue
            if came.stream not in self.streams:
                if len(self.streams) == self.most:
                    said += self._forget()
                self.stream(came.stream)
                if came.stream in self.plants:
                    self._hold_against(Plant(came.stream, self.plants[came.stream]))
            stream = self.streams[came.stream]
            self._put(stream, stream.sequencer.take(came))
        return said + self._advance()

    def finish(self) -> list[Output]:
        """Return what is held back, and the last verdicts."""
        for stream in self.streams.values():
            self._put(stream, stream.sequencer.flush())
        said = self._advance()
        said += [self._threshold(name, [name]) for name in self.streams]
        if self.together and self.streams:
            said.append(self._threshold("*", list(self.streams)))
        return said

    def _know(self, plant: Plant) -> list[Output]:
        """Note the plant behind a stream; what is queued came before it."""
        if self.plants.get(plant.stream, "") == plant.told:
            return []
        self.plants[plant.stream] = plant.told
        if len(self.plants) > 2 * self.most:
            del self.plants[next(iter(self.plants))]
        if plant.stream not in self.streams:
            return []
        said = self._advance()
        self._hold_against(plant)
        return said

    def _hold_against(self, plant: Plant) -> None:
        assert self.lanes is not None
        try:
            self.lanes.know(plant)
        except RejectedMessage as refused:
            self.rejections.add(refused, plant.stream)

    def _put(self, stream: Stream, leaving: list[Observation]) -> None:
        """Queue what leaves the sequencer of a stream."""
        assert self.lanes is not None
        for rows in leaving:
            self.lanes.put(rows)
            self.samples += rows.steps
            stream.heard = self.samples

    def _forget(self) -> list[Output]:
        """Give the lane of the stream that has been silent the longest back, and return its last words."""
        assert self.lanes is not None
        name = min(self.streams, key=lambda name: self.streams[name].heard)
        self._put(self.streams[name], self.streams[name].sequencer.flush())
        said = [*self._advance(), self._threshold(name, [name])]
        self.lanes.drop(name)
        del self.streams[name]
        if not self.forgotten:
            log.warning("%d streams are held: for each new one that silent the longest is forgotten.", self.most)
        self.forgotten += 1
        return said

    def _door(self, came: Observation) -> None:
        """Refuse what does not fit in; the first observation fixes what does."""
        outputs, inputs = came.output.shape[1], came.input.shape[1]
        if outputs + inputs > self.channels:
            raise RejectedMessage(
                "dimension",
                f"a stream may have {self.channels} outputs and inputs, got {outputs} and {inputs}: allow more "
                f"(--channels {outputs + inputs}), and expect to wait for them.",
            )
        driver = (self.lanes or self.open(outputs, inputs)).driver
        if (outputs, inputs) != (driver.outputs, driver.inputs):
            raise RejectedMessage(
                "dimension",
                f"streams have {driver.outputs} outputs and {driver.inputs} inputs here, as the first one had; got "
                f"{outputs} and {inputs}: learn it by a service of its own.",
            )

    def open(self, outputs: int, inputs: int) -> StreamTable:
        """Make the lanes of streams so wide."""
        driver = Driver(
            self.make(outputs, inputs),
            outputs,
            inputs,
            center=self.center,
            precision=self.precision,
            device=self.device,
            known_ahead=0,
        )
        self.lanes = StreamTable(driver)
        return self.lanes

    def stream(self, name: str) -> Stream:
        """Begin a stream."""
        assert self.lanes is not None
        self.lanes.begin(name)
        return self.streams.setdefault(name, Stream(Sequencer(self.window), self.samples))

    def _advance(self) -> list[Output]:
        if self.lanes is None:
            return []
        said: list[Output] = []
        for made in self.lanes.advance():
            said.append(made)
            verdicts = self.streams[made.stream].verdicts
            if verdicts.is_due(self.lanes.age(made.stream)):
                found = self._threshold(made.stream, [made.stream])
                said += [found] if verdicts.is_news(found.found) else []
        if self.together and self.streams and self._together.is_due(self.samples // len(self.streams)):
            found = self._threshold("*", list(self.streams))
            said += [found] if self._together.is_news(found.found) else []
        return said

    def _threshold(self, name: str, streams: list[str]) -> Threshold:
        assert self.lanes is not None
        learner, tallies = self.lanes.driver.learner, [self.lanes.tally(stream) for stream in streams]
        late = [tally.late_blocks() for tally in tallies]
        losses, samples = (np.concatenate(parts) for parts in zip(*late, strict=True))
        with np.errstate(over="ignore", invalid="ignore"):
            spoken = "all streams together" if name == "*" else name
            found = locate_streamed(gathered(tallies), losses, samples, learner, spoken)
            errors = (losses.sum(axis=0) / samples.sum()).tolist() if samples.sum() else None
        parts = [vars(self.streams[stream].sequencer.counts) for stream in streams]
        counts = Counts(**{word: sum(part[word] for part in parts) for word in parts[0]})
        oracle = over_oracles([self.lanes.excess(stream) for stream in streams])
        return Threshold(name, found, learner.sizes, errors, oracle, counts, dict(self.rejections.counts))
