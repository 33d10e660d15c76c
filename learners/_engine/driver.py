"""The one way to run a learner, live or on a recording.

Time: a step of a lane is (1) score the forecasts of ``y[t]``, issued at ``t - lookahead``; (2) update with ``y[t]`` and
``u[t]``; (3) issue the forecasts of ``t + 1`` and beyond. Every forecast is made before the sample it is held against.

All steps run in one compiled kernel: a loop over a block of fixed length whose number of steps is a run-time argument,
for a tile of lanes of fixed width. Called with one step live and with many in replay, it gives the same bits; a lane's
numbers depend neither on how many lanes run beside it nor on what they hold.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from ..._core.devices import Precision, computing, find_devices, spread
from .._base import Learner
from .partition import Argument

BLOCK = 128
TILE = 32

Centre: TypeAlias = Literal["first", "none"] | ArrayLike


class Score(NamedTuple):
    """Sums of squares since they were last taken, by lookahead, size, output and lane."""

    error: Float[Array, "lookahead size output lane"]
    excess: Float[Array, "lookahead size output lane"]  # (forecast - oracle's forecast)^2; no sizes without an oracle
    samples: Float[Array, "lookahead output lane"]  # how many were scored


class Lanes(NamedTuple):
    """All that a tile of streams carries from one sample to the next."""

    state: Any
    oracle: Any
    issued: tuple[Array, ...]  # for each lookahead H, (H, size, output, lane), newest first: the last one is due
    oracle_issued: tuple[Array, ...] | None
    centre: Float[Array, "output lane"]
    centred: Int[Array, "output lane"]  # samples since the centre is known, the present one counted; 0 before
    scale: Float[Array, "output lane"]  # a power of two; 0 until the first nonzero sample
    age: Int[Array, " lane"]  # samples taken in
    score: Score


class Driver:
    """A learner made ready to run on streams of one shape, its kernel compiled once.

    Learners that differ in nothing but the arrays of the systems that they know share it.

    Args:
        learner: What predicts.
        outputs: Outputs of a stream.
        inputs: Inputs of a stream.
        oracle: A learner of one rung to measure the excess against, or None.
        centre: What is taken off each output before a learner sees it: ``"first"``, its first observed value;
            ``"none"``; or known values ``(output,)``.
        precision: ``"float32"`` or ``"float64"``.
        device: Where to compute, as in ``find_devices``; lanes are spread over several.
        width: Lanes in a tile on each device. A pooled learner takes all its replicates as one tile.
        block: Rows in a block.
        known_ahead: How many samples of the input after the present one are known when a forecast is issued; the last
            known one is held for those after it. None: all are known that are passed in.

    Raises:
        ValueError: A centre of another shape, an oracle of several sizes or other lookaheads, a negative
            ``known_ahead``, or what the learner's own ``init`` refuses.
    """

    def __init__(
        self,
        learner: Learner,
        outputs: int = 1,
        inputs: int = 0,
        *,
        oracle: Learner | None = None,
        centre: Centre = "none",
        precision: Precision = "float64",
        device: str | None = None,
        width: int = TILE,
        block: int = BLOCK,
        known_ahead: int | None = None,
    ) -> None:
        if oracle is not None and (len(oracle.sizes) != 1 or oracle.lookaheads != learner.lookaheads):
            raise ValueError(f"an oracle has one size and the lookaheads {learner.lookaheads}, got {oracle.name}.")
        if isinstance(centre, str):
            if centre not in ("first", "none"):
                raise ValueError(f"centre must be first, none or known values, got {centre!r}.")
        elif np.shape(centre) != (outputs,) or not np.isfinite(np.asarray(centre, float)).all():
            raise ValueError(f"a known centre must be {outputs} finite numbers, got {centre!r}.")
        if known_ahead is not None and known_ahead < 0:
            raise ValueError(f"known_ahead must be None or a whole number of at least 0, got {known_ahead}.")
        self.learner, self.oracle, self.outputs, self.inputs = learner, oracle, outputs, inputs
        self.centre, self.precision, self.device = centre, precision, device
        with computing(precision, device):
            self.devices = find_devices(device)
            both = Argument.of(learner), None if oracle is None else Argument.of(oracle)
            self.who: tuple[Argument, Argument | None] = spread(both, device, whole=True)
        if learner.pooled and width % len(self.devices):
            raise ValueError(
                f"{learner.name} learns from all {width} replicates at once: choose one device, or a multiple of "
                f"{len(self.devices)} replicates for {device}."
            )
        self.width = width if learner.pooled else width * len(self.devices)
        self.block, self.ahead = block, max(learner.lookaheads)
        on_one_cpu = len(self.devices) == 1 and self.devices[0].platform == "cpu"
        self.workers = (os.cpu_count() or 1) if on_one_cpu else 1  # threads that tiles are shared out to
        self.known_ahead = self.ahead if known_ahead is None else min(known_ahead, self.ahead)

    def start(self) -> Lanes:
        """Return a tile of streams that have seen nothing, every array its own buffer, for the kernel reuses them."""
        known = not isinstance(self.centre, str)
        with computing(self.precision, self.device):
            centre = jnp.asarray(self.centre if known else np.zeros(self.outputs), jnp.zeros(()).dtype)
            centred = known or self.centre == "none"
            fresh: Lanes = _start(*self.who, self.inputs, self.width, np.int32(centred), centre)
            return self.place(fresh)

    def place(self, lanes: Lanes) -> Lanes:
        """Return the tile with its lanes spread over the devices; the one state of a pooled learner goes to each."""
        state = spread(lanes.state, self.device, whole=self.learner.pooled)
        return spread(lanes._replace(state=None), self.device)._replace(state=state)

    def record(self) -> Array:
        """Return an empty buffer for the forecasts of one block, ``(block, lookahead, size, output, lane)``."""
        with computing(self.precision, self.device):
            shape = self.block, len(self.learner.lookaheads), len(self.learner.sizes), self.outputs, self.width
            return spread(jnp.zeros(shape), self.device)

    def advance(
        self, lanes: Lanes, record: Array, outputs: ArrayLike, inputs: ArrayLike, begin: ArrayLike, end: ArrayLike
    ) -> tuple[Lanes, Array]:
        """Take samples ``begin .. end-1`` of a block into each lane; ``lanes`` and ``record`` are used up.

        Args:
            lanes: The tile.
            record: Filled at the rows taken with the forecasts those samples were held against.
            outputs: ``(block, output, lane)``, NaN where missing.
            inputs: ``(block + max lookahead, input, lane)``: those of the rows and of the samples after them, known or
                held.
            begin: First row, ``()``.
            end: Row after the last, for each lane ``(lane,)``; a lane whose end is not past ``begin`` stays as it is.
        """
        with computing(self.precision, self.device):
            arrays = lanes, record, outputs, inputs, begin, end
            moved: tuple[Lanes, Array] = _advance(*self.who, self.known_ahead, *arrays)
            return moved

    def take_score(self, lanes: Lanes) -> tuple[Lanes, Score]:
        """Return the sums gathered so far, and the tile with its sums back at zero."""
        with computing(self.precision, self.device):
            empty = spread(jax.tree.map(jnp.zeros_like, lanes.score), self.device)
            return lanes._replace(score=empty), lanes.score


@partial(jax.jit, static_argnames=("inputs", "width"))
def _start(
    who: Argument,
    beside: Argument | None,
    inputs: int,
    width: int,
    centred: Int[Array, ""],
    centre: Float[Array, " output"],
) -> Lanes:
    learner, oracle = who.learner, None if beside is None else beside.learner
    (p,), dtype = centre.shape, centre.dtype
    state = learner.init(p, inputs, width, dtype)
    oracle_state = None if oracle is None else oracle.init(p, inputs, width, dtype)
    u = jnp.zeros((learner.lookaheads[-1], inputs, width), dtype)
    late = len(learner.lookaheads), len(learner.sizes), p, width

    def issue(learner: Learner, state: Any) -> tuple[Array, ...]:
        first = zip(learner.lookaheads, learner.predict(state, u), strict=True)
        return tuple(jnp.concatenate([new[None], jnp.zeros((H - 1, *new.shape), dtype)]) for H, new in first)

    return Lanes(
        state=state,
        oracle=oracle_state,
        issued=issue(learner, state),
        oracle_issued=None if oracle is None else issue(oracle, oracle_state),
        centre=jnp.tile(centre[:, None], (1, width)),
        centred=jnp.full((p, width), centred, jnp.int32),
        scale=jnp.full((p, width), 0.0 if learner.scaled else 1.0, dtype),
        age=jnp.zeros(width, jnp.int32),
        score=Score(
            jnp.zeros(late, dtype),
            jnp.zeros(late if oracle is not None else (late[0], 0, *late[2:]), dtype),
            jnp.zeros((late[0], *late[2:]), dtype),
        ),
    )


@partial(jax.jit, static_argnames=("known_ahead",), donate_argnames=("lanes", "record"))
def _advance(
    who: Argument,
    beside: Argument | None,
    known_ahead: int,
    lanes: Lanes,
    record: Array,
    outputs: Array,
    inputs: Array,
    begin: Array,
    end: Array,
) -> tuple[Lanes, Array]:
    learner, oracle = who.learner, None if beside is None else beside.learner

    def step(i: Array, carry: tuple[Lanes, Array]) -> tuple[Lanes, Array]:
        lanes, record = carry
        y = jax.lax.dynamic_index_in_dim(outputs, i, keepdims=False).astype(lanes.centre.dtype)
        u = jax.lax.dynamic_slice_in_dim(inputs, i, 1 + len(lanes.issued[-1])).astype(y.dtype)
        active = i < end
        moved, due = _step(learner, oracle, known_ahead, lanes, y, u)
        if not learner.pooled:
            moved = jax.tree.map(
                lambda new, old: jnp.where(jnp.broadcast_to(active, new.shape), new, old), moved, lanes
            )
        return moved, jax.lax.dynamic_update_index_in_dim(record, due, i, 0)

    moved: tuple[Lanes, Array] = jax.lax.fori_loop(begin, jnp.max(end), step, (lanes, record))
    return moved


def _step(
    learner: Learner, oracle: Learner | None, known_ahead: int, lanes: Lanes, y: Array, u: Array
) -> tuple[Lanes, Array]:
    """Move every lane on by one sample; return the forecasts of it too, in the unit of the stream."""
    observed = ~jnp.isnan(y)
    newly = observed & (lanes.centred == 0)
    centre = jnp.where(newly, y, lanes.centre)
    centred = jnp.where(newly | (lanes.centred > 0), lanes.centred + 1, 0)
    moved = jnp.where(observed, y - centre, 0)
    first = (lanes.scale == 0) & (moved != 0)
    scale = jnp.where(first, _power_of_two(moved), lanes.scale)
    unit = jnp.where(scale == 0, 1, scale)
    z = moved / unit

    def issued_before(learner: Learner, state: Any, issued: tuple[Array, ...]) -> tuple[Array, ...]:
        if u.shape[1] == 0:
            return issued
        # the inputs of the first samples were not known when the lane was started
        anew = learner.predict(state, _held(u[:-1], known_ahead - 1))
        unseen = jnp.broadcast_to(lanes.age == 0, anew.shape[1:])
        pairs = zip(anew, issued, strict=True)
        return tuple(jnp.concatenate([jnp.where(unseen, new, old[0])[None], old[1:]]) for new, old in pairs)

    def issue(learner: Learner, state: Any, issued: tuple[Array, ...]) -> tuple[Array, ...]:
        pairs = zip(learner.predict(state, _held(u, known_ahead)[1:]), issued, strict=True)
        return tuple(jnp.concatenate([new[None], old[:-1]]) for new, old in pairs)

    before = issued_before(learner, lanes.state, lanes.issued)
    forecast = jnp.stack([queue[-1] for queue in before])
    # A forecast counts from the one on that was issued when the centre was known.
    counts = lanes.centred[None] >= np.array(learner.lookaheads, np.int32)[:, None, None]
    scored = (observed[None] & counts).astype(y.dtype)
    error = forecast - z[None, None]
    size_unit = unit[None, None]
    weight = scored[:, None] * size_unit * size_unit
    score = lanes.score
    state = learner.update(lanes.state, z, u[0], observed)
    issued = issue(learner, state, before)
    excess, oracle_state, oracle_issued = score.excess, lanes.oracle, lanes.oracle_issued
    if oracle is not None and oracle_issued is not None:
        oracle_before = issued_before(oracle, lanes.oracle, oracle_issued)
        expected = jnp.stack([queue[-1] for queue in oracle_before])
        gap = forecast * size_unit - expected
        excess = excess + scored[:, None] * gap * gap
        oracle_state = oracle.update(lanes.oracle, moved, u[0], observed)
        oracle_issued = issue(oracle, oracle_state, oracle_before)
    after = Lanes(
        state=state,
        oracle=oracle_state,
        issued=issued,
        oracle_issued=oracle_issued,
        centre=centre,
        centred=centred,
        scale=scale,
        age=lanes.age + 1,
        score=Score(score.error + weight * error * error, excess, score.samples + scored),
    )
    return after, lanes.centre[None, None] + forecast * size_unit


def _held(u: Float[Array, "ahead input lane"], last: int) -> Float[Array, "ahead input lane"]:
    """Return the inputs with those after the row ``last`` held at it; at the first row where even that is not known."""
    last = max(last, 0)
    return u if last + 1 >= len(u) else jnp.concatenate([u[: last + 1], jnp.broadcast_to(u[last], u[last + 1 :].shape)])


def _power_of_two(value: Array) -> Array:
    """Return the power of two with 1/2 <= |value| / it < 1, exactly."""
    _, exponent = jnp.frexp(value)
    return jnp.ldexp(jnp.ones_like(value), exponent)
