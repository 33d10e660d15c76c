"""What the squared errors of one stream have summed to: all that a verdict needs, in memory that does not grow.

Time: samples are counted from the first one of the stream. Sums are kept over stretches of equal length on a log scale,
the ones of ``analysis.log_edges``, and over blocks of one length, which doubles when there are too many.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..analysis import log_edges
from ..learners import Scores

EDGES = log_edges(1 << 40)
MOST_BLOCKS = 512
MOST_DRAWN = 128


class Tally:
    """The sums of one stream.

    Args:
        sizes: Rungs of the ladder.
        outputs: Of the stream.
    """

    def __init__(self, sizes: int, outputs: int) -> None:
        self.age = 0
        self._error, self._samples = np.zeros((0, sizes, outputs)), np.zeros((0, outputs))
        self._blocks, self._counts = np.zeros((MOST_BLOCKS, sizes)), np.zeros(MOST_BLOCKS)
        self._length = 1

    def add(self, error: NDArray[np.float64], scored: NDArray[np.bool_]) -> None:
        """Add the errors ``(time, size, output)`` of the next samples, of which those ``(time, output)`` are scored.

        A forecast that is no number any more is infinitely wrong. The sums have the same bits however the samples are
        gathered: blocks are joined between the same two samples.
        """
        room = MOST_BLOCKS * self._length - self.age
        if len(error) > room:
            self.add(error[:room], scored[:room])
            for kept in (self._blocks, self._counts):
                kept[: MOST_BLOCKS // 2] = kept[::2] + kept[1::2]
                kept[MOST_BLOCKS // 2 :] = 0
            self._length *= 2
            self.add(error[room:], scored[room:])
            return
        if not len(error):
            return
        with np.errstate(over="ignore"):
            square = np.where(scored[:, None], np.where(np.isnan(error), np.inf, error), 0.0) ** 2
        place = np.arange(self.age, self.age + len(error))
        bins = np.searchsorted(EDGES, place, side="right") - 1
        more = bins[-1] + 1 - len(self._error)
        if more > 0:
            self._error = np.concatenate([self._error, np.zeros((more, *self._error.shape[1:]))])
            self._samples = np.concatenate([self._samples, np.zeros((more, self._samples.shape[1]))])
        np.add.at(self._error, bins, square)
        np.add.at(self._samples, bins, scored)
        self.age += len(error)
        np.add.at(self._blocks, place // self._length, square.sum(axis=2))
        np.add.at(self._counts, place // self._length, scored.all(axis=1))

    def late_blocks(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the losses ``(block, size)`` and their samples, without the first twentieth.

        A block is about age^(1/3) samples long or longer, as a block bootstrap wants; there are at most 128, for a
        service looks often.
        """
        used = -(-self.age // self._length)
        late = np.arange(used) * self._length >= self.age // 20
        wanted = max(int(np.ceil(self.age ** (1 / 3))), -(-self.age // MOST_DRAWN))
        together = -(-wanted // self._length)
        starts = np.arange(0, int(late.sum()), together)
        losses, samples = self._blocks[:used][late], self._counts[:used][late]
        return np.add.reduceat(losses, starts, axis=0), np.add.reduceat(samples, starts)

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Return all of it as arrays."""
        place = np.array([self.age, self._length], np.float64)  # whole numbers below 2^53
        return dict(
            place=place,
            error=self._error,
            samples=self._samples,
            blocks=self._blocks.copy(),
            counts=self._counts.copy(),
        )

    def restore(self, arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Become what ``state`` told."""
        self.age, self._length = (int(number) for number in arrays["place"])
        self._error, self._samples = arrays["error"], arrays["samples"]
        self._blocks, self._counts = arrays["blocks"], arrays["counts"]


def gathered(tallies: list[Tally]) -> Scores:
    """Return the sums of several streams as those of a recording of so many runs."""
    age = max(tally.age for tally in tallies)
    edges = np.append(EDGES[age > EDGES], age)
    shape = len(edges) - 1, *tallies[0]._error.shape[1:], len(tallies)
    error, samples = np.zeros(shape), np.zeros((shape[0], *shape[2:]))
    for i, tally in enumerate(tallies):
        error[: len(tally._error), ..., i], samples[: len(tally._samples), :, i] = tally._error, tally._samples
    return Scores(edges, error[:, None], np.zeros((shape[0], 1, 0, *shape[2:])), samples[:, None])
