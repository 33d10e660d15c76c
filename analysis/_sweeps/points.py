"""The points of an experiment, in groups of one system, noise and learner; what each point draws and leaves behind.

Seeds, horizons and the matrices of the system are data: groups of one learner and one shape of system are one compiled
program.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import jax
import numpy as np
import polars as pl
from jaxtyping import PRNGKeyArray

from ..._core.files import save_frame
from .._growth.curves import curves
from .._location.options import Options
from .._location.simulated_runs import PreparedRun, check_horizon, prepare, run_prepared
from .experiment import Experiment


class Point(NamedTuple):
    """One cell of the grid; all sizes are predicted at once, so that they are no axis of it."""

    system: str
    learner: str
    noise: float
    horizon: int
    seed: int

    @property
    def part(self) -> Path:
        """Where its curves lie in the folder: partitions as Hive names them, one file a seed."""
        words = dict(system=self.system, learner=self.learner, noise=self.noise, steps=self.horizon)
        return Path(
            *(f"{key}={quote(str(value), safe='')}" for key, value in words.items()), f"seed-{self.seed}.parquet"
        )

    @property
    def key(self) -> PRNGKeyArray:
        """Random key of its runs: the seed's, folded with 32 bits of the SHA-256 of system and noise.

        It hangs neither on the rest of the grid nor on the learner and the horizon: learners are compared on the same
        runs, and a longer run begins as the shorter one.
        """
        name = json.dumps([self.system, self.noise]).encode()
        world = np.frombuffer(hashlib.sha256(name).digest(), ">u4")[0]
        return jax.random.fold_in(jax.random.key(self.seed), np.uint32(world))


class Group(NamedTuple):
    """Points of one system, noise and learner, with what runs them."""

    ready: PreparedRun
    points: list[Point]


def groups_of(experiment: Experiment) -> list[Group]:
    """Return all that an experiment would run, after every check that needs no run.

    Raises:
        ValueError: A learner that cannot have a system, a size or a horizon; what does not fit into memory; a noise
            that changes nothing. The message names the combination.
    """
    groups = []
    for word, plant in experiment.plants.items():
        if experiment.noise != (1.0,) and not plant.R.any():
            raise ValueError(f"{word} has R = 0, which a factor on it leaves as it is: take noise = [1] for it.")
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
                    ready = prepare(system, options, experiment.inputs)
                    for horizon in experiment.horizons:
                        check_horizon(ready.learner, horizon, ready.trust)
                except ValueError as exc:
                    raise ValueError(f"{experiment.name}: {word} with {learner}: {exc}") from exc
                grid = ((horizon, seed) for horizon in experiment.horizons for seed in experiment.seeds)
                groups.append(Group(ready, [Point(word, learner, noise, *where) for where in grid]))
    return groups


def point_curves(
    ready: PreparedRun, point: Point, experiment: Experiment, progress: Callable[[int], None] = lambda done: None
) -> pl.DataFrame:
    """Run one point and return its error curves (``SCHEMA``), with the columns ``noise``, ``steps`` and ``seed``.

    Where rounding reaches the noise before ``steps`` samples, the curves end there.
    """
    horizon = point.horizon if ready.trust is None else min(point.horizon, ready.trust)
    sums = run_prepared(ready, point.key, horizon, noise=experiment.law, progress=progress)
    run = f"noise {point.noise}, {point.horizon} samples, seed {point.seed}"
    frame = curves(sums, ready.learner, point.system, run=run)
    return frame.with_columns(
        learner=pl.lit(point.learner), noise=pl.lit(point.noise), steps=pl.lit(point.horizon, pl.Int64),
        seed=pl.lit(point.seed, pl.Int64),
    )  # fmt: skip


MAPPED = Path("/proc/self/maps")


MOST_MAPPED = 20_000  # pieces of memory; every compiled program maps some, and Linux lets a process have 65 530


def missing_of(groups: list[Group], folder: Path) -> list[Group]:
    """Return the groups with the points that are not done, without those of which all are."""
    left = ((ready, [point for point in points if not (folder / point.part).is_file()]) for ready, points in groups)
    return [Group(ready, points) for ready, points in left if points]


def write_part(
    ready: PreparedRun, point: Point, experiment: Experiment, folder: Path, progress: Callable[[int], None]
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
