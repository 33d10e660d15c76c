"""A tile: streams that step together, their forecasts, error sums and oracles."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...analysis._drift.watch import ChangeWatch
from ...learners._engine.band_tracker import BandTracker
from ...learners._engine.driver import Driver
from ...learners._engine.scored import scored_ahead
from .._messages.observation import Observation
from .._messages.outputs import Forecasts
from .error_sums import ErrorSums
from .oracles import Oracles
from .tile_driver import TileDriver, with_prefix, without_prefix


class Tile:
    """Lanes that step together, with their error sums and oracles.

    Args:
        driver: Driver of the learner.
        level: The share of samples that bands around the forecasts are to cover; None: no bands.
        rate: Of false alarms, if the lanes are watched for changes.
    """

    def __init__(self, driver: Driver, level: float | None = None, rate: float | None = None) -> None:
        self.driver, self.tile_driver = driver, TileDriver(driver)
        shape = len(driver.learner.sizes), driver.outputs, driver.width
        self.sums = ErrorSums(*shape)
        self.oracles: Oracles | None = None  # None while no plant is known
        self.bands = None if level is None else BandTracker(driver.learner.lookaheads, *shape, level)
        self.changes = None if rate is None else ChangeWatch(driver, rate)
        self._held = np.zeros((driver.inputs, driver.width))  # the last observed inputs
        self.pending: dict[int, deque[Observation]] = {}

    def advance(self) -> list[Forecasts]:
        """Take in all pending samples, block by block."""
        forecasts: list[Forecasts] = []
        while self.pending:
            forecasts += self._step()
        return forecasts

    def _step(self) -> list[Forecasts]:
        """Take in at most one block of each lane."""
        driver, lanes = self.driver, sorted(self.pending)
        watch = self.changes
        most = (driver.block if watch is None else min(driver.block, watch.room(i)) for i in lanes)
        taken = [(i, _gather(self.pending[i], rows)) for i, rows in zip(lanes, most, strict=True)]
        self.pending = {i: self.pending[i] for i in lanes if self.pending[i]}
        end, epochs = np.zeros(driver.width, np.int32), np.zeros(driver.width, np.int64)
        for i, rows in taken:
            end[i], epochs[i] = rows.steps, rows.epoch
        block = int(end.max()) if driver.step is not None else driver.block
        outputs = np.full((block, driver.outputs, driver.width), np.nan)
        inputs = np.zeros((block + driver.ahead, driver.inputs, driver.width))
        for i, rows in taken:
            outputs[: rows.steps, :, i] = rows.output
            if driver.inputs:
                inputs[: rows.steps, :, i] = _hold(self._held[:, i], rows.input)
                self._held[:, i] = inputs[rows.steps - 1, :, i]
        output = outputs[: end.max()]
        centered = np.array(self.tile_driver.lanes.centered)  # a copy: the step goes on in it
        scored = scored_ahead(output, centered, (1,))[:, 0]
        forecast = self.tile_driver.advance(outputs, inputs, end)
        changed = {}
        if watch is not None:  # after a change the lane has other forecasts of the next samples
            changed = watch.compare(self.tile_driver.lanes, forecast[:, 0], scored, outputs, inputs, end)
        ahead = self._ahead(lanes)
        self.sums.add(forecast[:, 0], output, scored, end)
        band = band_ahead = None
        if self.bands is not None:
            counts = scored_ahead(output, centered, driver.learner.lookaheads)
            band, band_ahead = self.bands.take(forecast, output, counts, end), self.bands.ahead(lanes)
        expected = None
        if self.oracles is not None:
            expected = self.oracles.compare(forecast[:, 0], scored, outputs, inputs, end, epochs)
        forecasts = []
        for place, (i, rows) in enumerate(taken):
            observed = rows.stream, rows.epoch, rows.sequence or 0, rows.time, rows.output
            n = rows.steps
            oracle = None if expected is None else expected[:n, :, i]
            half = (None, None) if band is None or band_ahead is None else (band[:n, ..., i], band_ahead[..., place])
            made = Forecasts(*observed, forecast[:n, ..., i], ahead[..., place], scored[:n, :, i], oracle)
            forecasts.append(made._replace(band=half[0], band_ahead=half[1], change=changed.get(i), input=rows.input))
        for i in changed:  # the errors before say nothing about the plant that it is now
            self.sums.clear(i)
            if self.oracles is not None:
                self.oracles.sums.clear(i)
        return forecasts

    def _ahead(self, lanes: list[int]) -> Float[np.ndarray, "lookahead size output lane"]:
        """Return the newest forecasts of some lanes, in the units of the streams."""
        tile = self.tile_driver.lanes
        center, scale = (np.asarray(leaf)[:, lanes] for leaf in (tile.center, tile.scale))
        newest = np.array([np.asarray(queue)[0][..., lanes] for queue in tile.issued])
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(center + newest * (scale + (scale == 0)))

    def set_plant(self, i: int, plant: str, oracle: Driver | None) -> None:
        """Start the oracle of a lane without pending samples; None: the lane has none."""
        if self.oracles is None and oracle is not None:
            self.oracles = Oracles(len(self.driver.learner.sizes), self.driver.outputs, self.driver.width)
        if self.oracles is not None:
            self.oracles.set_plant(i, plant, oracle)
            if not self.oracles.plants:
                self.oracles = None

    def clear(self, i: int) -> None:
        """Reset a lane to the bits that it has in a new tile."""
        self.tile_driver.clear(i)
        self._held[:, i] = 0
        self.sums.clear(i)
        if self.bands is not None:
            self.bands.clear(i)
        if self.changes is not None:
            self.changes.clear(i)
        self.set_plant(i, "", None)

    def state(self, lanes: int, plants: list[str]) -> dict[str, NDArray[Any]]:
        """Return the state, with the sums of the first lanes only; ``plants`` gives each plant its number."""
        arrays = self.tile_driver.state() | dict(held=self._held.copy()) | with_prefix(self.sums.state(lanes), "sums ")
        if self.bands is not None:
            arrays |= with_prefix(self.bands.state(lanes), "bands ")
        if self.oracles is not None:
            arrays |= with_prefix(self.oracles.state(lanes, plants), "oracle ")
        if self.changes is not None:
            arrays |= with_prefix(self.changes.state(), "change ")
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]], plants: list[str], drivers: Mapping[str, Driver]) -> None:
        """Take over what ``state`` returned.

        Raises:
            ValueError: The shapes differ.
        """
        self.tile_driver.restore(arrays)
        self._held = arrays["held"]
        self.sums.restore(without_prefix(arrays, "sums "))
        if self.bands is not None:
            self.bands.restore(without_prefix(arrays, "bands "))
        if saved := without_prefix(arrays, "oracle "):
            self.oracles = Oracles(len(self.driver.learner.sizes), self.driver.outputs, self.driver.width)
            self.oracles.restore(saved, plants, drivers)
        if self.changes is not None:
            self.changes.restore(without_prefix(arrays, "change "))


def _gather(pending: deque[Observation], most: int) -> Observation:
    """Return the first pending samples that are consecutive, at most ``most``."""
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
    """Return the inputs; a missing one is held at its last value, before the first at ``held``."""
    if not np.isnan(inputs).any():
        return inputs
    whole = np.concatenate([held[None], inputs])
    known = np.where(np.isnan(whole), 0, np.arange(len(whole))[:, None])
    filled = np.take_along_axis(whole, np.maximum.accumulate(known, axis=0), axis=0)
    return np.asarray(filled[1:])
