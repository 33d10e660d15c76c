"""The ladder over whole streams, for devices without a compiled loop: a wave through the stages, in tiles of streams.

Time: at tick ``k`` stage ``m`` handles sample ``k - m``, so one tick updates all stages of all lanes elementwise, and
``T`` samples take ``T + M`` ticks. A stretch of the error curve ends for length ``h`` at tick ``end + h``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.devices import computing, shard
from .._engine.driver import Driver
from .._engine.replay import InputsAt, Scores
from .wave import STRIDE, TICKS, Start, Ticks, advance_wave, first_wave, innovations, start_lanes

CACHED = 2**15  # bytes of one array of a tile: about ten arrays are carried, and all fit into a core's own cache
WIDEST = 256


class Lattice(NamedTuple):
    """The parameters of a ladder: longest filter, forgetting, ridge in units of the first sample's square."""

    stages: int
    forgetting: float
    ridge: float


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
            rest = first_wave(driver.parts[1], driver.inputs, stages, bins, width, share, self.dtype)
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
                self.oracle, ahead = innovations(oracle, self.oracle, self.late, *rows_)
                self.late = ahead[:M]
            arrays = y / self.start.scale, ahead, ticks, self.start
            fixed = self.lattice.forgetting, self.lattice.ridge, self.share
            self.wave, self.closed = advance_wave(*fixed, self.wave, self.closed, *arrays)
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
        self.wave = start_lanes(self.lattice.forgetting, self.wave, new, self.start.ridge, wait)
