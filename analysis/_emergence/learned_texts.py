"""What a peeling decoder has learned after each text of a stream, and when it passes a share of the concepts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.progress import Progress, no_progress
from ...learners import PeelingDecoder
from ...simulator._tasks.texts import TextStream

_PIECE = 0.25  # texts taken at once, for each concept


class StreamPassage(NamedTuple):
    """When a stream has taught so many concepts.

    Attributes:
        text: The number of texts after which it has; None: not within those looked at.
        curve: ``texts, learned``: the share of the concepts that is known, at some numbers of texts up to there.
    """

    text: int | None
    curve: pl.DataFrame


def learned_after(stream: TextStream, seed: int, texts: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield the number of the first text of each piece of a stream, and how much is known after each text of it."""
    decoder = PeelingDecoder(stream.concepts)
    piece = max(int(_PIECE * stream.concepts), 1024)
    for start in range(0, texts, piece):
        yield start, decoder.take(stream.draw(seed, start, min(start + piece, texts)))


def stream_passage(
    stream: TextStream, seed: int, wanted: int, texts: int, every: int, progress: Progress = no_progress
) -> StreamPassage:
    """Return when a stream has taught so many concepts; it is read no further.

    Args:
        stream: The texts.
        seed: Of the stream.
        wanted: Concepts to learn, at least 1.
        texts: The most texts to read.
        every: Texts between two points of the curve.
        progress: Called with the texts read, and the most.
    """
    at, shares = [0], [0.0]
    for start, learned in learned_after(stream, seed, texts):
        points = np.arange(-(-(start + 1) // every) * every, start + len(learned) + 1, every)
        at += points.tolist()
        shares += (learned[points - start - 1] / stream.concepts).tolist()
        progress(start + len(learned), texts)
        if learned[-1] >= wanted:
            place = int(np.searchsorted(learned, wanted))
            return StreamPassage(start + place + 1, pl.DataFrame(dict(texts=at, learned=shares)))
    return StreamPassage(None, pl.DataFrame(dict(texts=at, learned=shares)))
