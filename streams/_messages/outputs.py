"""What a service says: forecasts, thresholds, and what became of the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...analysis._growth.curves import log_edges
from ...analysis._location.streamed import Streamed


@dataclass
class Counts:
    """What has become of the samples of a stream."""

    taken: int = 0  # left in order
    repeated: int = 0  # dropped: left before, or given up before
    lost: int = 0  # given up
    reordered: int = 0  # waited for an earlier one
    outdated: int = 0  # dropped: of an epoch that is over


class Forecasts(NamedTuple):
    """Consecutive samples of one stream beside the forecasts made before them, and the forecast of what comes next.

    Attributes:
        stream: Name of the stream.
        epoch: Of the publisher.
        first: Number of the first sample.
        time: Seconds of each sample, NaN where not known, ``(time,)``.
        output: What came, NaN where missing.
        forecast: What each was forecast to be.
        ahead: The forecasts of the samples after the last one.
        scored: Where there was a sample and the center was known before it.
        oracle: What the oracle forecast each to be, NaN where it had not seen enough; None where no plant is known.
    """

    stream: str
    epoch: int
    first: int
    time: Float[np.ndarray, " time"]
    output: Float[np.ndarray, "time output"]
    forecast: Float[np.ndarray, "time lookahead size output"]
    ahead: Float[np.ndarray, "lookahead size output"]
    scored: NDArray[np.bool_]
    oracle: Float[np.ndarray, "time output"] | None = None

    @property
    def error(self) -> Float[np.ndarray, "time size output"]:
        """Forecasts one sample ahead less what came, NaN where it is not scored."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = self.forecast[:, 0] - self.output[:, None]
        return np.where(self.scored[:, None], gap, np.nan)

    @property
    def oracle_error(self) -> Float[np.ndarray, "time output"] | None:
        """The oracle's forecasts less what came, NaN where it is not scored; None where no plant is known."""
        if self.oracle is None:
            return None
        return np.where(self.scored, self.oracle - self.output, np.nan)


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


MOST_STREAMS = 10_000


Output = Forecasts | Threshold


EDGES = log_edges(1 << 40)
