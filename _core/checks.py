"""Checks of arguments."""

from __future__ import annotations

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


def check_lookahead(lookahead: int) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if int(lookahead) != lookahead or lookahead < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {lookahead}.")
