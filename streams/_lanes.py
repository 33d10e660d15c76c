"""Many streams as the lanes of one batched learner, in tiles of one fixed width, through the driver's one kernel.

Time: before sample ``t`` is taken in, the forecast of it is there. What a stream is forecast depends neither on the
streams beside it nor on how its samples were gathered: live gives the bits of ``replay``.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..learners import Driver
from ..simulator import computing
from ._observation import Observation
from ._tally import Tallies, Tally


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
        scored: Where there was a sample and the centre was known before it.
    """

    stream: str
    epoch: int
    first: int
    time: Float[np.ndarray, " time"]
    output: Float[np.ndarray, "time output"]
    forecast: Float[np.ndarray, "time lookahead size output"]
    ahead: Float[np.ndarray, "lookahead size output"]
    scored: NDArray[np.bool_]

    @property
    def error(self) -> Float[np.ndarray, "time size output"]:
        """Forecasts one sample ahead less what came, NaN where it is not scored."""
        with np.errstate(over="ignore", invalid="ignore"):
            gap = self.forecast[:, 0] - self.output[:, None]
        return np.where(self.scored[:, None], gap, np.nan)


class _Tile:
    """Lanes that step together, and what their errors have summed to."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.lanes, self.record = driver, driver.start(), driver.record()
        self.tallies = Tallies(len(driver.learner.sizes), driver.outputs, driver.width)
        self.held = np.zeros((driver.inputs, driver.width))  # the last known inputs
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
        end, longest = np.zeros(driver.width, np.int32), max(rows.steps for _, rows in taken)
        outputs = np.full((driver.block, driver.outputs, driver.width), np.nan)
        inputs = np.zeros((driver.block + driver.ahead, driver.inputs, driver.width))
        for i, rows in taken:
            end[i] = rows.steps
            outputs[: rows.steps, :, i] = rows.output
            if driver.inputs:
                inputs[: rows.steps, :, i] = _hold(self.held[:, i], rows.input)
                self.held[:, i] = inputs[rows.steps - 1, :, i]
        output = outputs[:longest]
        scored = _scored(output, np.asarray(self.lanes.centred) > 0)
        self.lanes, self.record = driver.advance(self.lanes, self.record, outputs, inputs, np.int32(0), end)
        record = np.array(np.asarray(self.record)[:longest])  # the kernel fills it again
        centre, scale = np.asarray(self.lanes.centre), np.asarray(self.lanes.scale)
        newest = np.stack([np.asarray(queue)[0] for queue in self.lanes.issued])
        with np.errstate(over="ignore", invalid="ignore"):
            ahead = centre + newest * np.where(scale == 0, np.ones_like(scale), scale)
        self.tallies.add(record[:, 0], output, scored, end)
        made = []
        for i, rows in taken:
            came = rows.stream, rows.epoch, rows.sequence or 0, rows.time, rows.output
            made.append(Forecasts(*came, record[: rows.steps, ..., i], ahead[..., i], scored[: rows.steps, :, i]))
        return made

    def clear(self, i: int) -> None:
        """Begin a lane anew, with the bits that it has in a new tile."""
        here, new = np.arange(self.driver.width) == i, self.driver.start()
        with computing(self.driver.precision, self.driver.device):
            self.lanes = self.driver.place(jax.tree.map(lambda *both: jnp.where(here, *both), new, self.lanes))
        self.held[:, i] = 0
        self.tallies.clear(i)

    def state(self, lanes: int) -> dict[str, NDArray[Any]]:
        """Return all that is carried, of the sums those of the first lanes."""
        leaves = jax.tree.leaves(self.lanes)
        arrays = {f"leaf {i}": np.array(leaf) for i, leaf in enumerate(leaves)} | dict(held=self.held.copy())
        return arrays | {f"tally {word}": array for word, array in self.tallies.state(lanes).items()}

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Become what ``state`` told."""
        fresh, form = jax.tree.flatten(self.lanes)
        leaves = [arrays.get(f"leaf {i}") for i in range(len(fresh))]
        for old, new in zip(leaves, fresh, strict=True):
            if old is None or (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ValueError("the checkpoint is of a learner of another shape: name another folder.")
        with computing(self.driver.precision, self.driver.device):
            self.lanes = self.driver.place(jax.tree.unflatten(form, [jnp.array(leaf, copy=True) for leaf in leaves]))
        self.held = arrays["held"]
        self.tallies.restore({word[6:]: array for word, array in arrays.items() if word[:6] == "tally "})


class Lanes:
    """Streams that are learned side by side; ``put`` samples in order, then ``advance``.

    Args:
        driver: The learner made ready; its ``known_ahead`` is 0, for nothing is known that has not come.
    """

    def __init__(self, driver: Driver) -> None:
        if driver.learner.pooled:
            raise ValueError(f"{driver.learner.name} learns from all streams at once, which run apart: choose another.")
        self.driver = driver
        self._tiles: list[_Tile] = []
        self._places: dict[str, int] = {}  # lanes are counted through all tiles
        self._free: list[int] = []  # rising: which one is taken depends on nothing else
        self._waiting: dict[int, _Tile] = {}
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
            self._tiles.append(_Tile(self.driver))
        self._places[stream] = self._free.pop(0)

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
        return [made for part in run(_Tile.advance, waiting) for made in part]

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

    def tally(self, stream: str) -> Tally:
        """Return what the errors of a stream have summed to."""
        number, i = divmod(self._places[stream], self.driver.width)
        return self._tiles[number].tallies.lane(i)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the lanes carry, of which nothing is pending; their order is that of ``streams``."""
        arrays: dict[str, NDArray[Any]] = dict(places=np.array(list(self._places.values()), np.int64))
        used = max(self._places.values(), default=-1) + 1
        for k, tile in enumerate(self._tiles):
            lanes = min(max(used - k * self.driver.width, 0), self.driver.width)
            arrays |= {f"tile {k} {word}": array for word, array in tile.state(lanes).items()}
        return arrays

    def restore(self, streams: list[str], arrays: dict[str, NDArray[Any]]) -> None:
        """Become what ``state`` told, before anything is put.

        Raises:
            ValueError: It is of other shapes.
        """
        self._places = dict(zip(streams, arrays["places"].tolist(), strict=True))
        tiles = {word.split(" ", 2)[1] for word in arrays if word.startswith("tile ")}
        self._tiles = [_Tile(self.driver) for _ in tiles]
        taken = set(self._places.values())
        self._free = [place for place in range(len(tiles) * self.driver.width) if place not in taken]
        for k, tile in enumerate(self._tiles):
            head = f"tile {k} "
            tile.restore({word.removeprefix(head): told for word, told in arrays.items() if word.startswith(head)})


def _scored(output: NDArray[np.float64], centred: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where the driver scores one sample ahead: what is observed, once the centre is known."""
    observed = ~np.isnan(output)
    known = np.logical_or.accumulate(np.concatenate([centred[None], observed]), axis=0)
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
