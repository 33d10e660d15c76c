"""Texts: sets of concept numbers in compressed rows, and the contract of a stream of them.

Unlike a ``Process``, a stream of texts has no labels, no kinds and no exam: what a text teaches depends on what was
learned before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int


class Texts(NamedTuple):
    """Texts one after the other: text i names the concepts ``indices[indptr[i]:indptr[i + 1]]``.

    A concept may stand in a text more than once; this means the same as once.

    Attributes:
        indptr: Where each text begins, and the end of the last one, ``(text + 1,)``; from 0, not falling.
        indices: Numbers of concepts, from 0.
    """

    indptr: Int[np.ndarray, " edge"]
    indices: Int[np.ndarray, " entry"]

    @property
    def number(self) -> int:
        """How many texts."""
        return len(self.indptr) - 1

    def between(self, start: int, stop: int) -> Texts:
        """Return the texts ``start .. stop-1``; the concepts are not copied."""
        indptr = self.indptr[start : stop + 1]
        return Texts(indptr - indptr[0], self.indices[indptr[0] : indptr[-1]])


class TextStream(NamedTuple):
    """An endless stream of texts: all that a study, a publisher and a learner ask of one.

    Attributes:
        name: The stream with its options.
        about: One line.
        theory: What is known exactly, in one sentence.
        concepts: R; concepts are numbered ``0 .. R-1``.
        mean: d, the mean number of concepts of a text.
        of_size: The same stream with another number of concepts.
        draw: ``draw(seed, start, stop)``: the texts ``start .. stop-1`` of the stream that belongs to the seed. A text
            depends on its number and the seed alone, so that any part can be drawn anywhere.
    """

    name: str
    about: str
    theory: str
    concepts: int
    mean: float
    of_size: Callable[[int], TextStream]
    draw: Callable[[int, int, int], Texts]


def texts_of(rows: Iterable[Sequence[int]]) -> Texts:
    """Return lists of concepts as texts."""
    parts = [np.asarray(row, np.int64) for row in rows]
    lengths = [0, *map(len, parts)]
    return Texts(np.cumsum(lengths, dtype=np.int64), np.concatenate([np.zeros(0, np.int64), *parts]))


def joined(parts: Sequence[Texts]) -> Texts:
    """Return several batches of texts as one."""
    lengths = [np.zeros(1, np.int64), *(np.diff(part.indptr) for part in parts)]
    empty = np.zeros(0, np.int32)
    return Texts(np.cumsum(np.concatenate(lengths)), np.concatenate([empty, *(part.indices for part in parts)]))
