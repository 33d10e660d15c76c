"""The one way to run a learner, live or on a recording.

Time: a step of a lane is (1) score the forecasts of ``y[t]``, issued at ``t - lookahead``; (2) update with ``y[t]`` and
``u[t]``; (3) issue the forecasts of ``t + 1`` and beyond. Every forecast is made before its sample.

All steps run in one compiled kernel: a loop over a block of fixed length whose number of steps is a run-time argument,
for a tile of lanes of fixed width. One step at a time (live) and many at once (replay) give the same bits; the numbers
of a lane depend neither on the number of other lanes nor on their samples.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from ..._core.checks import check_precision
from ..._core.devices import Precision, computing, find_devices, is_cpu, shard
from ..._core.jax_later import Array, jax, jit, jnp
from .._base import Learner
from .._linalg.units import power_of_two
from .compiled_step import CompiledStep
from .partition import PartitionedLearner
from .tile_loop import JUMP, REACH
from .tile_state import Numbers, Score, TileState, map_leaves

BLOCK = 128
TILE = 32

Center: TypeAlias = Literal["first", "none"] | ArrayLike


class Driver:
    """A learner for streams of one shape, with one compiled kernel.

    Learners that differ only in the arrays of the systems that they know share the kernel.

    Args:
        learner: The predictor.
        outputs: Outputs of a stream.
        inputs: Inputs of a stream.
        oracle: A learner of one rung, the reference of the excess, or None.
        center: The value that is subtracted from each output before a learner sees it: ``"first"``, its first observed
            value; ``"none"``; or known values ``(output,)``.
        precision: ``"float32"`` or ``"float64"``.
        device: Where to compute, as in ``find_devices``; lanes are spread over several.
        width: Lanes in a tile on each device. A pooled learner has all its replicates in one tile.
        block: Rows in a block.
        known_ahead: Samples of the input after the present one that are known when a forecast is issued; the last
            known one is held after that. None: all inputs that are passed in are known.

    Raises:
        ValueError: A center of another shape, an oracle of several sizes or other lookaheads, a negative
            ``known_ahead``, or a stream that the learner's ``init`` refuses.
    """

    def __init__(
        self,
        learner: Learner,
        outputs: int = 1,
        inputs: int = 0,
        *,
        oracle: Learner | None = None,
        center: Center = "none",
        precision: Precision = "float64",
        device: str | None = None,
        width: int = TILE,
        block: int = BLOCK,
        known_ahead: int | None = None,
    ) -> None:
        if oracle is not None and (len(oracle.sizes) != 1 or oracle.lookaheads != learner.lookaheads):
            raise ValueError(f"an oracle has one size and the lookaheads {learner.lookaheads}, got {oracle.name}.")
        if isinstance(center, str):
            if center not in ("first", "none"):
                raise ValueError(f"center must be first, none or known values, got {center!r}.")
        else:
            center = np.atleast_1d(center) if np.isscalar(center) else center
            if np.shape(center) != (outputs,) or not np.isfinite(np.asarray(center, float)).all():
                raise ValueError(f"a known center must be {outputs} finite numbers, got {center!r}.")
        if known_ahead is not None and known_ahead < 0:
            raise ValueError(f"known_ahead must be None or a whole number of at least 0, got {known_ahead}.")
        self.learner, self.oracle, self.outputs, self.inputs = learner, oracle, outputs, inputs
        self.center, self.precision, self.device = center, precision, device
        check_precision(precision)
        self.block, self.ahead = block, max(learner.lookaheads)
        self.known_ahead = self.ahead if known_ahead is None else min(known_ahead, self.ahead)
        self.on_cpu, with_kernel = is_cpu(device), all(one.kernel is not None for one in (learner, oracle or learner))
        self.workers = (os.cpu_count() or 1) if self.on_cpu else 1  # threads
        self.devices, self.width, self.step = 1, width, None
        if self.on_cpu and with_kernel:
            self.step = CompiledStep(learner, oracle, precision, self.known_ahead)
            return
        with computing(precision, device):
            self.devices = len(find_devices(device))
            self.workers = self.workers if self.devices == 1 else 1
            parts = PartitionedLearner.of(learner), None if oracle is None else PartitionedLearner.of(oracle)
            self.parts: tuple[PartitionedLearner, PartitionedLearner | None] = shard(parts, device, whole=True)
        if learner.pooled and width % self.devices:
            raise ValueError(
                f"{learner.name} learns from all {width} replicates at once: choose one device, or a multiple of "
                f"{self.devices} replicates for {device}."
            )
        self.width = width if learner.pooled else width * self.devices

    def start(self) -> TileState:
        """Return a tile of streams before the first sample; each array has a buffer that the kernel reuses."""
        known = not isinstance(self.center, str)
        if self.step is not None:
            values = np.asarray(self.center if known else np.zeros(self.outputs), np.float64)
            return self.step.start(self.inputs, self.width, values, known or self.center == "none")
        with computing(self.precision, self.device):
            center = jnp.asarray(self.center if known else np.zeros(self.outputs), jnp.zeros(()).dtype)
            centered = known or self.center == "none"
            fresh: TileState = _start(*self.parts, self.inputs, self.width, np.int32(centered), center)
            return self.place(fresh)

    def place(self, lanes: TileState) -> TileState:
        """Return the tile with its lanes spread over the devices; the one state of a pooled learner goes to each."""
        if self.step is not None:
            return map_leaves(np.array, lanes)
        state = shard(lanes.state, self.device, whole=self.learner.pooled)
        return shard(lanes._replace(state=None), self.device)._replace(state=state)

    def shapes(self) -> tuple[TileState, tuple[int, ...]]:
        """Return what ``start`` and ``record`` would return, as shapes: nothing is allocated."""
        if self.step is not None:
            return self.step.shapes(self.outputs, self.inputs, self.width), self._record_shape(self.block)
        with computing(self.precision, self.device):
            begin = partial(_start, *self.parts, self.inputs, self.width, np.int32(0))
            tile: TileState = jax.eval_shape(begin, np.zeros(self.outputs, self.precision))
        return tile, self._record_shape(self.block)

    def _record_shape(self, rows: int) -> tuple[int, ...]:
        return rows, len(self.learner.lookaheads), len(self.learner.sizes), self.outputs, self.width

    def record(self, rows: int | None = None) -> Numbers:
        """Return an empty buffer for the forecasts of so many rows, ``(row, lookahead, size, output, lane)``.

        Args:
            rows: One block by default. A compiled step fills no rows where there are none.
        """
        shape = self._record_shape(self.block if rows is None else rows)
        if self.step is not None:
            return np.zeros(shape, self.precision)
        with computing(self.precision, self.device):
            return shard(jnp.zeros(shape), self.device)

    def advance(
        self, lanes: TileState, record: Numbers, outputs: ArrayLike, inputs: ArrayLike, begin: Any, end: ArrayLike
    ) -> tuple[TileState, Numbers]:
        """Take samples ``begin .. end-1`` of a block into each lane; ``lanes`` and ``record`` are used up.

        Args:
            lanes: The tile.
            record: The forecasts of the samples are written into its rows.
            outputs: ``(block, output, lane)``, NaN where missing.
            inputs: ``(block + max lookahead, input, lane)``: those of the rows and of the samples after them, known or
                held.
            begin: First row, ``()``.
            end: Row after the last, for each lane ``(lane,)``; a lane whose end is not after ``begin`` does not change.
        """
        if self.step is not None:
            y, u = np.asarray(outputs), np.asarray(inputs)
            self.step.take(lanes, np.asarray(record), y, u, int(begin), np.asarray(end))
            return lanes, record
        with computing(self.precision, self.device):
            given = lanes, record, outputs, inputs, begin, end
            moved: tuple[TileState, Numbers] = _advance(*self.parts, self.known_ahead, *given)
            return moved

    def advance_scored(
        self, lanes: TileState, record: Numbers, outputs: ArrayLike, inputs: ArrayLike, end: ArrayLike, cuts: list[int]
    ) -> tuple[TileState, Numbers, list[Any]]:
        """Take the samples of a block in, as ``advance``, and the sums up to each row of ``cuts``, which rise.

        Returns:
            The tile, the buffer, and the arrays of ``Score`` with a first axis for the cuts.
        """
        last = np.asarray(end)
        if self.step is not None:
            arrays = np.asarray(record), np.asarray(outputs), np.asarray(inputs)
            return lanes, record, list(self.step.take(lanes, *arrays, 0, last, np.array(cuts, np.int64)))
        taken, begin = list[Score](), 0
        for row in cuts:
            stops = np.minimum(last, row).astype(np.int32)
            lanes, record = self.advance(lanes, record, outputs, inputs, np.int32(begin), stops)
            lanes, score = self.take_score(lanes)
            taken.append(score)
            begin = row
        lanes, record = self.advance(lanes, record, outputs, inputs, np.int32(begin), last)
        return lanes, record, [np.stack([np.asarray(leaf) for leaf in leaves]) for leaves in zip(*taken, strict=True)]

    def take_score(self, lanes: TileState) -> tuple[TileState, Score]:
        """Return the tile with its sums set to zero, and the sums."""
        if self.step is not None:
            score = Score(*(leaf.copy() for leaf in lanes.score))
            for leaf in lanes.score:
                leaf[...] = 0
            return lanes, score
        with computing(self.precision, self.device):
            empty = shard(jax.tree.map(jnp.zeros_like, lanes.score), self.device)
            return lanes._replace(score=empty), lanes.score


@partial(jit, static_argnames=("inputs", "width"))
def _start(
    parts: PartitionedLearner,
    oracle_parts: PartitionedLearner | None,
    inputs: int,
    width: int,
    centered: Int[Array, ""],
    center: Float[Array, " output"],
) -> TileState:
    learner, oracle = parts.learner, None if oracle_parts is None else oracle_parts.learner
    (p,), dtype = center.shape, center.dtype
    state = jax.tree.map(jnp.asarray, learner.init(p, inputs, width, dtype))
    oracle_state = None if oracle is None else jax.tree.map(jnp.asarray, oracle.init(p, inputs, width, dtype))
    u = jnp.zeros((learner.lookaheads[-1], inputs, width), dtype)
    late = len(learner.lookaheads), len(learner.sizes), p, width

    def issue(learner: Learner, state: Any) -> tuple[Array, ...]:
        first = zip(learner.lookaheads, learner.predict(state, u), strict=True)
        return tuple(jnp.concatenate([new[None], jnp.zeros((H - 1, *new.shape), dtype)]) for H, new in first)

    return TileState(
        state=state,
        oracle=oracle_state,
        issued=issue(learner, state),
        oracle_issued=None if oracle is None else issue(oracle, oracle_state),
        center=jnp.tile(center[:, None], (1, width)),
        centered=jnp.full((p, width), centered, jnp.int32),
        scale=jnp.full((p, width), 0.0 if learner.scaled else 1.0, dtype),
        largest=jnp.zeros((p, width), dtype),
        largest_input=jnp.zeros((inputs, width), dtype),
        age=jnp.zeros(width, jnp.int32),
        score=Score(
            jnp.zeros(late, dtype),
            jnp.zeros(late if oracle is not None else (late[0], 0, *late[2:]), dtype),
            jnp.zeros((late[0], *late[2:]), dtype),
        ),
    )


@partial(jit, static_argnames=("known_ahead",), donate_argnames=("lanes", "record"))
def _advance(
    parts: PartitionedLearner,
    oracle_parts: PartitionedLearner | None,
    known_ahead: int,
    lanes: TileState,
    record: Array,
    outputs: Array,
    inputs: Array,
    begin: Array,
    end: Array,
) -> tuple[TileState, Array]:
    learner, oracle = parts.learner, None if oracle_parts is None else oracle_parts.learner

    def step(i: Array, carry: tuple[TileState, Array]) -> tuple[TileState, Array]:
        lanes, record = carry
        y = jax.lax.dynamic_index_in_dim(outputs, i, keepdims=False).astype(lanes.center.dtype)
        u = jax.lax.dynamic_slice_in_dim(inputs, i, 1 + len(lanes.issued[-1])).astype(y.dtype)
        active = i < end
        moved, due = _step(learner, oracle, known_ahead, lanes, y, u)
        if not learner.pooled:
            moved = jax.tree.map(
                lambda new, old: jnp.where(jnp.broadcast_to(active, new.shape), new, old), moved, lanes
            )
        return moved, jax.lax.dynamic_update_index_in_dim(record, due, i, 0)

    moved: tuple[TileState, Array] = jax.lax.fori_loop(begin, jnp.max(end), step, (lanes, record))
    return moved


def _step(
    learner: Learner, oracle: Learner | None, known_ahead: int, lanes: TileState, y: Array, u: Array
) -> tuple[TileState, Array]:
    """Move every lane on by one sample; return also the forecasts of this sample, in the unit of the stream."""
    observed = ~jnp.isnan(y)
    newly = observed & (lanes.centered == 0)
    center = jnp.where(newly, y, lanes.center)
    centered = jnp.where(newly | (lanes.centered > 0), lanes.centered + 1, 0)
    moved = jnp.where(observed, y - center, 0)
    lanes = _start_again_at_a_jump(learner, lanes, moved, u[0])
    first = (lanes.scale == 0) & (moved != 0)
    scale = jnp.where(first, power_of_two(moved), lanes.scale)
    unit = jnp.where(scale == 0, 1, scale)
    z = moved / unit
    largest = jnp.maximum(lanes.largest, jnp.abs(z))

    def issued_before(learner: Learner, state: Any, issued: tuple[Array, ...]) -> tuple[Array, ...]:
        if u.shape[1] == 0:
            return issued
        # the inputs of the first samples were not known at the start of the lane
        renewed = learner.predict(state, _held(u[:-1], known_ahead - 1))
        unseen = jnp.broadcast_to(lanes.age == 0, renewed.shape[1:])
        pairs = zip(renewed, issued, strict=True)
        return tuple(jnp.concatenate([jnp.where(unseen, new, old[0])[None], old[1:]]) for new, old in pairs)

    def issue(learner: Learner, state: Any, issued: tuple[Array, ...]) -> tuple[Array, ...]:
        pairs = zip(learner.predict(state, _held(u, known_ahead)[1:]), issued, strict=True)
        return tuple(jnp.concatenate([new[None], old[:-1]]) for new, old in pairs)

    before = issued_before(learner, lanes.state, lanes.issued)
    forecast = jnp.stack([queue[-1] for queue in before])
    # A forecast counts if it was issued when the center was known.
    counts = lanes.centered[None] >= np.array(learner.lookaheads, np.int32)[:, None, None]
    scored = (observed[None] & counts).astype(y.dtype)
    error = forecast - z[None, None]
    size_unit = unit[None, None]
    weight = scored[:, None] * size_unit * size_unit
    score = lanes.score
    state = learner.update(lanes.state, z, u[0], observed)
    issued = _within_reach(learner, issue(learner, state, before), largest)
    excess, oracle_state, oracle_issued = score.excess, lanes.oracle, lanes.oracle_issued
    if oracle is not None and oracle_issued is not None:
        oracle_before = issued_before(oracle, lanes.oracle, oracle_issued)
        expected = jnp.stack([queue[-1] for queue in oracle_before])
        gap = forecast * size_unit - expected
        excess = excess + scored[:, None] * gap * gap
        oracle_state = oracle.update(lanes.oracle, moved, u[0], observed)
        oracle_issued = issue(oracle, oracle_state, oracle_before)
    after = TileState(
        state=state,
        oracle=oracle_state,
        issued=issued,
        oracle_issued=oracle_issued,
        center=center,
        centered=centered,
        scale=scale,
        largest=largest,
        largest_input=jnp.maximum(lanes.largest_input, jnp.abs(u[0])),
        age=lanes.age + 1,
        score=Score(score.error + weight * error * error, excess, score.samples + scored),
    )
    return after, lanes.center[None, None] + forecast * size_unit


def _start_again_at_a_jump(learner: Learner, lanes: TileState, moved: Array, u: Array) -> TileState:
    """Return the lanes; a scaled learner starts again where a sample is over ``JUMP`` times as large as all before it.

    Such samples, often rounding errors, have set the units, and with them the ridge, of a signal that had not begun.
    """
    if not learner.scaled or learner.pooled:
        return lanes
    unit = jnp.where(lanes.scale == 0, 1, lanes.scale)
    outputs = (lanes.largest > 0) & (jnp.abs(moved) / unit > JUMP * lanes.largest)
    inputs = (lanes.largest_input > 0) & (jnp.abs(u) > JUMP * lanes.largest_input)
    jump = outputs.any(axis=0) | inputs.any(axis=0)
    fresh = learner.init(len(moved), len(u), len(jump), moved.dtype)

    def chosen(new: Numbers, old: Array) -> Array:
        return jnp.where(jnp.broadcast_to(jump, old.shape), new, old)

    scale = jnp.where(moved != 0, power_of_two(moved), 0)
    ratio = unit / jnp.where(scale == 0, 1, scale)  # forecasts that were issued before keep their values
    return lanes._replace(
        state=jax.tree.map(chosen, fresh, lanes.state),
        issued=tuple(chosen(queue * jnp.broadcast_to(ratio, queue.shape), queue) for queue in lanes.issued),
        scale=chosen(scale, lanes.scale),
        largest=chosen(jnp.zeros_like(lanes.largest), lanes.largest),
        largest_input=chosen(jnp.zeros_like(lanes.largest_input), lanes.largest_input),
    )


def _within_reach(learner: Learner, issued: tuple[Array, ...], largest: Array) -> tuple[Array, ...]:
    """Return the queues with the newest forecasts limited to the range of the outputs so far times ``REACH`` H.

    The ridge of many learners is in units of the first sample. Where this is rounding of 1e-17 before the signal, they
    would forecast 1e16 once. Values that are not finite stay: they mark an overflow.
    """
    if not (learner.scaled or learner.pooled):
        return issued

    def limited(newest: Array, H: int) -> Array:
        limit = jnp.broadcast_to(jnp.asarray(REACH * H, largest.dtype) * largest[None], newest.shape)
        return jnp.where(jnp.isfinite(newest), jnp.clip(newest, -limit, limit), newest)

    pairs = zip(issued, learner.lookaheads, strict=True)
    return tuple(jnp.concatenate([limited(queue[0], H)[None], queue[1:]]) for queue, H in pairs)


def _held(u: Float[Array, "ahead input lane"], last: int) -> Float[Array, "ahead input lane"]:
    """Return the inputs, held from the row ``last`` on, or from the first row where ``last`` is before it."""
    last = max(last, 0)
    return u if last + 1 >= len(u) else jnp.concatenate([u[: last + 1], jnp.broadcast_to(u[last], u[last + 1 :].shape)])
