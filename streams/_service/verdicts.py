"""What the service finds of streams, and when it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...analysis._location.streamed import Streamed
from .._messages.outputs import OverOracle
from .error_sums import StreamErrorSums

FIRST_VERDICT = 256  # samples; then each time that there are twice as many


def over_oracles(tallies: list[StreamErrorSums | None]) -> OverOracle | None:
    """Return what the streams whose plants are known are away from their oracles, together."""
    late = [tally.late_blocks() for tally in tallies if tally is not None]
    samples = sum(float(scored.sum()) for _, scored in late)
    if not samples:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        *excess, error = (sum(losses.sum(axis=0) for losses, _ in late) / samples).tolist()
    return OverOracle(round(samples), error, excess)


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
