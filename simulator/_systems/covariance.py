"""Covariances as users write them: a matrix, its diagonal, or a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array

FORMS = "a number, a list of numbers (the diagonal) or a matrix"


def covariance(word: str, value: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return a covariance matrix from a matrix, a list (the diagonal) or a number (times the identity).

    Raises:
        ValueError: The value is none of these, or has another size.
    """
    given = real_array(word, value, FORMS)
    matrix = np.diag(np.full(size, given)) if given.ndim == 0 else np.diag(given) if given.ndim == 1 else given
    if matrix.shape[-2:] != (size, size):
        raise ValueError(
            f"{word} must be a number, a list of {size} or a {size} x {size} matrix, got shape {given.shape}."
        )
    return matrix
