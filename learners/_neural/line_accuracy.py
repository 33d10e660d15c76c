"""How much of an exam a network that was kept in a file answers right, whole answers and symbol by symbol."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...simulator._tasks.find import find_task
from ...simulator._tasks.process import Process, drawn, exam_rows
from .checkpoint import Checkpoint, load_checkpoint
from .decode import right_symbols
from .recipe import read_recipe


class LineAccuracy(NamedTuple):
    """What a network answers when it writes by itself.

    Attributes:
        whole: Share of the lines whose whole answer is right.
        symbols: Share of the lines in which each symbol of the answer is right, ``(symbol,)``, in the order in which
            they are written; None where answers stand at different places.
    """

    whole: float
    symbols: NDArray[np.float64] | None


def line_accuracy(
    checkpoint: str | Path | Checkpoint,
    seed: int,
    rows: int | None = None,
    *,
    task: str | Process | None = None,
    device: str | None = None,
) -> LineAccuracy:
    """Return the share of an exam that a trained network answers right, by greedy decoding.

    A symbol behind a wrong one may be right or wrong by itself; a whole answer is right exactly if it is so by the
    exam accuracy of ``train``, which tells the network the true symbols before each one.

    Args:
        checkpoint: The network: a file of ``ergoscope emerge --keep``, or what ``load_checkpoint`` returned.
        seed: Of the exam. That of the run, the number in the name of its file, has lines that no update has seen.
        rows: Of the exam; None: as many as ``emerge`` takes.
        task: Its task; None: that which the file names.
        device: As in ``find_devices``.

    Raises:
        ValueError: There is no such file or task, the network writes no lines, or the exam cannot have so many rows.
    """
    kept = checkpoint if isinstance(checkpoint, Checkpoint) else load_checkpoint(checkpoint)
    process = find_task(kept.task if task is None else task)
    model = read_recipe(kept.learner, process).model
    examples = drawn(process, seed, exam_rows(process, None, rows), exam=True)
    found = right_symbols(model, kept.parameters, process, examples, device=device)
    asked = np.asarray(examples.y) >= 0
    symbols = None if (asked != asked[:1]).any() else found[:, asked[0]].mean(axis=0)
    return LineAccuracy(float(found.all(axis=1).mean()), symbols)
