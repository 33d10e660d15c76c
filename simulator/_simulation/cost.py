"""Check that a simulation fits into memory and onto the disk, before anything is drawn or written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..._core.memory import GIB, free_memory
from ..._core.text import duration
from .._systems.linear_system import LinearSystem

NUMBER = 8  # bytes
MOST_STEPS = 2**53  # up to here the number of a sample is exact in a table of real numbers
STEP = 1e-8  # seconds of one step of one run, at the least
COPIES = 3  # of a block: in the simulation, in the learner's order, and one that is written


def check_steps(steps: int) -> None:
    """Raise ValueError if a run has more samples than a table can number.

    Raises:
        ValueError: It has; the message gives the estimated time.
    """
    if steps > MOST_STEPS:
        raise ValueError(f"{steps} steps would take at least {duration(STEP * steps)}: try at most 2^53.")


def check_held(system: LinearSystem, steps: int, replicates: int) -> None:
    """Raise ValueError if all samples of a simulation need more memory than is free.

    Args:
        system: The plant.
        steps: Samples of each run.
        replicates: Number of runs.

    Raises:
        ValueError: They do; the message gives both, and what to call instead.
    """
    needed = COPIES * NUMBER * (system.outputs + system.inputs + system.states) * steps * replicates
    free = free_memory()
    if needed > free:
        raise ValueError(
            f"{replicates} replicates of {steps} steps need {needed / GIB:.3g} GiB, and {free / GIB:.3g} GiB are free: "
            "use simulate_chunks or simulate_to_file, or fewer steps."
        )


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
    most = free // each
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
