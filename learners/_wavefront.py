"""The ladder over whole streams: the lattice as a wave that runs through the stages, faster than step by step.

Time: at tick ``k`` stage ``m`` handles sample ``k - m``, so one tick updates all stages of all lanes elementwise, and
``T`` samples take ``T + M`` ticks. A stretch of the error curve ends for length ``h`` at tick ``end + h``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from numpy.typing import ArrayLike, NDArray

from ..simulator import computing
from ._base import Learner
from ._driver import Driver
from ._run import InputsAt, Progress, Scores

Closed: TypeAlias = tuple[Float[Array, "bin length lane"], ...]  # of error, and of excess where there is an oracle

TICKS = 128
WIDTH = 128  # lanes of a tile: enough to hide what starting a kernel costs, few enough for the caches


class Lattice(NamedTuple):
    """What defines a ladder: its longest filter, its forgetting, its ridge in units of the first sample's square."""

    stages: int
    forgetting: float
    ridge: float


class Wave(NamedTuple):
    """All that the lattice carries from one tick to the next; each stage stands at its own sample."""

    forward_gain: Float[Array, "stage lane"]  # kf
    backward_gain: Float[Array, "stage lane"]  # kb
    forward_energy: Float[Array, "stage lane"]  # F
    backward_energy: Float[Array, "stage lane"]  # B
    beta_before: Float[Array, "stage lane"]
    ratio: Float[Array, "stage lane"]  # gamma / B of the sample before
    eta: Float[Array, "stage lane"]  # what each stage hands to the next one
    beta: Float[Array, "stage lane"]
    gamma: Float[Array, "stage lane"]
    error: Float[Array, "length lane"]  # sums of the open stretches
    excess: Float[Array, "length lane"]  # no lengths without an oracle


class Ticks(NamedTuple):
    """What one block of ticks does to the stretches, the same for all tiles."""

    start: np.int32
    pairs: np.int32  # how many twos of ticks are left
    ends: Int[np.ndarray, " bin"]  # last sample of each stretch
    closing: Int[np.ndarray, "two tick"]  # first and behind the last of the stretches that some length closes
    kept: Bool[np.ndarray, "tick length"]  # whether the open sum goes on, or begins anew


class Start(NamedTuple):
    """How each lane begins."""

    born: Int[np.ndarray, " lane"]  # its first nonzero sample; -1 until it has come
    ridge: Float[np.ndarray, " lane"]  # delta
    scale: Float[np.ndarray, " lane"]  # a power of two


def score_wavefront(
    driver: Driver,
    outputs: Iterable[ArrayLike],
    inputs_at: InputsAt,
    lengths: NDArray[np.int64],
    edges: Sequence[int],
    progress: Progress = lambda steps: None,
) -> Scores:
    """Run whole streams through the batch form of a ladder; arguments and result as ``score``.

    The sums equal those of the step form up to rounding, about eps |y|_max an error. Tiles of streams run on one worker
    per core. A lane that overflows has non-finite sums from that stretch on; those before it stand.

    Raises:
        ValueError: A learner without a batch form, several outputs, runs of different lengths, or a missing sample:
            use ``score``.
    """
    if driver.learner.batch is None:
        raise ValueError(f"{driver.learner.name} has no batch form: use score.")
    if (lengths != lengths[0]).any():
        raise ValueError("the wavefront needs runs of one length: use score.")
    if driver.outputs != 1:
        raise ValueError(f"the wavefront predicts one output, got {driver.outputs}: choose one of them.")
    scores: Scores = driver.learner.batch(driver, outputs, inputs_at, lengths, edges, progress)
    return scores


def wavefront(stages: int, forgetting: float, ridge: float) -> Callable[..., Scores]:
    """Return the batch form of a ladder.

        F_m = forgetting F_m + gamma_m(n-1) eta_m^2,   B'_m = forgetting B_m(n-1),   B_m = B'_m + gamma_m beta_m^2
        eta_{m+1} = eta_m + kf_m beta_m(n-1),   beta_{m+1} = beta_m(n-1) + kb_m eta_m
        gamma_{m+1} = gamma_m B'_m / B_m

    with what forgetting leaves of F and B, and the gains kf and kb, as in ``ladder``. The oracle's error meets each
    length at its own tick, so the excess is summed from the differences themselves.

    Args:
        stages: Longest filter.
        forgetting: As in ``ladder``.
        ridge: As in ``ladder``.
    """
    return partial(_score, Lattice(stages, forgetting, ridge))


def _score(
    lattice: Lattice,
    driver: Driver,
    outputs: Iterable[ArrayLike],
    inputs_at: InputsAt,
    lengths: NDArray[np.int64],
    edges: Sequence[int],
    progress: Progress,
) -> Scores:
    steps, batch = int(lengths[0]), len(lengths)
    edges_ = np.asarray(edges, np.int64)
    if edges_[0] != 0 or (np.diff(edges_) <= 0).any() or edges_[-1] < steps:
        raise ValueError(f"edges must rise from 0 to the longest run of {steps} samples, got {edges_}.")
    bins = min(int((edges_ <= steps).sum()), len(edges_) - 1)
    edges_ = edges_[: bins + 1]
    ends = np.where(edges_[:-1] < steps, np.minimum(edges_[1:], steps) - 1, np.iinfo(np.int32).max)  # or empty
    # Room for a power of two of stretches, so that most horizons share one compiled kernel.
    places = np.full(1 << (bins - 1).bit_length(), steps, np.int32)
    places[:bins] = ends
    cores = os.cpu_count() or 1
    with computing(driver.precision, driver.device):
        on_cpu = next(iter(jnp.zeros(()).devices())).platform == "cpu"
    share = -(-batch // (cores if on_cpu else 1))
    width = -(-min(share, WIDTH if on_cpu else share) // 8) * 8
    M = lattice.stages
    cuts = [slice(first, min(first + width, batch)) for first in range(0, batch, width)]
    tiles = [_Tile(lattice, driver, cut, width, len(places)) for cut in cuts]
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(cores if on_cpu else 1) as workers:
        for start, rows in _whole_blocks(outputs, steps, M):
            now = np.arange(start, start + TICKS)
            closing = np.searchsorted(ends, np.stack([now - M, now + 1])).astype(np.int32)
            kept = ~np.isin(now[:, None] - 1 - np.arange(M + 1), ends)
            left = np.int32((min(TICKS, steps + M - start) + 1) // 2)
            ticks = Ticks(np.int32(start), left, places, closing, kept)
            samples = np.minimum(np.arange(start, start + TICKS), steps - 1)
            u = inputs_at(samples) if driver.inputs and driver.oracle else None
            for future in pending:
                future.result()
            progress(min(start, steps))
            pending = [workers.submit(tile.advance, ticks, rows, u) for tile in tiles]
        for future in pending:
            future.result()
    progress(steps)
    parts = [tile.sums() for tile in tiles]
    error, excess = (np.concatenate([part[i][:bins] for part in parts], axis=-1)[:, None, :, None] for i in range(2))
    counts = np.diff(np.minimum(edges_, steps))[:, None, None, None]
    counts[0] -= isinstance(driver.centre, str) and driver.centre == "first"  # the sample that sets the centre
    return Scores(edges_, error, excess, np.broadcast_to(counts, (bins, 1, 1, batch)).astype(np.float64))


def _whole_blocks(outputs: Iterable[ArrayLike], steps: int, stages: int) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Yield (first tick, rows) of ``TICKS`` rows; at the end come fewer, then none, until the wave is out."""
    start = 0
    held: list[NDArray[np.floating]] = []
    for chunk in outputs:
        rows = np.asarray(chunk)[:, 0]
        while len(rows):
            free = TICKS - sum(map(len, held))
            held.append(rows[:free])
            rows = rows[free:]
            if free == len(held[-1]):
                yield start, np.concatenate(held) if len(held) > 1 else held[0]
                start, held = start + TICKS, []
    last = np.concatenate(held) if held else np.zeros((0, 0))
    while start < steps + stages:
        yield start, last
        start, last = start + TICKS, last[:0]


class _Tile:
    """Lanes that run together on one worker."""

    def __init__(self, lattice: Lattice, driver: Driver, lanes: slice, width: int, bins: int) -> None:
        self.lattice, self.driver, self.lanes = lattice, driver, lanes
        self.width, self.count, self.dtype = width, lanes.stop - lanes.start, np.dtype(driver.precision)
        self.centre: NDArray[np.floating] | None = None
        self.start = Start(np.full(width, -1, np.int32), np.zeros(width, self.dtype), np.ones(width, self.dtype))
        M, with_oracle = lattice.stages, driver.oracle is not None
        with computing(driver.precision, driver.device):

            def full(rows: int, value: int | float) -> Array:
                return jnp.full((rows, width), value, self.dtype)

            stages = dict(zip(Wave._fields, (full(M, value) for value in (0, 0, 1, 1, 0, 1, 0, 0, 1)), strict=False))
            self.wave = Wave(**stages, error=full(M + 1, 0), excess=full((M + 1) * with_oracle, 0))
            open_ = (self.wave.error, self.wave.excess)[: 1 + with_oracle]
            self.closed = tuple(jnp.zeros((bins, *sums.shape), self.dtype) for sums in open_)
            self.late = jnp.zeros((M, width * with_oracle), self.dtype)
            self.oracle: Any = None
            if driver.oracle is not None:
                self.oracle = driver.oracle.init(1, driver.inputs, width, self.dtype)

    def advance(self, ticks: Ticks, rows: NDArray[np.floating], inputs: NDArray[np.floating] | None) -> None:
        """Take the rows in and move the wave on by as many ticks, or to its end."""
        start, M, rows = int(ticks.start), self.lattice.stages, rows[:, self.lanes]
        if np.isnan(rows).any():
            t = start + int(np.flatnonzero(np.isnan(rows).any(axis=1))[0])
            raise ValueError(f"sample {t} is missing, and the wavefront takes whole streams only: use score.")
        y = np.zeros((TICKS, self.width), self.dtype)
        if len(rows):
            y[: len(rows), : self.count] = rows
            if self.centre is None:
                self.centre = self._centre(y[0])
            y[: len(rows)] -= self.centre
            self._begin(start, y)
        age = np.arange(start, start + TICKS)[:, None] - self.start.born[self.start.born >= 0]
        births = ((age >= 0) & (age < M)).any(axis=1).astype(np.int32)
        with computing(self.driver.precision, self.driver.device):
            ahead = self.late
            if self.driver.oracle is not None:
                u = np.zeros((TICKS, self.driver.inputs, self.width))
                if inputs is not None:
                    u[:, :, : self.count] = inputs[..., self.lanes] if inputs.ndim == 3 else inputs[..., None]
                rows_ = y[:, None], u, self.start.scale
                self.oracle, ahead = _innovations(self.driver.oracle, self.oracle, self.late, *rows_)
                self.late = ahead[:M]
            arrays = y / self.start.scale, ahead, ticks, self.start, births
            self.wave, self.closed = _advance(self.lattice.forgetting, self.wave, self.closed, *arrays)
            self.wave.error.block_until_ready()

    def sums(self) -> list[NDArray[np.float64]]:
        """Return the sums ``(bin, size, lane)`` of error and excess in the unit of the streams."""
        sizes, unit = list(self.driver.learner.sizes), self.start.scale[: self.count].astype(np.float64)
        sums = [np.asarray(leaf)[:, sizes, : self.count].astype(np.float64) * unit**2 for leaf in self.closed]
        return sums if len(sums) > 1 else [*sums, sums[0][:, :0]]

    def _centre(self, first: NDArray[np.floating]) -> NDArray[np.floating]:
        if isinstance(self.driver.centre, str):
            return first.copy() if self.driver.centre == "first" else np.zeros_like(first)
        known = self.dtype.type(np.asarray(self.driver.centre)[0])
        return np.where(np.arange(self.width) < self.count, known, self.dtype.type(0))

    def _begin(self, start: int, moved: NDArray[np.floating]) -> None:
        """Note the lanes whose first nonzero sample has come, and the unit and ridge that it sets."""
        new = (self.start.born < 0) & (moved != 0).any(axis=0)
        at = (moved[:, new] != 0).argmax(axis=0)
        value = moved[at, np.flatnonzero(new)]
        self.start.born[new] = start + at
        self.start.scale[new] = np.ldexp(self.dtype.type(1), np.frexp(value)[1])
        self.start.ridge[new] = self.lattice.ridge * (value / self.start.scale[new]) ** 2


@partial(jax.jit, static_argnames=("oracle",))
def _innovations(
    oracle: Learner, before: Any, late: Array, moved: Array, inputs: Array, scale: Array
) -> tuple[Any, Array]:
    """Return the oracle's errors in the unit of the wave, newest first, those that are still under way at the end."""
    seen = jnp.ones(moved.shape[1:], bool)

    def step(state: Any, row: tuple[Array, Array]) -> tuple[Any, Array]:
        y, u = row
        expected = oracle.predict(state, u[None])[0, 0, 0]
        return oracle.update(state, y, u, seen), y[0] - expected

    after, errors = jax.lax.scan(step, before, (moved, inputs.astype(moved.dtype)))
    return after, jnp.concatenate([errors[::-1] / scale[None], late])


@partial(jax.jit, static_argnames=("forgetting",), donate_argnames=("wave", "closed"))
def _advance(
    forgetting: float,
    wave: Wave,
    closed: Closed,
    y: Array,
    oracle_errors: Array,
    ticks: Ticks,
    begin: Start,
    births: Array,
) -> tuple[Wave, Closed]:
    """Move the wave on, two ticks at a time: then XLA exchanges the buffers of the loop instead of copying them."""
    start, pairs, ends, closing, kept = ticks
    M = wave.eta.shape[0]
    stage = jnp.arange(M, dtype=jnp.int32)[:, None]
    age = jnp.asarray(forgetting ** -np.arange(M), y.dtype)[:, None]
    floor = jnp.where(begin.born < 0, 1, begin.ridge / 2)[None].astype(y.dtype)
    newest, last = jnp.zeros((), jnp.int32), oracle_errors.shape[0] - M - 1

    def reset(tick: Array, wave: Wave) -> Wave:
        def once(_: Array, old: tuple[Array, Array, Array]) -> tuple[Array, ...]:
            here = (begin.born >= 0)[None] & ((start + tick - begin.born)[None] == stage)
            F = jnp.broadcast_to(begin.ridge[None], here.shape)
            return tuple(jnp.where(here, new, was) for new, was in zip((F, F * age, 1 / (F * age)), old, strict=True))

        old = wave.forward_energy, wave.backward_energy, wave.ratio
        F, B, ratio = jax.lax.fori_loop(newest, births[tick], once, old)
        return wave._replace(forward_energy=F, backward_energy=B, ratio=ratio)

    def close(tick: Array, wave: Wave, closed: Closed) -> Closed:
        # The sums are only read here and begun anew at the next tick: emptied here, XLA would copy them whole.
        def once(i: Array, closed: Closed) -> Closed:
            length = start + tick - ends[i]
            rows = [
                jax.lax.dynamic_slice_in_dim(sums, length, 1)[None] for sums in (wave.error, wave.excess)[: len(closed)]
            ]
            both = zip(closed, rows, strict=False)
            return tuple(jax.lax.dynamic_update_slice(bins, row, (i, length, newest)) for bins, row in both)

        filled: Closed = jax.lax.fori_loop(closing[0, tick], closing[1, tick], once, closed)
        return filled

    def advance(tick: Array, wave: Wave, closed: Closed) -> tuple[Wave, Closed]:
        errors = jnp.concatenate([jax.lax.dynamic_slice_in_dim(y, tick, 1), wave.eta])
        wave = _tick(forgetting, reset(tick, wave), errors[:-1], floor)
        goes_on = jax.lax.dynamic_index_in_dim(kept, tick, keepdims=False)[:, None]
        wave = wave._replace(error=jnp.where(goes_on, wave.error, 0) + errors * errors)
        if len(closed) > 1:
            gap = jax.lax.dynamic_slice_in_dim(oracle_errors, last - tick, M + 1) - errors
            wave = wave._replace(excess=jnp.where(goes_on, wave.excess, 0) + gap * gap)
        return wave, close(tick, wave, closed)

    def two(i: Array, carry: tuple[Wave, Closed]) -> tuple[Wave, Closed]:
        return advance(2 * i + 1, *advance(2 * i, *carry))

    after: tuple[Wave, Closed] = jax.lax.fori_loop(newest, pairs, two, (wave, closed))
    return after


def _tick(forgetting: float, wave: Wave, eta: Array, floor: Array) -> Wave:
    """Move every stage on by one sample; ``eta`` are the forward errors that reach the stages.

    XLA on a CPU makes one pass over memory for each array that comes out: the fewer are carried, the faster, and a
    division costs less than a pass. So gamma of the sample before is taken from its ratio to B, and 1/B is not kept.
    """
    kf, kb, F, B, beta_before, ratio = wave[:6]
    beta = jnp.concatenate([eta[:1], wave.beta[:-1]])
    gamma = jnp.concatenate([jnp.ones_like(eta[:1]), wave.gamma[:-1]])
    weighted = ratio * B * eta
    if forgetting < 1:
        F, B = jnp.maximum(forgetting * F, floor), jnp.maximum(forgetting * B, floor)
    F_now = F + weighted * eta
    B_now = B + gamma * beta * beta
    eta_after = eta + kf * beta_before
    beta_after = beta_before + kb * eta
    ratio_now = gamma / B_now
    return wave._replace(
        forward_gain=kf - ratio * beta_before * eta_after,
        backward_gain=kb - weighted * beta_after / F_now,
        forward_energy=F_now,
        backward_energy=B_now,
        beta_before=beta,
        ratio=ratio_now,
        eta=eta_after,
        beta=beta_after,
        gamma=B * ratio_now,
    )
