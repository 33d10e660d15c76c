"""Outputs that never change: there is nothing to predict, and no size to locate."""

from __future__ import annotations

import numpy as np

from ...simulator import Trajectories


def refuse_constant(recording: Trajectories) -> None:
    """Raise ValueError if an output is constant within every run."""
    outputs = np.asarray(recording.outputs, np.float64)
    for name, column in zip(recording.output_names, np.moveaxis(outputs, 2, 0), strict=True):
        present = [values[~np.isnan(values)] for values in column]
        if all((values == values[:1]).all() for values in present):
            value = next(values[0] for values in present if len(values))
            same = f"always {value:g}" if len(present) == 1 else "constant within every run"
            raise ValueError(f"output {name!r} is {same}: there is nothing to predict. Leave it out.")
