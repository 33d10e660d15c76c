"""All points of an experiment, of systems or of tasks, and which of them are still to run."""

from __future__ import annotations

import sys
from pathlib import Path

from ..._core.jax_later import jax
from .experiment import AnyExperiment
from .group import Estimate, Group
from .system_points import system_estimate, system_groups
from .task_experiment import TaskExperiment
from .task_points import task_estimate, task_groups

MAPPED = Path("/proc/self/maps")
MOST_MAPPED = 20_000  # pieces of memory; every compiled program maps some, and Linux allows a process 65 530


def groups_of(experiment: AnyExperiment) -> list[Group]:
    """Return all points of an experiment in groups, after every check that needs no run.

    Raises:
        ValueError: A combination cannot be run; the message names it.
    """
    return task_groups(experiment) if isinstance(experiment, TaskExperiment) else system_groups(experiment)


def estimate(groups: list[Group], missing: list[Group], experiment: AnyExperiment) -> Estimate:
    """Return what the missing points would take, from short runs."""
    if isinstance(experiment, TaskExperiment):
        return task_estimate(groups, missing, experiment)
    return system_estimate(groups, missing, experiment)


def missing_of(groups: list[Group], folder: Path) -> list[Group]:
    """Return the points that are not done, in their groups; a group that is done is left out."""
    left = ((work, [point for point in points if not (folder / point.part).is_file()]) for work, points in groups)
    return [Group(work, points) for work, points in left if points]


def drop_compiled() -> None:
    """Drop the compiled programs if they map so many pieces of memory that the process would soon have none left."""
    if "jax" in sys.modules and MAPPED.exists() and len(MAPPED.read_bytes().splitlines()) > MOST_MAPPED:
        jax.clear_caches()  # type: ignore[no-untyped-call]
