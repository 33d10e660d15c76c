"""Checks of what users hand in: whole numbers, ranges, counts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 100_000


def parse_range(word: str, text: str, example: str = "0..16 or 1,2,4..8") -> list[int]:
    """Return the whole numbers that a text names, rising.

    Args:
        word: What they are, for messages.
        text: Such as ``0..16`` or ``1,2,4..8``; both ends of a range belong to it.
        example: How they are written, for messages.

    Raises:
        ValueError: Not whole numbers, negative, not rising, or more than 100 000.
    """
    numbers: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        if not (first.isdecimal() and (last.isdecimal() or not dots)):
            raise ValueError(f"{word} are written {example}, got {text!r}.")
        span = range(int(first), int(last if dots else first) + 1)
        if not span or (numbers and span[0] <= numbers[-1]):
            raise ValueError(f"{word} must rise, got {text!r}: write the smaller one first.")
        if len(numbers) + len(span) > MOST:
            raise ValueError(f"{text!r} are more than 100 000 {word}.")
        numbers += span
    return numbers


def check_whole(word: str, values: Iterable[int] | ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers >= 0 as a vector, or raise ValueError."""
    array = np.asarray(values if hasattr(values, "__len__") else list(values))  # type: ignore[arg-type]
    if array.ndim != 1 or not (np.issubdtype(array.dtype, np.number) or array.size == 0):
        raise ValueError(f"{word} must be a list of whole numbers, got {values!r}.")
    whole = array.astype(np.int64)
    if (whole != array).any() or (whole < 0).any():
        raise ValueError(f"{word} must be whole numbers of at least 0, got {array[(whole != array) | (whole < 0)]}.")
    return whole


def check_lookahead(lookahead: int) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if int(lookahead) != lookahead or lookahead < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {lookahead}.")


def check_count(word: str, value: int, least: int) -> int:
    """Return a whole number, or say what was expected."""
    if int(value) != value or value < least:
        raise ValueError(f"{word} must be a whole number of at least {least}, got {value}.")
    return int(value)
