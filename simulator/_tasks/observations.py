"""A task as a plant without memory: its inputs are u, its label is y, for files, pipes and MQTT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.checks import check_seed
from ..._core.devices import computing
from ..._core.jax_later import jax
from ..._core.ranges import check_count
from .._recordings.trajectories import Trajectories
from .process import Process, fresh, world_keys

BLOCK = 1024  # examples drawn with one key


class TaskChunk(NamedTuple):
    """A stretch of examples of all runs; the batch axis is first."""

    outputs: NDArray[np.float64]  # (batch, time, 1): the label
    inputs: NDArray[np.float64]  # (batch, time, input)


def task_chunks(process: Process, steps: int, runs: int = 1, seed: int = 0) -> Iterator[TaskChunk]:
    """Yield fresh examples of a task as samples: u[t] is the input of example t, y[t] its label.

    Run i shows the world of seed + i, as a run of ``train`` with this seed has it. A finite domain shows rows of its
    training part at random, so that its exam stays unseen. Examples do not depend on the steps or the number of runs.

    Args:
        process: The task; its labels are single numbers.
        steps: Examples of each run.
        runs: Independent runs.
        seed: Seed of the first run.

    Raises:
        ValueError: There are no steps or no runs.
    """
    check_count("steps", steps, 1)
    check_count("runs", runs, 1)
    check_seed(seed + runs - 1)
    source = fresh(process, BLOCK)
    with computing("float32", "cpu"):
        worlds = [world_keys(seed + run) for run in range(runs)]
        memories = [source.memory(keys[0]) for keys in worlds]
        draw = jax.jit(source.feed.batch_at)
        for block in range(-(-steps // BLOCK)):
            rows = min(BLOCK, steps - block * BLOCK)
            drawn = [
                draw(memory, keys[0] if memory is None else keys[2], block)
                for memory, keys in zip(memories, worlds, strict=True)
            ]
            yield TaskChunk(
                np.stack([np.asarray(each.y, np.float64)[:rows, None] for each in drawn]),
                np.stack([np.asarray(each.x, np.float64)[:rows] for each in drawn]),
            )


def task_trajectories(process: Process, steps: int, runs: int = 1, seed: int = 0) -> Iterator[Trajectories]:
    """Yield the chunks of ``task_chunks`` as stretches of recordings, for ``write_trajectories``."""
    inputs = tuple(f"u{i + 1}" for i in range(process.inputs))
    for chunk in task_chunks(process, steps, runs, seed):
        lengths = np.full(runs, chunk.outputs.shape[1])
        yield Trajectories(chunk.outputs, chunk.inputs, lengths, None, ("y",), inputs, tuple(map(str, range(runs))))
