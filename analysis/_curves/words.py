"""Numbers and places in the words of a table of errors."""

from __future__ import annotations

from collections.abc import Sequence

from .._emergence.sentences import axis_words, number_words

LONG = 1e6  # numbers from here on are written with a power of ten


def short(value: float) -> str:
    """Return a number with three digits, a long one with a power of ten: 0.03, 982, 12 500, 3.18e11."""
    return f"{value:.3g}".replace("e+0", "e").replace("e+", "e") if abs(value) >= LONG else number_words(value)


def place(axis: str, value: float) -> str:
    """Return a place on an axis: ``3.2e9 tokens``, ``step 1000``."""
    return axis_words(axis, short(value))


def listed(values: Sequence[float], most: int = 6) -> str:
    """Return numbers with commas; of many the first and the last ones."""
    words = [short(value) for value in values]
    return ", ".join(words if len(words) <= most else [*words[: most - 3], "..", *words[-2:]])
