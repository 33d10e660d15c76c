"""The ideal learner of the quantization model: it learns kinds of examples, whole, one after another."""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from ..._core.checks import check_count, check_whole
from .block import Block


class QuantaState(NamedTuple):
    """What an ideal learner knows.

    Attributes:
        met: How often each kind was met, ``(kind,)``.
        last: The number of the example that was the last of each kind, from 0; -1: none yet.
        learned: Whether each kind holds a slot.
        seen: Examples taken so far.
    """

    met: Int[np.ndarray, " kind"]
    last: Int[np.ndarray, " kind"]
    learned: Bool[np.ndarray, " kind"]
    seen: int


class IdealQuanta(NamedTuple):
    """The learner that ``ideal_quanta`` returns. Nothing in it mutates: each call returns the state after it."""

    kinds: int
    uses: int
    slots: int
    unlearned: float
    learned: float

    def start(self) -> QuantaState:
        """Return the state before the first example."""
        none = np.zeros(self.kinds, np.int64)
        return QuantaState(none, none - 1, none > 0, 0)

    def take(self, state: QuantaState, kinds: ArrayLike) -> tuple[QuantaState, Float[np.ndarray, " example"]]:
        """Return the state after examples, and the loss on each just before it was taken.

        A stream may come in blocks of any lengths: the answer is the same to the bit.

        Args:
            state: The state before the first of them.
            kinds: The kind of each example, in order, whole numbers from 0, ``(example,)``.

        Raises:
            ValueError: A number is not the number of a kind.
        """
        numbers = check_whole("kinds", kinds)
        if (numbers >= self.kinds).any():
            raise ValueError(f"kinds must be below {self.kinds}, got {numbers.max()}: make the learner with more.")
        block = Block.of(numbers, state.met)
        known = state.learned[block.kind]
        learned = state.learned.copy()
        _fill(self, block, learned, known)
        if learned.sum() == self.slots < self.kinds:
            _exchange(self, state, block, learned, known)
        losses = np.empty(len(numbers))
        losses[block.time] = np.where(known, self.learned, self.unlearned)
        last = state.last.copy()
        last[numbers] = state.seen + np.arange(len(numbers))
        met = state.met + np.bincount(numbers, minlength=self.kinds)
        return QuantaState(met, last, learned, state.seen + len(numbers)), losses

    def kind_losses(self, state: QuantaState) -> Float[np.ndarray, " kind"]:
        """Return the loss on the next example, for each kind that it may be of."""
        return np.where(state.learned, self.learned, self.unlearned)


def ideal_quanta(
    kinds: int, uses: int = 1, slots: int | None = None, unlearned: float = 1.0, learned: float = 0.0
) -> IdealQuanta:
    """Return the ideal learner of the quantization model: on a stream of kinds, it learns kind after kind.

    It learns a kind when it has met it tau times, if one of its n slots is free. Once all are taken, a kind gets a slot
    as soon as it has been met more often than the least used kind that holds one, which is given up; of several the one
    that was met last. So the slots are held by the n kinds that were met most often, at least tau times; of kinds met
    equally often, by those that were so first. All kinds are counted, and counts take no slot.

    Why so: the theory lets n slots hold the n most frequent kinds. Counts order the kinds by frequency in the long run,
    so with probability 1 the slots come to hold just these, and the expected loss falls to ``Quanta.loss_by_size(n)``.
    A learner that gave nothing up would keep rare kinds that it happened to meet early, and would end above it. With a
    slot for every kind, the expected loss on the next example after D is ``Quanta.loss_by_data(D, tau)``, exactly, for
    every D.

    Args:
        kinds: Number of kinds.
        uses: tau, at least 1.
        slots: n, at least 1; None: one for each kind.
        unlearned, learned: Loss on an example of a kind that is not learned, and of one that is.

    Raises:
        ValueError: A number is no whole number of at least 1, or the losses are not finite.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 2. The slots are a list ordered by frequency counts: R. Rivest, On self-organizing
        sequential search heuristics, 1976.

    Examples:
        >>> learner = ideal_quanta(kinds=2, uses=2)
        >>> learner.take(learner.start(), [0, 1, 0, 0, 1, 1])[1].tolist()
        [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    """
    held = kinds if slots is None else slots
    sizes = check_count("kinds", kinds), check_count("uses", uses), check_count("slots", held)
    if not (math.isfinite(unlearned) and math.isfinite(learned)):
        raise ValueError(f"the losses must be finite, got unlearned={unlearned}, learned={learned}.")
    return IdealQuanta(sizes[0], sizes[1], min(sizes[0], sizes[2]), float(unlearned), float(learned))


def _fill(
    learner: IdealQuanta,
    block: Block,
    learned: Bool[np.ndarray, " kind"],
    known: Bool[np.ndarray, " example"],
) -> None:
    """Give the free slots to the kinds that are the first to be met tau times."""
    ready = np.flatnonzero((block.met == learner.uses) & ~known)
    joined = ready[np.argsort(block.time[ready])][: learner.slots - int(learned.sum())]
    learned[block.kind[joined]] = True
    known |= learned[block.kind] & (block.met > learner.uses)


def _exchange(
    learner: IdealQuanta,
    state: QuantaState,
    block: Block,
    learned: Bool[np.ndarray, " kind"],
    known: Bool[np.ndarray, " example"],
) -> None:
    """Give the slots of the least used kinds to kinds that were met more often. All slots are taken.

    A kind gets in with the example that raises its count above the least count of the holders. That count never falls,
    so one example at a time of each kind outside is looked at: the first that can raise it above.
    """
    first, end = block.rows(np.arange(learner.kinds)), block.rows(np.arange(1, learner.kinds + 1))
    holders = np.flatnonzero(learned)
    queue: list[tuple[int, int]] = []

    def wait(kind: int, least: int) -> None:
        row = int(first[kind]) + max(least - int(state.met[kind]), 0)
        if row < end[kind]:
            heapq.heappush(queue, (int(block.time[row]), row))

    for kind in np.unique(block.kind[~learned[block.kind]]).tolist():
        wait(kind, max(learner.uses, int(state.met[holders].min())))
    while queue:
        time, row = heapq.heappop(queue)
        kind = int(block.kind[row])
        rows = block.rows(holders, time)
        met = state.met[holders] + rows - first[holders]
        least = int(met.min())
        if block.met[row] > least:
            last = np.where(rows > first[holders], state.seen + block.time[rows - 1], state.last[holders])
            place = int(np.where(met == least, last, -1).argmax())
            out = int(holders[place])
            known[row + 1 : end[kind]] = True
            known[rows[place] : end[out]] = False
            learned[[kind, out]] = True, False
            holders[place] = kind
            wait(out, least)
        else:
            wait(kind, least)
