"""Check that a simulation fits into memory and onto the disk, before anything is drawn or written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..._core.memory import free_memory
from .._systems.linear_system import LinearSystem

NUMBER = 8  # bytes
MOST_RUNS = 2**32 - 1  # the random keys of runs have 32 bits
COPIES = 3  # of a block: on the device, in NumPy, and its noise
GIB = 2**30


def check_block(system: LinearSystem, rows: int, replicates: int) -> None:
    """Raise ValueError if one block of a simulation needs more memory than is free.

    Args:
        system: The plant.
        rows: Samples of each run in a block.
        replicates: Number of runs.

    Raises:
        ValueError: It does; the message gives both, and the number of runs that fits.
    """
    each = COPIES * NUMBER * rows * (system.states + system.outputs)
    free = free_memory()
    most = min(MOST_RUNS, free // each)
    if replicates > most:
        raise ValueError(
            f"{replicates} replicates need {each * replicates / GIB:.3g} GiB, and {free / GIB:.3g} GiB are free: "
            f"try at most {most}."
        )


def check_disk(path: str | os.PathLike[str], system: LinearSystem, steps: int, replicates: int) -> None:
    """Raise ValueError if the file of a simulation is larger than the free space of its disk.

    Random numbers hardly compress, so a file has about 8 bytes for each output, input and state of each sample.

    Args:
        path: The file.
        system: The plant.
        steps: Samples of each run.
        replicates: Number of runs.

    Raises:
        ValueError: It is; the message gives both, and the steps that fit.
    """
    row = NUMBER * (system.outputs + system.inputs + system.states)
    folder = Path(path).expanduser().absolute().parent
    if not folder.is_dir():
        return  # the writer says so
    free = shutil.disk_usage(folder).free
    if row * steps * replicates > free:
        raise ValueError(
            f"{replicates} runs of {steps} samples are a file of some {row * steps * replicates / GIB:.3g} GiB, and "
            f"{free / GIB:.3g} GiB are free in {str(folder)!r}: try at most {free // (row * replicates)} steps."
        )
