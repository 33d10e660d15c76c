"""The live service: observations in, forecasts and verdicts out.

One task reads the source into a queue of bounded length, another takes all that has come as one micro-batch: under
little load each sample by itself, under much load many at once, the same bits either way. Where the service is slower
than the source, the queue is full and the source waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..analysis import Streamed, locate_streamed
from ..learners import Driver, Learner
from ..simulator import Precision
from ._lanes import Forecasts, Lanes
from ._memory import load_service, save_service
from ._observation import Observation
from ._refused import Refused
from ._seam import Refusals, Sink, Source, log
from ._sequencer import WINDOW, Counts, Sequencer
from ._tally import gathered

QUEUE = 4096  # observations that wait
BATCH = 1 << 16  # samples in a micro-batch
LONGEST_WAIT = 0.05  # seconds that the first of many messages waits for the others
MOST_STREAMS = 10_000
FIRST_VERDICT = 256  # samples; then each time that there are twice as many


class Threshold(NamedTuple):
    """What is found by now of one stream, or of all together.

    Attributes:
        stream: Name of the stream, or ``*`` for all together.
        found: The verdict.
        sizes: Of the ladder.
        errors: Mean squared error of each since T/20, summed over the outputs; None where nothing was scored.
        counts: What became of the samples.
    """

    stream: str
    found: Streamed
    sizes: tuple[int, ...]
    errors: list[float] | None
    counts: Counts


Said = Forecasts | Threshold


@dataclass
class Stream:
    """What the service holds of one stream beside its lane."""

    sequencer: Sequencer
    heard: int  # samples that the service had taken when it last took one of this stream
    next_verdict: int = FIRST_VERDICT
    last: Any = None


@dataclass
class Service:
    """A learner of many streams.

    Attributes:
        make: Outputs and inputs to the learner of such streams; those of the first observation count.
        centre: What is taken off each output first, as in ``Driver``.
        precision, device: As in ``Driver``.
        window: Samples that may overtake a lost one before it is given up.
        together: The streams are runs of one plant: a verdict of all together is given, too.
        words: Name and options of the learner, by which a checkpoint knows it.
        state: Folder of checkpoints; what is there is taken up, and written every ``every`` seconds and at the end.
        most: Streams that are held. Where one more comes, the one that has been silent the longest, while most samples
            of others came, is forgotten: its last verdict is given, and if it comes again it starts anew.
        refusals: What was not taken in.
        samples: That were taken in, in order.
        forgotten: Streams that had to go.
    """

    make: Callable[[int, int], Learner]
    centre: Any = "first"
    precision: Precision = "float64"
    device: str | None = None
    window: int = WINDOW
    together: bool = False
    words: str | None = None
    state: Path | None = None
    every: float = 10.0
    most: int = MOST_STREAMS
    refusals: Refusals = field(default_factory=Refusals)
    samples: int = 0
    forgotten: int = 0

    def __post_init__(self) -> None:
        if self.window < 0:
            raise ValueError(f"window must be a whole number of at least 0, got {self.window}.")
        if self.most < 1:
            raise ValueError(f"there must be room for at least 1 stream, got {self.most}.")
        self.streams: dict[str, Stream] = {}
        self.lanes: Lanes | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ended = False
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

    def stop(self) -> None:
        """End as if the source had ended."""
        if self._reader is not None:
            self._reader.cancel()

    async def run(self, source: Source, sink: Sink[Said]) -> None:
        """Serve until the source ends, or is stopped; then give up what is held back, and give the last verdicts.

        Args:
            source: Of observations; opened and closed by the caller, as the sink is.
            sink: Is sent ``Forecasts`` as they are made, and a ``Threshold`` when one has changed.
        """
        self.refusals = source.refusals
        queue: asyncio.Queue[Observation | None] = asyncio.Queue(QUEUE)

        async def read() -> None:
            try:
                async for came in source:
                    await queue.put(came)
            finally:
                self._ended = True
                if not queue.full():
                    queue.put_nowait(None)  # wakes who waits; a full queue has nobody waiting

        clock = asyncio.get_running_loop().time
        due = clock() + self.every
        self._reader = asyncio.create_task(read(), name="ergoscope-read")
        try:
            while not (self._ended and queue.empty()):
                batch, steps = [await queue.get()], 0
                while steps < BATCH and not queue.empty():
                    batch.append(queue.get_nowait())
                    steps += batch[-1].steps if batch[-1] else 1
                begun = clock()
                for said in self.take([came for came in batch if came is not None]):
                    await sink.send(said)
                spent = clock() - begun
                if self.state is not None and clock() >= due:
                    save_service(self, self.state)
                    due = clock() + self.every
                await asyncio.sleep(0)  # where neither source nor sink ever waits, signals are seen here
                await _linger(queue, spent, len(batch))
            if self.state is not None:
                save_service(self, self.state)  # before what waits is given up: it may come when the service does
            for said in self.finish():
                await sink.send(said)
            if not self._reader.cancelled():
                self._reader.result()
        finally:
            self._reader.cancel()

    def take(self, batch: list[Observation]) -> list[Said]:
        """Take observations in, as they came, and return what there is to say."""
        said: list[Said] = []
        for came in batch:
            try:
                self._door(came)
            except Refused as refused:
                self.refusals.add(refused, came.stream)
                continue
            if came.stream not in self.streams:
                if len(self.streams) == self.most:
                    said += self._forget()
                self.stream(came.stream)
            stream = self.streams[came.stream]
            self._put(stream, stream.sequencer.take(came))
        return said + self._advance()

    def finish(self) -> list[Said]:
        """Return what is held back, and the last verdicts."""
        for stream in self.streams.values():
            self._put(stream, stream.sequencer.flush())
        said = self._advance()
        said += [self._threshold(name, [name]) for name in self.streams]
        if self.together and self.streams:
            said.append(self._threshold("*", list(self.streams)))
        return said

    def _put(self, stream: Stream, leaving: list[Observation]) -> None:
        """Queue what leaves the sequencer of a stream."""
        assert self.lanes is not None
        for rows in leaving:
            self.lanes.put(rows)
            self.samples += rows.steps
            stream.heard = self.samples

    def _forget(self) -> list[Said]:
        """Give the lane of the stream that has been silent the longest back, and return its last words."""
        assert self.lanes is not None
        name = min(self.streams, key=lambda name: self.streams[name].heard)
        self._put(self.streams[name], self.streams[name].sequencer.flush())
        said = [*self._advance(), self._threshold(name, [name])]
        self.lanes.drop(name)
        del self.streams[name]
        if not self.forgotten:
            log.warning(
                "%d streams are held here, and one more has come: those silent the longest are forgotten.", self.most
            )
        self.forgotten += 1
        return said

    def _door(self, came: Observation) -> None:
        """Refuse what does not fit in; the first observation fixes what does."""
        outputs, inputs = came.output.shape[1], came.input.shape[1]
        driver = (self.lanes or self.open(outputs, inputs)).driver
        if (outputs, inputs) != (driver.outputs, driver.inputs):
            raise Refused(
                "dimension",
                f"streams have {driver.outputs} outputs and {driver.inputs} inputs here, as the first one had; got "
                f"{outputs} and {inputs}: learn it by a service of its own.",
            )

    def open(self, outputs: int, inputs: int) -> Lanes:
        """Make the lanes of streams so wide."""
        driver = Driver(
            self.make(outputs, inputs),
            outputs,
            inputs,
            centre=self.centre,
            precision=self.precision,
            device=self.device,
            known_ahead=0,
        )
        self.lanes = Lanes(driver)
        return self.lanes

    def stream(self, name: str) -> Stream:
        """Begin a stream."""
        assert self.lanes is not None
        self.lanes.begin(name)
        begun = self.streams[name] = Stream(Sequencer(self.window), self.samples)
        return begun

    def _advance(self) -> list[Said]:
        if self.lanes is None:
            return []
        said: list[Said] = []
        for made in self.lanes.advance():
            said.append(made)
            stream, age = self.streams[made.stream], self.lanes.age(made.stream)
            if age >= stream.next_verdict:
                stream.next_verdict = 2 * age
                found = self._threshold(made.stream, [made.stream])
                told = found.found.critical, found.found.best and (found.found.best.size, found.found.best.alike)
                if told != stream.last:
                    stream.last = told
                    said.append(found)
        return said

    def _threshold(self, name: str, streams: list[str]) -> Threshold:
        assert self.lanes is not None
        learner, tallies = self.lanes.driver.learner, [self.lanes.tally(stream) for stream in streams]
        late = [tally.late_blocks() for tally in tallies]
        losses, samples = (np.concatenate(parts) for parts in zip(*late, strict=True))
        with np.errstate(over="ignore", invalid="ignore"):
            found = locate_streamed(gathered(tallies), losses, samples, learner, name)
            errors = (losses.sum(axis=0) / samples.sum()).tolist() if samples.sum() else None
        parts = [vars(self.streams[stream].sequencer.counts) for stream in streams]
        counts = Counts(**{word: sum(part[word] for part in parts) for word in parts[0]})
        return Threshold(name, found, learner.sizes, errors, counts)


async def _linger(queue: asyncio.Queue[Observation | None], spent: float, last: int) -> None:
    """Let more come where several came at once: many are taken in nearly as fast as one.

    As long as messages do come, there is room, and ten times as long as was spent on the last ones is not over.
    """
    clock = asyncio.get_running_loop().time
    end, there = clock() + min(10 * spent, LONGEST_WAIT), -1 if last > 1 else 0
    while there < queue.qsize() < QUEUE and clock() < end:
        there = queue.qsize()
        await asyncio.sleep(0.001)
