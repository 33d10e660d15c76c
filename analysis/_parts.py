"""The parts of an experiment's folder: which are missing, and how one is made. What is there is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax

from ._experiment import Experiment
from ._folder import save_frame
from ._points import Group, Point, point_curves
from ._simulated import Ready

MAPPED = Path("/proc/self/maps")
MOST_MAPPED = 20_000  # pieces of memory; every compiled program maps some, and Linux lets a process have 65 530


def missing_of(groups: list[Group], folder: Path) -> list[Group]:
    """Return the groups with the points that are not done, without those of which all are."""
    left = ((ready, [point for point in points if not (folder / point.part).is_file()]) for ready, points in groups)
    return [Group(ready, points) for ready, points in left if points]


def write_part(
    ready: Ready, point: Point, experiment: Experiment, folder: Path, progress: Callable[[int], None]
) -> None:
    """Run a point and write its curves, whole or not at all; ``progress`` is called with the samples done."""
    frame = point_curves(ready, point, experiment, progress)
    part = folder / point.part
    part.parent.mkdir(parents=True, exist_ok=True)
    save_frame(frame, part)


def drop_compiled() -> None:
    """Drop what is compiled where it maps so many pieces of memory that the process would soon be out of them."""
    if MAPPED.exists() and len(MAPPED.read_bytes().splitlines()) > MOST_MAPPED:
        jax.clear_caches()  # type: ignore[no-untyped-call]
