"""An experiment of tasks: a grid of tasks, networks, widths, rows, weight decays and seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ..._core.devices import Precision
from ...learners._neural.recipe import read_recipe
from ...simulator._tasks.find import find_task


class TaskExperiment(NamedTuple):
    """A grid of networks to train and the settings that they share.

    Attributes:
        name: Name of the file, without its ending.
        text: Content of the file.
        tasks: ``NAME`` or ``NAME:option=value,..``.
        learners: Networks, ``NAME`` or ``NAME:option=value,..``.
        sizes: Sizes of every network, the widths; None: that of its words.
        rows: Rows of the training sets; None: as many as the task usually has.
        decay: Weight decays; None: that of the network's words.
        seeds: Seeds of set, exam, first parameters and batches, rising.
        steps: Updates of each run.
        exam: Rows of the exam; None: 2000, or all that are left of a domain of up to 10 000.
        precision: ``"float32"`` or ``"float64"``; None: float64 for sums, whose losses become tiny, else float32.
        device: As in ``find_devices``; None: JAX chooses.
        out: Folder for the results.
    """

    name: str
    text: str
    tasks: tuple[str, ...]
    learners: tuple[str, ...]
    sizes: tuple[int, ...] | None = None
    rows: tuple[int, ...] | None = None
    decay: tuple[float, ...] | None = None
    seeds: tuple[int, ...] = (0,)
    steps: int = 4000
    exam: int | None = None
    precision: Precision | None = None
    device: str | None = None
    out: Path = Path("runs")

    @property
    def grid(self) -> dict[str, tuple[Any, ...]]:
        """The values of each axis of the grid; None stands for the usual one."""
        axes = ("tasks", "learners", "sizes", "rows", "decay", "seeds")
        return {word: getattr(self, word) or (None,) for word in axes}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that all points share and that their numbers depend on."""
        return {word: getattr(self, word) for word in ("steps", "exam", "precision", "device")}

    @property
    def meanings(self) -> dict[str, str]:
        """What the words for tasks and networks stand for, with every option: defaults may change."""
        tasks = {word: find_task(word) for word in self.tasks}
        learners = {word: read_recipe(word, tasks[self.tasks[0]]).name for word in self.learners}
        return {word: process.name for word, process in tasks.items()} | learners
