"""Run the missing points of an experiment, or plan them: count, time and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import polars as pl

from ..._core.files import check_folder
from ..._core.part_folder import write_part
from ..._core.progress import Progress, no_progress
from ...learners._engine.memory import memory_free
from .experiment import AnyExperiment
from .folder import check_recorded, experiment_folder
from .group import Group, Point
from .points import drop_compiled, estimate, groups_of, missing_of

if TYPE_CHECKING:
    from distributed import Client

_Run: TypeAlias = Callable[[list[Group], Path, Progress], None]


class Plan(NamedTuple):
    """What a sweep would do.

    Attributes:
        folder: Folder of the results.
        points: Points of the grid.
        done: Points whose results exist already.
        programs: Programs to compile: one for each learner and shape of system, or for each task, network, width and
            number of rows.
        amount: Of systems the samples that every size has to predict: horizon times replicates, summed over the
            missing points. Of tasks the updates.
        unit: What is counted: ``"samples to predict"`` or ``"updates to train"``.
        compiling: Seconds to compile, estimated.
        running: Seconds to run, estimated from short runs.
        memory: Bytes that the largest program needs.
        free: Bytes free on the device.
        capped: (system, noise) whose runs end before their longest horizon, and the samples after which they end.
        cluster: Number of workers and of threads; None without a cluster.
    """

    folder: Path
    points: int
    done: int
    programs: int
    amount: int
    unit: str
    compiling: float
    running: float
    memory: int
    free: int
    capped: dict[tuple[str, float], int]
    cluster: tuple[int, int] | None


def sweep(
    experiment: AnyExperiment,
    folder: str | Path | None = None,
    progress: Progress = no_progress,
    cluster: str | Client | None = None,
) -> Path:
    """Run every missing point of an experiment, and write its curves as one part in the folder.

    Read the folder of systems with ``scan_curves``: its partitions ``system=../learner=../noise=../steps=../`` hold one
    Parquet file for each seed. That of tasks is read by ``task_curves``. A sweep that was interrupted, by a crash too,
    continues where it ended. The numbers of a point depend on the point, the settings, the versions and the machine
    only; other machines agree within rounding.

    Args:
        experiment: What ``read_experiment`` returned.
        folder: Folder for the results; by default ``experiment.out``.
        progress: Called with the samples done and the samples in all, those of one run of each point; of tasks with the
            updates.
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
        run(missing_of(groups, where), where, progress)
    return where


def plan_sweep(
    experiment: AnyExperiment, folder: str | Path | None = None, cluster: str | Client | None = None
) -> Plan:
    """Return what a sweep would do, with its estimated time and memory; write nothing.

    The estimate times short runs: of systems, of the first system and noise for each learner and shape of system, whose
    compiled kernels the others share; of tasks, of the cheapest and the dearest width and rows.

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
    points = sum(len(points) for _, points in groups)
    found = estimate(groups, missing, experiment)._asdict()
    return Plan(
        folder=where,
        points=points,
        done=points - sum(len(points) for _, points in missing),
        free=memory_free(experiment.device),
        cluster=size,
        **found,
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


def _run_here(missing: list[Group], folder: Path, progress: Progress) -> None:
    total, done = sum(point.cost for _, points in missing for point in points), 0

    def save(point: Point, frame: pl.DataFrame) -> None:
        write_part(frame, folder / point.part)

    for work, points in missing:
        work.run(points, save, _onwards(progress, done, total))
        done += sum(point.cost for point in points)
        progress(done, total)
        drop_compiled()


def _onwards(progress: Progress, done: int, total: int) -> Callable[[int], None]:
    return lambda further: progress(done + further, total)
