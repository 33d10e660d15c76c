"""Run the missing points of an experiment, or plan them: count, time and memory."""

from __future__ import annotations

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
        folder: Folder of the results.
        points: Points of the grid.
        done: Points whose results exist already.
        programs: Programs to compile: one for each learner and shape of system.
        samples: Samples that every size has to predict: horizon times replicates, summed over the missing points.
        compiling: Seconds to compile, estimated.
        running: Seconds to run, estimated from runs of 1024 and 4096 samples of each program.
        memory: Bytes that the largest program needs.
        free: Bytes free on the device.
        capped: (system, noise) whose runs end before their longest horizon, and the samples after which they end.
        cluster: Number of workers and of threads; None without a cluster.
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
    """Run every missing point of an experiment, and write its error curves as one part in the folder.

    Read the folder with ``scan_curves``: its partitions ``system=../learner=../noise=../steps=../`` hold one Parquet
    file for each seed. A sweep that was interrupted, by a crash too, continues where it ended. The numbers of a point
    depend on the point, the settings, the versions and the machine only; other machines agree within rounding.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: Folder for the results; by default ``experiment.out``.
        progress: Called with the samples done and the samples in all, those of one run of each point.
        cluster: Address of a Dask scheduler, or a ``distributed.Client`` of it, to run the points on its workers. They
            must see the folder under the same path and have the same versions. None: run on this machine.

    Returns:
        The folder.

    Raises:
        ValueError: A combination cannot be run, the folder is of another experiment or cannot be written to, no
            scheduler answers, or a worker has other versions or does not see the folder.
        ConnectionError: The scheduler ended, or workers died repeatedly at the same points.
    """
    groups = groups_of(experiment)
    with (
        _runner(cluster) as run,
        experiment_folder(experiment, experiment.out if folder is None else Path(folder)) as where,
    ):
        run(missing_of(groups, where), experiment, where, progress)
    return where


def plan_sweep(experiment: Experiment, folder: str | Path | None = None, cluster: str | Client | None = None) -> Plan:
    """Return what a sweep would do, with its estimated time and memory; write nothing.

    The estimate times short runs of the first system and noise for each learner and shape of system; the others share
    these compiled kernels.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: Folder for the results; by default ``experiment.out``.
        cluster: As in ``sweep``; the estimate is for this machine alone.

    Raises:
        ValueError: As in ``sweep``.
    """
    groups = groups_of(experiment)
    where = check_folder(experiment.out if folder is None else folder)
    check_recorded(experiment, where)
    missing, size = missing_of(groups, where), _size(cluster)
    alike: dict[tuple[object, ...], list[Group]] = {}
    for group in missing:
        system = group.prepared.system
        shape = group.points[0].learner, system.states, system.outputs, system.inputs, system.time_varying
        alike.setdefault(shape, []).append(group)
    compiling, running = 0.0, 0.0
    for some in alike.values():
        probe = _probe(some[0], experiment)
        horizons = [point.horizon for _, points in some for point in points]
        compiling += probe.compiling
        running += len(horizons) * probe.point + sum(horizons) * probe.sample
    runs = [prepared for prepared, _ in groups]
    points = [point for _, points in groups for point in points]
    left = [point for _, points in missing for point in points]
    ends = {
        (points[0].system, points[0].noise): prepared.horizon
        for prepared, points in groups
        if prepared.horizon < prepared.asked
    }
    return Plan(
        folder=where,
        points=len(points),
        done=len(points) - len(left),
        programs=len(alike),
        samples=experiment.replicates * sum(point.horizon for point in left),
        compiling=compiling,
        running=running,
        memory=max(memory_needed(each.driver, each.replicates, len(log_edges(each.horizon))) for each in runs),
        free=memory_free(experiment.device),
        capped=ends,
        cluster=size,
    )


@contextmanager
def _runner(cluster: str | Client | None) -> Iterator[_Run]:
    """Give the function that runs points: in this process, or on a cluster whose scheduler has answered."""
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
        from . import dask_client  # here, because its packages are an extra
    except ImportError as exc:
        raise ValueError(
            "a sweep on several machines needs an extra: in a checkout, pip install '.[cluster]'."
        ) from exc
    return dask_client


def _run_here(missing: list[Group], experiment: Experiment, folder: Path, progress: Progress) -> None:
    total, done = sum(point.horizon for _, points in missing for point in points), 0
    for prepared, points in missing:
        for point in points:
            write_part(prepared, point, experiment, folder, _onwards(progress, done, total))
            done += point.horizon
            progress(done, total)
        drop_compiled()


def _onwards(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda samples: progress(done + samples, total)


class _Probe(NamedTuple):
    compiling: float  # seconds
    point: float  # seconds of a point, apart from its samples
    sample: float  # seconds of one sample of all runs of a point


def _probe(group: Group, experiment: Experiment) -> _Probe:
    """Time a short run twice and a longer one: the first compiles; the others separate point and sample time."""
    prepared, point = group.prepared, group.points[0]
    horizons = [min(length, prepared.horizon) for length in (PROBE, PROBE, 4 * PROBE)]
    seconds = []
    for horizon in horizons:
        start = perf_counter()
        point_curves(prepared, point._replace(horizon=horizon), experiment)
        seconds.append(perf_counter() - start)
    compiled, short, long = seconds
    further = max(horizons[2] - horizons[1], 1)
    sample = min(max(long - short, 0.0) / further, short / horizons[1])
    return _Probe(max(compiled - short, 0.0), short - sample * horizons[1], sample)
