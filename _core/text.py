"""Numbers and versions in words."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions of what computes the numbers."""
    computing = ("ergoscope", "jax", "numpy", "polars")
    return dict(python=platform.python_version()) | {name: version(name) for name in computing}


def spaced(number: int) -> str:
    """Return a whole number with spaces between its thousands."""
    return f"{number:,}".replace(",", " ")


def spans(sizes: list[int]) -> str:
    """Return whole numbers in words: 0..3, 7."""
    parts: list[list[int]] = []
    for size in sizes:
        if parts and size == parts[-1][-1] + 1:
            parts[-1].append(size)
        else:
            parts.append([size])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}..{p[-1]}" for p in parts)
