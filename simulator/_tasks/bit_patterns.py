"""What an example of sparse parity asks and shows: its task, and the bits of that task."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..._core.named_options import read_options
from .process import Examples, Process
from .sparse_parity import sparse_parity, task_sets


def bit_patterns(process: Process, examples: Examples) -> NDArray[np.int64]:
    """Return a number for the task and the k bits of the task of each example, ``(row,)``.

    Examples have equal numbers where both are equal: there are 2^k patterns of each task. The numbers count from 0, in
    the order of the tasks and, within a task, of the patterns read as binary numbers.

    Args:
        process: The task ``sparse-parity``, with the options of these examples.
        examples: Examples of it.

    Raises:
        ValueError: The task is another one, or the inputs are not as many as its.
    """
    name, _, rest = process.name.partition(":")
    if name != "sparse-parity":
        raise ValueError(f"expected the task sparse-parity, whose examples have bit patterns; got {process.name}.")
    if np.shape(examples.x)[1:] != (process.inputs,):
        raise ValueError(
            f"{process.name} has inputs of shape ({process.inputs},), these are of shape {np.shape(examples.x)[1:]}: "
            "give examples of this task."
        )
    chosen = read_options(name, rest, get_type_hints(sparse_parity))
    sets = task_sets(chosen["tasks"], chosen["bits"], chosen["k"], chosen["subsets"])
    kind, bits = np.asarray(examples.kind), np.asarray(examples.x)[:, -chosen["bits"] :] > 0
    of_task = np.take_along_axis(bits, sets[kind], axis=1)
    numbers: NDArray[np.int64] = np.unique(np.column_stack([kind, of_task]), axis=0, return_inverse=True)[1]
    return numbers
