"""Let a network that was kept in a file go on with lines of characters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...simulator._tasks.find import find_task
from ...simulator._tasks.process import Process
from .checkpoint import Checkpoint, load_checkpoint
from .decode import completed
from .recipe import read_recipe


def complete_lines(
    checkpoint: str | Path | Checkpoint,
    prompts: Sequence[str],
    count: int,
    *,
    task: str | Process | None = None,
    device: str | None = None,
) -> list[str]:
    """Return the ``count`` characters that a trained network writes after each prompt, each time the likeliest one.

    Args:
        checkpoint: The network: a file of ``ergoscope emerge --keep``, or what ``load_checkpoint`` returned.
        prompts: Beginnings of lines of its task, such as ``"128+367="``, of any lengths.
        count: Characters to write after each one; nothing stops a line before.
        task: Its task; None: that which the file names.
        device: As in ``find_devices``.

    Raises:
        ValueError: There is no such file or task, the network writes no lines, or a prompt is empty, has unknown
            characters or leaves no room.
    """
    kept = checkpoint if isinstance(checkpoint, Checkpoint) else load_checkpoint(checkpoint)
    process = find_task(kept.task if task is None else task)
    model = read_recipe(kept.learner, process).model
    return completed(model, kept.parameters, process, prompts, count, device=device)
