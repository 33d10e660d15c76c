"""What was published of a predictor beside the ladder: its last comparison, and its errors.

A message of another form raises what ``Monitor.hear`` counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.text import printable
from .._service.error_sums import EDGES

LONGEST = 1000  # characters of a sentence
HALF = 1000  # samples after which an error has half the weight in the mean square, as for the sizes


class BesideHeard:
    """The predictor of one stream.

    Attributes:
        said: ``predictor``, ``sentence``, ``standing`` (None: too little was compared), ``failed`` and ``samples`` of
            the last comparison; None before the first.
    """

    def __init__(self) -> None:
        self.said: dict[str, Any] | None = None
        self._square = self._weight = 0.0
        self._sums, self._scored = np.zeros(len(EDGES)), np.zeros(len(EDGES))

    def hear(self, record: dict[str, Any]) -> None:
        """Take in a comparison."""
        standing, samples = record["standing"], record["samples"]
        if type(samples) is not int or samples < 0:
            raise ValueError
        self.said = dict(
            predictor=printable(str(record["predictor"])),
            sentence=printable(str(record["sentence"]), LONGEST),
            standing=None if standing is None else printable(str(standing), 200),
            failed=record["failure"] is not None,
            samples=samples,
        )

    def hear_errors(self, record: dict[str, Any], outputs: int, samples: int, epoch: int, following: int) -> None:
        """Take in the errors of some samples.

        Args:
            record: The message.
            outputs: Outputs of the stream.
            samples: Samples of the stream so far.
            epoch, following: Epoch of its last sample, and the number of the next one.
        """
        first = record["seq"]
        if type(first) is not int or first < 0:
            raise ValueError
        error = np.array(record["error"], np.float64).reshape(-1, outputs)  # null becomes NaN
        with np.errstate(over="ignore", invalid="ignore"):
            square = (error**2).sum(axis=1)
            scored = ~np.isnan(square)
            past = 0.5 ** (len(square) / HALF)
            self._square = past * self._square + float(square[scored].sum())
            self._weight = past * self._weight + float(scored.sum())
            if record["epoch"] == epoch and following:
                at = samples - following + first + np.arange(len(square))
                place = np.searchsorted(EDGES, np.maximum(at, 0), side="right") - 1
                np.add.at(self._sums, place[scored], square[scored])
                np.add.at(self._scored, place[scored], 1)

    @property
    def error(self) -> float | None:
        """Mean squared error over about the last thousand samples; None if no error was heard."""
        mean = self._square / self._weight if self._weight > 0 else np.nan
        return float(mean) if np.isfinite(mean) else None

    def growth(self, there: NDArray[np.bool_]) -> list[float | None]:
        """Return the mean squared error of each stretch of a log scale where the ladder has one, as its own."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            mean = (self._sums / self._scored)[there]
        return [value if np.isfinite(value) else None for value in mean.tolist()]
