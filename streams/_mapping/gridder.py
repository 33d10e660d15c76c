"""Values that come irregularly, on a grid of constant step.

Sample ``k`` stands for the time ``k * every`` since 1970 and has what was published in ``((k-1) * every, k * every]``:
the last value, held for a limited time, or the mean. It leaves when a later value comes; no clock ends the wait,
because a replay has no clock. Its number is ``k``: after a restart it is known which samples are missing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .._sources.interfaces import log
from .durations import written_duration
from .mapping import PayloadMapping, Sample

FAR = 10_000  # steps: a time further ahead must be confirmed by another one
BACK = 64  # values in a row that come too late, after which the clock of the publisher was set back


class Rows(NamedTuple):
    """Samples that leave: the number of the first, their times in seconds, and ``(time, channel)``."""

    first: int
    time: NDArray[np.float64]
    values: NDArray[np.float64]


class Grid:
    """The samples of one stream on a grid.

    Args:
        mapping: It has ``every``, ``rule`` and ``hold``.
        channels: Outputs and inputs.
        first: Number of the next sample, if the stream goes on after a restart.
        name: Name of the stream, for the log.
    """

    def __init__(self, mapping: PayloadMapping, channels: int, first: int | None = None, name: str = "") -> None:
        assert mapping.every is not None
        self._every, self._mean, self._hold = mapping.every, mapping.rule == "mean", mapping.hold
        self._next, self._name = first, name
        self._shift = 0  # steps by which the clock of the publisher was set back
        self._late, self._far = 0, 0
        self._partial = True  # the values before the start are not known: there is no mean of them
        self._value, self._time = np.full(channels, np.nan), np.full(channels, -1, np.int64)
        self._sum, self._count = np.zeros(channels), np.zeros(channels, np.int64)

    def add(self, sample: Sample) -> Rows | None:
        """Take a value; return the samples that leave.

        Raises:
            RejectedMessage: ``dimension``: it has other channels; ``time``: the sample for it has left, or it is far
                ahead of the others.
        """
        assert sample.time is not None
        values = np.concatenate([sample.output, sample.input])
        if len(values) != len(self._value):
            raise RejectedMessage(
                "dimension", f"the first payload had {len(self._value)} numbers at the paths, this one {len(values)}."
            )
        k = -(-sample.time // self._every)
        if self._next is None:
            self._next = k
        following = self._next
        number = self._in_order(k, following)
        far = number - following > FAR
        rows = self._leave(following + 1 if far else number) if number > following else None
        if far:
            self._next, self._partial = number, True  # those between are counted as lost
        self._shift = number - k
        self._put(sample.time + self._shift * self._every, values)
        return rows

    def finish(self) -> Rows | None:
        """Return the last sample at the end of a recording, if a value stands exactly at its time."""
        whole = self._next is not None and self._time.max(initial=-1) == self._next * self._every
        return self._leave(self._next + 1) if whole and self._next is not None else None

    def forget(self) -> None:
        """Hold no value any longer: the publisher has gone, or messages of it are lost."""
        self._time[:] = -1

    def _in_order(self, k: int, following: int) -> int:
        """Return the number of the sample for a value."""
        number = k + self._shift
        if number < following:
            self._late += 1
            if self._late < BACK:
                raise RejectedMessage(
                    "time",
                    f"a value is {following - number} steps of {written_duration(self._every)} late: the sample for it "
                    "has left. If the clock of the publisher cannot be trusted, use --time arrival.",
                )
            log.warning(
                "%s: %d values in a row came too late: the clock of the publisher is taken as set back by %s, and the "
                "samples go on from there.",
                *(printable(self._name), BACK, written_duration((following - number) * self._every)),
            )
            number = following + 1  # the sample that waited leaves
        elif number - following > FAR and abs(number - self._far) > FAR:
            self._far = number
            raise RejectedMessage(
                "time",
                f"a value is {number - following} steps ahead of the others: it waits for another one there.",
                "ahead",
            )
        self._late, self._far = 0, 0
        return number

    def _put(self, time: int, values: NDArray[np.float64]) -> None:
        known = ~np.isnan(values)
        newer = known & (time >= self._time)
        self._value[newer], self._time[newer] = values[newer], time
        self._sum[known] += values[known]
        self._count[known] += 1

    def _leave(self, stop: int) -> Rows:
        """Return the samples before a number; their values are complete."""
        first = stop - 1 if self._next is None else self._next
        numbers = np.arange(first, stop)
        if self._mean:
            rows = np.full((len(numbers), len(self._value)), np.nan)
            if not self._partial:
                np.divide(self._sum, self._count, out=rows[0], where=self._count > 0)
        else:
            age = numbers[:, None] * self._every - self._time
            rows = np.where((self._time >= 0) & (age <= self._hold), self._value, np.nan)
        self._sum[:], self._count[:], self._next, self._partial = 0.0, 0, stop, False
        times = [(number - self._shift) * self._every / 10**9 for number in numbers.tolist()]  # rounded once
        return Rows(first, np.array(times), rows)
