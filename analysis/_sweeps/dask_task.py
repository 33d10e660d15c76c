"""The task of a worker in a cluster: some points of one group.

Workers import this module. The next task of a worker finds the programs that it has compiled; nothing else is kept.
"""

from __future__ import annotations

import hashlib
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from distributed import Reschedule, Worker, get_worker

from ..._core.part_folder import write_part
from ..._core.text import versions
from .experiment import AnyExperiment
from .folder import EXPERIMENT
from .group import Point
from .points import drop_compiled, groups_of

SEEN_WITHIN = 10.0  # seconds; a shared folder may show a file of another machine with a delay


class SweepContext(NamedTuple):
    """What all tasks of one sweep share.

    Attributes:
        folder: Folder of the parts, under the path that the client and every worker see.
        digest: SHA-256 of the client's experiment.json, from ``digest_of``.
        versions: Versions of the packages of the client.
        topic: Topic of the events that name each part that was written.
    """

    folder: Path
    digest: str
    versions: dict[str, str]
    topic: str


class Task(NamedTuple):
    """Points of one group; a worker runs them.

    Attributes:
        points: The points to run.
        experiment: The experiment, reduced to their group.
    """

    points: tuple[Any, ...]
    experiment: AnyExperiment


def run_task(task: Task, context: SweepContext) -> None:
    """Write the missing parts of a task, and report each part to the client.

    The task ends soon after the client has gone, or after the sweep has failed on another worker.

    Raises:
        ValueError: This worker does not see the folder, has other versions, or cannot run or write a point.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def still_wanted(done: int = 0) -> None:
        state = worker.state.tasks.get(key)
        if state is None or state.state != "executing":
            raise Reschedule  # the scheduler drops a task that nobody wants

    def told(point: Point) -> None:
        worker.log_event(context.topic, str(point.part))

    def save(point: Point, frame: pl.DataFrame) -> None:
        write_part(frame, context.folder / point.part)
        told(point)

    try:
        check_worker(context)
        ((work, _),) = groups_of(task.experiment)
        missing = []
        for point in task.points:
            if (context.folder / point.part).is_file():
                told(point)
            else:
                missing.append(point)
        if missing:
            still_wanted()
            work.run(missing, save, still_wanted)
    except (ValueError, OSError) as exc:
        raise ValueError(f"worker {_name(worker)}: {exc}") from exc
    drop_compiled()


def check_worker(context: SweepContext) -> None:
    """Check that this worker sees the folder of the client and has the same versions.

    Raises:
        ValueError: It does not; the message names both sides and the remedy.
    """
    begun = time.monotonic()
    while digest_of(context.folder) != context.digest:
        if time.monotonic() - begun > SEEN_WITHIN:
            raise ValueError(
                f"{context.folder} does not exist here, or its {EXPERIMENT} is not that of the command: --out must be "
                "a folder that all machines share under the same path."
            )
        time.sleep(0.5)
    here = versions()
    other = [name for name in context.versions if here.get(name) != context.versions[name]]
    if other:
        both = ", ".join(f"{name} {here.get(name)} here and {context.versions[name]} there" for name in other)
        raise ValueError(f"its versions differ from those of the command, {both}: install the same on all machines.")


def digest_of(folder: Path) -> str | None:
    """Return the SHA-256 of a folder's experiment.json, None if there is none."""
    try:
        return hashlib.sha256((folder / EXPERIMENT).read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _name(worker: Worker) -> str:
    return f"{worker.name} on {platform.node()}"
