"""One hidden layer between points of a circle that do not learn: the five-neuron network, trained."""

from __future__ import annotations

from functools import lru_cache
from math import pi
from typing import Any

from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Process
from .model import Model, Parameters, activations, check_activation, check_no_lines, left_out, norm, normal


@lru_cache
def fixed_embedding_mlp(process: Process, activation: str = "relu") -> Model:
    """Return a network whose symbols are fixed points of a circle; its size is the number of hidden neurons.

        logits = s(sum_i E[x_i] H) O E^T,   E[a] = sqrt(2 / p) (cos(2 pi a / p), sin(2 pi a / p))

    H (2, size) and O (size, 2) learn, 4 x size numbers; the columns of E have norm 1. There are no biases. First
    weights are normal with variance 1 / fan-in.

    Args:
        process: The task; its inputs are symbols, and its labels are the same symbols.
        activation: s: ``"relu"``, or ``"square"``, s(z) = z^2.

    Raises:
        ValueError: The task has no symbols or other labels, or there is no such activation.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR explorables, 2023.
    """
    check_activation(activation)
    check_no_lines("fixed-embedding-mlp", process)
    if process.symbols is None or process.symbols != process.classes:
        raise ValueError(
            f"fixed-embedding-mlp needs symbols that are the labels, too; {process.name} has none: choose mlp."
        )
    p, inputs = process.symbols, process.inputs

    def embedding(dtype: Any) -> Array:
        angles = jnp.arange(p, dtype=dtype) * jnp.asarray(2 * pi / p, dtype)
        return jnp.sqrt(jnp.asarray(2 / p, dtype)) * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)

    def init(key: Array, size: int, dtype: Any) -> Parameters:
        one, two = jax.random.split(key)
        return dict(h=normal(one, 2, (2, size), dtype), o=normal(two, size, (size, 2), dtype))

    def forward(parameters: Parameters, x: Array, key: Array | None, dropout: Array | float) -> Array:
        e = embedding(parameters["h"].dtype)
        hidden = activations()[activation](sum((e[x[:, i]] for i in range(1, inputs)), e[x[:, 0]]) @ parameters["h"])
        out: Array = left_out(hidden, key, dropout) @ parameters["o"] @ e.T
        return out

    return Model(
        name=f"fixed-embedding-mlp:activation={activation}",
        size_label="neurons",
        parameters=lambda size: 4 * size,
        init=init,
        encode=lambda x, dtype: x,
        forward=forward,
        probes=(("norm", norm),),
    )
