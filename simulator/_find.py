"""What a word stands for: a system of the zoo, a file that describes one, or a recording."""

from __future__ import annotations

from pathlib import Path

from numpy.typing import ArrayLike

from ._read_system import read_system
from ._system import LinearSystem
from ._zoo import zoo


def find_system(
    where: str, Q: ArrayLike | None = None, R: ArrayLike | None = None, dt: float | None = None
) -> LinearSystem:
    """Return the system that a word names: ``plant.toml``, ``module.py:name``, or a name of the zoo.

    Args:
        where: The word.
        Q, R, dt: As in ``read_system``; a system of the zoo brings its own.

    Raises:
        ValueError: There is no such system, or it cannot be read.
    """
    if where.lower().endswith(".toml") or ":" in where:
        return read_system(where, Q, R, dt)
    system = zoo(where)
    if not (Q is None and R is None and dt is None):
        raise ValueError(f"{where} brings its own Q, R and dt; leave them out.")
    return system


def is_recording(where: str) -> bool:
    """Return whether a word names recorded runs: a CSV or Parquet file, there or not, a glob, or another path."""
    path = Path(where).expanduser()
    if path.suffix.lower() in (".toml", ".py") or ".py:" in where:
        return False
    return path.suffix.lower() in (".csv", ".parquet") or any(mark in where for mark in "*?[") or path.exists()
