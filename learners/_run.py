"""Whole streams through the driver: sample by sample, as forecasts of a recording, or as sums over stretches of time.

Time: ``t`` counts samples from 0. A stretch ``[edges[k], edges[k+1])`` is one bin of an error curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray

from ..simulator import Trajectories
from ._base import Learner
from ._driver import Driver, Lanes

# Samples (time,) -> inputs (time, input), common to all lanes, or (time, input, batch).
InputsAt = Callable[[NDArray[np.int64]], NDArray[np.floating]]
Progress = Callable[[int], None]  # samples done


class Scores(NamedTuple):
    """Sums over stretches of time, one lane a run."""

    edges: Int[np.ndarray, " edge"]
    error: Float[np.ndarray, "bin lookahead size output batch"]  # of squared errors
    excess: Float[
        np.ndarray, "bin lookahead size output batch"
    ]  # of squared differences to the oracle; no sizes without one
    samples: Float[np.ndarray, "bin lookahead output batch"]  # how many were scored


class Live:
    """One stream, sample by sample; the same bits as ``replay`` of its recording.

        live = Live(ladder(range(9)))
        for y in measurements:
            print(live.forecast)        # (lookahead, size, output): of the sample to come
            live.observe(y)

    Args:
        learner: What predicts.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.
        **options: Those of ``Driver``: oracle, centre, precision, device.
    """

    def __init__(self, learner: Learner, outputs: int = 1, inputs: int = 0, **options: Any) -> None:
        self._driver = Driver(learner, outputs, inputs, **options)
        self._lanes, self._record = self._driver.start(), self._driver.record()
        shape = self._driver.block, outputs, self._driver.width
        self._outputs = np.full(shape, np.nan)
        self._inputs = np.zeros((shape[0] + self._driver.ahead, inputs, shape[2]))
        self._end = np.eye(1, shape[2], dtype=np.int32)[0]

    @property
    def lanes(self) -> Lanes:
        """All that the stream carries; its first lane is the one in use."""
        return self._lanes

    @property
    def forecast(self) -> Float[np.ndarray, "lookahead size output"]:
        """The forecasts of the sample to come and of those after it, one for each lookahead."""
        centre, scale = (np.array(leaf)[..., 0] for leaf in (self._lanes.centre, self._lanes.scale))
        newest = np.stack([np.array(queue)[0, ..., 0] for queue in self._lanes.issued])
        return np.asarray(centre + newest * np.where(scale == 0, np.ones_like(scale), scale))

    def observe(self, output: ArrayLike, inputs: ArrayLike | None = None) -> None:
        """Take one sample in.

        Args:
            output: ``(output,)``, or a number where there is one; NaN or None marks what is missing.
            inputs: ``(1 + ahead, input)``, or fewer rows: those of this sample and of the coming ones as far as they
                are known; the last row is held.

        Raises:
            ValueError: Another width than the stream's, or infinity.
        """
        driver = self._driver
        y = np.array(output, dtype=np.float64).reshape(-1)
        u = np.array(inputs, dtype=np.float64).reshape(-1, driver.inputs) if driver.inputs else np.zeros((1, 0))
        if y.shape != (driver.outputs,) or np.isinf(y).any():
            raise ValueError(f"a sample must be {driver.outputs} finite numbers, NaN where missing; got {output!r}.")
        if not (1 <= len(u) <= 1 + driver.ahead and np.isfinite(u).all()):
            raise ValueError(f"inputs must be 1 to {1 + driver.ahead} finite rows of {driver.inputs}, got {inputs!r}.")
        self._outputs[0, :, 0] = y
        self._inputs[: len(u), :, 0] = u
        self._inputs[len(u) : 1 + driver.ahead, :, 0] = u[-1]
        arrays = self._outputs.copy(), self._inputs.copy()
        self._lanes, self._record = driver.advance(self._lanes, self._record, *arrays, np.int32(0), self._end)


def replay(
    learner: Learner, recording: Trajectories, **options: Any
) -> Float[np.ndarray, "batch time lookahead size output"]:
    """Return every forecast of a recording: entry t of lookahead H was made when y[t-H] was the last sample known.

    Args:
        learner: What predicts.
        recording: One or many runs; NaN marks missing samples.
        **options: Those of ``Driver``: oracle, centre, precision, device.

    Raises:
        ValueError: What ``Driver`` refuses.
    """
    driver = _driver(learner, recording, options)
    forecasts: list[NDArray[np.floating]] = []

    def keep(record: Any, begin: int, end: int) -> None:
        forecasts.append(np.array(record[begin:end]))

    tiles = _tiles(driver, len(recording.lengths))
    whole = []
    for tile in tiles:
        forecasts.clear()
        lanes, record = driver.start(), driver.record()
        for start, rows in _blocks(driver, [recording.outputs.transpose(1, 2, 0)]):
            arrays, end = _cut(driver, tile, start, rows, _inputs_of(recording), recording.lengths)
            lanes, record = driver.advance(lanes, record, *arrays, np.int32(0), end)
            keep(record, 0, len(rows))
        whole.append(np.concatenate(forecasts)[..., : tile.stop - tile.start])
    return np.moveaxis(np.concatenate(whole, axis=-1), -1, 0)


def score_recording(
    learner: Learner,
    recording: Trajectories,
    edges: Sequence[int],
    progress: Progress = lambda steps: None,
    **options: Any,
) -> Scores:
    """Return the sums of squared errors over the stretches between ``edges``; the other arguments as ``replay``.

    Always step by step: a recording gives the same bits as the live stream it was recorded from.
    """
    driver = _driver(learner, recording, options)
    outputs = [recording.outputs.transpose(1, 2, 0)]
    return score(driver, outputs, _inputs_of(recording), recording.lengths, edges, progress)


def score(
    driver: Driver,
    outputs: Iterable[ArrayLike],
    inputs_at: InputsAt,
    lengths: NDArray[np.int64],
    edges: Sequence[int],
    progress: Progress = lambda steps: None,
    whole: bool = False,
) -> Scores:
    """Run streams that come in chunks and return sums over stretches; memory does not grow with the steps.

    Args:
        driver: The learner made ready.
        outputs: Chunks ``(time, output, batch)`` in order, as a simulation yields them.
        inputs_at: Samples ``(time,)`` to inputs ``(time, input)`` or ``(time, input, batch)``.
        lengths: Samples of each run.
        edges: Rising sample numbers from 0 to at least the longest length.
        progress: Called with the samples done after each block.
        whole: No sample is missing, so that a learner may use its batch form.
    """
    if whole and driver.learner.batch is not None and driver.outputs == 1 and (lengths == lengths[0]).all():
        scores: Scores = driver.learner.batch(driver, outputs, inputs_at, lengths, edges, progress)
        return scores
    edges_ = np.asarray(edges, np.int64)
    if edges_[0] != 0 or (np.diff(edges_) <= 0).any() or edges_[-1] < lengths.max():
        raise ValueError(f"edges must rise from 0 to the longest run of {lengths.max()} samples, got {edges_}.")
    tiles = _tiles(driver, len(lengths))
    lanes = [driver.start() for _ in tiles]
    records = [driver.record() for _ in tiles]
    taken: list[list[Any]] = [[] for _ in tiles]
    for start, rows in _blocks(driver, outputs):
        cuts = [0, *(edges_[(edges_ > start) & (edges_ < start + len(rows))] - start).tolist(), len(rows)]
        for k, tile in enumerate(tiles):
            arrays, end = _cut(driver, tile, start, rows, inputs_at, lengths)
            for begin, stop in zip(cuts, cuts[1:], strict=False):
                stops = np.minimum(end, stop).astype(np.int32)
                lanes[k], records[k] = driver.advance(lanes[k], records[k], *arrays, np.int32(begin), stops)
                if start + stop in edges_:
                    lanes[k], sums = driver.take_score(lanes[k])
                    taken[k].append([np.array(leaf, np.float64) for leaf in sums])
        progress(start + len(rows))
    for k in range(len(tiles)):
        if len(taken[k]) < len(edges_) - 1:
            taken[k].append([np.array(leaf, np.float64) for leaf in lanes[k].score])
    bins = len(taken[0])
    sums_ = [np.concatenate([np.stack([b[i] for b in taken[k]]) for k in range(len(tiles))], axis=-1) for i in range(3)]
    return Scores(edges_[: bins + 1], *(leaf[..., : len(lengths)] for leaf in sums_))


def _driver(learner: Learner, recording: Trajectories, options: dict[str, Any]) -> Driver:
    batch, _, outputs = recording.outputs.shape
    width = dict(width=batch) if learner.pooled else {}
    return Driver(learner, outputs, recording.inputs.shape[2], **(width | options))


def _inputs_of(recording: Trajectories) -> InputsAt:
    """Return the inputs of a recording as a function of time; what is missing, or past the end, is held."""
    u = recording.inputs.transpose(1, 2, 0)
    if np.isnan(u).any():
        known = np.where(np.isnan(u), 0, np.arange(1, len(u) + 1)[:, None, None])
        last = np.maximum.accumulate(known, axis=0) - 1
        u = np.where(last < 0, 0.0, np.take_along_axis(u, np.maximum(last, 0), axis=0))
    return lambda t: np.asarray(u[np.minimum(t, len(u) - 1)])


def _tiles(driver: Driver, batch: int) -> list[slice]:
    return [slice(first, min(first + driver.width, batch)) for first in range(0, batch, driver.width)]


def _blocks(driver: Driver, chunks: Iterable[ArrayLike]) -> Iterator[tuple[int, NDArray[np.floating]]]:
    """Yield (first sample, rows) of at most one block each."""
    start = 0
    for chunk in chunks:
        rows = np.asarray(chunk)
        for first in range(0, len(rows), driver.block):
            block = rows[first : first + driver.block]
            yield start, block
            start += len(block)


def _cut(
    driver: Driver, tile: slice, start: int, rows: NDArray[np.floating], inputs_at: InputsAt, lengths: NDArray[np.int64]
) -> tuple[tuple[NDArray[np.floating], NDArray[np.floating]], NDArray[np.int32]]:
    """Return the padded arrays of one tile and one block, and where each lane ends in it."""
    lanes = tile.stop - tile.start
    y = np.full((driver.block, driver.outputs, driver.width), np.nan, rows.dtype)
    y[: len(rows), :, :lanes] = rows[:, :, tile]
    u = np.zeros((driver.block + driver.ahead, driver.inputs, driver.width))
    if driver.inputs:
        given = inputs_at(np.arange(start, start + len(u)))
        u[:, :, :lanes] = given[..., tile] if given.ndim == 3 else given[..., None]
    end = np.zeros(driver.width, np.int32)
    end[:lanes] = np.clip(lengths[tile] - start, 0, len(rows))
    return (y, u), end
