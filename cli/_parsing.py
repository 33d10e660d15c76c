"""Parse the text of sizes, matrices, fractions and names on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .._core.ranges import parse_range, parse_values


def parse_sizes(text: str) -> list[int]:
    """Return the rising sizes of a text such as ``0..32`` or ``1,2,4..8``.

    Raises:
        ValueError: They are no whole numbers, negative, or not rising.
    """
    return parse_range("sizes", text, "0..32 or 1,2,4..8")


def parse_lookaheads(text: str) -> list[int]:
    """Return the rising lookaheads of a text such as ``1,5,10`` or ``1..4``, from 1 on.

    Raises:
        ValueError: They are no whole numbers, below 1, or not rising.
    """
    lookaheads = parse_range("lookaheads", text, "1,5,10 or 1..4")
    if lookaheads[0] < 1:
        raise ValueError(f"lookaheads are samples ahead, from 1 on, got {text!r}: 1 is the next sample.")
    return lookaheads


def parse_axis(word: str, text: str) -> list[float]:
    """Return the numbers of a text such as ``600..1600:200`` or ``0.01,0.1,1``; whole ones as whole numbers.

    Raises:
        ValueError: The text has another form.
    """
    return [int(number) if number == int(number) else number for number in parse_values(word, text)]


def parse_matrix(word: str, text: str | None) -> Any:
    """Return the number or the nested list of a text such as ``0.1`` or ``[[1, 0], [0, 1]]``.

    Raises:
        ValueError: The text is neither.
    """
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, (int, float, list)):
        raise ValueError(f"{word} must be a number or a matrix such as [[1, 0], [0, 1]], got {text!r}.")
    return value


def parse_path(text: str) -> Path:
    """Return a path. An empty text, as of a shell variable that is not set, is not the working folder.

    Raises:
        ValueError: The text is empty.
    """
    if not text.strip():
        raise ValueError("a path must not be empty: write . for the working folder.")
    return Path(text)


def parse_fraction(word: str, text: str, usual: str = "1% or 0.01") -> float:
    """Return the fraction of a text such as ``1%`` or ``0.01``.

    Raises:
        ValueError: The text is no number.
    """
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"{word} must be a fraction such as {usual}, got {text!r}.") from None


def parse_names(text: str | list[str] | None) -> tuple[str, ...]:
    """Return the names of a text such as ``y1,y2``, or of several such texts."""
    texts = [text] if isinstance(text, str) else text or []
    return tuple(name.strip() for part in texts for name in part.split(",") if name.strip())


def parse_center(text: str) -> Any:
    """Return ``first``, ``none``, or a list of the one number in the text.

    Raises:
        ValueError: The text is none of them.
    """
    if text in ("first", "none"):
        return text
    try:
        return [float(text)]
    except ValueError:
        raise ValueError(f"--center must be first, none or a number, got {text!r}.") from None
