"""The order of one stream, by epoch and sequence number alone, without a clock.

Samples leave without a gap. A repeated sample is dropped. A sample that comes late, but within a window, is put in its
place. A sample is lost when one that is ``window`` or more samples later has come: it is counted, and leaves as NaN. A
sample without a number is the next one. If the first number of a stream is beyond the window, its publisher was running
before, and the stream starts there.

A greater epoch ends the one before: the samples that wait leave first, then the new epoch counts from 0. A sample of a
lesser epoch is dropped. After a wrong epoch or number the right samples are dropped until a still greater epoch comes;
when more than a few are dropped, the log says it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..._core.text import printable
from .._messages.observation import Observation
from .._messages.outputs import Counts
from .._sources.interfaces import log

WINDOW = 64
LONGEST = 10_000  # missing samples learned at once: no learner remembers more, and a wrong number must not cost hours


@dataclass
class Sequencer:
    """The order of one stream; ``take`` returns the samples that leave.

    Attributes:
        window: Samples that may overtake a missing one before it is counted as lost; 0: at once.
        epoch: The current epoch.
        expected: Number of the next sample to leave; None before the first.
        held: Rows that wait, by the number of their first sample; they neither overlap nor include ``expected``.
        counts: Counts of the samples.
        numbered: Whether the last rows had a number.
    """

    window: int = WINDOW
    epoch: int = -1
    expected: int | None = None
    held: dict[int, Observation] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    numbered: bool = True

    def take(self, rows: Observation) -> list[Observation]:
        """Return the samples that leave now, in order and without a gap."""
        self.numbered = rows.sequence is not None
        if rows.epoch == self.epoch and not self.held and rows.sequence in (None, self.expected):
            return [self._next(rows)]  # nearly every message
        released: list[Observation] = []
        if rows.epoch < self.epoch:
            self._drop(rows)
            return released
        if rows.epoch > self.epoch:
            released += self.flush()
            known = self.expected is not None
            self.epoch = rows.epoch
            far = rows.sequence is not None and rows.sequence > self.window
            self.expected = rows.sequence if far and not known else 0
        assert self.expected is not None
        if rows.sequence is None:
            released += self.flush()  # without a number it comes after all others
            rows = rows._replace(sequence=self.expected)
        fresh = self._new_rows(rows)
        newest = max((first + held.steps for first, held in self.held.items()), default=self.expected)
        self.counts.repeated += rows.steps - sum(part.steps for part in fresh)
        for part in fresh:
            first = part.sequence or 0
            self.held[first] = part
            self.counts.reordered += part.steps * (first < newest)
        return released + self._release(self.window)

    def _next(self, rows: Observation) -> Observation:
        first = self.expected or 0
        self.expected = first + rows.steps
        self.counts.taken += rows.steps
        return rows if rows.sequence is not None else rows._replace(sequence=first)

    def _drop(self, rows: Observation) -> None:
        before = self.counts.outdated
        self.counts.outdated += rows.steps
        if before <= self.window < self.counts.outdated:
            log.warning(
                "%s: samples of epoch %d are dropped, because epoch %d came before. If a clock was set back, start the "
                "publisher with a greater epoch.",
                *(printable(rows.stream), rows.epoch, self.epoch),
            )

    def _lose(self, stream: str, stop: int) -> None:
        """Count the lost samples before this number."""
        before, expected = self.counts.lost, self.expected or 0
        self.counts.lost += stop - expected
        if before <= LONGEST < self.counts.lost:
            log.warning(
                "%s: the samples %d to %d of epoch %d are lost. If a number was wrong, start the publisher with a "
                "greater epoch: it counts from 0 again.",
                *(printable(stream), expected, stop - 1, self.epoch),
            )

    def flush(self) -> list[Observation]:
        """Return all rows that wait; the samples missing between them are lost."""
        return self._release(0)

    def _new_rows(self, rows: Observation) -> list[Observation]:
        """Return the rows that have neither left nor wait."""
        start = rows.sequence or 0
        begin, end = max(start, self.expected or 0), start + rows.steps
        parts = []
        for first in sorted(self.held):
            stop = first + self.held[first].steps
            if stop <= begin or first >= end:
                continue
            if first > begin:
                parts.append(rows.rows(begin - start, first - start))
            begin = stop
        if begin < end:
            parts.append(rows.rows(begin - start, end - start))
        return parts

    def _release(self, window: int) -> list[Observation]:
        released = []
        while self.held:
            expected, first = self.expected or 0, min(self.held)
            if first > expected:
                newest = max(start + rows.steps - 1 for start, rows in self.held.items())
                if newest - expected < window:
                    break
                # Only those beyond the window are lost: the others may still come.
                stop = min(first, newest - window + 1) if window else first
                self._lose(self.held[first].stream, stop)
                released.append(_missing(self.held[first], stop - min(stop - expected, LONGEST), stop))
                self.expected = stop
                continue
            released.append(self._next(self.held.pop(first)))
        return released


def _missing(like: Observation, first: int, stop: int) -> Observation:
    """Return missing samples."""
    count = stop - first

    def nothing(width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.full((count, width), np.nan)

    outputs, inputs = like.output.shape[1], like.input.shape[1]
    return Observation(like.stream, like.epoch, first, np.full(count, np.nan), nothing(outputs), nothing(inputs))
