"""The points of an experiment of tasks, in groups of one task, network, set and width: one compiled program each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import polars as pl

from ..._core.devices import is_cpu
from ..._core.part_folder import part_path
from ...learners._neural.model import count
from ...learners._neural.recipe import read_recipe, usual_precision
from ...learners._neural.train import SIDE_BY_SIDE, Run
from ...simulator._tasks.find import find_task
from ...simulator._tasks.process import exam_rows
from .._emergence.training import Training, train_each
from .group import Done, Estimate, Group, Save
from .task_experiment import TaskExperiment

PROBE = 100  # updates


class TaskPoint(NamedTuple):
    """One network to train."""

    task: str
    learner: str
    size: int
    rows: int
    decay: float
    seed: int
    steps: int

    @property
    def part(self) -> Path:
        """Path of its curves in the folder: Hive partitions, one file for each seed."""
        words = dict(task=self.task, learner=self.learner, size=self.size, rows=self.rows, decay=self.decay)
        return part_path(words, self.seed)

    @property
    def cost(self) -> int:
        """Its updates."""
        return self.steps

    @property
    def words(self) -> str:
        """Its group."""
        return f"{self.learner} of size {self.size} on {self.task}, {self.rows} rows"


class TaskRuns(NamedTuple):
    """Networks of one size on sets of one length. On a CPU they run on threads, on a GPU side by side."""

    training: Training
    alone: TaskExperiment

    def run(self, points: Sequence[TaskPoint], save: Save, progress: Done) -> None:
        """Train the networks of the points."""
        knobs = self.training.recipe.knobs
        runs = [Run(point.size, point.rows, point.seed, knobs._replace(decay=point.decay)) for point in points]

        def ended(index: int, frame: pl.DataFrame) -> None:
            point = points[index]
            named = [pl.lit(point.task).alias("task"), pl.lit(point.learner).alias("learner")]
            save(point, frame.drop("run").select(*named, pl.all()))

        train_each(self.training, runs, ended, lambda done, total: progress(done))


def task_groups(experiment: TaskExperiment) -> list[Group]:
    """Return all points of an experiment in groups, after every check that needs no run.

    Raises:
        ValueError: A network does not take a task, or a task has not so many examples. The message names both.
    """
    groups = []
    for word, learner in product(experiment.tasks, experiment.learners):
        try:
            process = find_task(word)
            recipe = read_recipe(learner, process)
            if recipe.batch is not None and recipe.batch > min(experiment.rows or (process.rows,)):
                raise ValueError(f"a batch of {recipe.batch} rows is larger than a set: take fewer, or larger sets.")
            for rows in experiment.rows or (process.rows,):
                exam_rows(process, rows, experiment.exam)
        except ValueError as exc:
            raise ValueError(f"{experiment.name}: {word} with {learner}: {exc}") from exc
        precision = experiment.precision or usual_precision(process)
        training = Training(
            process, recipe, experiment.steps, exam=experiment.exam, precision=precision, device=experiment.device
        )
        training.settings  # noqa: B018  # names a device that is not there
        for rows, size in product(experiment.rows or (process.rows,), experiment.sizes or (recipe.size,)):
            alone = experiment._replace(tasks=(word,), learners=(learner,), rows=(rows,), sizes=(size,))
            cells = product(experiment.decay or (recipe.knobs.decay,), experiment.seeds)
            points = [TaskPoint(word, learner, size, rows, *cell, experiment.steps) for cell in cells]
            groups.append(Group(TaskRuns(training, alone), points))
    return groups


def task_estimate(groups: list[Group], missing: list[Group], experiment: TaskExperiment) -> Estimate:
    """Estimate the missing points from short runs of the cheapest and the dearest group of each task and network.

    An update is taken to cost a part that is the same for all groups and one that grows with rows x parameters.
    """
    alike: dict[tuple[str, str], list[Group]] = {}
    for group in missing:
        alike.setdefault((group.points[0].task, group.points[0].learner), []).append(group)
    compiling, running = 0.0, 0.0
    for some in alike.values():
        ordered = sorted(some, key=_products)
        ends = [ordered[0], ordered[-1]][: len(ordered)]
        probes = [_probe(group) for group in ends]
        compiling += len(some) * sum(compiled for compiled, _ in probes) / len(probes)
        (low, few), (high, many) = ((_products(ends[k]), probes[k][1]) for k in (0, -1))
        slope = max(many - few, 0.0) / max(high - low, 1)
        for group in some:
            updates = sum(point.steps for point in group.points)
            running += updates * (few + slope * (_products(group) - low))
    return Estimate(
        programs=len(missing),
        amount=sum(point.steps for _, points in missing for point in points),
        unit="updates to train",
        compiling=compiling,
        running=running,
        memory=max(_memory(group) for group in groups),
        capped={},
    )


def _products(group: Group) -> int:
    """Return what an update costs, apart from a factor: rows x parameters."""
    training, point = group.work.training, group.points[0]
    products: int = (training.recipe.batch or point.rows) * count(training.recipe.model, point.size)
    return products


def _memory(group: Group) -> int:
    """Return the bytes of the sets, the exams, the layers and the parameters of the runs of a group at one time."""
    training, point = group.work.training, group.points[0]
    at_once = min(_at_once(training), len(group.points))
    rows = point.rows + exam_rows(training.process, point.rows, training.exam)
    numbers = rows * (training.process.inputs + 4 * point.size) + 4 * count(training.recipe.model, point.size)
    needed: int = at_once * numbers * (4 if training.precision == "float32" else 8)
    return needed


def _at_once(training: Training) -> int:
    return (os.cpu_count() or 1) if is_cpu(training.device) else SIDE_BY_SIDE


def _probe(group: Group) -> tuple[float, float]:
    """Return the seconds to compile, and of one update of one run when as many run as may at a time."""
    training, points = group.work.training, group.points[: _at_once(group.work.training)]
    seconds = []
    for steps in (PROBE, PROBE, 4 * PROBE):
        short = TaskRuns(training._replace(steps=min(steps, training.steps)), group.work.alone)
        start = perf_counter()
        short.run(points, lambda point, frame: None, lambda done: None)
        seconds.append(perf_counter() - start)
    compiled, few, many = seconds
    further = max(min(4 * PROBE, training.steps) - min(PROBE, training.steps), 1)
    return max(compiled - few, 0.0), max(many - few, 0.0) / further / len(points)
