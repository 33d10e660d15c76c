"""Progress of long work: a function that the caller passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]  # done, total


def no_progress(done: int, total: int) -> None:
    """Report nothing."""


def part_of(progress: Progress, first: int, last: int, parts: int) -> Progress:
    """Return the progress of a piece of the work: from ``first`` to ``last`` of so many parts."""
    return lambda done, total: progress(first + (last - first) * done // total, parts)
