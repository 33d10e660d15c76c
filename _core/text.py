"""Text for messages: numbers, versions, suggestions."""

from __future__ import annotations

import difflib
import platform
from collections.abc import Iterable
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the numbers."""
    computing = ("ergoscope", "jax", "numpy", "polars")
    return dict(python=platform.python_version()) | {name: version(name) for name in computing}


def spaced(number: int) -> str:
    """Return a whole number with a space between groups of three digits: 12 345."""
    return f"{number:,}".replace(",", " ")


def counted(number: int, word: str) -> str:
    """Return a number with its word: 1 stream, 2 streams."""
    return f"{number} {word}{'s' * (number != 1)}"


def spans(sizes: list[int]) -> str:
    """Return whole numbers as text, with ranges: 0..3, 7."""
    parts: list[list[int]] = []
    for size in sizes:
        if parts and size == parts[-1][-1] + 1:
            parts[-1].append(size)
        else:
            parts.append([size])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}..{p[-1]}" for p in parts)


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: 12.3 s, 45 min, 7.5 h, 30 days or 12 years."""
    for limit, length, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"), (6.3e7, 86_400, "days")):
        if seconds < limit:
            return f"{seconds / length:.{1 if unit in ('s', 'h') else 0}f} {unit}"
    return f"{spaced(round(seconds / 31_557_600))} years"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'NAME'?`` for the known name nearest to a word, or a full stop if none is near."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.5)
    return f"; did you mean {folded[near[0]]!r}?" if near else "."


def printable(text: str, longest: int | None = 60) -> str:
    """Return a text that cannot control a terminal, at most so many characters long; None is any length."""
    safe = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return safe if longest is None or len(safe) <= longest else safe[: longest - 2] + ".."


def printable_lines(text: str) -> str:
    """Return lines that cannot control a terminal."""
    return "\n".join(printable(line, None) for line in text.split("\n"))
