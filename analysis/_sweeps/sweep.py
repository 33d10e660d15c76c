"""Run what is missing of an experiment, or tell beforehand what that would be."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ..._core.files import check_folder
from ..._core.progress import Progress, no_progress
from ...learners._engine.memory import memory_free, memory_needed
from .._growth.curves import log_edges
from .experiment import Experiment
from .folder import check_recorded, experiment_folder
from .points import Group, drop_compiled, groups_of, missing_of, point_curves, write_part

if TYPE_CHECKING:
    from distributed import Client

PROBE = 1024  # samples of each run

_Run: TypeAlias = Callable[[list[Group], Experiment, Path, Progress], None]


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
        capped: Groups of points, as (system, noise), that end before their longest horizon, and after how many samples.
        cluster: Workers and their threads, None without a cluster.
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
    cluster: tuple[int, int] | None


def sweep(
    experiment: Experiment,
    folder: str | Path | None = None,
    progress: Progress = no_progress,
    cluster: str | Client | None = None,
) -> Path:
    """Run every point of an experiment that is not done, and write its error curves as a part of the folder.

    The folder is read with ``scan_curves``: in partitions ``system=../learner=../noise=../steps=../`` lies one Parquet
    file a seed. A sweep that was ended anywhere, by a crash too, goes on where it was. A point's numbers hang on
    nothing but the point, the settings, the versions and the machine; on another machine they agree within rounding.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: For the results; by default the experiment's own.
        progress: Called with the samples done and the samples to be done, those of one run of each point.
        cluster: Address of a Dask scheduler, or a ``distributed.Client`` of it, to run the points on its workers. They
            must see the folder under the same path, and have the same versions. None: on this machine alone.

    Returns:
        The folder.

    Raises:
        ValueError: A combination that cannot be run, a folder of another experiment or that cannot be written in, no
            scheduler at the address, or a worker that has other versions or does not see the folder.
        ConnectionError: The scheduler went away, or workers died again and again of the same points.
    """
    groups = groups_of(experiment)
    with (
        _runner(cluster) as run,
        experiment_folder(experiment, experiment.out if folder is None else Path(folder)) as where,
    ):
        run(missing_of(groups, where), experiment, where, progress)
    return where


def plan_sweep(experiment: Experiment, folder: str | Path | None = None, cluster: str | Client | None = None) -> Plan:
    """Return what a sweep would do, and estimate what it would take; nothing is written.

    Short runs are timed, of the first system and noise of each learner and shape of system: all further ones find their
    kernels compiled.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: For the results; by default the experiment's own.
        cluster: As in ``sweep``; the estimate is of this machine alone.

    Raises:
        ValueError: What ``sweep`` refuses.
    """
    groups = groups_of(experiment)
    where = check_folder(experiment.out if folder is None else folder)
    check_recorded(experiment, where)
    missing, size = missing_of(groups, where), _size(cluster)
    alike: dict[tuple[object, ...], list[Group]] = {}
    for group in missing:
        system = group.ready.system
        shape = group.points[0].learner, system.states, system.outputs, system.inputs, system.time_varying
        alike.setdefault(shape, []).append(group)
    compiling, running = 0.0, 0.0
    for some in alike.values():
        probe = _probe(some[0], experiment)
        horizons = [point.horizon for _, points in some for point in points]
        compiling += probe.compiling
        running += len(horizons) * probe.point + sum(horizons) * probe.sample
    readies = [ready for ready, _ in groups]
    points = [point for _, points in groups for point in points]
    left = [point for _, points in missing for point in points]
    ends = {
        (points[0].system, points[0].noise): ready.horizon for ready, points in groups if ready.horizon < ready.asked
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
        cluster=size,
    )


@contextmanager
def _runner(cluster: str | Client | None) -> Iterator[_Run]:
    """Give what runs points: this process, or the workers of a cluster once its scheduler has answered."""
    if cluster is None:
        yield _run_here
        return
    with _distributed().connected(cluster) as client:
        yield partial(_distributed().run_on, client)


def _size(cluster: str | Client | None) -> tuple[int, int] | None:
    if cluster is None:
        return None
    with _distributed().connected(cluster) as client:
        found: tuple[int, int] = _distributed().size_of(client)
        return found


def _distributed() -> ModuleType:
    try:
        return importlib.import_module(".dask_client", __package__)
    except ImportError as exc:
        raise ValueError("several machines are an extra: pip install 'ergoscope[cluster]'.") from exc


def _run_here(missing: list[Group], experiment: Experiment, folder: Path, progress: Progress) -> None:
    total, done = sum(point.horizon for _, points in missing for point in points), 0
    for ready, points in missing:
        for point in points:
            write_part(ready, point, experiment, folder, _onwards(progress, done, total))
            done += point.horizon
            progress(done, total)
        drop_compiled()


def _onwards(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda samples: progress(done + samples, total)


class _Probe(NamedTuple):
    compiling: float  # seconds
    point: float  # seconds of a point besides its samples
    sample: float  # seconds of one sample of all runs of a point


def _probe(group: Group, experiment: Experiment) -> _Probe:
    """Time a short run twice, and a longer one: the first compiles, the others tell a point from its samples."""
    ready, point = group.ready, group.points[0]
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
