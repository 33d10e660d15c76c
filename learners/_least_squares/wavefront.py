"""The ladder over whole streams: the lattice as a wave through the stages, faster than step by step.

Time: at tick ``k`` stage ``m`` handles sample ``k - m``, so one tick updates all stages of all lanes elementwise, and
``T`` samples take ``T + M`` ticks. A stretch of the error curve ends for length ``h`` at tick ``end + h``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike, NDArray

from ..._core.devices import computing, shard
from ..._core.jax_later import Array, jax, jit, jnp
from .._engine.driver import Driver
from .._engine.partition import PartitionedLearner
from .._engine.replay import InputsAt, Scores
from .channels import faded_ridge

# Of error, and of excess where there is an oracle: length h in row h + STRIDE, a margin of STRIDE rows on either side.
Closed: TypeAlias = tuple[Float[Array, "bin row sum"], ...]

TICKS = 256
STRIDE = 4  # ticks between two checks of which stretches have ended
CACHED = 2**15  # bytes of one array of a tile: about ten arrays are carried, and all fit into a core's own cache
WIDEST = 256


class Lattice(NamedTuple):
    """The parameters of a ladder: longest filter, forgetting, ridge in units of the first sample's square."""

    stages: int
    forgetting: float
    ridge: float


class Wave(NamedTuple):
    """The state of the lattice between two ticks; each stage is at its own sample."""

    forward_gain: Float[Array, "stage lane"]  # kf
    backward_gain: Float[Array, "stage lane"]  # kb
    forward_energy: Float[Array, "stage lane"]  # F
    backward_energy: Float[Array, "stage lane"]  # B
    beta_before: Float[Array, "stage lane"]
    ratio: Float[Array, "stage lane"]  # gamma / B of the sample before
    eta: Float[Array, "stage lane"]  # the input of the next stage
    beta: Float[Array, "stage lane"]
    gamma: Float[Array, "stage lane"]
    error: Float[Array, "length lane"]  # sums of the open stretches
    excess: Float[Array, "length lane"]  # no lengths without an oracle
    ridge: Float[Array, "stage lane"]  # delta at the sample of each stage; no stages without forgetting


class Ticks(NamedTuple):
    """One block of ticks and the stretches that end in it, the same for all tiles."""

    start: np.int32
    strides: np.int32
    ends: Int[np.ndarray, " bin"]  # last sample of each stretch
    closing: Int[np.ndarray, "two stride"]  # first, and one after the last, of the stretches that some length closes
    goes_on: Bool[np.ndarray, " sample"]  # whether a stretch continues at a sample, the newest first, back to start - M


class Start(NamedTuple):
    """The start of each lane."""

    born: Int[np.ndarray, " lane"]  # its first nonzero sample; -1 before that
    ridge: Float[np.ndarray, " lane"]  # delta
    scale: Float[np.ndarray, " lane"]  # a power of two
    unit: Float[np.ndarray, ""]  # of sums over several lanes


def score_wavefront(
    driver: Driver,
    outputs: Iterable[ArrayLike],
    inputs_at: InputsAt,
    lengths: NDArray[np.int64],
    edges: Sequence[int],
    progress: Callable[[int], None] = lambda steps: None,
    share: int = 1,
) -> Scores:
    """Run whole streams through the batch form of a ladder; arguments and result as ``score``.

    The sums equal those of the step form up to rounding, about eps |y|_max an error. Only the step form starts again at
    a jump and limits forecasts (see ``Learner``): this needs a first sample below a millionth of the later ones. Tiles
    of streams run on one worker per core. A lane that overflows has non-finite sums from that stretch on; the sums
    before it are valid.

    Raises:
        ValueError: A learner without a batch form, several outputs, runs of different lengths, or a missing sample:
            use ``score``.
    """
    if driver.step is not None:
        raise ValueError("the wavefront is for devices without a compiled loop: use score.")
    if driver.learner.batch is None:
        raise ValueError(f"{driver.learner.name} has no batch form: use score.")
    if (lengths != lengths[0]).any():
        raise ValueError("the wavefront needs runs of one length: use score.")
    if driver.outputs != 1:
        raise ValueError(f"the wavefront predicts one output, got {driver.outputs}: choose one of them.")
    scores: Scores = driver.learner.batch(driver, outputs, inputs_at, lengths, edges, progress, share)
    return scores


def wavefront(stages: int, forgetting: float, ridge: float) -> Callable[..., Scores]:
    """Return the batch form of a ladder.

        F_m = forgetting F_m + gamma_m(n-1) eta_m^2,   B'_m = forgetting B_m(n-1),   B_m = B'_m + gamma_m beta_m^2
        eta_{m+1} = eta_m + kf_m beta_m(n-1),   beta_{m+1} = beta_m(n-1) + kb_m eta_m
        gamma_{m+1} = gamma_m B'_m / B_m

    with the lower bound of F and B, and the gains kf and kb, as in ``ladder``. The oracle's error meets each length at
    its own tick, so the excess is summed from the differences themselves.

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
    progress: Callable[[int], None],
    share: int,
) -> Scores:
    steps, batch = int(lengths[0]), len(lengths)
    edges_ = np.asarray(edges, np.int64)
    if edges_[0] != 0 or (np.diff(edges_) <= 0).any() or edges_[-1] < steps:
        raise ValueError(f"edges must rise from 0 to the longest run of {steps} samples, got {edges_}.")
    bins = min(int((edges_ <= steps).sum()), len(edges_) - 1)
    edges_ = edges_[: bins + 1]
    ends = np.where(edges_[:-1] < steps, np.minimum(edges_[1:], steps) - 1, np.iinfo(np.int32).max)  # or empty
    # Room for a power of two of stretches: most horizons then share one compiled kernel.
    places = np.full(1 << (bins - 1).bit_length(), steps, np.int32)
    places[:bins] = ends
    M, width = lattice.stages, _width(lattice.stages, batch, driver)
    together = math.gcd(width // driver.devices, share)  # lanes that are summed within a tile
    cuts = [slice(first, min(first + width, batch)) for first in range(0, batch, width)]
    tiles = [_Tile(lattice, driver, cut, width, len(places), together) for cut in cuts]
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(driver.workers) as workers:
        for start, rows in _whole_blocks(outputs, steps, M):
            first = np.arange(start, start + TICKS, STRIDE)
            closing = np.stack([np.searchsorted(ends, first - M), np.searchsorted(ends, first + STRIDE)])
            goes_on = ~np.isin(np.arange(start + TICKS - 1, start - M - 1, -1) - 1, ends)
            left = np.int32(-(-min(TICKS, steps + M - start) // STRIDE))
            ticks = Ticks(np.int32(start), left, places, closing.astype(np.int32), goes_on)
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
    firsts = np.arange(0, -(-batch // together), share // together)
    error, excess = (
        np.add.reduceat(np.concatenate([part[i][:bins] for part in parts], axis=-1), firsts, axis=-1)[:, None, :, None]
        for i in range(2)
    )
    counts = np.diff(np.minimum(edges_, steps))[:, None, None, None]
    counts[0] -= isinstance(driver.center, str) and driver.center == "first"  # the sample that sets the center
    runs = np.diff(np.minimum(np.arange(error.shape[-1] + 1) * share, batch))
    return Scores(edges_, error, excess, (counts * runs).astype(np.float64))


def _width(stages: int, batch: int, driver: Driver) -> int:
    """Return the lanes of a tile: few enough for the cache, enough to hide the cost of starting a kernel."""
    devices, lanes = driver.devices, -(-batch // (driver.workers * driver.devices))
    if driver.on_cpu:
        fitting = CACHED // (stages * np.dtype(driver.precision).itemsize)
        lanes = min(lanes, WIDEST, 1 << max(fitting.bit_length() - 1, 3))
    return -(-lanes // 8) * 8 * devices


def _whole_blocks(outputs: Iterable[ArrayLike], steps: int, stages: int) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Yield (first tick, rows) of ``TICKS`` rows; at the end fewer rows, then none, until the wave has passed."""
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

    def __init__(self, lattice: Lattice, driver: Driver, lanes: slice, width: int, bins: int, share: int) -> None:
        self.lattice, self.driver, self.lanes, self.share = lattice, driver, lanes, share
        self.width, self.count, self.dtype = width, lanes.stop - lanes.start, np.dtype(driver.precision)
        self.center: NDArray[np.floating] | None = None
        zeros, ones = np.zeros(width, self.dtype), np.ones(width, self.dtype)
        self.start = Start(np.full(width, -1, np.int32), zeros, ones, np.ones((), self.dtype))
        with computing(driver.precision, driver.device):
            stages = lattice.stages, lattice.stages * (lattice.forgetting < 1)
            rest = _rest(driver.parts[1], driver.inputs, stages, bins, width, share, self.dtype)
            self.wave, self.closed, self.late, self.oracle = shard(rest, driver.device)

    def advance(self, ticks: Ticks, rows: NDArray[np.floating], inputs: NDArray[np.floating] | None) -> None:
        """Take the rows in and move the wave on by as many ticks, or to its end."""
        start, M, rows = int(ticks.start), self.lattice.stages, rows[:, self.lanes]
        if np.isnan(rows).any():
            t = start + int(np.flatnonzero(np.isnan(rows).any(axis=1))[0])
            raise ValueError(f"sample {t} is missing, and the wavefront takes whole streams only: use score.")
        y = np.zeros((TICKS, self.width), self.dtype)
        with computing(self.driver.precision, self.driver.device):
            if len(rows):
                y[: len(rows), : self.count] = rows
                if self.center is None:
                    self.center = self._center(y[0])
                y[: len(rows)] -= self.center
                self._begin(start, y)
            ahead = self.late
            oracle = self.driver.parts[1]
            if oracle is not None:
                u = np.zeros((TICKS, self.driver.inputs, self.width))
                if inputs is not None:
                    u[:, :, : self.count] = inputs[..., self.lanes] if inputs.ndim == 3 else inputs[..., None]
                used = np.arange(self.width) < self.count
                rows_ = y[:, None], u, self.start.scale, used
                self.oracle, ahead = _innovations(oracle, self.oracle, self.late, *rows_)
                self.late = ahead[:M]
            arrays = y / self.start.scale, ahead, ticks, self.start
            fixed = self.lattice.forgetting, self.lattice.ridge, self.share
            self.wave, self.closed = _advance(*fixed, self.wave, self.closed, *arrays)
            self.wave.error.block_until_ready()

    def sums(self) -> list[NDArray[np.float64]]:
        """Return the sums ``(bin, size, sum)`` of error and excess in the unit of the streams."""
        sizes, count = list(self.driver.learner.sizes), -(-self.count // self.share)
        unit = (self.start.scale[:count] if self.share == 1 else self.start.unit).astype(np.float64)
        rows = np.array(sizes) + STRIDE
        sums = [np.asarray(leaf)[:, rows, :count].astype(np.float64) * unit**2 for leaf in self.closed]
        return sums if len(sums) > 1 else [*sums, sums[0][:, :0]]

    def _center(self, first: NDArray[np.floating]) -> NDArray[np.floating]:
        if isinstance(self.driver.center, str):
            return first.copy() if self.driver.center == "first" else np.zeros_like(first)
        known = self.dtype.type(np.asarray(self.driver.center)[0])
        return np.where(np.arange(self.width) < self.count, known, self.dtype.type(0))

    def _begin(self, start: int, moved: NDArray[np.floating]) -> None:
        """Start the lanes whose first nonzero sample has come, with the unit and the ridge that it sets."""
        new = (self.start.born < 0) & (moved != 0).any(axis=0)
        if not new.any():
            return
        at = (moved[:, new] != 0).argmax(axis=0)
        value = moved[at, np.flatnonzero(new)]
        scale = np.ldexp(self.dtype.type(1), np.frexp(value)[1])
        if (self.start.born < 0).all():
            self.start.unit[...] = scale.max()
        self.start.scale[new], self.start.born[new] = scale, start + at
        self.start.ridge[new] = self.lattice.ridge * (value / self.start.scale[new]) ** 2
        wait = np.where(new, self.start.born - start, 0).astype(np.int32)
        self.wave = _start(self.lattice.forgetting, self.wave, new, self.start.ridge, wait)


@partial(jit, static_argnums=range(1, 7))
def _rest(
    oracle: PartitionedLearner | None,
    inputs: int,
    stages: tuple[int, int],
    bins: int,
    width: int,
    share: int,
    dtype: Any,
) -> tuple[Wave, Closed, Array, Any]:
    """Return the wave before the first sample, no stretch closed, no error under way, and the oracle's state."""

    def full(rows: int, value: float) -> Array:
        return jnp.full((rows, width), value, dtype)

    measures, (M, fading) = 1 if oracle is None else 2, stages
    arrays = dict(zip(Wave._fields, (full(M, value) for value in (0, 0, 1, 1, 0, 1, 0, 0, 1)), strict=False))
    excess = full((M + 1) * (measures - 1), 0)
    wave = Wave(**arrays, error=full(M + 1, 0), excess=excess, ridge=full(fading, 1))
    closed = tuple(jnp.zeros((bins, M + 1 + 2 * STRIDE, width // share), dtype) for _ in range(measures))
    state = None if oracle is None else oracle.learner.init(1, inputs, width, dtype)
    return wave, closed, jnp.zeros((M, width * (measures - 1)), dtype), state


@jit
def _innovations(
    parts: PartitionedLearner, before: Any, late: Array, moved: Array, inputs: Array, scale: Array, used: Array
) -> tuple[Any, Array]:
    """Return the oracle's errors in the unit of the wave, newest first, those that are still under way at the end."""
    oracle, seen = parts.learner, jnp.ones(moved.shape[1:], bool)

    def step(state: Any, row: tuple[Array, Array]) -> tuple[Any, Array]:
        y, u = row
        expected = oracle.predict(state, u[None])[0, 0, 0]
        return oracle.update(state, y, u, seen), jnp.where(used, (y[0] - expected) / scale, 0)

    after, errors = jax.lax.scan(step, before, (moved, inputs.astype(moved.dtype)))
    return after, jnp.concatenate([errors[::-1], late])


@partial(jit, static_argnames=("forgetting",), donate_argnames=("wave",))
def _start(forgetting: float, wave: Wave, new: Array, ridge: Array, wait: Array) -> Wave:
    """Return the wave with the energies that are the ridge when the first sample of a new lane reaches each stage."""
    stage = jnp.arange(wave.eta.shape[0], dtype=ridge.dtype)[:, None]
    weight = jnp.asarray(1 / forgetting, ridge.dtype)
    F = ridge[None] * weight ** (wait[None].astype(ridge.dtype) + stage)
    B = F * weight**stage
    old = wave.forward_energy, wave.backward_energy, wave.ratio
    F, B, ratio = (jnp.where(new[None], now, was) for now, was in zip((F, B, 1 / B), old, strict=True))
    # It fades to the ridge at the first sample.
    delta = jnp.broadcast_to(ridge[None] * weight ** (1 + wait[None].astype(ridge.dtype)), wave.ridge.shape)
    delta = jnp.where(new[None], delta, wave.ridge)
    return wave._replace(forward_energy=F, backward_energy=B, ratio=ratio, ridge=delta)


@partial(jit, static_argnames=("forgetting", "ridge", "share"), donate_argnames=("wave", "closed"))
def _advance(
    forgetting: float,
    ridge: float,
    share: int,
    wave: Wave,
    closed: Closed,
    y: Array,
    oracle_errors: Array,
    ticks: Ticks,
    begin: Start,
) -> tuple[Wave, Closed]:
    """Move the wave on, ``STRIDE`` ticks at a time, and then note the sums of the stretches that ended in them."""
    M, lanes = wave.eta.shape
    weight, born = (begin.scale / begin.unit)[None] ** 2, jnp.asarray(begin.born[None] >= 0)
    newest = jnp.zeros((), jnp.int32)

    def advance(tick: Array, wave: Wave) -> Wave:
        errors = jnp.concatenate([jax.lax.dynamic_slice_in_dim(y, tick, 1), wave.eta])
        wave = _tick(forgetting, ridge, wave, errors[:-1], born)
        goes_on = jax.lax.dynamic_slice_in_dim(ticks.goes_on, TICKS - 1 - tick, M + 1)[:, None]
        wave = wave._replace(error=jnp.where(goes_on, wave.error, 0) + errors * errors)
        if len(closed) > 1:
            gap = jax.lax.dynamic_slice_in_dim(oracle_errors, TICKS - 1 - tick, M + 1) - errors
            wave = wave._replace(excess=jnp.where(goes_on, wave.excess, 0) + gap * gap)
        return wave

    def close(first: Array, sums: list[Array], closed: Array) -> Array:
        def once(i: Array, closed: Array) -> Array:
            length = ticks.start + first - ticks.ends[i]  # that closes at the first of these ticks
            rows = jnp.concatenate([jax.lax.dynamic_slice_in_dim(open_, length + j, 1) for j, open_ in enumerate(sums)])
            rows = (rows * weight).reshape(STRIDE, lanes // share, share).sum(axis=2) if share > 1 else rows
            return jax.lax.dynamic_update_slice(closed, rows[None], (i, length + STRIDE, newest))

        stretches = ticks.closing[:, first // STRIDE]
        filled: Array = jax.lax.fori_loop(stretches[0], stretches[1], once, closed)
        return filled

    def stride(i: Array, carry: tuple[Wave, Closed]) -> tuple[Wave, Closed]:
        wave, closed = carry
        first, errors, excesses = i * STRIDE, [], []
        for j in range(STRIDE):
            wave = advance(first + j, wave)
            errors.append(wave.error)
            excesses.append(wave.excess)
        sums = zip((errors, excesses), closed, strict=False)
        return wave, tuple(close(first, open_, kept) for open_, kept in sums)

    after: tuple[Wave, Closed] = jax.lax.fori_loop(newest, ticks.strides, stride, (wave, closed))
    return after


def _tick(forgetting: float, ridge: float, wave: Wave, eta: Array, born: Array) -> Wave:
    """Move every stage on by one sample; ``eta`` are the forward errors that reach the stages.

    XLA on a CPU makes one pass over memory for each array that comes out: the fewer are carried, the faster, and a
    division costs less than a pass. So gamma of the sample before is taken from its ratio to B, and 1/B is not kept.
    """
    kf, kb, F, B, beta_before, ratio = wave[:6]
    beta = jnp.concatenate([eta[:1], wave.beta[:-1]])
    gamma = jnp.concatenate([jnp.ones_like(eta[:1]), wave.gamma[:-1]])
    weighted = ratio * B * eta
    delta = wave.ridge
    if forgetting < 1:
        newest = faded_ridge(delta[:1], ridge * eta[:1] * eta[:1], forgetting)
        delta = jnp.concatenate([newest, delta[:-1]])
        floor = jnp.where(born, delta / 2, 1)
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
        ridge=delta,
    )
