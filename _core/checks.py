"""Checks of arguments."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_whole(word: str, values: Iterable[int] | ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers of at least 0 as a vector.

    Raises:
        ValueError: They are not.
    """
    array = np.asarray(values if hasattr(values, "__len__") else list(values))  # type: ignore[arg-type]
    if array.ndim != 1 or not (np.issubdtype(array.dtype, np.number) or array.size == 0):
        raise ValueError(f"{word} must be a list of whole numbers, got {values!r}.")
    whole = array.astype(np.int64)
    if (whole != array).any() or (whole < 0).any():
        raise ValueError(f"{word} must be whole numbers of at least 0, got {array[(whole != array) | (whole < 0)]}.")
    return whole


def check_count(word: str, count: int, remedy: str = "") -> int:
    """Return a number of things as an int.

    Raises:
        ValueError: It is no whole number of at least 1; the remedy ends the message.
    """
    try:
        whole = operator.index(count)
    except TypeError:
        whole = 0
    if isinstance(count, bool) or whole < 1:
        raise ValueError(f"{word} must be a whole number of at least 1, got {count!r}{remedy}.")
    return whole


def check_lookahead(lookahead: int) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if int(lookahead) != lookahead or lookahead < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {lookahead}.")


def check_precision(precision: str) -> np.dtype[np.floating]:
    """Return the type of numbers that a precision stands for.

    Raises:
        ValueError: It is neither ``"float32"`` nor ``"float64"``.
    """
    if precision not in ("float32", "float64"):
        raise ValueError(f"precision must be float32 or float64, got {precision!r}.")
    return np.dtype(precision)


def check_seed(seed: int) -> int:
    """Return a seed of random numbers.

    Raises:
        ValueError: It is no whole number from 0 to 2^63 - 1.
    """
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = -1
    if isinstance(seed, bool) or not 0 <= whole < 2**63:
        raise ValueError(f"the seed must be a whole number from 0 to 2^63 - 1, got {seed!r}.")
    return whole
