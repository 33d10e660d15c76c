"""What the squared errors of streams have summed to: all that their verdicts need, in memory that does not grow.

Time: samples are counted from the first one of each stream. Sums are kept over stretches of equal length on a log
scale, the ones of ``analysis.log_edges``, and over blocks of one length, which doubles when there are too many. What
comes is added up sample by sample until a stretch or a block ends, and only then added to both: the sums have the same
bits however the samples are gathered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from ...learners._engine.replay import Scores
from .._messages.outputs import EDGES

MOST_BLOCKS = 512
MOST_DRAWN = 128


class ErrorSums:
    """The sums of the lanes of a tile; the last row of each axis of sizes counts the samples that were scored.

    Args:
        sizes: Rungs of the ladder.
        outputs: Of a stream.
        lanes: Of the tile.
    """

    def __init__(self, sizes: int, outputs: int, lanes: int) -> None:
        self.age, self._length = np.zeros(lanes, np.int64), np.ones(lanes, np.int64)
        self._open = np.zeros((sizes + 1, outputs, lanes))  # since the last end of a stretch or a block
        # Filled by hand: memory that is given as zeros is taken page by page, and would seem to grow for days.
        self._stretches = np.full((lanes, len(EDGES), sizes + 1, outputs), 0.0)
        self._blocks = np.full((lanes, MOST_BLOCKS, sizes + 1), 0.0)  # summed over the outputs

    def add(
        self,
        forecast: Float[np.ndarray, "time size output lane"],
        output: Float[np.ndarray, "time output lane"],
        scored: Bool[np.ndarray, "time output lane"],
        steps: Int[np.ndarray, " lane"],
    ) -> None:
        """Add the errors of the next samples of each lane, so many of them, where they are scored; the rest may be NaN.

        A forecast that is no number any more is infinitely wrong.
        """
        rows = np.zeros((len(output), len(self._open), *output.shape[1:]))
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(forecast, output[:, None], out=rows[:, :-1], where=scored[:, None])
            np.square(rows[:, :-1], out=rows[:, :-1])
            rows[:, -1] = scored
            counted = np.arange(1, len(rows) + 1)[:, None]
            ages = self.age + np.minimum(counted, steps)
            ends = (counted <= steps) & ((ages % _block_length(ages) == 0) | _is_edge(ages))
            first = 0
            for row in np.flatnonzero(ends.any(axis=1) | (counted[:, 0] == len(rows))).tolist():
                rows[first] += self._open
                self._open = rows[first : row + 1].sum(axis=0)  # one after another: the axis is the outermost
                self.age = ages[row]
                self._join(np.flatnonzero(_block_length(self.age) > self._length))
                self._close(np.flatnonzero(ends[row]))
                first = row + 1

    def _join(self, lanes: NDArray[np.int64]) -> None:
        """Make one block of two."""
        if len(lanes):
            pairs = self._blocks[lanes]
            self._blocks[lanes, : MOST_BLOCKS // 2] = pairs[:, ::2] + pairs[:, 1::2]
            self._blocks[lanes, MOST_BLOCKS // 2 :] = 0
            self._length[lanes] *= 2

    def _close(self, lanes: NDArray[np.int64]) -> None:
        """Add what is open to the stretch and the block of the last sample."""
        if len(lanes):
            sums, last = self._taken(lanes), self.age[lanes] - 1
            self._stretches[lanes, _stretch(last)] += sums
            self._blocks[lanes, last // self._length[lanes]] += sums.sum(axis=2)
            self._open[..., lanes] = 0

    def _taken(self, lanes: NDArray[np.int64]) -> NDArray[np.float64]:
        sums = np.moveaxis(self._open[..., lanes], -1, 0)
        return np.where(np.isnan(sums), np.inf, sums)

    def lane(self, i: int) -> StreamErrorSums:
        """Return the sums of one lane."""
        age, length = int(self.age[i]), int(self._length[i])
        if not age:
            return StreamErrorSums(0, 1, self._stretches[i, :0], self._blocks[i, :0])
        sums = self._taken(np.array([i]))[0]
        stretches, blocks = (
            self._stretches[i, : _stretch(age - 1) + 1].copy(),
            self._blocks[i, : -(-age // length)].copy(),
        )
        stretches[-1] += sums
        blocks[-1] += sums.sum(axis=1)
        return StreamErrorSums(age, length, stretches, blocks)

    def clear(self, i: int) -> None:
        """Begin a lane anew."""
        self.age[i], self._length[i] = 0, 1
        for kept in (self._stretches, self._blocks):
            kept[i] = 0
        self._open[..., i] = 0

    def state(self, lanes: int) -> dict[str, NDArray[np.generic]]:
        """Return the first lanes as arrays, as far as they are filled."""
        age, length = self.age[:lanes].copy(), self._length[:lanes].copy()
        filled, blocks = int(_stretch(age.max() - 1)) + 1, int((-(-age // length)).max())
        return dict(
            age=age,
            length=length,
            open=self._open[..., :lanes].copy(),
            stretches=self._stretches[:lanes, :filled].copy(),
            blocks=self._blocks[:lanes, :blocks].copy(),
        )

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Become what ``state`` told, in a tile that is new."""
        lanes = len(arrays["age"])
        self.age[:lanes], self._length[:lanes] = arrays["age"], arrays["length"]
        self._open[..., :lanes] = arrays["open"]
        for kept, told in ((self._stretches, arrays["stretches"]), (self._blocks, arrays["blocks"])):
            kept[:lanes, : told.shape[1]] = told


class StreamErrorSums(NamedTuple):
    """The sums of one stream.

    Attributes:
        age: Samples of it.
        length: Samples in a block.
        stretches: Sums of squared errors, and last the scored samples.
        blocks: The same, summed over the outputs.
    """

    age: int
    length: int
    stretches: Float[np.ndarray, "bin row output"]
    blocks: Float[np.ndarray, "block row"]

    def late_blocks(self) -> tuple[Float[np.ndarray, "block size"], Float[np.ndarray, " block"]]:
        """Return the losses and their samples, without the first twentieth.

        A block is about age^(1/3) samples long or longer, as a block bootstrap wants; there are at most 128, for a
        service looks often.
        """
        late = self.blocks[np.arange(len(self.blocks)) * self.length >= self.age // 20]
        wanted = max(int(np.ceil(self.age ** (1 / 3))), -(-self.age // MOST_DRAWN), 1)
        together = -(-wanted // self.length)
        sums = np.add.reduceat(late, np.arange(0, len(late), together), axis=0)
        return sums[:, :-1], sums[:, -1] / self.stretches.shape[2]


def gathered(tallies: list[StreamErrorSums]) -> Scores:
    """Return the sums of several streams as those of a recording of so many runs."""
    age = max(tally.age for tally in tallies)
    edges = np.append(EDGES[age > EDGES], age)
    sums = np.zeros((len(edges) - 1, *tallies[0].stretches.shape[1:], len(tallies)))
    for i, tally in enumerate(tallies):
        sums[: len(tally.stretches), ..., i] = tally.stretches
    error, samples = sums[:, None, :-1], sums[:, None, -1]
    return Scores(edges, error, np.zeros_like(error[:, :, :0]), samples)


def _block_length(age: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how long blocks are at the last sample of an age: the least power of two of which few enough suffice."""
    _, doubled = np.frexp((np.maximum(age - 1, 0) // MOST_BLOCKS).astype(np.float64))
    return np.left_shift(1, doubled.astype(np.int64))


def _is_edge(age: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(EDGES[np.searchsorted(EDGES, age)] == age)


def _stretch(sample: NDArray[np.int64] | int) -> NDArray[np.int64]:
    return np.searchsorted(EDGES, sample, side="right") - 1
