"""Whole numbers as they are written: ``0..16`` or ``1,2,4..8``."""

from __future__ import annotations

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


def check_count(word: str, value: int, least: int) -> int:
    """Return a whole number, or say what was expected."""
    if int(value) != value or value < least:
        raise ValueError(f"{word} must be a whole number of at least {least}, got {value}.")
    return int(value)
