"""Sums of the squared errors of streams: everything that their verdicts need, in memory that does not grow.

Time: samples are counted from the first one of each stream. There are two kinds of sums: over stretches of equal
length on a log scale (``EDGES``), and over blocks of one length, which doubles when there are too many blocks. Errors
are added sample by sample until a stretch or a block ends; then they are added to both. The sums therefore have the
same bits, whatever the micro-batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from ...analysis._growth.curves import log_edges
from ...learners._engine.replay import Scores
from .error_loop import MOST_BLOCKS, add_errors

EDGES = log_edges(1 << 40)  # samples at which the stretches end
MOST_DRAWN = 128  # blocks of a bootstrap


class ErrorSums:
    """The sums of the lanes of a tile; the last row of each size axis counts the scored samples.

    Args:
        sizes: Number of sizes.
        outputs: Outputs of a stream.
        lanes: Lanes of the tile.
    """

    def __init__(self, sizes: int, outputs: int, lanes: int) -> None:
        self.age, self._length = np.zeros(lanes, np.int64), np.ones(lanes, np.int64)
        self._open = np.zeros((sizes + 1, outputs, lanes))  # since a stretch or a block ended last
        # np.zeros takes its memory page by page at first use: it would seem to grow for days.
        self._stretches = np.full((lanes, len(EDGES), sizes + 1, outputs), 0.0)
        self._blocks = np.full((lanes, MOST_BLOCKS, sizes + 1), 0.0)  # summed over the outputs

    def add(
        self,
        forecast: Float[np.ndarray, "time size output lane"],
        output: Float[np.ndarray, "time output lane"],
        scored: Bool[np.ndarray, "time output lane"],
        steps: Int[np.ndarray, " lane"],
    ) -> None:
        """Add the errors of the next ``steps`` samples of each lane where they are scored; other entries may be NaN.

        The error of a forecast that is NaN is infinite.
        """
        sums = self.age, self._length, self._open, self._stretches, self._blocks
        add_errors(*sums, EDGES, forecast, output, scored, steps)

    def _open_of(self, lanes: NDArray[np.int64]) -> NDArray[np.float64]:
        sums = np.moveaxis(self._open[..., lanes], -1, 0)
        return np.where(np.isnan(sums), np.inf, sums)

    def lane(self, i: int) -> StreamErrorSums:
        """Return the sums of one lane."""
        age, length = int(self.age[i]), int(self._length[i])
        if not age:
            return StreamErrorSums(0, 1, self._stretches[i, :0], self._blocks[i, :0])
        sums = self._open_of(np.array([i]))[0]
        stretches, blocks = (
            self._stretches[i, : _stretch(age - 1) + 1].copy(),
            self._blocks[i, : -(-age // length)].copy(),
        )
        stretches[-1] += sums
        blocks[-1] += sums.sum(axis=1)
        return StreamErrorSums(age, length, stretches, blocks)

    def clear(self, i: int) -> None:
        """Reset a lane."""
        self.age[i], self._length[i] = 0, 1
        for kept in (self._stretches, self._blocks):
            kept[i] = 0
        self._open[..., i] = 0

    def state(self, lanes: int) -> dict[str, NDArray[np.generic]]:
        """Return the sums of the first lanes, without the empty stretches and blocks."""
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
        """Take over what ``state`` returned, in a new tile."""
        lanes = len(arrays["age"])
        self.age[:lanes], self._length[:lanes] = arrays["age"], arrays["length"]
        self._open[..., :lanes] = arrays["open"]
        for sums, saved in ((self._stretches, arrays["stretches"]), (self._blocks, arrays["blocks"])):
            sums[:lanes, : saved.shape[1]] = saved


class StreamErrorSums(NamedTuple):
    """The sums of one stream.

    Attributes:
        age: Samples of the stream.
        length: Samples in a block.
        stretches: Sums of squared errors by size; the last row is the number of scored samples.
        blocks: The same, summed over the outputs.
    """

    age: int
    length: int
    stretches: Float[np.ndarray, "bin row output"]
    blocks: Float[np.ndarray, "block row"]

    def late_blocks(self) -> tuple[Float[np.ndarray, "block size"], Float[np.ndarray, " block"]]:
        """Return the sums of squared errors and the scored samples of each block, without the first twentieth.

        A block has about age^(1/3) samples or more, which a block bootstrap needs. There are at most 128, because a
        service computes verdicts often.
        """
        late = self.blocks[np.arange(len(self.blocks)) * self.length >= self.age // 20]
        wanted = max(int(np.ceil(self.age ** (1 / 3))), -(-self.age // MOST_DRAWN), 1)
        together = -(-wanted // self.length)
        sums = np.add.reduceat(late, np.arange(0, len(late), together), axis=0)
        return sums[:, :-1], sums[:, -1] / self.stretches.shape[2]


def as_scores(streams: list[StreamErrorSums]) -> Scores:
    """Return the sums of several streams as the scores of a recording with so many runs."""
    age = max(sums.age for sums in streams)
    edges = np.append(EDGES[age > EDGES], age)
    sums = np.zeros((len(edges) - 1, *streams[0].stretches.shape[1:], len(streams)))
    for i, stream in enumerate(streams):
        sums[: len(stream.stretches), ..., i] = stream.stretches
    error, samples = sums[:, None, :-1], sums[:, None, -1]
    return Scores(edges, error, np.zeros_like(error[:, :, :0]), samples)


def _stretch(sample: NDArray[np.int64] | int) -> NDArray[np.int64]:
    return np.searchsorted(EDGES, sample, side="right") - 1
