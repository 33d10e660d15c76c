"""Systems by name, by file or as objects; and how recordings are told apart from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..._core.files import PATTERN_MARKS, RECORDING_SUFFIXES
from .linear_system import LinearSystem
from .read_system import as_system, read_system
from .zoo import zoo, zoo_names


def find_system(
    source: str | LinearSystem | Any,
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
    input_noise: ArrayLike | None = None,
) -> LinearSystem:
    """Return the system of a name, a file or an object.

    Args:
        source: ``plant.toml`` (text or a path), ``module.py:name`` or a name of the zoo; or a LinearSystem, a plant of
            python-control, or a function without arguments that returns one.
        Q, R, dt, delay, input_noise: As in ``read_system``; a system of the zoo has its own.

    Raises:
        ValueError: There is no such system, it is a recording, or its file cannot be read.
    """
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if not isinstance(source, str):
        return as_system(source, "the plant", Q, R, dt, delay, input_noise)
    if source.lower().endswith(".toml") or ":" in source:
        return read_system(source, Q, R, dt, delay, input_noise)
    if is_recording(source):
        raise ValueError(
            f"{source!r} is a recording, not a system: read it with simulator.read_recording({source!r}, "
            "outputs=[..]), and pass the result. Where a plant is wanted: a system of the zoo, plant.toml or "
            "module.py:name."
        )
    system = zoo(source)
    if any(given is not None for given in (Q, R, dt, delay, input_noise)):
        raise ValueError(f"{source} has its own Q, R and dt, and no delay; leave them out.")
    return system


def is_recording(where: str) -> bool:
    """Return whether a text names a recording: a suffix of one (existing or not), a pattern, or an existing path.

    A system of the zoo is a system, also beside a folder of its name; that folder is ``./NAME``.
    """
    path = Path(where).expanduser()
    if where in zoo_names() or path.suffix.lower() in (".toml", ".py") or ".py:" in where:
        return False
    return path.suffix.lower() in RECORDING_SUFFIXES or any(mark in where for mark in PATTERN_MARKS) or path.exists()
