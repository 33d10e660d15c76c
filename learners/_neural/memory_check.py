"""Memory of training, estimated from shapes before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._core.devices import Precision
from ..._core.memory import GIB
from ...simulator._tasks.process import Process, exam_rows, held_rows
from .._engine.memory import memory_free
from .model import Model

STATES = 5  # parameters, their gradients, two means of Adam, the step
LAYERS = 4  # of numbers for each row: before and after the nonlinearity, and their gradients


def check_memory(
    model: Model,
    process: Process,
    shapes: Sequence[tuple[int, int | None]],
    batch: int | None,
    exam: int | None,
    at_once: int,
    precision: Precision,
    device: str | None,
) -> None:
    """Raise ValueError if the largest runs need more memory than there is.

    Args:
        model: The network.
        process: The task.
        shapes: Size and rows of the runs.
        batch, exam: As in ``train``.
        at_once: Runs that are trained at a time.
        precision: Of all numbers.
        device: As in ``find_devices``.
    """

    def numbers(size: int, rows: int | None) -> int:
        scored = exam_rows(process, rows, exam)
        of_set = 0 if rows is None else rows if batch is None else held_rows(rows)
        held = scored + (of_set or batch or 0)
        active = max(scored, batch or rows or 0)
        each = LAYERS * (size + process.classes) if model.active is None else model.active(size)
        return STATES * model.parameters(size) + held * process.inputs + active * each

    size, rows = max(shapes, key=lambda shape: numbers(*shape))
    needed = numbers(size, rows) * np.dtype(precision).itemsize * min(at_once, len(shapes))
    free = memory_free(device)
    if needed > free:
        on = "fresh batches" if rows is None else f"{rows} rows"
        raise ValueError(
            f"training a {model.size_label} of {size} on {on} needs about {needed / GIB:.3g} GiB, and "
            f"{free / GIB:.3g} GiB are free: choose smaller ones, or a smaller exam."
        )
