"""What the service finds of streams, and when it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..analysis import Streamed
from ._sequencer import Counts

FIRST_VERDICT = 256  # samples; then each time that there are twice as many


class Threshold(NamedTuple):
    """What is found by now of one stream, or of all together.

    Attributes:
        stream: Name of the stream, or ``*`` for all together.
        found: The verdict.
        sizes: Of the ladder.
        errors: Mean squared error of each since T/20, summed over the outputs; None where nothing was scored.
        counts: What became of the samples.
        refused: Messages that were not taken in, of all streams, by kind.
    """

    stream: str
    found: Streamed
    sizes: tuple[int, ...]
    errors: list[float] | None
    counts: Counts
    refused: dict[str, int]


@dataclass
class Verdicts:
    """When one is due, and what the last one told."""

    due: int = FIRST_VERDICT
    last: Any = None

    def is_due(self, age: int) -> bool:
        """Return whether one is due at this age; the next is, then, at twice the age."""
        if age < self.due:
            return False
        self.due = 2 * age
        return True

    def is_news(self, found: Streamed) -> bool:
        """Return whether it tells something else than the last one."""
        told = found.critical, found.best and (found.best.size, found.best.alike)
        changed, self.last = told != self.last, told
        return bool(changed)
