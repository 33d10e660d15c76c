"""One hidden layer on a vector of numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Process
from .model import Model, Parameters, activations, check_activation, check_no_lines, left_out, norm, uniform


@lru_cache
def mlp_model(process: Process, activation: str = "relu", bias: bool = True) -> Model:
    """Return a network with one hidden layer; its size is the number of hidden units, the width.

        logits = s(x W1 + b1) W2 + b2,    W1 (input, size), W2 (size, class)

    Of two classes it has one logit. First weights and biases are uniform between -1 and 1 over sqrt(fan-in), as in the
    linear layer of PyTorch.

    Args:
        process: The task; its inputs are vectors of numbers.
        activation: s: ``"relu"``, or ``"square"``, s(z) = z^2.
        bias: With b1 and b2.

    Raises:
        ValueError: The inputs of the task are symbols, or there is no such activation.
    """
    check_activation(activation)
    check_no_lines("mlp", process)
    if process.symbols is not None:
        raise ValueError(f"mlp takes vectors of numbers, and {process.name} has symbols: choose embedding-mlp.")
    inputs, outputs = process.inputs, 1 if process.classes == 2 else process.classes

    def init(key: Array, size: int, dtype: Any) -> Parameters:
        shapes = dict(w1=(inputs, size), w2=(size, outputs)) | (dict(b1=(size,), b2=(outputs,)) if bias else {})
        keys = jax.random.split(key, len(shapes))
        fans = dict(w1=inputs, b1=inputs, w2=size, b2=size)
        return {
            word: uniform(one, fans[word], shape, dtype)
            for one, (word, shape) in zip(keys, shapes.items(), strict=True)
        }

    def forward(parameters: Parameters, x: Array, key: Array | None, dropout: Array | float) -> Array:
        z = x @ parameters["w1"]
        hidden = left_out(activations()[activation](z + parameters["b1"][None] if bias else z), key, dropout)
        out: Array = hidden @ parameters["w2"]
        return out + parameters["b2"][None] if bias else out

    return Model(
        name=f"mlp:activation={activation},bias={'yes' if bias else 'no'}",
        size_label="width",
        parameters=lambda size: (inputs + outputs) * size + bias * (size + outputs),
        init=init,
        encode=lambda x, dtype: x.astype(dtype),
        forward=forward,
        probes=(("norm", norm), *([("distractor ratio", _distractor_ratio(process))] if process.distractors else [])),
    )


def _distractor_ratio(process: Process) -> Any:
    """Return the norm of the weights from the distractors over that of the weights from the signal."""

    def ratio(parameters: Parameters) -> Array:
        distractors, signal = (parameters["w1"][jnp.array(rows)] for rows in (process.distractors, process.signal))
        return jnp.sqrt((distractors**2).sum() / (signal**2).sum())

    return ratio
