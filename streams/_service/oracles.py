"""The oracles of the lanes of a tile: the Kalman predictors of the plants that are known behind their streams.

Each plant has one kernel for all lanes. A filter knows the plant and not its state: it starts wide in every direction,
anew with each epoch, and nothing is held against it until it has seen as many samples as the plant has states.
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
from .tile_driver import TileDriver, below, headed

WIDE = 1e10  # variance of the first forecast, in multiples of that of the noise


def oracle(system: LinearSystem, lookahead: int = 1) -> Learner:
    """Return the Kalman predictor that starts wide: P_0 = k I, max diag(C P_0 C') = 1e10 max diag(C Q C' + R)."""
    noise = np.diag(system.C @ system.Q @ system.C.T + system.R).max() or 1.0
    reach = np.diag(system.C @ system.C.T).max() or 1.0
    return kalman(system, covariance=WIDE * noise / reach * np.eye(system.states), lookaheads=(lookahead,))


class Oracles:
    """The oracles of a tile, and what the learner's forecasts have been away from theirs.

    Args:
        sizes: Rungs of the learner.
        outputs: Of a stream.
        lanes: Of the tile.
    """

    def __init__(self, sizes: int, outputs: int, lanes: int) -> None:
        self._plants: list[str] = [""] * lanes
        self._running: dict[str, TileDriver] = {}
        self._seen, self._epochs = np.zeros(lanes, np.int64), np.full(lanes, -1, np.int64)
        self.tallies = ErrorSums(sizes + 1, outputs, lanes)  # the last rung is the oracle's own error

    @property
    def plants(self) -> set[str]:
        """Those that are known behind a lane."""
        return set(self._running)

    def knows(self, i: int) -> bool:
        """Return whether the plant behind a lane is known."""
        return bool(self._plants[i])

    def know(self, i: int, plant: str, driver: Driver | None) -> None:
        """Begin the oracle of a lane, or end it where there is no driver."""
        self.tallies.clear(i)
        self._seen[i], self._epochs[i], self._plants[i] = 0, -1, plant if driver else ""
        self._running = {word: running for word, running in self._running.items() if word in self._plants}
        if driver is None:
            return
        if plant in self._running:
            self._running[plant].clear(i)
        else:
            self._running[plant] = TileDriver(driver)

    def hold_against(
        self,
        forecast: Float[np.ndarray, "time size output lane"],
        scored: Bool[np.ndarray, "time output lane"],
        outputs: Float[np.ndarray, "block output lane"],
        inputs: Float[np.ndarray, "ahead input lane"],
        end: Int[np.ndarray, " lane"],
        epochs: Int[np.ndarray, " lane"],
    ) -> Float[np.ndarray, "time output lane"]:
        """Take in so many samples of each lane, all of one epoch; return what the oracles forecast, NaN for none.

        The squares of (forecast - oracle's forecast), and of the oracle's errors, are summed where the forecasts are
        scored.
        """
        output, active = outputs[: len(scored)], end > 0
        expected, enough = np.full(scored.shape, np.nan), np.zeros(len(end), np.int64)
        for plant, running in self._running.items():
            mine = np.array([word == plant for word in self._plants])
            for i in np.flatnonzero(mine & active & (epochs != self._epochs)).tolist():
                if self._epochs[i] >= 0:
                    running.clear(i)
                self._seen[i], self._epochs[i] = 0, epochs[i]
            if not (mine & active).any():
                continue
            made = running.advance(outputs, inputs, np.where(mine, end, 0).astype(end.dtype))[:, 0, 0]
            expected[: len(made), :, mine] = made[..., mine]
            enough[mine] = running.driver.learner.sizes[0]
        there = ~np.isnan(output).all(axis=1) & (np.arange(len(output))[:, None] < end)
        before = self._seen + there.cumsum(axis=0) - there
        self._seen += there.sum(axis=0)
        expected[np.broadcast_to((before < enough)[:, None], expected.shape)] = np.nan
        ladder = np.concatenate([forecast, output[:, None]], axis=1)
        self.tallies.add(ladder, expected, scored & np.isfinite(expected), end)
        return expected

    def state(self, lanes: int, plants: list[str]) -> dict[str, NDArray[Any]]:
        """Return all that is carried, of the sums those of the first lanes; plants by their places in a list."""
        places = [plants.index(word) if word else -1 for word in self._plants]
        arrays = dict(places=np.array(places), seen=self._seen.copy(), epochs=self._epochs.copy())
        arrays |= headed(self.tallies.state(lanes), "tally ")
        for plant, running in self._running.items():
            arrays |= headed(running.state(), f"plant {plants.index(plant)} ")
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]], plants: list[str], drivers: Mapping[str, Driver]) -> None:
        """Become what ``state`` told, in a tile that is new.

        Raises:
            ValueError: It is of other shapes.
        """
        self._plants = [plants[place] if place >= 0 else "" for place in arrays["places"].tolist()]
        self._seen, self._epochs = arrays["seen"].copy(), arrays["epochs"].copy()
        self.tallies.restore(below(arrays, "tally "))
        for plant in dict.fromkeys(filter(None, self._plants)):
            self._running[plant] = TileDriver(drivers[plant])
            self._running[plant].restore(below(arrays, f"plant {plants.index(plant)} "))
