"""Texts as samples, for files, pipes and MQTT: the outputs of a sample are the concepts that the text names.

Texts name more and fewer concepts: the last outputs are missing, NaN.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..._core.checks import check_seed
from ..._core.ranges import check_count
from .._recordings.trajectories import Trajectories
from .observations import BLOCK, TaskChunk
from .texts import Texts, TextStream


def rows_of(texts: Texts, width: int) -> NDArray[np.float64]:
    """Return the concepts of texts as rows, ``(text, width)``, NaN after the last one of each."""
    lengths = np.diff(texts.indptr)
    rows = np.full((texts.number, width), np.nan)
    rows[np.arange(width) < lengths[:, None]] = texts.indices
    return rows


def texts_in_rows(rows: NDArray[np.float64]) -> Texts:
    """Return the texts whose concepts stand in rows; NaN is left out.

    Raises:
        ValueError: A number is no concept: not whole, below 0, or 2^31 or more.
    """
    named = ~np.isnan(rows)
    numbers = rows[named]
    wrong = numbers[(numbers != np.rint(numbers)) | (numbers < 0) | (numbers >= 2**31)]
    if len(wrong):
        raise ValueError(f"a text holds numbers of concepts, whole and from 0 on, got {wrong[0]:g}: send texts alone.")
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(named.sum(axis=1))])
    return Texts(indptr, numbers.astype(np.int64))


def text_chunks(stream: TextStream, steps: int, runs: int = 1, seed: int = 0) -> Iterator[TaskChunk]:
    """Yield texts as samples: the outputs are as many as the longest text of the chunk names, at least one.

    Args:
        stream: The texts.
        steps: Texts of each run.
        runs: Independent runs; run i has the texts of seed + i.
        seed: Seed of the first run.

    Raises:
        ValueError: There are no steps or no runs.
    """
    check_count("steps", steps, 1)
    check_count("runs", runs, 1)
    check_seed(seed + runs - 1)
    for start in range(0, steps, BLOCK):
        stop = min(start + BLOCK, steps)
        drawn = [stream.draw(seed + run, start, stop) for run in range(runs)]
        width = max(1, *(int(np.diff(each.indptr).max()) for each in drawn))
        outputs = np.stack([rows_of(each, width) for each in drawn])
        yield TaskChunk(outputs, np.zeros((runs, stop - start, 0)))


def text_trajectories(stream: TextStream, steps: int, runs: int = 1, seed: int = 0) -> Iterator[Trajectories]:
    """Yield the chunks of ``text_chunks`` as stretches of recordings with the columns c1, c2, ..

    The texts are drawn twice: the first time only the longest is looked for.
    """
    width = max(chunk.outputs.shape[2] for chunk in text_chunks(stream, steps, runs, seed))
    names, run_names = tuple(f"c{i + 1}" for i in range(width)), tuple(map(str, range(runs)))
    for chunk in text_chunks(stream, steps, runs, seed):
        missing = width - chunk.outputs.shape[2]
        outputs = np.pad(chunk.outputs, ((0, 0), (0, 0), (0, missing)), constant_values=np.nan)
        yield Trajectories(outputs, chunk.inputs, np.full(runs, outputs.shape[1]), None, names, (), run_names)
