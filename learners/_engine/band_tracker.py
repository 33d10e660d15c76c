"""Bands around the forecasts of a tile, calibrated online: one half-width for each lookahead, size and output.

The band of a forecast is ``forecast +- b``, b = r s^2, and it is made with the forecast, before its sample:

* s is the running mean of sqrt|e| over about the last 64 errors e = forecast - y (the mean of all in the beginning),
  so that s^2 is the scale of the errors: a change of scale is followed at once, and one outlier moves it little;
* r is moved after each error by ``ln r += gamma (1{|e| > b} - alpha)``, gamma = 0.02, alpha = 1 - level, from the
  value of the normal distribution on.

The sum of the last line over n errors is an identity, whatever the data: the share missed is
``alpha + ln(r_n / r_0) / (gamma n)``. r has no unit, and it stays near one value even where the errors grow
exponentially. A floor (r_0 / 1024) ends its fall where much more than the level is covered anyway; there the share
missed is less. docs/bands.md has the bound on r, hence a bound on the share.

The step of r is that of the quantile tracker in A. N. Angelopoulos, E. J. Candes, R. J. Tibshirani, *Conformal PID
control for time series prediction*, NeurIPS 2023, on a log scale; its idea is from I. Gibbs, E. Candes, *Adaptive
conformal inference under distribution shift*, NeurIPS 2021.

An exact hit, e = 0, says nothing about a width and is left out, as a missing sample is. A forecast that is no finite
number counts as missed, and moves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, gamma, pi, sqrt
from numbers import Real
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from .band_loop import MOST_BLOCKS, SUMS, take_bands
from .band_sums import BandSums

GAMMA = 0.02  # step of ln r
WEIGHT = 1 / 64  # of the newest error in the scale
FLOOR = 2.0**-10  # of r, in units of its first value
LEVEL = 0.95


def check_level(level: float) -> float:
    """Return the share that bands are to cover.

    Raises:
        ValueError: It is no number from 0.5 to 0.999.
    """
    if not isinstance(level, Real) or not 0.5 <= level <= 0.999:
        raise ValueError(f"the level of a band must be from 0.5 to 0.999, such as 0.95 (95 %), got {level!r}.")
    return float(level)


def first_ratio(level: float) -> float:
    """Return r_0: the quantile of |z| at ``level`` divided by (E sqrt|z|)^2, for normal z."""
    mean = 2**0.25 * gamma(0.75) / sqrt(pi)  # E sqrt|z|
    return NormalDist().inv_cdf((1 + level) / 2) / mean**2


class BandTracker:
    """The bands of the lanes of a tile.

    Args:
        lookaheads: Lookaheads of the forecasts.
        sizes: Number of sizes.
        outputs: Outputs of a stream.
        lanes: Lanes of the tile.
        level: The share of samples that the bands are to cover.

    Raises:
        ValueError: The level is not from 0.5 to 0.999.
    """

    def __init__(self, lookaheads: Sequence[int], sizes: int, outputs: int, lanes: int, level: float = LEVEL) -> None:
        self.level, alpha, start = check_level(level), 1 - level, first_ratio(level)
        self._start, self._constants = start, (exp(GAMMA * level), exp(-GAMMA * alpha), start * FLOOR, WEIGHT)
        self._lookaheads, self._shape = np.array(lookaheads, np.int64), (len(lookaheads), sizes, outputs)
        shape, waiting = (lanes, len(lookaheads) * sizes * outputs), int(self._lookaheads.sum()) * sizes * outputs
        self.age, self._length = np.zeros(lanes, np.int64), np.ones(lanes, np.int64)
        self._ratio, self._scale = np.full(shape, start), np.zeros(shape)
        self._count, self._last = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        self._issued = np.full((lanes, waiting), np.nan)  # bands whose samples are to come
        self._warned = np.zeros(self._issued.shape, np.bool_)
        # np.zeros takes its memory page by page at first use: it would seem to grow for days.
        self._blocks = np.full((lanes, MOST_BLOCKS, shape[1], SUMS), 0.0)

    def _state(self) -> dict[str, NDArray[np.generic]]:
        words = "age", "length", "ratio", "scale", "count", "last", "issued", "warned", "blocks"
        arrays = self.age, self._length, self._ratio, self._scale, self._count, self._last
        return dict(zip(words, (*arrays, self._issued, self._warned, self._blocks), strict=True))

    def take(
        self,
        forecast: Float[np.ndarray, "time lookahead size output lane"],
        output: Float[np.ndarray, "time output lane"],
        scored: Bool[np.ndarray, "time lookahead output lane"],
        steps: Int[np.ndarray, " lane"],
    ) -> Float[np.ndarray, "time lookahead size output lane"]:
        """Take in the next ``steps`` samples of each lane; return the half-widths issued with their forecasts.

        A half-width is NaN before the first error of its size is known, and where a lane has no sample.
        """
        band = np.full(forecast.shape, np.nan)
        rows, lanes = len(forecast), forecast.shape[-1]
        numbers = np.ascontiguousarray(forecast, np.float64).reshape(rows, -1, lanes), np.ascontiguousarray(output)
        samples = np.ascontiguousarray(scored), np.ascontiguousarray(steps, np.int64), band.reshape(rows, -1, lanes)
        state = self._state().values()
        take_bands(self._lookaheads, *self._shape[1:], *state, self._constants, *numbers, *samples)
        return band

    def ahead(self, lanes: Sequence[int]) -> Float[np.ndarray, "lookahead size output lane"]:
        """Return the half-widths of the newest forecasts of some lanes; NaN before the first error is known."""
        here = np.array(lanes, np.int64)
        with np.errstate(over="ignore"):
            band = self._ratio[here] * self._scale[here] * self._scale[here]
        known = np.where(self._count[here] > 0, band, np.nan)
        return np.moveaxis(known.reshape(len(here), *self._shape), 0, -1)

    def lane(self, i: int) -> BandSums:
        """Return the sums of a lane, without about the first twentieth of its samples."""
        first = -(-(int(self.age[i]) // 20) // int(self._length[i]))
        sums = self._blocks[i, first:].sum(axis=0).reshape(*self._shape, SUMS)
        return BandSums(self.level, *np.moveaxis(sums, -1, 0))

    def clear(self, i: int) -> None:
        """Reset a lane to the bits that it has in a new tracker."""
        for word, array in self._state().items():
            array[i] = dict(length=1, ratio=self._start, issued=np.nan).get(word, 0)

    def state(self, lanes: int) -> dict[str, NDArray[np.generic]]:
        """Return the state of the first lanes, without the empty blocks."""
        filled = int(np.max(-(-self.age[:lanes] // self._length[:lanes]), initial=0))
        arrays = {word: array[:lanes].copy() for word, array in self._state().items()}
        return arrays | dict(blocks=arrays["blocks"][:, :filled])

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take over what ``state`` returned, in a new tracker.

        Raises:
            ValueError: The shapes differ.
        """
        lanes = len(arrays["age"])
        for word, array in self._state().items():
            saved = arrays[word]
            if word == "blocks":
                array[:lanes, : saved.shape[1]] = saved
            elif saved.shape[1:] != array.shape[1:] or saved.dtype != array.dtype:
                raise ValueError(
                    f"the bands of the checkpoint have another shape of {word}: name another state folder."
                )
            else:
                array[:lanes] = saved
