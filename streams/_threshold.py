"""What the service finds of streams, and when it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..analysis._location.streamed import Streamed
from ._sequencer import Counts
from ._tally import Tally

FIRST_VERDICT = 256  # samples; then each time that there are twice as many


class OverOracle(NamedTuple):
    """What predictors are away from the Kalman predictor of the plant that is known, since T/20.

    Attributes:
        samples: That were held against it.
        error: Its own mean squared error, summed over the outputs.
        excess: Mean of |forecast - oracle's forecast|^2 for each size, summed over the outputs.
    """

    samples: int
    error: float
    excess: list[float]


class Threshold(NamedTuple):
    """What is found by now of one stream, or of all together.

    Attributes:
        stream: Name of the stream, or ``*`` for all together.
        found: The verdict.
        sizes: Of the ladder.
        errors: Mean squared error of each since T/20, summed over the outputs; None where nothing was scored.
        oracle: What each is away from the oracle; None where no plant is known, or nothing was held against it.
        counts: What became of the samples.
        refused: Messages that were not taken in, of all streams, by kind.
    """

    stream: str
    found: Streamed
    sizes: tuple[int, ...]
    errors: list[float] | None
    oracle: OverOracle | None
    counts: Counts
    refused: dict[str, int]


def over_oracles(tallies: list[Tally | None]) -> OverOracle | None:
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
