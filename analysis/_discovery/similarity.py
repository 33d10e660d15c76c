"""How much the gradients of two examples point the same way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision
from ..._core.jax_later import jax
from ..._core.memory import GIB
from ...learners._engine.memory import memory_free
from ...learners._neural.model import Model, Parameters
from ...learners._neural.sample_gradients import COPIES, block_rows, parameter_count, sample_gradients
from ...simulator._tasks.process import Examples

SQUARES = 3  # matrices of examples x examples while clusters are found: the similarity, its Laplacian, a copy


class Similarity(NamedTuple):
    """Similarity of the gradients of examples.

    Attributes:
        matrix: ``(example, example)``, between 0 and 1: 1 for equal directions, 1/2 at a right angle, 0 for opposite.
        zero: Whether the gradient of an example is zero, ``(example,)``; it counts as at a right angle to all others.
    """

    matrix: NDArray[np.float64]
    zero: NDArray[np.bool_]


def angular_similarity(
    model: Model,
    parameters: Parameters,
    examples: Examples,
    *,
    precision: Precision = "float32",
    device: str | None = None,
) -> Similarity:
    """Return the angular similarity of the gradients of examples.

        S_ij = 1 - arccos(g_i . g_j / (|g_i| |g_j|)) / pi

    Gradients are held for two blocks of examples at a time, and those of later blocks are computed again for each
    block: memory is examples x examples and blocks x parameters, never examples x parameters.

    Args:
        model: The network; its inputs are vectors of numbers.
        parameters: Its parameters.
        examples: Examples of its task.
        precision: Of the gradients.
        device: As in ``find_devices``.

    Raises:
        ValueError: The network takes symbols or other examples, a gradient is not finite, or there is too little
            memory.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 5.
    """
    _check_vectors(model, examples)
    count = len(examples.y)
    rows = block_rows(parameters, count, precision)
    _check_memory(count, rows, parameter_count(parameters), precision, device)
    cosine = np.empty((count, count))
    for first, left in _blocks(model, parameters, examples, 0, rows, precision, device):
        here = slice(first, first + len(left))
        cosine[here, here] = left @ left.T
        for later, right in _blocks(model, parameters, examples, here.stop, rows, precision, device):
            there = slice(later, later + len(right))
            cosine[here, there] = left @ right.T
            cosine[there, here] = cosine[here, there].T
    zero = np.diagonal(cosine) < 0.5
    return Similarity(angular(cosine), zero)


def angular(cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - arccos(cosine) / pi, with 1 on the diagonal, in the memory of the cosines."""
    np.clip(cosine, -1.0, 1.0, out=cosine)
    np.arccos(cosine, out=cosine)
    cosine *= -1 / np.pi
    cosine += 1.0
    np.fill_diagonal(cosine, 1.0)
    return cosine


def _blocks(
    model: Model,
    parameters: Parameters,
    examples: Examples,
    start: int,
    rows: int,
    precision: Precision,
    device: str | None,
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the first example of each block from ``start`` on, and the block."""
    rest = Examples(*(part[start:] for part in examples))
    found = sample_gradients(model, parameters, rest, rows=rows, precision=precision, device=device)
    for number, block in enumerate(found):
        yield start + number * rows, block


def _check_vectors(model: Model, examples: Examples) -> None:
    encoded = jax.eval_shape(lambda x: model.encode(x, "float32"), examples.x[:1])
    if not np.issubdtype(encoded.dtype, np.floating):
        raise ValueError(
            f"expected a network on vectors of numbers, and {model.name} takes symbols: the gradients of an embedding "
            "tell symbols apart, whatever is learned of them."
        )


def _check_memory(count: int, rows: int, parameters: int, precision: Precision, device: str | None) -> None:
    needed = SQUARES * 8 * count**2 + (COPIES + 2) * rows * parameters * np.dtype(precision).itemsize
    free = memory_free(device)
    if needed > free:
        raise ValueError(
            f"the similarity of {count} examples, whose gradients have {parameters} numbers each, needs about "
            f"{needed / GIB:.3g} GiB, and {free / GIB:.3g} GiB are free: choose fewer examples."
        )
