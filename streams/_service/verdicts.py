"""Verdicts of streams: when one is due, and the excess over the oracles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...analysis._location.streamed import Streamed
from ...simulator import LinearSystem
from .._messages.metadata import Plant
from .._messages.outputs import OverOracle
from .error_sums import StreamErrorSums

FIRST_VERDICT = 256  # samples; the next verdicts are due when the number has doubled


def over_oracles(streams: list[StreamErrorSums | None]) -> OverOracle | None:
    """Return the excess over the oracles of all streams whose plant is known; None if there is none."""
    late = [sums.late_blocks() for sums in streams if sums is not None]
    samples = sum(float(scored.sum()) for _, scored in late)
    if not samples:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        *excess, error = (sum(losses.sum(axis=0) for losses, _ in late) / samples).tolist()
    return OverOracle(round(samples), error, excess)


def shared_plant(records: list[str]) -> LinearSystem | None:
    """Return the plant of streams by their records; None if it is not known, or not the same of all."""
    return Plant("", records[0]).system if len(set(records)) == 1 else None


@dataclass
class VerdictSchedule:
    """When the next verdict is due, and the last one.

    Attributes:
        due: Samples after which the next verdict is due.
        last: Critical size, size to use, best size and the sizes that are not worse, of the last verdict.
    """

    due: int = FIRST_VERDICT
    last: Any = None

    def is_due(self, age: int) -> bool:
        """Return whether a verdict is due at this age; if it is, the next one is due at twice the age."""
        if age < self.due:
            return False
        self.due = 2 * age
        return True

    def has_changed(self, found: Streamed) -> bool:
        """Return whether a verdict differs from the last one, and keep it."""
        critical = found.critical
        why = critical.reason if critical.verdict == "undecided" else ""  # the rise is another one each time
        verdict = (
            (critical.size, critical.verdict, critical.bounded, why),
            found.best and (found.best.size, found.best.alike),
            found.advice and found.advice.size,
        )
        changed, self.last = verdict != self.last, verdict
        return bool(changed)
