"""Run the driver on streams: sample by sample, as forecasts of a recording, or as sums over stretches of time.

Time: ``t`` counts samples from 0. A stretch ``[edges[k], edges[k+1])`` is one bin of an error curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray

from ...simulator import Trajectories
from .._base import Learner
from .band_sums import BandSums
from .band_tracker import BandTracker
from .driver import Driver
from .run_bands import RunBands
from .scored import scored_ahead
from .tile_state import TileState

KEPT = 1 << 22  # bytes of forecasts of a block
LONG = 1024  # rows that a compiled step takes at once, where forecasts are not kept

# Samples (time,) -> inputs (time, input), common to all lanes, or (time, input, batch).
InputsAt = Callable[[NDArray[np.int64]], NDArray[np.floating]]


class Scores(NamedTuple):
    """Sums over stretches of time; an entry of ``batch`` is one run, or several consecutive ones together."""

    edges: Int[np.ndarray, " edge"]
    error: Float[np.ndarray, "bin lookahead size output batch"]  # of squared errors
    excess: Float[
        np.ndarray, "bin lookahead size output batch"
    ]  # of squared differences to the oracle; no sizes without one
    samples: Float[np.ndarray, "bin lookahead output batch"]  # number of scored forecasts

    @property
    def overflow(self) -> Int[np.ndarray, " batch"]:
        """Samples up to which the sums of each run are finite; -1 where all are, else the run has overflowed.

        Its later sums have no meaning; its earlier sums, and all other runs, are valid.
        """
        lost = ~np.isfinite(self.error).all(axis=(1, 2, 3)) | ~np.isfinite(self.excess).all(axis=(1, 2, 3))
        return np.where(lost.any(axis=0), self.edges[lost.argmax(axis=0)], -1)


class RunEnd:
    """The end of one run: its last samples with their forecasts, and its state, kept by ``score`` on its way.

    Args:
        run: Number of the run.
        first: First sample to keep.

    Attributes:
        kept: For each block its outputs ``(time, output)`` and forecasts ``(time, lookahead, size, output)``. Forecasts
            are those of the same samples, made before them; samples after the end of the run are among them.
        tile: The streams that ran with it, after their last samples, or None.
        lane: Its place among them.
    """

    def __init__(self, run: int, first: int) -> None:
        self.run, self.first = run, first
        self.kept: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = []
        self.tile: TileState | None = None
        self.lane = 0

    def wants(self, runs: slice, stop: int) -> bool:
        """Return whether samples of a tile up to ``stop`` are among those to keep."""
        return runs.start <= self.run < runs.stop and stop > self.first

    def keep(self, start: int, rows: NDArray[np.floating], record: Any, lane: int) -> None:
        """Keep the rows of a block from the first sample on."""
        late = slice(max(self.first - start, 0), len(rows))
        self.kept.append((np.array(rows[late, :, self.run]), np.array(np.asarray(record)[late, ..., lane])))

    def arrays(self, length: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return the outputs and the forecasts up to the end of the run, of so many samples."""
        outputs, forecasts = (
            np.concatenate(leaf)[: max(length - self.first, 0)] for leaf in zip(*self.kept, strict=True)
        )
        return outputs, forecasts


class Live:
    """One stream, sample by sample; the arguments are those of ``Driver``, and ``bands``, the level of ``band``."""

    def __init__(
        self, learner: Learner, outputs: int = 1, inputs: int = 0, *, bands: float | None = None, **options: Any
    ) -> None:
        self._driver = Driver(learner, outputs, inputs, **(dict(width=1) | options))
        self._lanes, self._record = self._driver.start(), self._driver.record()
        shape = self._driver.block, outputs, self._driver.width
        self._outputs = np.full(shape, np.nan)
        self._inputs = np.zeros((shape[0] + self._driver.ahead, inputs, shape[2]))
        self._end = np.eye(1, shape[2], dtype=np.int32)[0]
        self._bands = None
        if bands is not None:
            self._bands = BandTracker(learner.lookaheads, len(learner.sizes), outputs, shape[2], bands)

    @property
    def lanes(self) -> TileState:
        """The state of the stream, in its first lane."""
        return self._lanes

    @property
    def forecast(self) -> Float[np.ndarray, "lookahead size output"]:
        """The forecasts for each lookahead: 1 is the next sample."""
        center, scale = (np.asarray(leaf)[:, 0] for leaf in (self._lanes.center, self._lanes.scale))
        newest = np.array([np.asarray(queue)[0, :, :, 0] for queue in self._lanes.issued])
        newest *= scale + (scale == 0)
        newest += center
        return newest

    @property
    def band(self) -> Float[np.ndarray, "lookahead size output"]:
        """The half-widths of the bands of ``forecast``; NaN before the first error of a size is known.

        Raises:
            ValueError: The stream was made without ``bands``.
        """
        return self._tracked.ahead([0])[..., 0]

    @property
    def coverage(self) -> BandSums:
        """What the bands have shown since about the first twentieth of the samples: coverage and mean half-width.

        Raises:
            ValueError: The stream was made without ``bands``.
        """
        return self._tracked.lane(0)

    @property
    def _tracked(self) -> BandTracker:
        if self._bands is None:
            raise ValueError("this stream has no bands: make it with their level, such as Live(learner, bands=0.95).")
        return self._bands

    def observe(self, output: ArrayLike, inputs: ArrayLike | None = None) -> None:
        """Take one sample in.

        Args:
            output: ``(output,)``, or a number where there is one; NaN or None where it is missing.
            inputs: ``(1 + ahead, input)``, or fewer rows: of this sample and of the next ones as far as known; the
                last row is held.

        Raises:
            ValueError: Another width than the stream's, or infinity.
        """
        driver = self._driver
        y = np.array(output, dtype=np.float64).reshape(-1)
        u = np.array(inputs, dtype=np.float64).reshape(-1, driver.inputs) if driver.inputs else self._inputs[:1, :, 0]
        if y.shape != (driver.outputs,) or np.isinf(y).any():
            raise ValueError(f"a sample must be {driver.outputs} finite numbers, NaN where missing; got {output!r}.")
        if not (1 <= len(u) <= 1 + driver.ahead and np.isfinite(u).all()):
            raise ValueError(f"inputs must be 1 to {1 + driver.ahead} finite rows of {driver.inputs}, got {inputs!r}.")
        self._outputs[0, :, 0] = y
        self._inputs[: len(u), :, 0] = u
        self._inputs[len(u) : 1 + driver.ahead, :, 0] = u[-1]
        arrays = self._outputs, self._inputs
        if driver.step is None:  # JAX may read them later
            arrays = arrays[0].copy(), arrays[1].copy()
        if self._bands is not None:
            centered = np.asarray(self._lanes.centered)
            scored = scored_ahead(self._outputs[:1], centered, driver.learner.lookaheads)
        self._lanes, self._record = driver.advance(self._lanes, self._record, *arrays, np.int32(0), self._end)
        if self._bands is not None:
            self._bands.take(np.asarray(self._record)[:1], self._outputs[:1], scored, self._end)


def replay(
    learner: Learner, recording: Trajectories, **options: Any
) -> Float[np.ndarray, "batch time lookahead size output"]:
    """Return every forecast of a recording: entry t of lookahead H was made when y[t-H] was the last sample known."""
    driver = _driver(learner, recording, options)
    outputs, inputs_at = recording.outputs.transpose(1, 2, 0), _inputs_of(recording)

    def one(tile: slice) -> NDArray[np.floating]:
        lanes, record, forecasts = driver.start(), driver.record(), []
        for start, rows in _blocks(driver.block, [outputs]):
            u = _inputs_for(driver, inputs_at, start, driver.block)
            arrays, end = _cut(driver, tile, start, rows, u, recording.lengths)
            lanes, record = driver.advance(lanes, record, *arrays, np.int32(0), end)
            forecasts.append(np.array(np.asarray(record)[: len(rows), ..., : tile.stop - tile.start]))
        return np.concatenate(forecasts)

    with ThreadPoolExecutor(driver.workers) as workers:
        whole = list(workers.map(one, _tiles(driver, len(recording.lengths))))
    return np.moveaxis(np.concatenate(whole, axis=-1), -1, 0)


def score_recording(
    learner: Learner,
    recording: Trajectories,
    edges: Sequence[int],
    progress: Callable[[int], None] = lambda steps: None,
    end: RunEnd | None = None,
    bands: RunBands | None = None,
    **options: Any,
) -> Scores:
    """Return the sums of squared errors over the stretches between ``edges``; ``end`` and ``bands`` as for ``score``.

    The other arguments are those of ``replay``.

    Always step by step: a recording gives the same bits as the live stream it was recorded from.
    """
    driver = _driver(learner, recording, options)
    outputs = [recording.outputs.transpose(1, 2, 0)]
    return score(driver, outputs, _inputs_of(recording), recording.lengths, edges, progress, end=end, bands=bands)


def score(
    driver: Driver,
    outputs: Iterable[ArrayLike],
    inputs_at: InputsAt,
    lengths: NDArray[np.int64],
    edges: Sequence[int],
    progress: Callable[[int], None] = lambda steps: None,
    whole: bool = False,
    share: int = 1,
    end: RunEnd | None = None,
    bands: RunBands | None = None,
) -> Scores:
    """Run streams that come in chunks and return sums over stretches; memory does not grow with time.

    Args:
        driver: Of the learner.
        outputs: Chunks ``(time, output, batch)`` in order, as from a simulation.
        inputs_at: Samples ``(time,)`` to inputs ``(time, input)`` or ``(time, input, batch)``.
        lengths: Samples of each run.
        edges: Rising sample numbers from 0 to at least the longest length.
        progress: Called with the samples done after each block.
        whole: No sample is missing; where no loop is compiled for the CPU, the batch form of the learner may be used.
        share: Consecutive runs that are summed into one.
        end: Keeps the end of one run; it stays empty where the batch form of the learner is used.
        bands: Calibrates bands around the forecasts; not where the batch form of the learner is used.
    """
    batch = driver.learner.batch if whole and driver.step is None else None
    if batch is not None and driver.outputs == 1 and (lengths == lengths[0]).all():
        scores: Scores = batch(driver, outputs, inputs_at, lengths, edges, progress, share)
        return scores
    edges_ = np.asarray(edges, np.int64)
    if edges_[0] != 0 or (np.diff(edges_) <= 0).any() or edges_[-1] < lengths.max():
        raise ValueError(f"edges must rise from 0 to the longest run of {lengths.max()} samples, got {edges_}.")
    tiles = [_ScoredTile(driver, lanes, bands) for lanes in _tiles(driver, len(lengths))]
    records: SimpleQueue[Any] = SimpleQueue()  # buffers for the forecasts, which are not used here: one for each worker
    rows_kept = None if driver.step is None else 0 if bands is None else kept_rows(driver)
    for _ in range(driver.workers):
        records.put(driver.record(rows_kept))
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(driver.workers) as workers:
        block = driver.block if rows_kept is None else rows_kept or max(driver.block, LONG)
        for start, rows in _blocks(block, outputs, None if end is None else (end.first, driver.block)):
            cuts = (edges_[(edges_ > start) & (edges_ <= start + len(rows))] - start).tolist()
            u = _inputs_for(driver, inputs_at, start, block)
            for future in pending:
                future.result()
            progress(start)
            pending = [workers.submit(tile.advance, start, rows, u, lengths, cuts, records, end) for tile in tiles]
        for future in pending:
            future.result()
    progress(int(lengths.max()))
    for tile in tiles:
        if tile.stretches < len(edges_) - 1:
            tile.take()
        if end is not None and tile.runs.start <= end.run < tile.runs.stop:
            end.tile, end.lane = tile.lanes, end.run - tile.runs.start
    bins = tiles[0].stretches
    firsts = np.arange(0, len(lengths), share)
    parts = (np.concatenate([np.concatenate([b[i] for b in tile.taken]) for tile in tiles], axis=-1) for i in range(3))
    return Scores(edges_[: bins + 1], *(np.add.reduceat(leaf, firsts, axis=-1) for leaf in parts))


def kept_rows(driver: Driver) -> int:
    """Return how many rows a compiled step takes at once where their forecasts are kept: a few MB of them."""
    row: int = driver.record(1).nbytes
    return max(driver.block, min(LONG, KEPT // row))


class _ScoredTile:
    """Lanes that run together, and their sums so far."""

    def __init__(self, driver: Driver, runs: slice, bands: RunBands | None = None) -> None:
        self.driver, self.runs, self.lanes, self.bands = driver, runs, driver.start(), bands
        self.taken, self.stretches = list[list[NDArray[np.float64]]](), 0
        if bands is not None:
            bands.begin(driver, runs)

    def advance(
        self,
        start: int,
        rows: NDArray[np.floating],
        inputs: NDArray[np.floating] | None,
        lengths: NDArray[np.int64],
        cuts: list[int],
        records: SimpleQueue[Any],
        run_end: RunEnd | None,
    ) -> None:
        """Take one block in, and the sums at the end of each stretch."""
        arrays, end = _cut(self.driver, self.runs, start, rows, inputs, lengths)
        kept = run_end if run_end is not None and run_end.wants(self.runs, start + len(rows)) else None
        shared = kept is None or self.driver.step is None
        record = records.get() if shared else self.driver.record()
        centered = np.array([] if self.bands is None else self.lanes.centered)  # a copy: the step goes on in it
        self.lanes, record, taken = self.driver.advance_scored(self.lanes, record, *arrays, end, cuts)
        if self.bands is not None:
            self.bands.take(self.driver, self.runs, np.asarray(record), arrays[0], centered, end)
        if kept is not None:
            kept.keep(start, rows, record, kept.run - self.runs.start)
        if shared:
            records.put(record)
        self.keep(taken)

    def take(self) -> None:
        """Keep the sums since the last stretch."""
        self.lanes, sums = self.driver.take_score(self.lanes)
        self.keep([np.asarray(leaf)[None] for leaf in sums])

    def keep(self, sums: list[Any]) -> None:
        """Keep sums of some stretches, the arrays of ``Score`` with a first axis for the stretches."""
        if sums:
            self.stretches += len(sums[0])
            self.taken.append([np.array(leaf[..., : self.runs.stop - self.runs.start], np.float64) for leaf in sums])


def _driver(learner: Learner, recording: Trajectories, options: dict[str, Any]) -> Driver:
    batch, _, outputs = recording.outputs.shape
    width = dict(width=batch) if learner.pooled else {}
    return Driver(learner, outputs, recording.inputs.shape[2], **(width | options))


def _inputs_of(recording: Trajectories) -> InputsAt:
    """Return the inputs of a recording as a function of time; missing ones, and those after the end, are held."""
    u = recording.inputs.transpose(1, 2, 0)
    if np.isnan(u).any():
        known = np.where(np.isnan(u), 0, np.arange(1, len(u) + 1)[:, None, None])
        last = np.maximum.accumulate(known, axis=0) - 1
        u = np.where(last < 0, 0.0, np.take_along_axis(u, np.maximum(last, 0), axis=0))
    return lambda t: np.asarray(u[np.minimum(t, len(u) - 1)])


def _tiles(driver: Driver, batch: int) -> list[slice]:
    return [slice(first, min(first + driver.width, batch)) for first in range(0, batch, driver.width)]


def _blocks(
    most: int, chunks: Iterable[ArrayLike], late: tuple[int, int] | None = None
) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Yield (first sample, rows), so many rows at most; ``late``: from a sample on, at most another number of rows."""
    start = 0
    for chunk in chunks:
        rows, first = np.asarray(chunk), 0
        while first < len(rows):
            few = late is not None and start + most > late[0]
            block = rows[first : first + (late[1] if late is not None and few else most)]
            yield start, block
            start, first = start + len(block), first + len(block)


def _inputs_for(driver: Driver, inputs_at: InputsAt, start: int, block: int) -> NDArray[np.floating] | None:
    """Return the inputs of a block and of the samples ahead of it, ``(time, input)`` or ``(time, input, batch)``."""
    return inputs_at(np.arange(start, start + block + driver.ahead)) if driver.inputs else None


def _cut(
    driver: Driver,
    tile: slice,
    start: int,
    rows: NDArray[np.floating],
    inputs: NDArray[np.floating] | None,
    lengths: NDArray[np.int64],
) -> tuple[tuple[NDArray[np.floating], NDArray[np.floating]], NDArray[np.int32]]:
    """Return the padded arrays of one tile and one block, and where each lane ends in it."""
    lanes = tile.stop - tile.start
    block = driver.block if driver.step is None else len(rows)
    y = np.full((block, driver.outputs, driver.width), np.nan, rows.dtype)
    y[: len(rows), :, :lanes] = rows[:, :, tile]
    u = np.zeros((block + driver.ahead if inputs is None else len(inputs), driver.inputs, driver.width))
    if inputs is not None:
        u[:, :, :lanes] = inputs[..., tile] if inputs.ndim == 3 else inputs[..., None]
    end = np.zeros(driver.width, np.int32)
    end[:lanes] = np.clip(lengths[tile] - start, 0, len(rows))
    if driver.step is not None:
        end[lanes : driver.step.full(lanes)] = len(rows)  # lanes that nobody reads complete a group
    return (y, u), end
