"""Streams that step together as the lanes of one tile, and what is forecast of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...learners._engine.driver import Driver
from .._messages.observation import Observation
from .._messages.outputs import Forecasts
from .error_sums import ErrorSums
from .oracles import Oracles
from .tile_driver import TileDriver, below, headed


class Tile:
    """Lanes that step together, their oracles, and what their errors have summed to."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.running = driver, TileDriver(driver)
        shape = len(driver.learner.sizes), driver.outputs, driver.width
        self.tallies = ErrorSums(*shape)
        self.oracles: Oracles | None = None  # from the first plant on that is known
        self._held = np.zeros((driver.inputs, driver.width))  # the last known inputs
        self.pending: dict[int, deque[Observation]] = {}

    def advance(self) -> list[Forecasts]:
        """Take in all that is pending, block by block."""
        made: list[Forecasts] = []
        while self.pending:
            made += self._step()
        return made

    def _step(self) -> list[Forecasts]:
        """Take in what is pending, up to a block of each lane."""
        driver, lanes = self.driver, sorted(self.pending)
        taken = [(i, _gather(self.pending[i], driver.block)) for i in lanes]
        self.pending = {i: self.pending[i] for i in lanes if self.pending[i]}
        end, epochs = np.zeros(driver.width, np.int32), np.zeros(driver.width, np.int64)
        outputs = np.full((driver.block, driver.outputs, driver.width), np.nan)
        inputs = np.zeros((driver.block + driver.ahead, driver.inputs, driver.width))
        for i, rows in taken:
            end[i], epochs[i] = rows.steps, rows.epoch
            outputs[: rows.steps, :, i] = rows.output
            if driver.inputs:
                inputs[: rows.steps, :, i] = _hold(self._held[:, i], rows.input)
                self._held[:, i] = inputs[rows.steps - 1, :, i]
        output = outputs[: end.max()]
        scored = _scored(output, np.asarray(self.running.lanes.centered) > 0)
        forecast = self.running.advance(outputs, inputs, end)
        ahead = self._ahead()
        self.tallies.add(forecast[:, 0], output, scored, end)
        expected = None
        if self.oracles is not None:
            expected = self.oracles.hold_against(forecast[:, 0], scored, outputs, inputs, end, epochs)
        made = []
        for i, rows in taken:
            came = rows.stream, rows.epoch, rows.sequence or 0, rows.time, rows.output
            n = rows.steps
            beside = None if expected is None else expected[:n, :, i]
            made.append(Forecasts(*came, forecast[:n, ..., i], ahead[..., i], scored[:n, :, i], beside))
        return made

    def _ahead(self) -> Float[np.ndarray, "lookahead size output lane"]:
        """Return the newest forecasts, in the unit of the streams."""
        lanes = self.running.lanes
        center, scale = np.asarray(lanes.center), np.asarray(lanes.scale)
        newest = np.stack([np.asarray(queue)[0] for queue in lanes.issued])
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(center + newest * np.where(scale == 0, np.ones_like(scale), scale))

    def know(self, i: int, plant: str, oracle: Driver | None) -> None:
        """Begin the oracle of a lane, of which nothing is pending; or end it where there is none."""
        if self.oracles is None and oracle is not None:
            self.oracles = Oracles(len(self.driver.learner.sizes), self.driver.outputs, self.driver.width)
        if self.oracles is not None:
            self.oracles.know(i, plant, oracle)
            if not self.oracles.plants:
                self.oracles = None

    def clear(self, i: int) -> None:
        """Begin a lane anew, with the bits that it has in a new tile."""
        self.running.clear(i)
        self._held[:, i] = 0
        self.tallies.clear(i)
        self.know(i, "", None)

    def state(self, lanes: int, plants: list[str]) -> dict[str, NDArray[Any]]:
        """Return all that is carried, of the sums those of the first lanes; plants by their places in a list."""
        arrays = self.running.state() | dict(held=self._held.copy()) | headed(self.tallies.state(lanes), "tally ")
        if self.oracles is not None:
            arrays |= headed(self.oracles.state(lanes, plants), "oracle ")
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]], plants: list[str], drivers: Mapping[str, Driver]) -> None:
        """Become what ``state`` told.

        Raises:
            ValueError: It is of other shapes.
        """
        self.running.restore(arrays)
        self._held = arrays["held"]
        self.tallies.restore(below(arrays, "tally "))
        if beside := below(arrays, "oracle "):
            self.oracles = Oracles(len(self.driver.learner.sizes), self.driver.outputs, self.driver.width)
            self.oracles.restore(beside, plants, drivers)


def _scored(output: NDArray[np.float64], centered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where the driver scores one sample ahead: what is observed, once the center is known."""
    observed = ~np.isnan(output)
    known = np.logical_or.accumulate(np.concatenate([centered[None], observed]), axis=0)
    return np.asarray(observed & known[:-1])


def _gather(pending: deque[Observation], most: int) -> Observation:
    """Return the first queued samples that are consecutive, at most so many of them."""
    parts: list[Observation] = []
    room = most
    while pending and room:
        rows = pending[0]
        if parts and (rows.epoch, rows.sequence) != (parts[-1].epoch, (parts[-1].sequence or 0) + parts[-1].steps):
            break
        if rows.steps > room:
            pending[0] = rows.rows(room, rows.steps)
            rows = rows.rows(0, room)
        else:
            pending.popleft()
        parts.append(rows)
        room -= rows.steps
    if len(parts) < 2:
        return parts[0]
    arrays = (np.concatenate([part[k] for part in parts]) for k in (3, 4, 5))
    return Observation(*parts[0][:3], *arrays)


def _hold(held: NDArray[np.float64], inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inputs with what is missing held at the last known value, at first the one given."""
    if not np.isnan(inputs).any():
        return inputs
    whole = np.concatenate([held[None], inputs])
    known = np.where(np.isnan(whole), 0, np.arange(len(whole))[:, None])
    filled = np.take_along_axis(whole, np.maximum.accumulate(known, axis=0), axis=0)
    return np.asarray(filled[1:])
