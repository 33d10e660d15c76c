"""Why an autoregression cannot be fitted to a recording: the columns that prevent it, by name."""

from __future__ import annotations

import numpy as np

from ...simulator import Trajectories
from .autoregression import ROWS
from .lagged_regressors import columns

SAME = 1e-10  # relative size of what is left of a column that is a combination of others


def unfit_reason(recording: Trajectories) -> str:
    """Return why no autoregression can be fitted: constant columns, combinations of columns, few rows, or no noise.

    Args:
        recording: One or several runs.
    """
    names = (*recording.output_names, *recording.input_names)
    rows = np.concatenate([np.asarray(recording.outputs, float), np.asarray(recording.inputs, float)], axis=2)
    rows = rows.reshape(-1, len(names))
    whole = rows[~np.isnan(rows).any(axis=1)]
    q, m = recording.outputs.shape[2], recording.inputs.shape[2]
    needed = ROWS * (1 + columns(0, q, m))
    if len(whole) < needed:
        return f"only {len(whole)} rows have no missing sample, and an autoregression needs {needed}"
    still = [name for name, column in zip(names, whole.T, strict=True) if np.ptp(column) == 0]
    if still:
        return f"an autoregression cannot be fitted: {_listed(still)} constant; leave {_them(still)} out"
    kept: list[int] = []
    for k, name in enumerate(names):
        column = (whole[:, k] - whole[:, k].mean()) / np.ptp(whole[:, k])
        if kept:
            others = (whole[:, kept] - whole[:, kept].mean(axis=0)) / np.ptp(whole[:, kept], axis=0)
            weights = np.linalg.lstsq(others, column, rcond=None)[0]
            if np.abs(column - others @ weights).max() < SAME:
                parts = [names[i] for i, weight in zip(kept, weights, strict=True) if abs(weight) > SAME]
                multiple = f"a multiple of {parts[0]}" if len(parts) == 1 else f"a sum of multiples of {_and(parts)}"
                return f"an autoregression cannot be fitted: {name} is {multiple}; leave it out"
        kept.append(k)
    return "an autoregression cannot be fitted: it predicts the recording without error, so no noise is left"


def _listed(names: list[str]) -> str:
    return f"{_and(names)} {'is' if len(names) == 1 else 'are'}"


def _them(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
