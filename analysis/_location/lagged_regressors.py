"""Lagged regressors of a recording: the data that a linear predictor of each length uses, one row for each sample.

Time: the row of sample ``t`` holds ``u[t]``, then ``(y, u)[t-1]``, ``(y, u)[t-2]``, ..: a shorter window is a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Window(NamedTuple):
    """The rows of one run that have no missing sample."""

    regressors: NDArray[np.float64]  # (row, column)
    targets: NDArray[np.float64]  # (row, output)
    times: NDArray[np.int64]  # (row,)


def window(outputs: NDArray[np.float64], inputs: NDArray[np.float64], length: int) -> Window:
    """Return the rows of one run for a window length.

    Args:
        outputs: ``(time, output)``, NaN where missing.
        inputs: ``(time, input)``, NaN where missing.
        length: Number of lags h.
    """
    both = np.concatenate([outputs, inputs], axis=1)
    times = np.arange(length, len(both))
    past = [both[times - lag] for lag in range(1, length + 1)]
    X = np.concatenate([inputs[length:], *past], axis=1)
    Y = outputs[length:]
    whole = ~(np.isnan(X).any(axis=1) | np.isnan(Y).any(axis=1))
    return Window(X[whole], Y[whole], times[whole])


def windows(outputs: NDArray[np.float64], inputs: NDArray[np.float64], length: int, samples: int) -> Iterator[Window]:
    """Yield the rows of one run in stretches of so many samples: memory does not grow with the run."""
    for first in range(length, len(outputs), samples):
        stretch = slice(first - length, first + samples)
        rows = window(outputs[stretch], inputs[stretch], length)
        yield rows._replace(times=rows.times + first - length)


def columns(length: int, outputs: int, inputs: int) -> int:
    """Return the number of columns of a window length."""
    return inputs + length * (outputs + inputs)
