"""The points of an experiment, in groups of one system, noise and learner: their random numbers, runs and files.

Seeds, horizons and the matrices of the system are data. Groups of one learner and one shape of system share one
compiled program.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import polars as pl

from ..._core.files import save_frame
from ..._core.jax_later import jax
from .._growth.curves import curves
from .._growth.output_units import in_noise_units
from .._location.options import Options
from .._location.simulated_runs import PreparedRun, check_horizon, prepare, run_prepared
from .experiment import Experiment

MAPPED = Path("/proc/self/maps")
MOST_MAPPED = 20_000  # pieces of memory; every compiled program maps some, and Linux allows a process 65 530


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
        return Path(
            *(f"{key}={quote(str(value), safe='')}" for key, value in words.items()), f"seed-{self.seed}.parquet"
        )

    @property
    def series(self) -> int:
        """The series of its random numbers: 64 bits of the SHA-256 of system and noise.

        It does not depend on the learner, the horizon or the rest of the grid. So learners are compared on the same
        runs, and a longer run begins as the shorter one does.
        """
        name = json.dumps([self.system, self.noise]).encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8], "big")


class Group(NamedTuple):
    """Points of one system, noise and learner, with the prepared run that computes them."""

    prepared: PreparedRun
    points: list[Point]


def groups_of(experiment: Experiment) -> list[Group]:
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
                grid = ((horizon, seed) for horizon in experiment.horizons for seed in experiment.seeds)
                groups.append(Group(prepared, [Point(word, learner, noise, *where) for where in grid]))
    return groups


def point_curves(
    prepared: PreparedRun, point: Point, experiment: Experiment, progress: Callable[[int], None] = lambda done: None
) -> pl.DataFrame:
    """Run one point and return its error curves (``SCHEMA``), with the columns ``noise``, ``steps`` and ``seed``.

    If rounding reaches the noise before ``steps`` samples, the curves end there.
    """
    horizon = point.horizon if prepared.trust is None else min(point.horizon, prepared.trust)
    sums = run_prepared(prepared, point.seed, horizon, noise=experiment.law, series=point.series, progress=progress)
    run = f"noise {point.noise}, {point.horizon} samples, seed {point.seed}"
    frame = curves(in_noise_units(sums, prepared.noise), prepared.learner, point.system, run=run)
    return frame.with_columns(
        learner=pl.lit(point.learner), noise=pl.lit(point.noise), steps=pl.lit(point.horizon, pl.Int64),
        seed=pl.lit(point.seed, pl.Int64),
    )  # fmt: skip


def missing_of(groups: list[Group], folder: Path) -> list[Group]:
    """Return the points that are not done, in their groups; a group that is done is left out."""
    left = (
        (prepared, [point for point in points if not (folder / point.part).is_file()]) for prepared, points in groups
    )
    return [Group(prepared, points) for prepared, points in left if points]


def write_part(
    prepared: PreparedRun, point: Point, experiment: Experiment, folder: Path, progress: Callable[[int], None]
) -> None:
    """Run a point and write its curves, whole or not at all; call ``progress`` with the samples done."""
    frame = point_curves(prepared, point, experiment, progress)
    part = folder / point.part
    part.parent.mkdir(parents=True, exist_ok=True)
    save_frame(frame, part)


def drop_compiled() -> None:
    """Drop the compiled programs if they map so many pieces of memory that the process would soon have none left."""
    if "jax" in sys.modules and MAPPED.exists() and len(MAPPED.read_bytes().splitlines()) > MOST_MAPPED:
        jax.clear_caches()  # type: ignore[no-untyped-call]
