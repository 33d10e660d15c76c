"""An observation: consecutive samples of one stream, most often one.

Time: row ``k`` is sample ``sequence + k`` of its epoch. A publisher numbers its samples from 0 in each epoch. It takes
a greater epoch when it starts again and does not know its last number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.float64]


class Observation(NamedTuple):
    """Consecutive samples of one stream.

    Attributes:
        stream: Name of the stream.
        epoch: Epoch of the publisher; a greater one replaces the one before.
        sequence: Number of the first row; None: the next number.
        time: Seconds of each row, NaN if not known, ``(time,)``.
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
        """Number of samples."""
        return len(self.output)

    def rows(self, first: int, stop: int) -> Observation:
        """Return the rows ``first .. stop-1`` with their numbers."""
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
    """Return an observation of one sample, or of several if ``output`` has two axes.

    Args:
        stream: Name of the stream.
        output: A number, ``(output,)`` or ``(time, output)``; NaN or None where missing.
        input: The inputs, in the same form.
        sequence: Number of the first row; None: the next number.
        epoch: Epoch of the publisher.
        time: Seconds of the first row, or of each row.

    Raises:
        ValueError: The shapes do not match.
    """
    y = np.array(output, dtype=np.float64)
    y = y.reshape(1, -1) if y.ndim < 2 else y
    u = np.zeros((len(y), 0)) if input is None else np.array(input, dtype=np.float64).reshape(len(y), -1)
    t = np.array(time, dtype=np.float64).reshape(-1)
    if y.ndim != 2 or len(t) not in (1, len(y)):
        raise ValueError(
            f"an output is a number, (output,) or (time, output), with one time or one a sample; got shape {y.shape}."
        )
    return Observation(stream, epoch, sequence, np.broadcast_to(t, (len(y),)), y, u)
