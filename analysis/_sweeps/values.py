"""The values of an experiment file: each is read, or refused with what was expected."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from ..._core.ranges import parse_range


def words(value: Any) -> tuple[str, ...]:
    """Read words."""
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
        raise ValueError(f'must be a list of at least one word, such as ["double-integrator"], got {value!r}.')
    return once(value)


def factors(value: Any) -> tuple[float, ...]:
    """Read positive numbers."""
    values = value if isinstance(value, list) else [value]
    numbers = [isinstance(x, (int, float)) and not isinstance(x, bool) and isfinite(x) and x > 0 for x in values]
    if not values or not all(numbers):
        raise ValueError(f"must be a list of at least one positive number, such as [0.1, 1, 10], got {value!r}.")
    return once([float(x) for x in values])


def numbers(least: int) -> Callable[[Any], tuple[int, ...]]:
    """Return what reads whole numbers that rise."""

    def read(value: Any) -> tuple[int, ...]:
        values = value if isinstance(value, list) else [value]
        if isinstance(value, str):
            values = parse_range("the numbers", value)
        if any(isinstance(x, int) and x >= 2**31 for x in values):
            raise ValueError(f"must be below 2147483648, got {value!r}.")
        if not values or not all(isinstance(x, int) and not isinstance(x, bool) for x in values):
            raise ValueError(f'must be a list of at least one whole number, or text such as "0..9", got {value!r}.')
        if values[0] < least or any(a >= b for a, b in zip(values, values[1:], strict=False)):
            raise ValueError(f"must rise, from {least} on, got {value!r}.")
        return tuple(values)

    return read


def decays(value: Any) -> tuple[float, ...]:
    """Read weight decays."""
    values = value if isinstance(value, list) else [value]
    numbers = [isinstance(x, (int, float)) and not isinstance(x, bool) and isfinite(x) and x >= 0 for x in values]
    if not values or not all(numbers):
        raise ValueError(f"must be a list of at least one number from 0 on, such as [0, 0.1, 1], got {value!r}.")
    return once([float(x) for x in values])


def count(value: Any) -> int:
    """Read a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"must be a whole number of at least 1, got {value!r}.")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    """Return what reads one of some words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, got {value!r}.")
        return str(value)

    return read


def text(value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be text, got {value!r}.")
    return value


def once(values: list[Any]) -> tuple[Any, ...]:
    """Return the values, each of them once."""
    if len(set(values)) < len(values):
        raise ValueError(f"must not hold a value twice, got {values}: leave one out.")
    return tuple(values)
