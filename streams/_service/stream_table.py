"""Many streams as the lanes of one batched learner, in tiles of one fixed width, with the one kernel of the driver.

Time: the forecast of sample ``t`` is computed before sample ``t`` is taken in. The forecasts of a stream depend neither
on the other streams nor on the micro-batches: live has the bits of ``replay``.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.memory import GIB
from ...analysis._drift.watch import check_watched
from ...learners._engine.band_sums import BandSums
from ...learners._engine.driver import Driver
from ...learners._engine.memory import memory_free, memory_needed
from ...simulator import LinearSystem
from .._messages.errors import RejectedMessage
from .._messages.metadata import Plant
from .._messages.observation import Observation
from .._messages.outputs import Forecasts
from .error_sums import StreamErrorSums
from .oracles import oracle
from .tile import Tile
from .tile_driver import with_prefix, without_prefix

MOST_PLANTS = 64  # each has its own kernel, which is never removed
COPIES = 8  # of the forecasts of one block, measured at 2000 and 8000 sizes


def check_memory(driver: Driver) -> None:
    """Raise ValueError if one tile of streams needs more memory than is free."""
    sizes, block = driver.learner.sizes, math.prod(driver.shapes()[1])
    needed = memory_needed(driver, driver.width, 1) + COPIES * block * np.dtype(driver.precision).itemsize
    free = memory_free(driver.device)
    if needed > free:
        raise ValueError(
            f"{driver.learner.name} of {len(sizes)} sizes up to {sizes[-1]} needs {needed / GIB:.3g} GiB for "
            f"{driver.width} streams, and {free / GIB:.3g} GiB are free: use fewer sizes."
        )


class StreamTable:
    """Streams that are learned at the same time: ``put`` samples in order, then ``advance``.

    Args:
        driver: Driver of the learner with ``known_ahead`` 0: no future input is known.
        bands: The share of samples that bands around the forecasts are to cover; None: no bands.
        rate: Of false alarms, if the streams are watched for changes; else None.
    """

    def __init__(self, driver: Driver, bands: float | None = None, rate: float | None = None) -> None:
        if driver.learner.pooled:
            raise ValueError(
                f"{driver.learner.name} is one learner for all streams; a service needs one for each: choose another."
            )
        check_memory(driver)
        if rate is not None:
            check_watched(driver, rate)
        self.driver, self.bands, self._rate = driver, bands, rate
        self._tiles: list[Tile] = []
        self._places: dict[str, int] = {}  # number of the lane, counted through all tiles
        self._free: list[int] = []  # ascending, so that the choice is always the same
        self._waiting: dict[int, Tile] = {}
        self._oracles: dict[str, Driver] = {}  # by record of the plant
        self._workers = ThreadPoolExecutor(driver.workers)

    @property
    def streams(self) -> list[str]:
        """Names of the streams, in their first order."""
        return list(self._places)

    def begin(self, stream: str) -> None:
        """Give a stream a new lane."""
        if not self._free:
            first = len(self._tiles) * self.driver.width
            self._free = list(range(first, first + self.driver.width))
            self._tiles.append(Tile(self.driver, self.bands, self._rate))
        self._places[stream] = self._free.pop(0)

    @property
    def plants(self) -> list[str]:
        """Records of the plants that a stream has or had."""
        return list(self._oracles)

    def set_plant(self, plant: Plant) -> None:
        """Start the oracle of a stream without queued samples; without a system the stream has no oracle.

        Raises:
            RejectedMessage: ``dimension``: the plant has other outputs or inputs; ``schema``: too many plants.
        """
        number, i = divmod(self._places[plant.stream], self.driver.width)
        self._tiles[number].set_plant(i, "", None)
        system = plant.system
        if system is None:
            return
        if plant.record not in self._oracles:
            self._oracles[plant.record] = self._oracle(system)
        self._tiles[number].set_plant(i, plant.record, self._oracles[plant.record])

    def _oracle(self, system: LinearSystem) -> Driver:
        outputs, inputs = self.driver.outputs, self.driver.inputs
        if (system.outputs, system.inputs) != (outputs, inputs):
            raise RejectedMessage(
                "dimension",
                f"the system in meta has {system.outputs} outputs and {system.inputs} inputs, the streams have "
                f"{outputs} and {inputs}: they are learned without an oracle.",
            )
        if len(self._oracles) == MOST_PLANTS:
            raise RejectedMessage(
                "schema", f"there are {MOST_PLANTS} different plants already: this stream is learned without an oracle."
            )
        learner = oracle(system, self.driver.learner.lookaheads[0])
        width = self.driver.width // self.driver.devices
        return Driver(learner, outputs, inputs, device=self.driver.device, width=width, known_ahead=0)

    def put(self, rows: Observation) -> None:
        """Queue samples of a stream; a new stream gets a lane."""
        if rows.stream not in self._places:
            self.begin(rows.stream)
        number, i = divmod(self._places[rows.stream], self.driver.width)
        tile = self._waiting[number] = self._tiles[number]
        tile.pending.setdefault(i, deque()).append(rows)

    def advance(self) -> list[Forecasts]:
        """Take in all queued samples."""
        waiting, self._waiting = list(self._waiting.values()), {}
        run = map if len(waiting) < 2 else self._workers.map
        return [forecasts for part in run(Tile.advance, waiting) for forecasts in part]

    def drop(self, stream: str) -> None:
        """Remove a stream without queued samples; another one may get its lane."""
        place = self._places.pop(stream)
        number, i = divmod(place, self.driver.width)
        self._tiles[number].clear(i)
        insort(self._free, place)

    def age(self, stream: str) -> int:
        """Return how many samples of a stream have been taken in."""
        number, i = divmod(self._places[stream], self.driver.width)
        return int(self._tiles[number].sums.age[i])

    def error_sums(self, stream: str) -> StreamErrorSums:
        """Return the error sums of a stream."""
        number, i = divmod(self._places[stream], self.driver.width)
        return self._tiles[number].sums.lane(i)

    def excess(self, stream: str) -> StreamErrorSums | None:
        """Return the sums of (forecast - oracle's forecast)^2 of a stream; the last size is the oracle's own error.

        None if its plant is not known.
        """
        number, i = divmod(self._places[stream], self.driver.width)
        oracles = self._tiles[number].oracles
        return None if oracles is None or not oracles.has_plant(i) else oracles.sums.lane(i)

    def band_sums(self, stream: str) -> BandSums | None:
        """Return what the bands of a stream have shown; None without bands."""
        number, i = divmod(self._places[stream], self.driver.width)
        bands = self._tiles[number].bands
        return None if bands is None else bands.lane(i)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state of all lanes, without pending samples, in the order of ``streams``."""
        arrays: dict[str, NDArray[Any]] = dict(places=np.array(list(self._places.values()), np.int64))
        used = max(self._places.values(), default=-1) + 1
        for k, tile in enumerate(self._tiles):
            lanes = min(max(used - k * self.driver.width, 0), self.driver.width)
            arrays |= with_prefix(tile.state(lanes, self.plants), f"tile {k} ")
        return arrays

    def restore(self, streams: list[str], plants: list[str], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned, before any sample.

        Args:
            streams: ``streams`` of that table.
            plants: ``plants`` of that table.
            arrays: What ``state`` returned.

        Raises:
            ValueError: The shapes differ.
        """
        self._places = dict(zip(streams, arrays["places"].tolist(), strict=True))
        tiles = {word.split(" ", 2)[1] for word in arrays if word.startswith("tile ")}
        self._tiles = [Tile(self.driver, self.bands, self._rate) for _ in tiles]
        taken = set(self._places.values())
        self._free = [place for place in range(len(tiles) * self.driver.width) if place not in taken]
        for record in plants:
            system = Plant("", record).system
            assert system is not None
            self._oracles[record] = self._oracle(system)
        for k, tile in enumerate(self._tiles):
            tile.restore(without_prefix(arrays, f"tile {k} "), plants, self._oracles)
