"""Examples of the tasks that a network has learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._core.checks import check_whole
from ...simulator._tasks.process import Examples, Process, drawn


def examples_of(process: Process, kinds: Sequence[int], rows: int, *, seed: int = 0, equal: bool = True) -> Examples:
    """Return examples of some kinds, such as the tasks that are learned, in the order of the kinds.

    They are no examples that the world of this seed trains on in fresh batches.

    Args:
        process: The task.
        kinds: Numbers of the kinds, from 0.
        rows: Examples in all.
        seed: Of the world, as that of a run of ``train``.
        equal: As many of each kind, ``rows`` over their number, rounded down. False: ``rows`` are drawn with the
            frequencies of the process, and those of other kinds are left out.

    Raises:
        ValueError: There are no kinds, one that the process does not have, or fewer rows than kinds.
    """
    chosen = np.unique(check_whole("kinds", kinds))
    if not len(chosen):
        raise ValueError("no task is learned, so there are no examples to compare: train longer, or a larger network.")
    if chosen[-1] >= len(process.kinds):
        raise ValueError(f"{process.name} has kinds 0 to {len(process.kinds) - 1}, got {chosen[-1]}.")
    if rows < len(chosen):
        raise ValueError(f"expected a row or more for each of {len(chosen)} kinds, got {rows}.")
    each = rows // len(chosen)
    found = drawn(process, seed, each * len(process.kinds) if equal else rows, exam=equal)
    kind = np.asarray(found.kind)
    places = [np.flatnonzero(kind == one)[: each if equal else rows] for one in chosen]
    return Examples(*(np.asarray(part)[np.concatenate(places)] for part in found))  # type: ignore[arg-type]
