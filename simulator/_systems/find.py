"""What a word stands for: a system of the zoo, a file that describes one, or a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from .linear_system import LinearSystem
from .read_system import as_system, read_system
from .zoo import zoo


def find_system(
    source: str | LinearSystem | Any,
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
) -> LinearSystem:
    """Return the system that a word names, or that an object is.

    Args:
        source: ``plant.toml``, ``module.py:name`` or a name of the zoo; or a LinearSystem, a plant of python-control,
            or a function without arguments that returns one.
        Q, R, dt, delay: As in ``read_system``; a system of the zoo brings its own.

    Raises:
        ValueError: There is no such system, or it cannot be read.
    """
    if not isinstance(source, str):
        return as_system(source, "the plant", Q, R, dt, delay)
    if source.lower().endswith(".toml") or ":" in source:
        return read_system(source, Q, R, dt, delay)
    system = zoo(source)
    if any(given is not None for given in (Q, R, dt, delay)):
        raise ValueError(f"{source} brings its own Q, R and dt, and no delay; leave them out.")
    return system


def is_recording(where: str) -> bool:
    """Return whether a word names recorded runs: a CSV or Parquet file, there or not, a glob, or another path."""
    path = Path(where).expanduser()
    if path.suffix.lower() in (".toml", ".py") or ".py:" in where:
        return False
    return path.suffix.lower() in (".csv", ".parquet") or any(mark in where for mark in "*?[") or path.exists()
