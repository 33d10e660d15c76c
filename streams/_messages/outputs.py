"""The outputs of a service: forecasts and thresholds, with the counts of the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...analysis._drift.change import Change
from ...analysis._location.band_answer import BandAnswer
from ...analysis._location.streamed import Streamed
from .beside import Beside, BesideErrors


@dataclass
class Counts:
    """Counts of the samples of a stream."""

    taken: int = 0  # learned, in order
    repeated: int = 0  # dropped: learned before, or counted as lost before
    lost: int = 0  # learned as missing
    reordered: int = 0  # came after a later one, within the window
    outdated: int = 0  # dropped: of an earlier epoch


class Forecasts(NamedTuple):
    """Consecutive samples of one stream, their forecasts, and the forecasts of the next samples.

    Attributes:
        stream: Name of the stream.
        epoch: Epoch of the publisher.
        first: Number of the first sample.
        time: Seconds of each sample, NaN if not known, ``(time,)``.
        output: The outputs, NaN where missing.
        forecast: Forecast of each sample, made before it.
        ahead: Forecasts of the samples after the last one.
        scored: Where the output was observed and the center was known before.
        oracle: The oracle's forecast of each sample, NaN before it has seen enough; None if no plant is known.
        band: Half-width of the band of each forecast, made with it, NaN before there is one; None without bands.
        band_ahead: Half-widths of the bands of ``ahead``; None without bands.
        change: The change that was decided after the last sample, or None.
        input: The inputs of the samples, NaN where missing; None: not known.
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
    band: Float[np.ndarray, "time lookahead size output"] | None = None
    band_ahead: Float[np.ndarray, "lookahead size output"] | None = None
    change: Change | None = None
    input: Float[np.ndarray, "time input"] | None = None

    @property
    def next_band(self) -> Float[np.ndarray, "time size output"] | None:
        """Half-widths of the bands one forecast ahead of each sample: of the sample after it; None without bands."""
        if self.band is None or self.band_ahead is None:
            return None
        return np.concatenate([self.band[1:, 0], self.band_ahead[None, 0]])

    @property
    def error(self) -> Float[np.ndarray, "time size output"]:
        """Forecasts one sample ahead minus the outputs, NaN where not scored."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = self.forecast[:, 0] - self.output[:, None]
        return np.where(self.scored[:, None], gap, np.nan)

    @property
    def oracle_error(self) -> Float[np.ndarray, "time output"] | None:
        """The oracle's forecasts minus the outputs, NaN where not scored; None if no plant is known."""
        if self.oracle is None:
            return None
        return np.where(self.scored, self.oracle - self.output, np.nan)


class OverOracle(NamedTuple):
    """The excess of the predictors over the Kalman predictor of the known plant, since T/20.

    Attributes:
        samples: Samples that were compared.
        error: Mean squared error of the Kalman predictor, summed over the outputs.
        excess: Mean of |forecast - oracle's forecast|^2 for each size, summed over the outputs.
    """

    samples: int
    error: float
    excess: list[float]


class Threshold(NamedTuple):
    """The verdict on one stream, or on all together, so far.

    Attributes:
        stream: Name of the stream, or ``*`` for all together.
        found: The verdict.
        sizes: Sizes of the ladder.
        errors: Mean squared error of each size since T/20, summed over the outputs; None if nothing was scored.
        oracle: Excess over the oracle; None if no plant is known, or nothing was compared.
        counts: Counts of the samples.
        refused: Rejected messages of all streams, by kind.
        bands: What the bands of the sizes have covered; None without bands.
    """

    stream: str
    found: Streamed
    sizes: tuple[int, ...]
    errors: list[float] | None
    oracle: OverOracle | None
    counts: Counts
    refused: dict[str, int]
    bands: BandAnswer | None = None


class Changed(NamedTuple):
    """A change of one stream: the size that it needs now, and since when.

    Attributes:
        stream: Name of the stream.
        epoch: Epoch of the publisher when the change was decided.
        sequence: Number of the first sample after the change; None if it was in an earlier epoch.
        found: The change.
    """

    stream: str
    epoch: int
    sequence: int | None
    found: Change


Output = Forecasts | Threshold | Changed | Beside | BesideErrors
