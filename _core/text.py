"""Numbers, versions and near misses in words."""

from __future__ import annotations

import difflib
import platform
from collections.abc import Iterable
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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that says a word is not known: the nearest one that is, or a full stop."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.5)
    return f"; did you mean {folded[near[0]]!r}?" if near else "."
