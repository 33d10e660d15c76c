"""The record that flows: consecutive samples of one stream, most often one.

Time: row ``k`` is sample ``sequence + k`` of its epoch. A publisher counts its samples from 0 on in each epoch, and
takes a greater epoch each time it starts anew without knowing where it was.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float64]


class Observation(NamedTuple):
    """Consecutive samples of one stream, as they came.

    Attributes:
        stream: Name of the stream.
        epoch: Of the publisher; a greater one supersedes.
        sequence: Number of the first row; None where the publisher does not count: then it is the next one.
        time: Seconds of each row, NaN where not known, ``(time,)``.
        output: ``(time, output)``, NaN where missing.
        input: ``(time, input)``, NaN where missing.
    """

    stream: str
    epoch: int
    sequence: int | None
    time: Rows
    output: Rows
    input: Rows

    @property
    def steps(self) -> int:
        """Samples in it."""
        return len(self.output)

    def rows(self, first: int, stop: int) -> Observation:
        """Return the rows ``first .. stop-1``, numbered as before."""
        sequence = None if self.sequence is None else self.sequence + first
        cut = slice(first, stop)
        return Observation(self.stream, self.epoch, sequence, self.time[cut], self.output[cut], self.input[cut])


def observation(
    stream: str,
    output: ArrayLike,
    input: ArrayLike | None = None,
    *,
    sequence: int | None = None,
    epoch: int = 0,
    time: ArrayLike = np.nan,
) -> Observation:
    """Return an observation of plain numbers: of one sample, or of several where ``output`` has two axes.

    Args:
        stream: Name of the stream.
        output: A number, ``(output,)`` or ``(time, output)``; NaN or None where missing.
        input: The same of the inputs.
        sequence: Number of the first row.
        epoch: Of the publisher.
        time: Seconds of the first row, or of each.

    Raises:
        ValueError: The shapes do not fit one another.
    """
    y = np.array(output, dtype=np.float64)
    y = y.reshape(1, -1) if y.ndim < 2 else y
    u = np.zeros((len(y), 0)) if input is None else np.array(input, dtype=np.float64).reshape(len(y), -1)
    t = np.array(time, dtype=np.float64).reshape(-1)
    if y.ndim != 2 or len(t) not in (1, len(y)):
        raise ValueError(f"an output is a number, (output,) or (time, output), with its times; got shape {y.shape}.")
    return Observation(stream, epoch, sequence, np.broadcast_to(t, (len(y),)), y, u)
