"""The networks of a study in parts: what they cost, and the training of those that are not in the folder yet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median_low
from typing import NamedTuple

import polars as pl

from ..._core.devices import is_cpu
from ..._core.progress import Progress
from ..._core.text import counted, duration, spaced
from ...learners._neural.train import Run, train
from .._emergence.training import Training, missing_runs, train_runs

FEWEST, PROBE, PROBE_SECONDS = 5, 320, 1.0  # updates of the probe, and the least time for them, if they are not so many


class Part(NamedTuple):
    """Networks that share a task and a recipe.

    Attributes:
        name: Folder of the part.
        training: What its runs share.
        runs: The runs.
    """

    name: str
    training: Training
    runs: tuple[Run, ...]


def train_parts(parts: Mapping[str, Part], folder: Path, progress: Progress) -> dict[str, pl.DataFrame]:
    """Return the curves of each part; a run that has ended in the folder is not trained again."""
    total = sum(part.training.steps * len(part.runs) for part in parts.values())
    made: dict[str, pl.DataFrame] = {}
    before = 0
    for name, part in parts.items():
        done_before = before
        made[name] = train_runs(
            part.training,
            part.runs,
            folder / name,
            lambda done, _: progress(done_before + done, total),  # noqa: B023
        )
        before += part.training.steps * len(part.runs)
    return made


def cost_sentence(parts: Mapping[str, Part], folder: Path, seconds: Callable[[Part, Run], float] | None = None) -> str:
    """Return what the runs that are missing in the folder cost: their number, their updates, and the time.

    Args:
        parts: The parts of the study.
        folder: Where ended runs are.
        seconds: Time of one update of a run; by default measured on one run of each part.
    """
    missing = {name: missing_runs(part.runs, folder / name) for name, part in parts.items()}
    count = sum(map(len, missing.values()))
    known = sum(len(part.runs) for part in parts.values())
    if not count:
        return f"all {counted(known, 'network')} have been trained before; they are in {folder}."
    time_needed, updates = 0.0, 0
    for name, runs in missing.items():
        if runs:
            part = parts[name]
            like = median_low(sorted(_work(part, run) for run in runs))
            probed = next(run for run in runs if _work(part, run) == like)
            each = (seconds or update_seconds)(part, probed)
            time_needed += part.training.steps * each * sum(_work(part, run) / like for run in runs)
            updates += part.training.steps * len(runs)
    threads = min(os.cpu_count() or 1, count)
    there = f", {known - count} more have been trained before" if count < known else ""
    return (
        f"{counted(count, 'network')} and {spaced(updates)} updates{there}: about {duration(time_needed / threads)} on "
        f"{counted(threads, 'thread')}. Ctrl-C keeps the networks that are done; the same command goes on."
    )


def update_seconds(part: Part, run: Run) -> float:
    """Return the seconds that one update of a run takes on one thread, measured."""
    training = part.training
    clock = time.process_time if is_cpu(training.device) else time.perf_counter  # beside other work a CPU waits

    def timed(updates: int) -> float:
        begun = clock()
        train(
            training.recipe.model,
            training.process,
            [run],
            [0, updates],
            batch=training.recipe.batch,
            optimiser=training.recipe.optimiser,
            exam=training.exam,
            precision=training.precision,
            device=training.device,
        )
        return clock() - begun

    timed(1)  # compiles
    once = min(timed(1) for _ in range(2))  # mostly the exam, not the update
    updates, further = FEWEST, timed(1 + FEWEST) - once
    while further < PROBE_SECONDS and updates < PROBE:
        updates *= 4
        further = timed(1 + updates) - once
    return further / updates if further > 0 else once


def _work(part: Part, run: Run) -> int:
    return run.size * (part.training.recipe.batch or run.rows or 1)
