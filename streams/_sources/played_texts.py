"""Texts as live streams: a text is a sample whose outputs are the numbers of the concepts that it names.

As JSON: ``{"stream": "skills", "epoch": 1, "seq": 0, "y": [17, 3, 402]}``. A text without a concept has the y null. In
a block the rows are as long as the longest text, and end with null.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...simulator._simulation.cost import MOST_STEPS
from ...simulator._tasks.text_observations import text_chunks, texts_in_rows
from ...simulator._tasks.texts import Texts, TextStream
from .._messages.limits import MOST_CHANNELS
from .._messages.observation import Observation
from .playback import Chunk, Playback

MOST_MEAN = 128  # a text then names more than the 256 concepts of a message with a chance of 1e-22


class PlayedTexts(Playback):
    """A playback of texts: no observation is wider than its longest text."""

    def _cut(self, name: str, i: int, chunk: Chunk, done: int, first: int, end: int) -> Observation:
        item = super()._cut(name, i, chunk, done, first, end)
        width = int((~np.isnan(item.output)).sum(axis=1).max())
        return item._replace(output=item.output[:, : max(width, 1)])


def play_texts(
    stream: TextStream,
    steps: int | None = None,
    names: Sequence[str] = ("stream",),
    *,
    seed: int = 0,
    rate: float | None = None,
    block: int = 1,
    epoch: int = 0,
    skip: int = 0,
) -> Playback:
    """Return a stream of texts as a source: y are the concepts that a text names. Endless without ``steps``.

    The arguments are those of ``play_simulation``; stream i has the texts of seed + i. ``read_texts`` returns the texts
    of an observation.

    Raises:
        ValueError: Texts name so many concepts on average that they may not fit into a message.
    """
    if stream.mean > MOST_MEAN:
        raise ValueError(
            f"a message has room for {MOST_CHANNELS} concepts: texts may name {MOST_MEAN} on average, got "
            f"{stream.mean:g}; choose a smaller mean."
        )
    chunks = (Chunk(*chunk) for chunk in text_chunks(stream, MOST_STEPS if steps is None else steps, len(names), seed))
    return PlayedTexts(chunks, names, rate=rate, block=block, epoch=epoch, skip=skip)


def read_texts(observation: Observation) -> Texts:
    """Return the texts in an observation, for ``PeelingDecoder.take``.

    Raises:
        ValueError: A number is no concept: not whole, below 0, or 2^31 or more.
    """
    return texts_in_rows(observation.output)
