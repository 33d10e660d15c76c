"""Sources made of what is there already: recordings and simulations, paced by a clock or as fast as they are taken.

Time: sample ``t`` of every run leaves ``t / rate`` seconds after the start, measured by a clock that never jumps; a
source that is late catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from numpy.typing import NDArray

from ..._core.devices import computing
from ...simulator import LinearSystem, Trajectories, simulate_chunks
from .._messages.json_codec import check_count, check_stream
from .._messages.observation import Observation
from .interfaces import NullContext, RejectionCounts

Channels: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]  # names of the outputs, of the inputs


class Stretch(NamedTuple):
    """Some samples of all runs: ``(batch, time, output)`` and ``(batch, time, input)``."""

    outputs: NDArray[np.floating]
    inputs: NDArray[np.floating]


class Playback(NullContext):
    """Observations of runs side by side, block by block.

    Args:
        stretches: What is played, in the order of time.
        names: Of the streams, one a run.
        lengths: Samples of each run; None: all that come.
        dt: Seconds between samples, or None.
        rate: Samples a second, or None: as fast as they are taken.
        block: Samples in an observation.
        epoch: Of the publisher.
        channels: Names of the outputs and of the inputs, where they have any.
        skip: Observations to leave out at the beginning, as they have been played before.
    """

    def __init__(
        self,
        stretches: Iterable[Stretch],
        names: Sequence[str],
        *,
        lengths: NDArray[np.int64] | None = None,
        dt: float | None = None,
        rate: float | None = None,
        block: int = 1,
        epoch: int = 0,
        channels: Channels = ((), ()),
        skip: int = 0,
    ) -> None:
        if rate is not None and not 0 < rate < np.inf:
            raise ValueError(f"a rate is a positive number of samples a second, got {rate}.")
        if not 1 <= block <= 1 << 16:
            raise ValueError(f"a block has 1 to 65536 samples, got {block}.")
        check_count("epoch", epoch)
        self.rejections = RejectionCounts()
        self.names = [check_stream(name.replace("/", ":")) for name in names]
        self.dt, self.channels = dt, channels
        self._stretches, self._lengths = stretches, lengths
        self._rate, self._block, self._epoch, self._skip = rate, block, epoch, skip

    @property
    def meta(self) -> dict[str, Any]:
        """What is known of the streams: names of the channels, where they have any, and ``dt``."""
        named = zip(("outputs", "inputs"), self.channels, strict=True)
        return {word: list(some) for word, some in named if some} | dict(dt=self.dt)

    async def __aiter__(self) -> AsyncIterator[Observation]:
        clock = asyncio.get_running_loop().time
        begun: float | None = None
        for came in islice(self._observations(), self._skip, None):
            first = came.sequence or 0
            if self._rate is not None:
                begun = clock() - first / self._rate if begun is None else begun
                # The last sample of a block is there before the block is.
                await asyncio.sleep(max(begun + (first + came.steps - 1) / self._rate - clock(), 0))
            yield came

    def _observations(self) -> Iterator[Observation]:
        done = 0
        for stretch in self._stretches:
            steps = stretch.outputs.shape[1]
            for first in range(0, steps, self._block):
                stop = min(first + self._block, steps)
                for i, name in enumerate(self.names):
                    end = stop if self._lengths is None else min(stop, int(self._lengths[i]) - done)
                    if end > first:
                        yield self._cut(name, i, stretch, done, first, end)
            done += steps

    def _cut(self, name: str, i: int, stretch: Stretch, done: int, first: int, end: int) -> Observation:
        number = np.arange(done + first, done + end)
        time = np.asarray(number * (np.nan if self.dt is None else self.dt), np.float64)
        rows = (np.asarray(part[i, first:end], np.float64) for part in stretch)
        return Observation(name, self._epoch, done + first, time, *rows)


def play(
    recording: Trajectories, *, rate: float | None = None, speed: float | None = None, block: int = 1, epoch: int = 0
) -> Playback:
    """Return a recording as a source.

    Args:
        recording: One or many runs, each a stream by its name.
        rate: Samples a second; None: as fast as they are taken.
        speed: The same in multiples of the speed it was recorded at.
        block: Samples in an observation.
        epoch: Of the publisher.

    Raises:
        ValueError: A speed for a recording without a time column, or beside a rate.
    """
    if speed is not None:
        if rate is not None or recording.dt is None or speed <= 0:
            raise ValueError("a speed needs a recording with a time column and no rate: name the column, or the rate.")
        rate = speed / recording.dt
    whole = Stretch(recording.outputs, recording.inputs)
    options: dict[str, Any] = dict(rate=rate, block=block, epoch=epoch, dt=recording.dt, lengths=recording.lengths)
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

    Its numbers are those of ``simulate`` with as many replicates as there are names. ``skip`` observations at the
    beginning are made and left out, so that one that was interrupted goes on.
    """
    stretches = _simulated(system, 1 << 40 if steps is None else steps, len(names), seed, inputs)
    return Playback(stretches, names, dt=system.dt, rate=rate, block=block, epoch=epoch, skip=skip)


def _simulated(system: LinearSystem, steps: int, count: int, seed: int, inputs: str) -> Iterator[Stretch]:
    with computing("float64", None):
        chunks = simulate_chunks(jax.random.key(seed), system, steps, count, inputs=inputs)
    while True:
        with computing("float64", None):  # not held over a yield: others compute meanwhile
            chunk = next(chunks, None)
            if chunk is None:
                return
            y = np.asarray(chunk.outputs).transpose(2, 0, 1)
            u = np.asarray(chunk.inputs)
        yield Stretch(y, np.broadcast_to(u, (count, *u.shape)))
