"""What a sweep is made of: points, each with a part in the folder, in groups that one prepared piece of work computes.

Experiments of systems and of tasks differ in these alone; folder, lock, resume, cluster and plan are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from .experiment import AnyExperiment


class Point(Protocol):
    """One cell of the grid."""

    @property
    def part(self) -> Path:
        """Path of its results in the folder."""

    @property
    def cost(self) -> int:
        """Samples of a run of a system, updates of a network."""

    @property
    def words(self) -> str:
        """What it shares with its group, for a message."""


Save: TypeAlias = Callable[[Any, pl.DataFrame], None]  # a point that is done, and its frame
Done: TypeAlias = Callable[[int], None]  # what is done of the cost of all points that were asked for


class Work(Protocol):
    """Points that are computed in one way."""

    @property
    def alone(self) -> AnyExperiment:
        """The experiment reduced to this group, for a worker of a cluster."""

    def run(self, points: Sequence[Any], save: Save, progress: Done) -> None:
        """Compute points and save each one when it is done; ``progress`` may raise to end it early."""


class Group(NamedTuple):
    """Points, and the prepared work that computes them."""

    work: Any
    points: list[Any]


class Estimate(NamedTuple):
    """What the missing points of an experiment would take; see ``Plan``."""

    programs: int
    amount: int
    unit: str
    compiling: float
    running: float
    memory: int
    capped: dict[tuple[str, float], int]
