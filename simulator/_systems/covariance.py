"""Covariances as users write them: a matrix, its diagonal, or a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array
from ..._core.memory import free_memory

LARGE = 4096  # rows; below it a matrix is small
FORMS = "a number, a list of numbers (the diagonal) or a matrix"


def covariance(word: str, value: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return a covariance matrix from a matrix, a list (the diagonal) or a number (times the identity).

    Raises:
        ValueError: The value is none of these, has another size, or is larger than the free memory.
    """
    if size > LARGE and 8 * size**2 > free_memory() / 2:
        raise ValueError(
            f"{word} is a {size} x {size} matrix, {8e-9 * size**2:.3g} GB: more than half the free memory."
        )
    given = real_array(word, value, FORMS)
    matrix = np.diag(np.full(size, given)) if given.ndim == 0 else np.diag(given) if given.ndim == 1 else given
    if matrix.shape[-2:] != (size, size):
        raise ValueError(
            f"{word} must be a number, a list of {size} or a {size} x {size} matrix, got shape {given.shape}."
        )
    return matrix


def noise_at_the_input(B: NDArray[np.float64], value: ArrayLike, Q: ArrayLike | None) -> NDArray[np.float64]:
    """Return the process noise of a noise that adds to the inputs, B V B'.

    Args:
        B: ``(state, input)``.
        value: V, ``(input, input)``, or a list, or a number.
        Q: Must be None: the process noise is given in one way.

    Raises:
        ValueError: V is no covariance, there is no input, or Q is given, too.
    """
    if Q is not None:
        raise ValueError("Q (--q) and input_noise (--input-noise) both give the process noise: leave one out.")
    if not B.shape[1]:
        raise ValueError("input_noise (--input-noise) needs a plant with inputs, and this one has none: give Q (--q).")
    V = covariance("input_noise", value, B.shape[1])
    if (
        not np.isfinite(V).all()
        or np.abs(V - V.T).max() > 1e-8 * np.abs(V).max()
        or np.linalg.eigvalsh(V).min() < (-1e-8 * np.abs(V).max())
    ):
        raise ValueError(f"input_noise must be finite, symmetric and positive semidefinite, got {value!r}.")
    return np.asarray(B @ V @ B.T)
