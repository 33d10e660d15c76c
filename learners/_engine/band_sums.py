"""What the bands of one stream have shown: their coverage and half-widths, and whether chance explains the misses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

LIKELY = 2.576  # normal deviations: a calibrated band exceeds them in one of a hundred cases


class BandSums(NamedTuple):
    """Sums over the scored forecasts that had a band, without exact hits; arrays by lookahead, size and output.

    Attributes:
        level: The share of samples that the bands are to cover, such as 0.95.
        samples: Forecasts.
        missed: Of these, those whose sample was outside the band.
        after: Of these, those issued when the last sample scored was outside its band.
        again: Of ``after``, those that missed.
        widths: Sum of the half-widths, in units of the output.
    """

    level: float
    samples: Float[np.ndarray, "lookahead size output"]
    missed: Float[np.ndarray, "lookahead size output"]
    after: Float[np.ndarray, "lookahead size output"]
    again: Float[np.ndarray, "lookahead size output"]
    widths: Float[np.ndarray, "lookahead size output"]

    @property
    def coverage(self) -> Float[np.ndarray, "lookahead size"]:
        """The share of samples inside their bands, of all outputs together; NaN where there is none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(1 - self.missed.sum(axis=2) / self.samples.sum(axis=2))

    @property
    def half_width(self) -> Float[np.ndarray, "lookahead size output"]:
        """The mean half-width of each output; NaN where there is none."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.asarray(self.widths / self.samples)

    @property
    def calibrated(self) -> Bool[np.ndarray, "lookahead size"]:
        """Whether chance explains the misses of each size, all outputs together.

        Two tests, each at 1 %, with alpha = 1 - level. The misses m of n forecasts are binomial: |m - alpha n| is at
        most 2.58 sqrt(n alpha (1 - alpha)) + 1. And a miss does not announce the next one: of k forecasts after a
        miss, at most 2 alpha k + 2.58 sqrt(k 2 alpha (1 - 2 alpha)) + 1 miss again, so that a share of twice alpha is
        still allowed. The first is the test of unconditional coverage of Kupiec (1995), the second is for the
        independence in Christoffersen (1998).
        """
        alpha = 1 - self.level
        n, missed, k, again = (sums.sum(axis=2) for sums in self[1:5])
        twice = min(2 * alpha, 0.5)
        near = np.abs(missed - alpha * n) <= LIKELY * np.sqrt(n * alpha * (1 - alpha)) + 1
        alone = again - twice * k <= LIKELY * np.sqrt(k * twice * (1 - twice)) + 1
        return np.asarray(near & alone & (n > 0))


def pooled(parts: Iterable[BandSums]) -> BandSums:
    """Return the sums of several streams together; there must be one, and all have the same level."""
    streams = list(parts)
    with np.errstate(over="ignore"):
        sums = (np.sum(leaves, axis=0) for leaves in zip(*(one[1:] for one in streams), strict=True))
        return BandSums(streams[0].level, *sums)
