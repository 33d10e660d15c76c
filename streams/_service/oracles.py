"""The oracles of the lanes of a tile: the Kalman predictors of the known plants.

Each plant has one kernel for all lanes. A filter knows the plant but not its state: its first covariance is large in
every direction. It starts again with each epoch. A forecast is compared with the oracle's only after the filter has
seen as many samples as the plant has states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from ...learners import Learner, kalman
from ...learners._engine.driver import Driver
from ...simulator import LinearSystem
from .error_sums import ErrorSums
from .tile_driver import TileDriver, with_prefix, without_prefix

WIDE = 1e10  # variance of the first forecast over the variance of the noise


def oracle(system: LinearSystem, lookahead: int = 1) -> Learner:
    """Return the Kalman predictor with a wide start: P_0 = k I, max diag(C P_0 C') = 1e10 max diag(C Q C' + R)."""
    noise = np.diag(system.C @ system.Q @ system.C.T + system.R).max() or 1.0
    reach = np.diag(system.C @ system.C.T).max() or 1.0
    return kalman(system, covariance=WIDE * noise / reach * np.eye(system.states), lookaheads=(lookahead,))


class Oracles:
    """The oracles of a tile, and the excess of the learner's forecasts over theirs.

    Args:
        sizes: Number of sizes of the learner.
        outputs: Outputs of a stream.
        lanes: Lanes of the tile.
    """

    def __init__(self, sizes: int, outputs: int, lanes: int) -> None:
        self._plants: list[str] = [""] * lanes
        self._filters: dict[str, TileDriver] = {}
        self._seen, self._epochs = np.zeros(lanes, np.int64), np.full(lanes, -1, np.int64)
        self.sums = ErrorSums(sizes + 1, outputs, lanes)  # the last size is the oracle's own error

    @property
    def plants(self) -> set[str]:
        """The plants of the lanes."""
        return set(self._filters)

    def has_plant(self, i: int) -> bool:
        """Return whether the plant of a lane is known."""
        return bool(self._plants[i])

    def set_plant(self, i: int, plant: str, driver: Driver | None) -> None:
        """Start the oracle of a lane; without a driver the lane has none."""
        self.sums.clear(i)
        self._seen[i], self._epochs[i], self._plants[i] = 0, -1, plant if driver else ""
        self._filters = {word: filters for word, filters in self._filters.items() if word in self._plants}
        if driver is None:
            return
        if plant in self._filters:
            self._filters[plant].clear(i)
        else:
            self._filters[plant] = TileDriver(driver)

    def compare(
        self,
        forecast: Float[np.ndarray, "time size output lane"],
        scored: Bool[np.ndarray, "time output lane"],
        outputs: Float[np.ndarray, "block output lane"],
        inputs: Float[np.ndarray, "ahead input lane"],
        end: Int[np.ndarray, " lane"],
        epochs: Int[np.ndarray, " lane"],
    ) -> Float[np.ndarray, "time output lane"]:
        """Take in the first ``end`` samples of each lane, all of one epoch; return the oracles' forecasts, NaN if none.

        The squares of (forecast - oracle's forecast) and of the oracle's errors are summed where the forecasts are
        scored.
        """
        output, active = outputs[: len(scored)], end > 0
        expected, enough = np.full(scored.shape, np.nan), np.zeros(len(end), np.int64)
        for plant, filters in self._filters.items():
            mine = np.array([word == plant for word in self._plants])
            for i in np.flatnonzero(mine & active & (epochs != self._epochs)).tolist():
                if self._epochs[i] >= 0:
                    filters.clear(i)
                self._seen[i], self._epochs[i] = 0, epochs[i]
            if not (mine & active).any():
                continue
            forecasts = filters.advance(outputs, inputs, np.where(mine, end, 0).astype(end.dtype))[:, 0, 0]
            expected[: len(forecasts), :, mine] = forecasts[..., mine]
            enough[mine] = filters.driver.learner.sizes[0]
        observed = ~np.isnan(output).all(axis=1) & (np.arange(len(output))[:, None] < end)
        before = self._seen + observed.cumsum(axis=0) - observed
        self._seen += observed.sum(axis=0)
        expected[np.broadcast_to((before < enough)[:, None], expected.shape)] = np.nan
        ladder = np.concatenate([forecast, output[:, None]], axis=1)
        self.sums.add(ladder, expected, scored & np.isfinite(expected), end)
        return expected

    def state(self, lanes: int, plants: list[str]) -> dict[str, NDArray[Any]]:
        """Return the state, with the sums of the first lanes only; ``plants`` gives each plant its number."""
        places = [plants.index(word) if word else -1 for word in self._plants]
        arrays = dict(places=np.array(places), seen=self._seen.copy(), epochs=self._epochs.copy())
        arrays |= with_prefix(self.sums.state(lanes), "sums ")
        for plant, filters in self._filters.items():
            arrays |= with_prefix(filters.state(), f"plant {plants.index(plant)} ")
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]], plants: list[str], drivers: Mapping[str, Driver]) -> None:
        """Take over what ``state`` returned, in a new tile.

        Raises:
            ValueError: The shapes differ.
        """
        self._plants = [plants[place] if place >= 0 else "" for place in arrays["places"].tolist()]
        self._seen, self._epochs = arrays["seen"].copy(), arrays["epochs"].copy()
        self.sums.restore(without_prefix(arrays, "sums "))
        for plant in dict.fromkeys(filter(None, self._plants)):
            self._filters[plant] = TileDriver(drivers[plant])
            self._filters[plant].restore(without_prefix(arrays, f"plant {plants.index(plant)} "))
