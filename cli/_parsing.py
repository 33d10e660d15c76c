"""How sizes and matrices are written on the command line."""

from __future__ import annotations

import json
from typing import Any

from .._core.ranges import parse_range


def parse_sizes(text: str) -> list[int]:
    """Return the sizes that ``0..32`` or ``1,2,4..8`` names, rising.

    Raises:
        ValueError: Not whole numbers, negative, or not rising.
    """
    return parse_range("sizes", text, "0..32 or 1,2,4..8")


def parse_lookaheads(text: str) -> list[int]:
    """Return the lookaheads that ``1,5,10`` or ``1..4`` names, rising from 1 on.

    Raises:
        ValueError: Not whole numbers, zero or negative, or not rising.
    """
    lookaheads = parse_range("lookaheads", text, "1,5,10 or 1..4")
    if lookaheads[0] < 1:
        raise ValueError(f"lookaheads are samples ahead, from 1 on, got {text!r}: 1 is the next sample.")
    return lookaheads


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


def parse_fraction(word: str, text: str) -> float:
    """Return the fraction that ``1%`` or ``0.01`` stands for.

    Raises:
        ValueError: It is no number.
    """
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"{word} must be a fraction such as 1% or 0.01, got {text!r}.") from None


def parse_names(text: str | list[str] | None) -> tuple[str, ...]:
    """Return the names in ``y1,y2``, or in several such texts."""
    texts = [text] if isinstance(text, str) else text or []
    return tuple(name.strip() for part in texts for name in part.split(",") if name.strip())


def parse_center(text: str) -> Any:
    """Return ``first``, ``none`` or the one known value that a text stands for.

    Raises:
        ValueError: It is none of them.
    """
    if text in ("first", "none"):
        return text
    try:
        return [float(text)]
    except ValueError:
        raise ValueError(f"--center must be first, none or a number, got {text!r}.") from None
