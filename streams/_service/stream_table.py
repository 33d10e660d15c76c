"""Many streams as the lanes of one batched learner, in tiles of one fixed width, through the driver's one kernel.

Time: before sample ``t`` is taken in, the forecast of it is there. What a stream is forecast depends neither on the
streams beside it nor on how its samples were gathered: live gives the bits of ``replay``.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...learners._engine.driver import Driver
from ...simulator import LinearSystem
from .._messages.errors import RejectedMessage
from .._messages.metadata import Plant
from .._messages.observation import Observation
from .._messages.outputs import Forecasts
from .error_sums import StreamErrorSums
from .oracles import oracle
from .tile import Tile
from .tile_driver import below, headed

MOST_PLANTS = 64  # each has a kernel of its own, which stays


class StreamTable:
    """Streams that are learned side by side; ``put`` samples in order, then ``advance``.

    Args:
        driver: The learner made ready; its ``known_ahead`` is 0, for nothing is known that has not come.
    """

    def __init__(self, driver: Driver) -> None:
        if driver.learner.pooled:
            raise ValueError(f"{driver.learner.name} learns from all streams at once, which run apart: choose another.")
        self.driver = driver
        self._tiles: list[Tile] = []
        self._places: dict[str, int] = {}  # lanes are counted through all tiles
        self._free: list[int] = []  # rising: which one is taken depends on nothing else
        self._waiting: dict[int, Tile] = {}
        self._oracles: dict[str, Driver] = {}  # by the plant as it was told
        self._workers = ThreadPoolExecutor(driver.workers)

    @property
    def streams(self) -> list[str]:
        """Names of the streams, in the order they came."""
        return list(self._places)

    def begin(self, stream: str) -> None:
        """Give a stream a lane that has seen nothing."""
        if not self._free:
            first = len(self._tiles) * self.driver.width
            self._free = list(range(first, first + self.driver.width))
            self._tiles.append(Tile(self.driver))
        self._places[stream] = self._free.pop(0)

    @property
    def plants(self) -> list[str]:
        """Those that are or were known behind a stream, as they were told."""
        return list(self._oracles)

    def know(self, plant: Plant) -> None:
        """Hold a stream, of which nothing is queued, against the oracle of a plant from now on; or against none.

        Raises:
            RejectedMessage: ``dimension``: the plant has other outputs or inputs; ``schema``: it is one too many.
        """
        number, i = divmod(self._places[plant.stream], self.driver.width)
        self._tiles[number].know(i, "", None)
        system = plant.system
        if system is None:
            return
        if plant.told not in self._oracles:
            self._oracles[plant.told] = self._oracle(system)
        self._tiles[number].know(i, plant.told, self._oracles[plant.told])

    def _oracle(self, system: LinearSystem) -> Driver:
        outputs, inputs = self.driver.outputs, self.driver.inputs
        if (system.outputs, system.inputs) != (outputs, inputs):
            raise RejectedMessage(
                "dimension",
                f"the system in meta has {system.outputs} outputs and {system.inputs} inputs, the streams have "
                f"{outputs} and {inputs}: it is no oracle of them.",
            )
        if len(self._oracles) == MOST_PLANTS:
            raise RejectedMessage(
                "schema", f"{MOST_PLANTS} different plants are known here: this one is learned without."
            )
        filter = oracle(system, self.driver.learner.lookaheads[0])
        width = self.driver.width // len(self.driver.devices)
        return Driver(filter, outputs, inputs, device=self.driver.device, width=width, known_ahead=0)

    def put(self, rows: Observation) -> None:
        """Queue samples of a stream; a new name gets a lane."""
        if rows.stream not in self._places:
            self.begin(rows.stream)
        number, i = divmod(self._places[rows.stream], self.driver.width)
        tile = self._waiting[number] = self._tiles[number]
        tile.pending.setdefault(i, deque()).append(rows)

    def advance(self) -> list[Forecasts]:
        """Take in all that is queued."""
        waiting, self._waiting = list(self._waiting.values()), {}
        run = map if len(waiting) < 2 else self._workers.map
        return [made for part in run(Tile.advance, waiting) for made in part]

    def drop(self, stream: str) -> None:
        """Forget a stream, of which nothing is queued; another one may have its lane."""
        place = self._places.pop(stream)
        number, i = divmod(place, self.driver.width)
        self._tiles[number].clear(i)
        insort(self._free, place)

    def age(self, stream: str) -> int:
        """Return how many samples of a stream have been taken in."""
        number, i = divmod(self._places[stream], self.driver.width)
        return int(self._tiles[number].tallies.age[i])

    def tally(self, stream: str) -> StreamErrorSums:
        """Return what the errors of a stream have summed to."""
        number, i = divmod(self._places[stream], self.driver.width)
        return self._tiles[number].tallies.lane(i)

    def excess(self, stream: str) -> StreamErrorSums | None:
        """Return what a stream's forecasts have been away from its oracle's, and the oracle's own errors as last size.

        None where its plant is not known.
        """
        number, i = divmod(self._places[stream], self.driver.width)
        oracles = self._tiles[number].oracles
        return None if oracles is None or not oracles.knows(i) else oracles.tallies.lane(i)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the lanes carry, of which nothing is pending; their order is that of ``streams``."""
        arrays: dict[str, NDArray[Any]] = dict(places=np.array(list(self._places.values()), np.int64))
        used = max(self._places.values(), default=-1) + 1
        for k, tile in enumerate(self._tiles):
            lanes = min(max(used - k * self.driver.width, 0), self.driver.width)
            arrays |= headed(tile.state(lanes, self.plants), f"tile {k} ")
        return arrays

    def restore(self, streams: list[str], plants: list[str], arrays: dict[str, NDArray[Any]]) -> None:
        """Become what ``state`` told, before anything is put.

        Args:
            streams: ``streams`` then.
            plants: ``plants`` then.
            arrays: What ``state`` returned.

        Raises:
            ValueError: It is of other shapes.
        """
        self._places = dict(zip(streams, arrays["places"].tolist(), strict=True))
        tiles = {word.split(" ", 2)[1] for word in arrays if word.startswith("tile ")}
        self._tiles = [Tile(self.driver) for _ in tiles]
        taken = set(self._places.values())
        self._free = [place for place in range(len(tiles) * self.driver.width) if place not in taken]
        for told in plants:
            system = Plant("", told).system
            assert system is not None
            self._oracles[told] = self._oracle(system)
        for k, tile in enumerate(self._tiles):
            tile.restore(below(arrays, f"tile {k} "), plants, self._oracles)
