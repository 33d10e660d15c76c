"""The record of runs, simulated or measured.

Time: row ``t`` holds ``y[t]`` and ``u[t]``; ``t`` counts samples from 0, ``dt`` seconds apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.arrays import samples as real_samples


class Reading(NamedTuple):
    """What was read from files.

    Attributes:
        rows: Rows read, over all files and runs.
        missing: Missing samples: rows of the grid without a value of every output, holes included.
        step: Sampling time in seconds; None without a time column.
        filled: Share of the samples that have a value of every output, from 0 to 1.
        files: Names of the files.
    """

    rows: int
    missing: int
    step: float | None
    filled: float
    files: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Outputs and inputs of one or many runs.

    Args:
        outputs: ``(batch, time, output)``; NaN marks a missing sample. A masked entry becomes NaN.
        inputs: ``(batch, time, input)``; NaN marks a missing sample.
        lengths: Number of samples of each run, ``(batch,)``; rows after the end of a run are NaN.
        dt: Sampling time in seconds; None if unknown.
        output_names, input_names: One name per column.
        run_names: One name per run.
        states: ``(batch, time, state)`` of a simulation, else None.
        reading: What was read from files; None for trajectories that were not read.

    Raises:
        ValueError: A sample is complex.
    """

    outputs: NDArray[np.floating]
    inputs: NDArray[np.floating]
    lengths: NDArray[np.int64]
    dt: float | None
    output_names: tuple[str, ...]
    input_names: tuple[str, ...]
    run_names: tuple[str, ...]
    states: NDArray[np.floating] | None = None
    reading: Reading | None = None

    def __post_init__(self) -> None:
        for word in ("outputs", "inputs"):
            object.__setattr__(self, word, real_samples(word, getattr(self, word)))

    def first(self, samples: int) -> Trajectories:
        """Return the first samples of each run."""
        return replace(
            self,
            outputs=self.outputs[:, :samples],
            inputs=self.inputs[:, :samples],
            lengths=np.minimum(self.lengths, samples),
            states=None if self.states is None else self.states[:, :samples],
        )
