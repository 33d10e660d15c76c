"""What a worker of a cluster does: some points of one group. It keeps nothing but what is compiled.

This module is imported on the workers, so that what they compile is found again by their next task.
"""

from __future__ import annotations

import hashlib
import platform
import time
from pathlib import Path
from typing import NamedTuple

from distributed import Reschedule, Worker, get_worker

from ..._core.text import versions
from .experiment import Experiment
from .folder import EXPERIMENT
from .points import Point, drop_compiled, groups_of, write_part

SEEN_WITHIN = 10.0  # seconds; a shared folder may show what another machine has just written a little later


class SweepContext(NamedTuple):
    """What all tasks of a sweep share.

    Attributes:
        folder: Where the parts go, as the client and every worker see it.
        digest: SHA-256 of the client's experiment.json, see ``digest_of``.
        versions: Of the packages of the client.
        topic: Under which each part that is there is told to the client.
    """

    folder: Path
    digest: str
    versions: dict[str, str]
    topic: str


class Task(NamedTuple):
    """Points of one system, noise and learner, that a worker runs one after another.

    Attributes:
        points: What is to be run.
        experiment: With their system, noise and learner alone.
    """

    points: tuple[Point, ...]
    experiment: Experiment


def run_task(task: Task, sweep: SweepContext) -> None:
    """Write the parts of a task that are not there yet, and tell the client of each that is.

    It ends soon after nobody wants it any more: the client went away, or the sweep has failed elsewhere.

    Raises:
        ValueError: This worker does not see the folder, has other versions, or cannot run or write a point.
    """
    worker = get_worker()
    key = worker.get_current_task()

    def still_wanted(samples: int = 0) -> None:
        state = worker.state.tasks.get(key)
        if state is None or state.state != "executing":
            raise Reschedule  # a task that is not wanted is then forgotten

    try:
        check_here(sweep)
        ((ready, _),) = groups_of(task.experiment)
        for point in task.points:
            if not (sweep.folder / point.part).is_file():
                still_wanted()
                write_part(ready, point, task.experiment, sweep.folder, still_wanted)
            worker.log_event(sweep.topic, str(point.part))
    except (ValueError, OSError) as exc:
        raise ValueError(f"worker {_name(worker)}: {exc}") from exc
    drop_compiled()


def check_here(sweep: SweepContext) -> None:
    """Say so where this machine does not see the client's folder, or has other versions than the client.

    Raises:
        ValueError: The message names both sides and the remedy.
    """
    begun = time.monotonic()
    while digest_of(sweep.folder) != sweep.digest:
        if time.monotonic() - begun > SEEN_WITHIN:
            raise ValueError(
                f"{sweep.folder} is not there, or holds another {EXPERIMENT} than the command's: --out must be "
                "a folder that all machines share, under one path."
            )
        time.sleep(0.5)
    here = versions()
    other = [name for name in sweep.versions if here.get(name) != sweep.versions[name]]
    if other:
        both = ", ".join(f"{name} {here.get(name)} here and {sweep.versions[name]} there" for name in other)
        raise ValueError(f"its versions are not those of the command, {both}: install the same on all machines.")


def digest_of(folder: Path) -> str | None:
    """Return the SHA-256 of a folder's experiment.json, None where there is none."""
    try:
        return hashlib.sha256((folder / EXPERIMENT).read_bytes()).hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _name(worker: Worker) -> str:
    return f"{worker.name} on {platform.node()}"
