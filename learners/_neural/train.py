"""Train networks of many sizes and settings side by side, and score them at edges of time.

At an edge a network is scored on the batch that it takes next, before it takes it, and on the exam. The exam never
enters an update. On a fresh stream the first score is an honest test error, on a replayed set it is the training error.

A run is one compiled loop. On a CPU the runs go one after another, each on a thread; on a GPU those of one size and one
set go side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.checks import check_seed, check_whole
from ..._core.devices import Precision, computing, is_cpu
from ..._core.jax_later import jax
from ..._core.progress import Progress, no_progress
from ...simulator._tasks.process import Process, Source, exam_rows, fresh, replayed
from .compiled_training import compiled_state, compiled_updates, compiled_world
from .memory_check import check_memory
from .model import Model, Parameters
from .optimiser import Knobs, Optimiser, check_knobs, check_optimiser
from .start import checked_start

SCORES = ("loss", "accuracy", "exam loss", "exam accuracy")
EDGES = 8  # of one compiled call
LONGEST = 1000  # updates of one compiled call: Ctrl-C waits for it, and progress is told after it
SIDE_BY_SIDE = 64  # runs of one call on a GPU


class Run(NamedTuple):
    """One network: its size, its set, its numbers.

    Attributes:
        size: Size of the model.
        rows: Rows of the set that is replayed; None for fresh batches.
        seed: Of its examples, first parameters, batches and dropout.
        knobs: Rate, decay and the like.
    """

    size: int
    rows: int | None
    seed: int
    knobs: Knobs = Knobs()


class Curves(NamedTuple):
    """The scores of runs at edges.

    Attributes:
        runs: The runs.
        edges: Updates done at each edge.
        kinds: Names of the kinds of examples.
        scores: ``(run, edge, score, kind)``, the scores of ``SCORES``; NaN where no row of a kind was seen, or where a
            run had been stopped.
        probes: ``(run, edge, probe)``.
        probe_names: Names of the probes.
        last: Number of the last edge at which each run was scored, ``(run,)``.
        parameters: For each run its parameters at the edges kept, as arrays of NumPy: ``{edge: tree}``.
        side_by_side: Runs of one compiled call.
    """

    runs: tuple[Run, ...]
    edges: NDArray[np.int64]
    kinds: tuple[str, ...]
    scores: NDArray[np.float64]
    probes: NDArray[np.float64]
    probe_names: tuple[str, ...]
    last: NDArray[np.int64]
    parameters: tuple[dict[int, Parameters], ...]
    side_by_side: int


class Stop(NamedTuple):
    """Stop a run once a score has passed a level."""

    score: str
    level: float
    below: bool


def log_edges(steps: int, per_decade: int = 20) -> list[int]:
    """Return edges of time from 0 to ``steps``, evenly spaced in the logarithm where they are not whole steps apart.

    Raises:
        ValueError: There are no steps, or no edge in a decade.
    """
    if steps < 1 or per_decade < 1:
        raise ValueError(f"training takes at least one step and one edge a decade, got {steps} and {per_decade}.")
    count = int(np.ceil(np.log10(steps) * per_decade)) + 1
    return sorted({0, steps, *np.round(np.geomspace(1, steps, max(count, 2))).astype(int).tolist()})


def train(
    model: Model,
    process: Process,
    runs: Sequence[Run],
    edges: Sequence[int],
    *,
    batch: int | None = None,
    optimiser: Optimiser = Optimiser(),
    exam: int | None = None,
    stop: Stop | None = None,
    keep: Sequence[int] = (),
    precision: Precision = "float32",
    device: str | None = None,
    side_by_side: int | None = None,
    progress: Progress = no_progress,
    finished: Callable[[int, Curves], None] | None = None,
    start: Parameters | None = None,
) -> Curves:
    """Train every run for ``edges[-1]`` updates and score it at the edges, each time before an update.

    Args:
        model: The network, made for this task.
        process: The task.
        runs: The networks.
        edges: Updates done when a run is scored, rising from 0 or more.
        batch: Rows of a batch, or all of a set that has fewer; None: the whole set.
        optimiser: The rule of the updates.
        exam: Rows of the exam; None: 2000, or all that are left of a domain of up to 10 000.
        stop: Leave the later edges of a run out once this score has passed.
        keep: Edges at which the parameters are kept.
        precision: Of the parameters and of all that is computed.
        device: As in ``find_devices``.
        side_by_side: Runs of one compiled call; by default 1 on a CPU and 64 on a GPU.
        progress: Called with the updates done and the updates in all.
        finished: Called with the number of a run and its curves when it has ended.
        start: First parameters of every run, NaN where they are as usual; None: all are. The memory of the rule is
            empty and the steps begin at 0, as always.

    Raises:
        ValueError: A size, an edge, a batch, a number or a split that cannot be.
    """
    steps = check_training(
        model, process, runs, edges, batch, optimiser, exam, stop, keep, precision, device, side_by_side
    )
    given = None if start is None else checked_start(model, start, (run.size for run in runs), precision)
    tile, threads = _side_by_side(device, side_by_side)
    jobs = _tiles(process, runs, batch, exam, tile)
    shape = len(runs), len(steps)
    made = Curves(
        tuple(runs),
        steps,
        process.kinds,
        np.full((*shape, len(SCORES), len(process.kinds)), np.nan),
        np.full((*shape, len(model.probes)), np.nan),
        tuple(name for name, _ in model.probes),
        np.full(len(runs), -1),
        tuple({} for _ in runs),
        tile,
    )
    done, total, one_at_a_time = 0, int(steps[-1]) * len(runs), Lock()

    def advance(updates: int) -> None:
        nonlocal done
        with one_at_a_time:
            done += updates
            progress(done, total)

    cancelled: list[bool] = []
    with ThreadPoolExecutor(threads) as pool:
        work = partial(_train_tile, model, optimiser, made, stop, frozenset(keep), precision, device, cancelled, given)
        waiting = [pool.submit(work, *job, advance) for job in jobs]
        try:
            for ended in as_completed(waiting):
                for index in ended.result():
                    if finished is not None:
                        finished(index, one_run(made, index))
        except BaseException:
            cancelled.append(True)
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return made


def check_training(
    model: Model,
    process: Process,
    runs: Sequence[Run],
    edges: Sequence[int],
    batch: int | None,
    optimiser: Optimiser,
    exam: int | None,
    stop: Stop | None,
    keep: Sequence[int],
    precision: Precision,
    device: str | None,
    side_by_side: int | None = None,
) -> NDArray[np.int64]:
    """Return the edges as a vector; the arguments are those of ``train``, which begins with this.

    Raises:
        ValueError: ``train`` raises it.
    """
    steps = check_whole("edges", edges)
    if not len(runs) or not len(steps) or (np.diff(steps) <= 0).any() or steps[-1] < 1:
        raise ValueError(f"training needs runs and rising edges up to at least 1, got {len(runs)} and {list(edges)}.")
    if unknown := set(keep) - set(steps.tolist()):
        raise ValueError(f"parameters can be kept at edges only; {sorted(unknown)} are none.")
    if stop is not None and stop.score not in SCORES:
        raise ValueError(f"a run can stop by {', '.join(SCORES)}, got {stop.score!r}.")
    check_optimiser(optimiser)
    for run in runs:
        check_seed(run.seed)
        check_knobs(run.knobs)
        if run.size < 1:
            raise ValueError(f"a {model.size_label} must be at least 1, got {run.size}.")
    tile, threads = _side_by_side(device, side_by_side)
    shapes = [(run.size, run.rows) for run in runs]
    check_memory(model, process, shapes, batch, exam, tile * threads, precision, device)
    _tiles(process, runs, batch, exam, tile)
    return steps


def _side_by_side(device: str | None, wanted: int | None) -> tuple[int, int]:
    """Return the runs of one compiled call and the number of threads."""
    tile = (1 if is_cpu(device) else SIDE_BY_SIDE) if wanted is None else wanted
    return tile, (os.cpu_count() or 1) if tile == 1 else 1


def one_run(curves: Curves, index: int) -> Curves:
    """Return the curves of one run."""
    part = slice(index, index + 1)
    return curves._replace(
        runs=curves.runs[part],
        scores=curves.scores[part],
        probes=curves.probes[part],
        last=curves.last[part],
        parameters=curves.parameters[part],
    )


def _tiles(
    process: Process, runs: Sequence[Run], batch: int | None, exam: int | None, tile: int
) -> list[tuple[Source, int, list[int]]]:
    """Return source, rows of the exam and numbers of the runs of each compiled call; the longest ones first."""
    groups: dict[tuple[int, int | None], list[int]] = {}
    for index, run in enumerate(runs):
        groups.setdefault((run.size, run.rows), []).append(index)
    jobs = []
    for (size, rows), indices in groups.items():
        if rows is None and batch is None:
            raise ValueError(
                "fresh examples come in batches: give the rows of a batch, or the rows of a set to replay."
            )
        taken = None if batch is None else min(batch, rows or batch)
        source = fresh(process, batch) if rows is None else replayed(process, rows, taken)  # type: ignore[arg-type]
        scored = exam_rows(process, rows, exam)
        for first in range(0, len(indices), tile):
            jobs.append((size * (batch or rows or 1), (source, scored, indices[first : first + tile])))
    return [job for _, job in sorted(jobs, key=lambda cost: -cost[0])]


def _train_tile(
    model: Model,
    optimiser: Optimiser,
    made: Curves,
    stop: Stop | None,
    keep: frozenset[int],
    precision: Precision,
    device: str | None,
    cancelled: list[bool],
    start: Parameters | None,
    source: Source,
    exam: int,
    indices: list[int],
    advance: Callable[[int], None],
) -> list[int]:
    """Train the runs of one compiled call, write their scores, and return their numbers."""
    runs = [made.runs[index] for index in indices]
    many = len(runs) > 1
    with computing(precision, device):
        drops = any(run.knobs.dropout for run in runs)
        call = compiled_updates(model, optimiser, source.feed, len(made.kinds), precision, many, drops)
        seeds = np.array([run.seed for run in runs])
        columns: list[Any] = [np.array(column, precision) for column in zip(*(run.knobs for run in runs), strict=True)]
        knobs = Knobs(*(columns if many else [column[0] for column in columns]))
        seed = seeds if many else seeds[0]
        world = compiled_world(model, source, exam, precision, many)(seed)
        state = compiled_state(model, optimiser, runs[0].size, precision, many)(seed, start)
        for stretches in _calls(made.edges, keep):
            if cancelled:
                break
            if (edge := stretches[0].edge) is not None and int(made.edges[edge]) in keep:
                for place, index in enumerate(indices):
                    kept = jax.tree.map(lambda leaf: np.asarray(leaf[place] if many else leaf), state[0])  # noqa: B023
                    made.parameters[index][int(made.edges[edge])] = kept
            empty = [stretches[-1]._replace(first=stretches[-1].until)] * (EDGES - len(stretches))
            bounds = np.array([(one.first, one.until) for one in [*stretches, *empty]], np.int32)
            state, scores, probes = call(world, state, knobs, bounds)
            scores, probes = (np.asarray(part)[None if not many else ...] for part in (scores, probes))
            for place, one in enumerate(stretches):
                if one.edge is not None:
                    made.scores[indices, one.edge] = scores[:, place]
                    made.probes[indices, one.edge] = probes[:, place]
                    made.last[indices] = one.edge
            advance(len(runs) * sum(one.until - one.first for one in stretches))
            if stop is not None and all(_passed(made, index, stop) for index in indices):
                advance(len(runs) * int(made.edges[-1] - stretches[-1].until))
                break
    return indices


class _Stretch(NamedTuple):
    """Updates ``first .. until - 1``; before the first one the runs are scored for an edge, or for none."""

    edge: int | None
    first: int
    until: int


def _calls(edges: NDArray[np.int64], keep: frozenset[int]) -> list[list[_Stretch]]:
    """Return the stretches of each call; an edge whose parameters are kept begins a call."""
    stretches = [_Stretch(None, 0, int(edges[0]))] if edges[0] else []
    for edge, first in enumerate(edges.tolist()):
        until = int(edges[edge + 1]) if edge + 1 < len(edges) else first
        stretches.append(_Stretch(edge, first, until))
    calls: list[list[_Stretch]] = []
    for one in stretches:
        for first in range(one.first, max(one.until, one.first + 1), LONGEST):
            piece = _Stretch(one.edge if first == one.first else None, first, min(first + LONGEST, one.until))
            begins = piece.edge is not None and first in keep
            full = calls and (len(calls[-1]) == EDGES or sum(s.until - s.first for s in (*calls[-1], piece)) > LONGEST)
            if not calls or begins or full:
                calls.append([])
            calls[-1].append(piece)
    return calls


def _passed(made: Curves, index: int, stop: Stop) -> bool:
    """Return whether the last score of a run, of every kind that has one, is past the level."""
    values = made.scores[index, made.last[index], SCORES.index(stop.score)]
    values = values[np.isfinite(values)]
    return bool(len(values) and ((values <= stop.level) if stop.below else (values >= stop.level)).all())
