"""Run what is missing of an experiment, or tell beforehand what that would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import jax

from ..learners import memory_free, memory_needed
from ._curves import log_edges
from ._experiment import Experiment
from ._experiment_folder import check_recorded, experiment_folder
from ._folder import check_folder, save_frame
from ._options import Progress
from ._points import Program, point_curves, programs_of

PROBE = 1024  # samples of each run
AT_ONCE = 64  # programs kept: each maps memory, and Linux lets a process have 65 530 such pieces


class Plan(NamedTuple):
    """What a sweep would do.

    Attributes:
        folder: Where its results are to lie.
        points: Of the grid.
        done: Points whose results are there already.
        programs: To be compiled: one for each learner and shape of system.
        samples: To be predicted by every size: horizon times replicates, summed over the missing points.
        compiling: Seconds, estimated.
        running: Seconds, estimated, from runs of 1024 and 4096 samples of each program.
        memory: Bytes of the largest program.
        free: Bytes that are free on the device.
        capped: Programs, as (system, noise), that end before their longest horizon, and after how many samples.
    """

    folder: Path
    points: int
    done: int
    programs: int
    samples: int
    compiling: float
    running: float
    memory: int
    free: int
    capped: dict[tuple[str, float], int]


def sweep(
    experiment: Experiment,
    folder: str | Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Run every point of an experiment that is not done, and write its error curves as a part of the folder.

    The folder is read with ``scan_curves``: in partitions ``system=../learner=../noise=../steps=../`` lies one Parquet
    file a seed. A sweep that was ended anywhere, by a crash too, goes on where it was. A point's numbers hang on
    nothing but the point, the settings, the versions and the machine; on another machine they agree within rounding.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: For the results; by default the experiment's own.
        progress: Called with the samples done and the samples to be done, those of one run of each point.

    Returns:
        The folder.

    Raises:
        ValueError: A combination that cannot be run, or a folder of another experiment or that cannot be written in.
    """
    programs = programs_of(experiment)
    with experiment_folder(experiment, experiment.out if folder is None else Path(folder)) as where:
        missing = _missing(programs, where)
        total, done = sum(point.horizon for _, points in missing for point in points), 0
        for place, (ready, points) in enumerate(missing, start=1):
            for point in points:
                frame = point_curves(ready, point, experiment, _onwards(progress, done, total))
                part = where / point.part
                part.parent.mkdir(parents=True, exist_ok=True)
                save_frame(frame, part)
                done += point.horizon
                progress(done, total)
            if place % AT_ONCE == 0:
                jax.clear_caches()  # type: ignore[no-untyped-call]
    return where


def plan_sweep(experiment: Experiment, folder: str | Path | None = None) -> Plan:
    """Return what a sweep would do, and estimate what it would take; nothing is written.

    Short runs are timed, of the first system and noise of each learner and shape of system: all further ones find their
    kernels compiled.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: For the results; by default the experiment's own.

    Raises:
        ValueError: What ``sweep`` refuses.
    """
    programs = programs_of(experiment)
    where = check_folder(experiment.out if folder is None else folder)
    check_recorded(experiment, where)
    missing = _missing(programs, where)
    alike: dict[tuple[object, ...], list[Program]] = {}
    for program in missing:
        system = program.ready.system
        shape = program.points[0].learner, system.states, system.outputs, system.inputs, system.time_varying
        alike.setdefault(shape, []).append(program)
    compiling, running = 0.0, 0.0
    for group in alike.values():
        probe = _probe(group[0], experiment)
        horizons = [point.horizon for _, points in group for point in points]
        compiling += probe.compiling
        running += len(horizons) * probe.point + sum(horizons) * probe.sample
    readies = [ready for ready, _ in programs]
    points = [point for _, points in programs for point in points]
    left = [point for _, points in missing for point in points]
    ends = {
        (points[0].system, points[0].noise): ready.horizon for ready, points in programs if ready.horizon < ready.asked
    }
    return Plan(
        folder=where,
        points=len(points),
        done=len(points) - len(left),
        programs=len(alike),
        samples=experiment.replicates * sum(point.horizon for point in left),
        compiling=compiling,
        running=running,
        memory=max(memory_needed(each.driver, each.replicates, len(log_edges(each.horizon))) for each in readies),
        free=memory_free(experiment.device),
        capped=ends,
    )


def _missing(programs: list[Program], folder: Path) -> list[Program]:
    """Return the programs with the points that are not done, without those of which all are."""
    left = ((ready, [point for point in points if not (folder / point.part).is_file()]) for ready, points in programs)
    return [Program(ready, points) for ready, points in left if points]


def _onwards(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda samples: progress(done + samples, total)


class _Probe(NamedTuple):
    compiling: float  # seconds
    point: float  # seconds of a point besides its samples
    sample: float  # seconds of one sample of all runs of a point


def _probe(program: Program, experiment: Experiment) -> _Probe:
    """Time a short run twice, and a longer one: the first compiles, the others tell a point from its samples."""
    ready, point = program.ready, program.points[0]
    horizons = [min(length, ready.horizon) for length in (PROBE, PROBE, 4 * PROBE)]
    seconds = []
    for horizon in horizons:
        start = perf_counter()
        point_curves(ready, point._replace(horizon=horizon), experiment)
        seconds.append(perf_counter() - start)
    compiled, short, long = seconds
    further = max(horizons[2] - horizons[1], 1)
    sample = min(max(long - short, 0.0) / further, short / horizons[1])
    return _Probe(max(compiled - short, 0.0), short - sample * horizons[1], sample)
