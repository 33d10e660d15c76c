"""A task as a plant without memory: its inputs are u, its label is y, for files, pipes and MQTT.

Lines of characters are a stream of characters instead: y is the number of the next one, and there are no inputs.
"""

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
from .arithmetic.alphabet import END
from .process import Examples, Process, fresh, world_keys

BLOCK = 1024  # examples drawn with one key


class TaskChunk(NamedTuple):
    """A stretch of examples of all runs; the batch axis is first."""

    outputs: NDArray[np.float64]  # (batch, time, 1): the label, or the number of a character
    inputs: NDArray[np.float64]  # (batch, time, input); of characters (batch, time, 0)


def task_chunks(process: Process, steps: int, runs: int = 1, seed: int = 0) -> Iterator[TaskChunk]:
    """Yield fresh examples of a task as samples: u[t] is the input of example t, y[t] its label.

    Run i shows the world of seed + i, as a run of ``train`` with this seed has it. A finite domain shows rows of its
    training part at random, so that its exam stays unseen. Examples do not depend on the steps or the number of runs.

    A task of lines is shown as one row after another, character by character: a sample is one character, y[t] its
    number in ``process.characters``, and there is no u. Rows are shown as a whole, the question and the ``$`` that
    fill a row too, whatever of them is asked for.

    Args:
        process: The task.
        steps: Examples of each run; of lines, characters.
        runs: Independent runs.
        seed: Seed of the first run.

    Raises:
        ValueError: There are no steps or no runs.
    """
    check_count("steps", steps, 1)
    check_count("runs", runs, 1)
    check_seed(seed + runs - 1)
    source = fresh(process, BLOCK)
    samples = BLOCK * (process.inputs + 1 if process.characters else 1)
    with computing("float32", "cpu"):
        worlds = [world_keys(seed + run) for run in range(runs)]
        memories = [source.memory(keys[0]) for keys in worlds]
        draw = jax.jit(source.feed.batch_at)
        for block in range(-(-steps // samples)):
            rest = min(samples, steps - block * samples)
            drawn = [
                draw(memory, keys[0] if memory is None else keys[2], block)
                for memory, keys in zip(memories, worlds, strict=True)
            ]
            shown = [_shown(process, each) for each in drawn]
            yield TaskChunk(np.stack([y[:rest] for y, _ in shown]), np.stack([u[:rest] for _, u in shown]))


def _shown(process: Process, examples: Examples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outputs ``(sample, 1)`` and the inputs ``(sample, input)`` that examples are shown as."""
    x, y = np.asarray(examples.x, np.float64), np.asarray(examples.y, np.float64)
    if not process.characters:
        return y[:, None], x
    last = np.where(y[:, -1:] < 0, process.characters.index(END), y[:, -1:])  # the last one is not asked for: a fill
    tokens = np.concatenate([x, last], axis=1).reshape(-1, 1)
    return tokens, np.zeros((len(tokens), 0))


def task_trajectories(process: Process, steps: int, runs: int = 1, seed: int = 0) -> Iterator[Trajectories]:
    """Yield the chunks of ``task_chunks`` as stretches of recordings, for ``write_trajectories``."""
    inputs = () if process.characters else tuple(f"u{i + 1}" for i in range(process.inputs))
    for chunk in task_chunks(process, steps, runs, seed):
        lengths = np.full(runs, chunk.outputs.shape[1])
        yield Trajectories(chunk.outputs, chunk.inputs, lengths, None, ("y",), inputs, tuple(map(str, range(runs))))
