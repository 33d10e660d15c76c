"""Ranges of whole numbers, written ``0..16`` or ``1,2,4..8``."""

from __future__ import annotations

from math import isfinite, nan

MOST = 100_000


def parse_range(word: str, text: str, example: str = "0..16 or 1,2,4..8") -> list[int]:
    """Return the whole numbers that a text lists, in rising order.

    Args:
        word: What the numbers are, for messages.
        text: For example ``0..16`` or ``1,2,4..8``. A range includes both ends.
        example: An example of the notation, for messages.

    Raises:
        ValueError: The text has another form, a negative number, numbers that do not rise, or more than 100 000 of
            them.
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
            raise ValueError(f"{text!r} lists more than 100 000 {word}.")
        numbers += span
    return numbers


def parse_values(word: str, text: str, example: str = "600..1600:200 or 0.01,0.1,1") -> list[float]:
    """Return the numbers that a text lists: single ones, and ranges with a step.

    Args:
        word: What the numbers are, for messages.
        text: For example ``600..1600:200``, which includes both ends, ``1..5`` (by 1) or ``0.01,0.1,1``.
        example: An example of the notation, for messages.

    Raises:
        ValueError: The text has another form, a range has no step above 0 that fits between its ends, or there are more
            than 100 000 numbers.
    """
    numbers: list[float] = []
    for part in text.split(","):
        ends, colon, step = part.strip().partition(":")
        first, dots, last = ends.partition("..")
        try:
            low, high, by = float(first), float(last if dots else first), float(step if colon else 1)
        except ValueError:
            low, high, by = nan, nan, nan
        if not isfinite(low + high + by) or (colon and not dots):
            raise ValueError(f"{word} are written {example}, got {text!r}.")
        count = (high - low) / by if by > 0 else -1
        if count < 0 or abs(count - round(count)) > 1e-9 * max(count, 1):
            raise ValueError(
                f"{word}: from {first} to {last} there is no whole number of steps of {by:g}, in {text!r}."
            )
        if len(numbers) + count >= MOST:
            raise ValueError(f"{text!r} lists more than 100 000 {word}.")
        numbers += [low + i * by for i in range(round(count) + 1)]
    return numbers


def check_count(word: str, value: int, least: int) -> int:
    """Return a whole number of at least ``least``.

    Raises:
        ValueError: It is none.
    """
    if not _is_whole(value) or value < least:
        raise ValueError(f"{word} must be a whole number of at least {least}, got {value!r}.")
    return int(value)


def _is_whole(value: object) -> bool:
    try:
        return bool(int(value) == value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return False
