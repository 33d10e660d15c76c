"""Lagged regressors of a recording: the data that a linear predictor of each length uses, one row for each sample.

Time: the row of sample ``t`` holds ``u[t]``, then ``(y, u)[t-1]``, ``(y, u)[t-2]``, ..: a shorter window is a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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
    rows = max(len(both) - length, 0)
    missing = np.cumsum(np.isnan(both).any(axis=1))
    before = np.concatenate([[0], missing])[:rows]
    whole = np.flatnonzero(missing[length:] == before)  # nothing is missing from t - length to t
    X, Y = inputs[length:], outputs[length:]
    if rows and length:
        lags = sliding_window_view(both[:-1], length, axis=0)[:, :, ::-1]  # (row, channel, lag)
        X = np.concatenate([X, lags.transpose(0, 2, 1).reshape(rows, -1)], axis=1)
    return Window(X, Y, whole + length) if len(whole) == rows else Window(X[whole], Y[whole], whole + length)


def windows(outputs: NDArray[np.float64], inputs: NDArray[np.float64], length: int, samples: int) -> Iterator[Window]:
    """Yield the rows of one run in stretches of so many samples: memory does not grow with the run."""
    for first in range(length, len(outputs), samples):
        stretch = slice(first - length, first + samples)
        rows = window(outputs[stretch], inputs[stretch], length)
        yield rows._replace(times=rows.times + first - length)


def columns(length: int, outputs: int, inputs: int) -> int:
    """Return the number of columns of a window length."""
    return inputs + length * (outputs + inputs)
