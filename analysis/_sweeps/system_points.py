"""The points of an experiment of systems, in groups of one system, noise and learner: their random numbers and runs.

Seeds, horizons and the matrices of the system are data. Groups of one learner and one shape of system share one
compiled program.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import polars as pl

from ..._core.part_folder import part_path
from ...learners._engine.memory import memory_needed
from .._growth.curves import curves, log_edges
from .._growth.output_units import in_noise_units
from .._location.options import Options
from .._location.simulated_runs import PreparedRun, check_horizon, prepare, run_prepared
from .experiment import Experiment
from .group import Done, Estimate, Group, Save

PROBE = 1024  # samples of each run


class Point(NamedTuple):
    """One cell of the grid. All sizes are predicted at once, so the size is no axis of the grid."""

    system: str
    learner: str
    noise: float
    horizon: int
    seed: int

    @property
    def part(self) -> Path:
        """Path of its curves in the folder: Hive partitions, one file for each seed."""
        words = dict(system=self.system, learner=self.learner, noise=self.noise, steps=self.horizon)
        return part_path(words, self.seed)

    @property
    def cost(self) -> int:
        """Samples of a run."""
        return self.horizon

    @property
    def words(self) -> str:
        """Its group."""
        return f"{self.learner} on {self.system}, noise {self.noise:g}"

    @property
    def series(self) -> int:
        """The series of its random numbers: 64 bits of the SHA-256 of system and noise.

        It does not depend on the learner, the horizon or the rest of the grid. So learners are compared on the same
        runs, and a longer run begins as the shorter one does.
        """
        name = json.dumps([self.system, self.noise]).encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


class SystemRuns(NamedTuple):
    """Runs of one system, noise and learner."""

    prepared: PreparedRun
    alone: Experiment

    def run(self, points: Sequence[Point], save: Save, progress: Done) -> None:
        """Run the points one after another."""
        done = 0
        for point in points:
            progress(done)
            save(point, self.curves_of(point, lambda samples, before=done: progress(before + samples)))  # type: ignore[misc]
            done += point.horizon

    def curves_of(self, point: Point, progress: Callable[[int], None] = lambda done: None) -> pl.DataFrame:
        """Run one point and return its error curves (``SCHEMA``), with the columns ``noise``, ``steps`` and ``seed``.

        If rounding reaches the noise before ``steps`` samples, the curves end there.
        """
        prepared, law = self.prepared, self.alone.law
        horizon = point.horizon if prepared.trust is None else min(point.horizon, prepared.trust)
        sums = run_prepared(prepared, point.seed, horizon, noise=law, series=point.series, progress=progress)
        run = f"noise {point.noise}, {point.horizon} samples, seed {point.seed}"
        frame = curves(in_noise_units(sums, prepared.noise), prepared.learner, point.system, run=run)
        return frame.with_columns(
            learner=pl.lit(point.learner), noise=pl.lit(point.noise), steps=pl.lit(point.horizon, pl.Int64),
            seed=pl.lit(point.seed, pl.Int64),
        )  # fmt: skip


def system_groups(experiment: Experiment) -> list[Group]:
    """Return all points of an experiment in groups, after every check that needs no run.

    Raises:
        ValueError: A learner does not serve a system, a size or a horizon; the sizes do not fit into memory; a
            noise factor changes nothing. The message names the combination.
    """
    groups = []
    for word, plant in experiment.plants.items():
        if experiment.noise != (1.0,) and not plant.R.any():
            raise ValueError(f"{word} has R = 0, and a factor does not change it: take noise = [1] for it.")
        for noise in experiment.noise:
            system = plant.replace(R=noise * plant.R)
            for learner in experiment.learners:
                options = Options(
                    sizes=experiment.sizes,
                    horizon=max(experiment.horizons),
                    replicates=experiment.replicates,
                    seed=0,
                    precision=experiment.precision,
                    device=experiment.device,
                    learner=learner,
                    lookaheads=experiment.lookaheads,
                    inputs_ahead=None,
                    progress=lambda done, total: None,
                )
                try:
                    prepared = prepare(system, options, experiment.inputs)
                    for horizon in experiment.horizons:
                        check_horizon(prepared.learner, horizon, prepared.trust)
                except ValueError as exc:
                    raise ValueError(f"{experiment.name}: {word} with {learner}: {exc}") from exc
                alone = experiment._replace(plants={word: plant}, noise=(noise,), learners=(learner,))
                grid = ((horizon, seed) for horizon in experiment.horizons for seed in experiment.seeds)
                points = [Point(word, learner, noise, *where) for where in grid]
                groups.append(Group(SystemRuns(prepared, alone), points))
    return groups


def system_estimate(groups: list[Group], missing: list[Group], experiment: Experiment) -> Estimate:
    """Estimate the missing points from runs of 1024 and 4096 samples of each learner and shape of system."""
    alike: dict[tuple[object, ...], list[Group]] = {}
    for group in missing:
        system = group.work.prepared.system
        shape = group.points[0].learner, system.states, system.outputs, system.inputs, system.time_varying
        alike.setdefault(shape, []).append(group)
    compiling, running = 0.0, 0.0
    for some in alike.values():
        probe = _probe(some[0])
        horizons = [point.horizon for _, points in some for point in points]
        compiling += probe.compiling
        running += len(horizons) * probe.point + sum(horizons) * probe.sample
    runs = [(work.prepared, points[0]) for work, points in groups]
    return Estimate(
        programs=len(alike),
        amount=experiment.replicates * sum(point.horizon for _, points in missing for point in points),
        unit="samples to predict",
        compiling=compiling,
        running=running,
        memory=max(memory_needed(each.driver, each.replicates, len(log_edges(each.horizon))) for each, _ in runs),
        capped={(point.system, point.noise): each.horizon for each, point in runs if each.horizon < each.asked},
    )


class _Probe(NamedTuple):
    compiling: float  # seconds
    point: float  # seconds of a point, apart from its samples
    sample: float  # seconds of one sample of all runs of a point


def _probe(group: Group) -> _Probe:
    """Time a short run twice and a longer one: the first compiles; the others separate point and sample time."""
    work, point = group.work, group.points[0]
    horizons = [min(length, work.prepared.horizon) for length in (PROBE, PROBE, 4 * PROBE)]
    seconds = []
    for horizon in horizons:
        start = perf_counter()
        work.curves_of(point._replace(horizon=horizon))
        seconds.append(perf_counter() - start)
    compiled, short, long = seconds
    further = max(horizons[2] - horizons[1], 1)
    sample = min(max(long - short, 0.0) / further, short / horizons[1])
    return _Probe(max(compiled - short, 0.0), short - sample * horizons[1], sample)
