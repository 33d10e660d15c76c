"""Peeling: a text with exactly one unknown concept teaches it; a text with several waits until it can."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from ..._core.ranges import check_count
from ...simulator._tasks.texts import Texts
from .peeling_kernel import (
    COUNTERS,
    FREE_NODE,
    FREE_TEXT,
    LEARNED,
    NODE,
    NODES_END,
    TEXTS_END,
    UNKNOWN,
    WAITING,
    Memory,
    entries,
    take,
)

MOST_WORDS = 2**31 - NODE
FIRST_NODES = 2  # that there is room for at first, for each concept; what is not touched takes no memory


class PeelingDecoder:
    """An online peeling decoder with R slots, one for each concept.

    A text in which all concepts but one are known teaches that one. A text with more unknown concepts is kept, and
    looked at again whenever one of them becomes known. The concepts learned from a set of texts are those of offline
    peeling: they depend neither on the order of the texts, nor on how many come at once, nor on repeats.

    This is the decoder of low-density parity-check codes on the erasure channel. A text is a parity check, and an
    unknown concept an erasure. It takes time in proportion to the concepts named, and memory in proportion to the
    concepts named by texts that wait: 13 bytes a concept, 8 a kept text, and 4 to 64 for each unknown concept of one,
    some 6 where it has many texts. The arrays grow by doubling; they do not shrink.

    Args:
        concepts: R, at least 1. Concepts are numbered ``0 .. R-1``.

    Raises:
        ValueError: R is no whole number, below 1, or 2^31 or more.

    Examples:
        >>> from ergoscope.simulator import texts_of
        >>> decoder = PeelingDecoder(4)
        >>> decoder.take(texts_of([[0, 1], [1, 2], [2]]))  # known after each text; the last one resolves the others
        array([0, 0, 3])
        >>> decoder.known
        array([ True,  True,  True, False])

    References:
        M. Luby, M. Mitzenmacher, M. A. Shokrollahi, D. A. Spielman, Efficient erasure correcting codes, 2001.
        T. Richardson, R. Urbanke, Modern Coding Theory, 2008, section 3.19.
    """

    def __init__(self, concepts: int) -> None:
        check_count("concepts", concepts, 1)
        if concepts >= 2**31:
            raise ValueError(f"peeling takes at most 2^31 - 1 concepts, got {concepts}: they are numbered in 32 bits.")
        counters = np.zeros(COUNTERS, np.int64)
        counters[[FREE_TEXT, FREE_NODE]] = -1
        texts = np.empty((concepts, 2), np.int32)
        nodes = np.empty(min(FIRST_NODES * concepts * NODE, MOST_WORDS), np.int32)
        places, order = np.full((concepts, 2), -1, np.int32), np.empty(concepts, np.int32)
        self._memory = Memory(np.zeros(concepts, np.uint8), places, order, texts, nodes, counters)

    @property
    def known(self) -> Bool[np.ndarray, " concept"]:
        """Whether each concept is known."""
        return self._memory.known.astype(bool)

    @property
    def learned(self) -> int:
        """How many concepts are known."""
        return int(self._memory.counters[LEARNED])

    @property
    def waiting(self) -> int:
        """How many texts are kept: those with two or more unknown concepts."""
        return int(self._memory.counters[WAITING])

    def take(self, texts: Texts) -> Int[np.ndarray, " text"]:
        """Learn from texts, in their order.

        Args:
            texts: Any number of them.

        Returns:
            How many concepts are known after each text.

        Raises:
            ValueError: The rows do not fit together or a concept is not one of ``0 .. R-1``; then nothing is learned.
                Or the kept texts name so many unknown concepts that they cannot be numbered in 32 bits, some 10^9; the
                texts before are learned.
        """
        indptr, indices = self._checked(texts)
        learned = np.empty(len(indptr) - 1, np.int64)
        done = 0
        while (done := take(self._memory, indptr, indices, done, learned)) < len(learned):
            self._make_room(int(indptr[done + 1] - indptr[done]))
        return learned

    def kept(self) -> Texts:
        """Return the texts that wait, each with its unknown concepts alone.

        A new decoder that takes the known concepts as texts of one, and then these, goes on in the same way.
        """
        memory = self._memory
        size = int(memory.texts[: memory.counters[TEXTS_END], UNKNOWN].sum())
        text_of, concept_of = np.empty(size, np.int32), np.empty(size, np.int32)
        assert entries(memory, text_of, concept_of) == size
        order = np.argsort(text_of, kind="stable")
        starts = np.flatnonzero(np.diff(text_of[order], prepend=-1))
        return Texts(np.append(starts, size), concept_of[order])

    def _checked(self, texts: Texts) -> tuple[Int[np.ndarray, " edge"], Int[np.ndarray, " entry"]]:
        indptr, indices = (np.asarray(part) for part in texts)
        if any(part.ndim != 1 or not (np.issubdtype(part.dtype, np.integer)) for part in (indptr, indices)):
            raise ValueError(f"texts are two vectors of whole numbers, got {indptr.dtype} and {indices.dtype}.")
        if not len(indptr) or indptr[0] != 0 or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
            raise ValueError(
                "indptr must begin with 0, not fall, and end with the number of concepts named, "
                f"{len(indices)}: build texts with texts_of."
            )
        concepts = len(self._memory.known)
        if len(indices) and not (indices.min() >= 0 and indices.max() < concepts):
            wrong = indices[(indices < 0) | (indices >= concepts)][0]
            raise ValueError(
                f"concepts are numbered 0 to {concepts - 1}, got {wrong}: a decoder needs a slot for each concept."
            )
        return indptr.astype(np.int64, copy=False), indices.astype(np.int32, copy=False)

    def _make_room(self, named: int) -> None:
        """Make room for one more text that names so many concepts."""
        memory = self._memory
        words = int(memory.counters[NODES_END]) + NODE * named
        if words > MOST_WORDS:
            raise ValueError(
                f"{self.waiting} texts wait, and their unknown concepts cannot be numbered in 32 bits: learn from "
                "texts that name fewer concepts first, or split the concepts over several decoders."
            )
        texts, nodes = memory.texts, memory.nodes
        if memory.counters[FREE_TEXT] < 0 and memory.counters[TEXTS_END] == len(texts):
            texts = np.concatenate([texts, np.empty_like(texts)])
        if words > len(nodes):
            grown = np.empty(min(max(2 * len(nodes), words), MOST_WORDS), np.int32)
            grown[: len(nodes)] = nodes
            nodes = grown
        self._memory = memory._replace(texts=texts, nodes=nodes)
