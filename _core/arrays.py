"""Arrays of users: real numbers, no mask dropped, no imaginary part dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .text import printable


def real_array(word: str, value: ArrayLike, expected: str = "numbers") -> NDArray[np.float64]:
    """Return a copy of real numbers as float64.

    Args:
        word: What the array is, for messages.
        value: Anything that NumPy takes.
        expected: What the array holds, for messages.

    Raises:
        ValueError: The value is no array of numbers, an entry is masked, or an entry has an imaginary part.
    """
    if np.ma.is_masked(value):
        raise ValueError(f"{word} has masked entries, expected {expected}: fill them, or leave their rows out.")
    return _real(word, np.ma.getdata(value) if isinstance(value, np.ma.MaskedArray) else value, expected)


def samples(word: str, value: ArrayLike) -> NDArray[np.floating]:
    """Return samples, masked ones as NaN; float32 stays float32.

    Args:
        word: What the samples are, for messages.
        value: Anything that NumPy takes.

    Raises:
        ValueError: The value is no array of numbers, or a sample has an imaginary part.
    """
    if isinstance(value, np.ma.MaskedArray):
        filled = _real(word, value.data, "samples")
        filled[np.ma.getmaskarray(value)] = np.nan
        return filled
    if isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating):
        return value
    return _real(word, value, "samples")


def _real(word: str, value: Any, expected: str) -> NDArray[np.float64]:
    try:
        given = np.asarray(value)
        if np.iscomplexobj(given):
            if given.imag.any():
                raise ValueError(f"{word} must be real, got complex numbers: split them into real and imaginary parts.")
            given = given.real
        return np.array(given, np.float64)
    except (TypeError, ValueError) as exc:
        if str(exc).startswith(f"{word} must be real"):
            raise
        got = printable(" ".join(repr(value).split()), 200)
        raise ValueError(f"{word} must be {expected}, got {got}.") from exc
