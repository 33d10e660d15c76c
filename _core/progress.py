"""How far long work is: a function that a caller hands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]  # done, in all


def no_progress(done: int, total: int) -> None:
    """Say nothing."""
