"""Recordings and simulations as sources, at a rate or as fast as possible.

Time: sample ``t`` of every run is given ``t / rate`` seconds after the start, by a monotonic clock; a source that is
late catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...simulator import LinearSystem, Trajectories, simulate_chunks
from ...simulator._recordings.reading import Reading
from ...simulator._simulation.cost import MOST_STEPS
from ...simulator._tasks.observations import task_chunks
from ...simulator._tasks.process import Process
from .._messages.json_codec import check_count, check_stream
from .._messages.observation import Observation
from .interfaces import NullContext, RejectionCounts

Channels: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]  # names of the outputs, of the inputs


class Chunk(NamedTuple):
    """Consecutive samples of all runs: ``(batch, time, output)`` and ``(batch, time, input)``."""

    outputs: NDArray[np.floating]
    inputs: NDArray[np.floating]


class Playback(NullContext):
    """Observations of several runs, block by block.

    Args:
        chunks: The samples, in the order of time.
        names: Names of the streams, one for each run.
        lengths: Samples of each run; None: all.
        dt: Seconds between samples, or None.
        rate: Samples per second; None: as fast as possible.
        block: Samples in an observation.
        epoch: Epoch of the publisher.
        channels: Names of the outputs and of the inputs, if they have names.
        skip: Observations to leave out at the beginning.
        reading: What was read from a file, or None.
    """

    def __init__(
        self,
        chunks: Iterable[Chunk],
        names: Sequence[str],
        *,
        lengths: NDArray[np.int64] | None = None,
        dt: float | None = None,
        rate: float | None = None,
        block: int = 1,
        epoch: int = 0,
        channels: Channels = ((), ()),
        skip: int = 0,
        reading: Reading | None = None,
    ) -> None:
        if rate is not None and not 0 < rate < np.inf:
            raise ValueError(f"a rate is a positive number of samples a second, got {rate}.")
        if not 1 <= block <= 1 << 16:
            raise ValueError(f"a block has 1 to 65536 samples, got {block}.")
        check_count("epoch", epoch)
        self.rejections = RejectionCounts()
        self.names = [check_stream(name.replace("/", ":")) for name in names]
        self.dt, self.channels, self.reading = dt, channels, reading
        self._chunks, self._lengths = chunks, lengths
        self._rate, self._block, self._epoch, self._skip = rate, block, epoch, skip

    @property
    def meta(self) -> dict[str, Any]:
        """Metadata of the streams: names of the channels, if they have names, and ``dt``."""
        named = zip(("outputs", "inputs"), self.channels, strict=True)
        return {word: list(some) for word, some in named if some} | dict(dt=self.dt)

    async def __aiter__(self) -> AsyncIterator[Observation]:
        clock = asyncio.get_running_loop().time
        begun: float | None = None
        for observation in islice(self._observations(), self._skip, None):
            first = observation.sequence or 0
            if self._rate is not None:
                begun = clock() - first / self._rate if begun is None else begun
                # A block is given at the time of its last sample.
                await asyncio.sleep(max(begun + (first + observation.steps - 1) / self._rate - clock(), 0))
            yield observation

    def _observations(self) -> Iterator[Observation]:
        done = 0
        for chunk in self._chunks:
            steps = chunk.outputs.shape[1]
            for first in range(0, steps, self._block):
                stop = min(first + self._block, steps)
                for i, name in enumerate(self.names):
                    end = stop if self._lengths is None else min(stop, int(self._lengths[i]) - done)
                    if end > first:
                        yield self._cut(name, i, chunk, done, first, end)
            done += steps

    def _cut(self, name: str, i: int, chunk: Chunk, done: int, first: int, end: int) -> Observation:
        number = np.arange(done + first, done + end)
        time = np.asarray(number * (np.nan if self.dt is None else self.dt), np.float64)
        rows = (np.asarray(part[i, first:end], np.float64) for part in chunk)
        return Observation(name, self._epoch, done + first, time, *rows)


def play(
    recording: Trajectories, *, rate: float | None = None, speed: float | None = None, block: int = 1, epoch: int = 0
) -> Playback:
    """Return a recording as a source.

    Args:
        recording: One or many runs; each is a stream with the name of the run.
        rate: Samples per second; None: as fast as possible.
        speed: The rate as a multiple of the recorded one.
        block: Samples in an observation.
        epoch: Epoch of the publisher.

    Raises:
        ValueError: A speed was given for a recording without a time column, or together with a rate.
    """
    if speed is not None:
        if rate is not None or recording.dt is None or speed <= 0:
            raise ValueError("a speed needs a recording with a time column and no rate: name the column, or the rate.")
        rate = speed / recording.dt
    whole = Chunk(recording.outputs, recording.inputs)
    options: dict[str, Any] = dict(rate=rate, block=block, epoch=epoch, dt=recording.dt, lengths=recording.lengths)
    options |= dict(reading=recording.reading)
    return Playback([whole], recording.run_names, channels=(recording.output_names, recording.input_names), **options)


def play_simulation(
    system: LinearSystem,
    steps: int | None = None,
    names: Sequence[str] = ("stream",),
    *,
    seed: int = 0,
    inputs: str = "zero",
    rate: float | None = None,
    block: int = 1,
    epoch: int = 0,
    skip: int = 0,
) -> Playback:
    """Return a simulation as a source, endless without ``steps``.

    The samples are those of ``simulate`` with as many replicates as names. The first ``skip`` observations are left
    out: a simulation that was interrupted goes on there.
    """
    chunks = _simulated(system, MOST_STEPS if steps is None else steps, len(names), seed, inputs)
    return Playback(chunks, names, dt=system.dt, rate=rate, block=block, epoch=epoch, skip=skip)


def play_task(
    process: Process,
    steps: int | None = None,
    names: Sequence[str] = ("stream",),
    *,
    seed: int = 0,
    rate: float | None = None,
    block: int = 1,
    epoch: int = 0,
    skip: int = 0,
) -> Playback:
    """Return the fresh examples of a task as a source: y is the label, u the inputs. Endless without ``steps``.

    The arguments are those of ``play_simulation``, the samples those of ``task_chunks``.
    """
    chunks = (Chunk(*chunk) for chunk in task_chunks(process, MOST_STEPS if steps is None else steps, len(names), seed))
    return Playback(chunks, names, rate=rate, block=block, epoch=epoch, skip=skip)


def _simulated(system: LinearSystem, steps: int, count: int, seed: int, inputs: str) -> Iterator[Chunk]:
    for chunk in simulate_chunks(seed, system, steps, count, inputs=inputs):
        yield Chunk(chunk.outputs.transpose(2, 0, 1), np.broadcast_to(chunk.inputs, (count, *chunk.inputs.shape)))
