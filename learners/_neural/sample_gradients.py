"""The gradient of the loss of each example, of unit length, a block of examples at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision, computing
from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Examples
from .model import Model, Parameters, losses

BLOCK = 2**25  # bytes of the gradients that are computed at a time
COPIES = 3  # of a block while it is computed: the leaves, the vectors, the vectors of unit length


def sample_gradients(
    model: Model,
    parameters: Parameters,
    examples: Examples,
    *,
    rows: int | None = None,
    precision: Precision = "float32",
    device: str | None = None,
) -> Iterator[NDArray[Any]]:
    """Yield the unit gradients of consecutive examples, ``(row, parameter)``: g_i / |g_i|, and 0 where g_i = 0.

        g_i = gradient of losses(logits(x_i), y_i) by all parameters, in the order of ``jax.tree.leaves``

    No more than a block is held, so that memory is that of ``rows`` x parameters, whatever the number of examples.
    Gradients are scaled before they are squared: those of a task that is learned well may be of 1e-30.

    Args:
        model: The network.
        parameters: Its parameters.
        examples: Examples of its task.
        rows: Examples of a block; by default as many as fill 32 MiB. The last block may have fewer.
        precision: Of all numbers.
        device: As in ``find_devices``.

    Raises:
        ValueError: A block has no rows, the network does not take these examples, or a gradient is not finite.
    """
    if rows is None:
        rows = block_rows(parameters, len(examples.y), precision)
    if rows < 1:
        raise ValueError(f"a block must have at least one row, got {rows}.")
    with computing(precision, device):
        held = jax.tree.map(lambda leaf: jnp.asarray(leaf, precision), parameters)
        _check_inputs(model, held, examples, precision)
    for first in range(0, len(examples.y), rows):
        x, y = (np.asarray(part[first : first + rows]) for part in (examples.x, examples.y))
        filled = np.resize(x, (rows, *x.shape[1:])), np.resize(y, (rows, *y.shape[1:]))  # one program for all blocks
        with computing(precision, device):
            unit, length = (np.asarray(part) for part in _compiled(model, precision)(held, *filled))
        broken = int((~np.isfinite(length[: len(y)])).sum())
        if broken:
            raise ValueError(
                f"the gradients of {broken} of the examples {first} to {first + len(y) - 1} are not finite: this "
                "network diverged; give parameters of a run that did not."
            )
        yield unit[: len(y)]


def parameter_count(parameters: Parameters) -> int:
    """Return the trainable numbers of a network."""
    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(parameters))


def block_rows(parameters: Parameters, examples: int, precision: Precision) -> int:
    """Return how many examples have gradients of 32 MiB: at least 1, and no more than there are."""
    row = parameter_count(parameters) * np.dtype(precision).itemsize
    return max(1, min(examples, BLOCK // row))


def unit_gradient(model: Model, precision: Precision, parameters: Parameters, x: Array, y: Array) -> Any:
    """Return the unit gradient of one example, and its length up to a positive factor."""

    def forward(parameters: Parameters) -> Array:
        return model.forward(parameters, model.encode(x[None], precision), None, 0.0)

    logits, pull_back = jax.vjp(forward, parameters)
    by_logits = jax.grad(lambda logits: losses(logits, y[None])[0])(logits)
    largest = jnp.abs(by_logits).max()
    (gradient,) = pull_back(by_logits / jnp.where(largest > 0, largest, 1))
    flat = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(gradient)])
    length = jnp.sqrt((flat**2).sum())
    return flat / jnp.where(length > 0, length, 1), length


@lru_cache(maxsize=64)
def _compiled(model: Model, precision: Precision) -> Any:
    """Return compiled ``gradients(parameters, x, y)`` of many examples."""

    def one(parameters: Parameters, x: Array, y: Array) -> Any:
        return unit_gradient(model, precision, parameters, x, y)

    return jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))


def _check_inputs(model: Model, parameters: Parameters, examples: Examples, precision: Precision) -> None:
    try:
        jax.eval_shape(lambda x: model.forward(parameters, model.encode(x, precision), None, 0.0), examples.x[:1])
    except (TypeError, ValueError, IndexError, KeyError) as exc:
        raise ValueError(
            f"{model.name} with these parameters does not take inputs of shape {np.shape(examples.x)[1:]}: give "
            "examples of the task that it was trained on."
        ) from exc
