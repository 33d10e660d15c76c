"""The window of a recording: what a linear predictor of each length sees, as the rows of one matrix.

Time: the row of sample ``t`` holds ``u[t]``, then ``(y, u)[t-1]``, ``(y, u)[t-2]``, ..: a shorter window is a prefix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Window(NamedTuple):
    """The rows of one run in which nothing is missing."""

    regressors: NDArray[np.float64]  # (row, column)
    targets: NDArray[np.float64]  # (row, output)
    times: NDArray[np.int64]  # (row,)


def window(outputs: NDArray[np.float64], inputs: NDArray[np.float64], length: int) -> Window:
    """Return the window of a length over one run.

    Args:
        outputs: ``(time, output)``, NaN where missing.
        inputs: ``(time, input)``, NaN where missing.
        length: Lags h.
    """
    both = np.concatenate([outputs, inputs], axis=1)
    times = np.arange(length, len(both))
    past = [both[times - lag] for lag in range(1, length + 1)]
    X = np.concatenate([inputs[length:], *past], axis=1)
    Y = outputs[length:]
    whole = ~(np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1))
    return Window(X[whole], Y[whole], times[whole])


def columns(length: int, outputs: int, inputs: int) -> int:
    """Return how many columns the window of a length has."""
    return inputs + length * (outputs + inputs)
