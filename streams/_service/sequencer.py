"""One stream put in order, by epoch and sequence alone, without a clock.

What comes twice is dropped, what is lost is counted and becomes missing, what comes out of order inside a window is
mended.

Samples leave as a gapless sequence. A lost sample is given up when one that is ``window`` or more samples past it has
come; then it leaves as NaN. Samples without a number are the next ones. A first message numbered beyond the window is
of a publisher that has long been running: its stream starts there.

A greater epoch ends the one before it: what was held back of that leaves first, then the new one counts from 0. A
lesser epoch is over, and what comes of it is dropped. Where a wrong epoch or number has come, what is right is dropped
until a still greater epoch comes; when that costs more than a few samples, it is said once in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._messages.observation import Observation
from .._messages.outputs import Counts
from .._sources.interfaces import log

WINDOW = 64
LONGEST = 10_000  # missing samples fed at once: no learner remembers further, and a wrong number must not cost hours


@dataclass
class Sequencer:
    """The order of one stream; ``take`` what comes, and use what it returns.

    Attributes:
        window: Samples that may overtake a lost one before it is given up; 0 gives it up at once.
        epoch: The present one.
        expected: Number of the next sample to leave; None before the first.
        held: Rows that wait, by the number of their first sample; they neither overlap nor touch ``expected``.
        counts: What has become of the samples.
    """

    window: int = WINDOW
    epoch: int = -1
    expected: int | None = None
    held: dict[int, Observation] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def take(self, came: Observation) -> list[Observation]:
        """Return the samples that leave now, in order and without a hole."""
        if came.epoch == self.epoch and not self.held and came.sequence in (None, self.expected):
            return [self._next(came)]  # as nearly every message does
        leaving: list[Observation] = []
        if came.epoch < self.epoch:
            self._drop(came)
            return leaving
        if came.epoch > self.epoch:
            leaving += self.flush()
            known = self.expected is not None
            self.epoch = came.epoch
            far = came.sequence is not None and came.sequence > self.window
            self.expected = came.sequence if far and not known else 0
        assert self.expected is not None
        if came.sequence is None:
            leaving += self.flush()  # it has no place but the end
            came = came._replace(sequence=self.expected)
        fresh = self._not_seen(came)
        self.counts.repeated += came.steps - sum(part.steps for part in fresh)
        for part in fresh:
            first = part.sequence or 0
            self.held[first] = part
            self.counts.reordered += part.steps * (first > self.expected)
        return leaving + self._release(self.window)

    def _next(self, came: Observation) -> Observation:
        first = self.expected or 0
        self.expected = first + came.steps
        self.counts.taken += came.steps
        return came if came.sequence is not None else came._replace(sequence=first)

    def _drop(self, came: Observation) -> None:
        before = self.counts.outdated
        self.counts.outdated += came.steps
        if before <= self.window < self.counts.outdated:
            log.warning(
                "%s: samples of epoch %d come and are dropped, for epoch %d has come before. If a clock was set back, "
                "start the publisher with a greater epoch.",
                *(came.stream, came.epoch, self.epoch),
            )

    def _lose(self, stream: str, stop: int) -> None:
        """Count what is lost before this number."""
        before, expected = self.counts.lost, self.expected or 0
        self.counts.lost += stop - expected
        if before <= LONGEST < self.counts.lost:
            log.warning(
                "%s: after sample %d comes %d of epoch %d; what is between is lost. If that number was wrong, start "
                "the publisher with a greater epoch: it counts from 0 again.",
                *(stream, expected - 1, stop, self.epoch),
            )

    def flush(self) -> list[Observation]:
        """Return all that is held back, what is lost between given up."""
        return self._release(0)

    def _not_seen(self, came: Observation) -> list[Observation]:
        """Return the rows that have neither left nor are held."""
        start = came.sequence or 0
        begin, end = max(start, self.expected or 0), start + came.steps
        parts = []
        for first in sorted(self.held):
            stop = first + self.held[first].steps
            if stop <= begin or first >= end:
                continue
            if first > begin:
                parts.append(came.rows(begin - start, first - start))
            begin = stop
        if begin < end:
            parts.append(came.rows(begin - start, end - start))
        return parts

    def _release(self, window: int) -> list[Observation]:
        leaving = []
        while self.held:
            expected, first = self.expected or 0, min(self.held)
            if first > expected:
                newest = max(start + rows.steps - 1 for start, rows in self.held.items())
                if newest - expected < window:
                    break
                # Given up only as far as the window asks, so that the rest may still come.
                stop = min(first, newest - window + 1) if window else first
                self._lose(self.held[first].stream, stop)
                leaving.append(_missing(self.held[first], stop - min(stop - expected, LONGEST), stop))
                self.expected = stop
                continue
            leaving.append(self._next(self.held.pop(first)))
        return leaving


def _missing(like: Observation, first: int, stop: int) -> Observation:
    """Return samples of which nothing is known."""
    count = stop - first

    def nothing(width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.full((count, width), np.nan)

    outputs, inputs = like.output.shape[1], like.input.shape[1]
    return Observation(like.stream, like.epoch, first, np.full(count, np.nan), nothing(outputs), nothing(inputs))
