"""Many streams as the lanes of one batched learner, in tiles of one fixed width, through the driver's one kernel.

Time: before sample ``t`` is taken in, the forecast of it is there. What a stream is forecast depends neither on the
streams beside it nor on how its samples were gathered: live gives the bits of ``replay``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..learners import Driver
from ..simulator import computing
from ._observation import Observation


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


@dataclass
class _Lane:
    stream: str
    pending: deque[Observation] = field(default_factory=deque)
    held: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # the last known inputs
    centred: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))


class _Tile:
    """Lanes that step together."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.members = driver, list[_Lane]()
        self.lanes, self.record = driver.start(), driver.record()
        self.outputs = np.full((driver.block, driver.outputs, driver.width), np.nan)
        self.inputs = np.zeros((driver.block + driver.ahead, driver.inputs, driver.width))

    def advance(self) -> list[Forecasts]:
        """Take in what is pending, up to a block of each lane."""
        cut = [(i, lane, _gather(lane.pending, self.driver.block)) for i, lane in enumerate(self.members)]
        taken = [(i, lane, rows) for i, lane, rows in cut if rows is not None]
        if not taken:
            return []
        end = np.zeros(self.driver.width, np.int32)
        for i, lane, rows in taken:
            end[i] = rows.steps
            self.outputs[: rows.steps, :, i] = rows.output
            self.inputs[: rows.steps, :, i] = _hold(lane, rows.input)
        # The kernel may still read what it was handed while the next block is filled in.
        arrays = self.outputs.copy(), self.inputs.copy()
        self.lanes, self.record = self.driver.advance(self.lanes, self.record, *arrays, np.int32(0), end)
        record = np.asarray(self.record)
        centre, scale = np.asarray(self.lanes.centre), np.asarray(self.lanes.scale)
        newest = np.stack([np.asarray(queue)[0] for queue in self.lanes.issued])
        with np.errstate(over="ignore", invalid="ignore"):
            ahead = centre + newest * np.where(scale == 0, np.ones_like(scale), scale)
        made = []
        for i, lane, rows in taken:
            scored = self._scored(lane, rows.output)
            forecast = np.array(record[: rows.steps, ..., i])
            first = rows.sequence or 0
            made.append(
                Forecasts(
                    rows.stream, rows.epoch, first, rows.time, rows.output, forecast, np.array(ahead[..., i]), scored
                )
            )
        return made

    def _scored(self, lane: _Lane, output: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where the driver scores one sample ahead: what is observed, once the centre is known."""
        observed = ~np.isnan(output)
        before = np.logical_or.accumulate(np.concatenate([lane.centred[None], observed]), axis=0)
        lane.centred = before[-1]
        return np.asarray(observed & before[:-1])


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
        self._lanes: dict[str, _Lane] = {}

    @property
    def streams(self) -> list[str]:
        """Names of the streams, in the order they came."""
        return list(self._lanes)

    def put(self, rows: Observation) -> None:
        """Queue samples of a stream; a new name gets a lane."""
        lane = self._lanes.get(rows.stream) or self._lane(rows.stream)
        lane.pending.append(rows)

    def _lane(self, stream: str) -> _Lane:
        lane = self._lanes[stream] = _Lane(stream)
        lane.held = np.zeros(self.driver.inputs)
        lane.centred = np.full(self.driver.outputs, _known(self.driver.centre))
        if not self._tiles or len(self._tiles[-1].members) == self.driver.width:
            self._tiles.append(_Tile(self.driver))
        self._tiles[-1].members.append(lane)
        return lane

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the lanes carry, of which nothing is pending; their order is that of ``streams``."""
        arrays: dict[str, NDArray[Any]] = {}
        for k, tile in enumerate(self._tiles):
            leaves = jax.tree.leaves(tile.lanes)
            arrays |= {f"tile {k} leaf {i}": np.array(leaf) for i, leaf in enumerate(leaves)}
        for i, lane in enumerate(self._lanes.values()):
            arrays |= {f"lane {i} held": lane.held, f"lane {i} centred": lane.centred}
        return arrays

    def restore(self, streams: list[str], arrays: dict[str, NDArray[Any]]) -> None:
        """Become what ``state`` told, before anything is put.

        Raises:
            ValueError: It is of other shapes.
        """
        for i, stream in enumerate(streams):
            lane = self._lane(stream)
            lane.held, lane.centred = arrays[f"lane {i} held"], arrays[f"lane {i} centred"]
        for k, tile in enumerate(self._tiles):
            fresh, form = jax.tree.flatten(tile.lanes)
            leaves = [arrays.get(f"tile {k} leaf {i}") for i in range(len(fresh))]
            fits = [
                old is not None and (old.shape, old.dtype) == (new.shape, new.dtype)
                for old, new in zip(leaves, fresh, strict=True)
            ]
            if not all(fits):
                raise ValueError("the checkpoint is of a learner of another shape: name another folder.")
            with computing(self.driver.precision, self.driver.device):
                tile.lanes = self.driver.place(
                    jax.tree.unflatten(form, [jnp.array(leaf, copy=True) for leaf in leaves])
                )

    def advance(self) -> list[Forecasts]:
        """Take in all that is queued."""
        made: list[Forecasts] = []
        for tile in self._tiles:
            while step := tile.advance():
                made += step
        return made


def _known(centre: Any) -> bool:
    return not (isinstance(centre, str) and centre == "first")


def _gather(pending: deque[Observation], most: int) -> Observation | None:
    """Return the first queued samples that are consecutive, at most so many."""
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
        return parts[0] if parts else None
    arrays = (np.concatenate([part[k] for part in parts]) for k in (3, 4, 5))
    return Observation(*parts[0][:3], *arrays)


def _hold(lane: _Lane, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inputs with what is missing held at the last known value, 0 before any."""
    if not np.isnan(inputs).any():
        if len(inputs):
            lane.held = inputs[-1]
        return inputs
    whole = np.concatenate([lane.held[None], inputs])
    known = np.where(np.isnan(whole), 0, np.arange(len(whole))[:, None])
    filled = np.take_along_axis(whole, np.maximum.accumulate(known, axis=0), axis=0)
    lane.held = filled[-1]
    return np.asarray(filled[1:])
