"""How sizes and matrices are written on the command line."""

from __future__ import annotations

import json
from typing import Any


def parse_sizes(text: str) -> list[int]:
    """Return the sizes that ``0..32`` or ``1,2,4..8`` names, rising.

    Raises:
        ValueError: Not whole numbers, negative, or not rising.
    """
    sizes: list[int] = []
    for part in text.split(","):
        first, dots, last = part.strip().partition("..")
        if not (first.isdecimal() and (last.isdecimal() or not dots)):
            raise ValueError(f"sizes are written 0..32 or 1,2,4..8, got {text!r}.")
        span = range(int(first), int(last if dots else first) + 1)
        if not span or (sizes and span[0] <= sizes[-1]):
            raise ValueError(f"sizes must rise, got {text!r}: write the smaller one first.")
        if len(sizes) + len(span) > 100_000:
            raise ValueError(f"{text!r} are more than 100 000 sizes.")
        sizes += span
    return sizes


def parse_matrix(word: str, text: str | None) -> Any:
    """Return the number or nested list that a text such as ``0.1`` or ``[[1, 0], [0, 1]]`` stands for.

    Raises:
        ValueError: It is neither.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if isinstance(value, bool) or not isinstance(value, (int, float, list)):
        raise ValueError(f"{word} must be a number or a matrix such as [[1, 0], [0, 1]], got {text!r}.")
    return value
