"""One hidden layer on a sum of embedded symbols, for modular addition."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Process
from .model import Model, Parameters, activations, check_activation, check_no_lines, left_out, norm, normal

FORMS = ("tied", "untied", "unfactored")


@lru_cache
def embedding_mlp(
    process: Process, embedding: int = 500, form: str = "tied", activation: str = "relu", spread: float = 1.0
) -> Model:
    """Return a network that adds embedded symbols; its size is the number of hidden neurons.

        tied        logits = s(sum_i E[x_i] H) O E^T     E (symbol, embedding), H (embedding, size), O (size, embedding)
        untied      logits = s(sum_i E[x_i] H) O U^T     U (class, embedding)
        unfactored  logits = s(sum_i V[x_i]) W           V (symbol, size), W (size, class)

    There are no biases. Every form computes with matrices V = E H and W = O E^T alone: the forms differ in what
    gradients and decay do to them. E and U are normal with variance spread^2 / embedding, the others 1 / fan-in.

    Args:
        process: The task; its inputs are symbols, and for ``tied`` its labels are the same symbols.
        embedding: Width of the embedding.
        form: ``"tied"``, ``"untied"`` or ``"unfactored"``.
        activation: s: ``"relu"``, or ``"square"``, s(z) = z^2.
        spread: Scale of the first E and U. The source has variance 2 / symbols: sqrt(2 embedding / symbols).

    Raises:
        ValueError: The task has no symbols, there is no such form or activation, or the embedding has no width or no
            spread.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR explorables, 2023.
    """
    check_activation(activation)
    check_no_lines("embedding-mlp", process)
    if process.symbols is None:
        raise ValueError(f"embedding-mlp takes symbols, and {process.name} has vectors of numbers: choose mlp.")
    if form not in FORMS:
        raise ValueError(f"the form of embedding-mlp must be {', '.join(FORMS)}, got {form!r}.")
    if embedding < 1:
        raise ValueError(f"the embedding must have a width of at least 1, got {embedding}.")
    if not 0 < spread < float("inf"):
        raise ValueError(f"spread must be above 0, got {spread}.")
    symbols, classes, inputs = process.symbols, process.classes, process.inputs
    if form == "tied" and symbols != classes:
        raise ValueError(f"a tied embedding needs labels that are the inputs' symbols; {process.name} has others.")

    def init(key: Array, size: int, dtype: Any) -> Parameters:
        one, two, three, four = jax.random.split(key, 4)
        if form == "unfactored":
            return dict(v=normal(one, symbols, (symbols, size), dtype), w=normal(two, size, (size, classes), dtype))
        factors = dict(
            e=normal(one, embedding, (symbols, embedding), dtype) * jnp.asarray(spread, dtype),
            h=normal(two, embedding, (embedding, size), dtype),
            o=normal(three, size, (size, embedding), dtype),
        )
        return factors | (
            dict(u=normal(four, embedding, (classes, embedding), dtype) * jnp.asarray(spread, dtype))
            if form == "untied"
            else {}
        )

    def forward(parameters: Parameters, x: Array, key: Array | None, dropout: Array | float) -> Array:
        v, w = input_output_weights(parameters)
        hidden = activations()[activation](sum((v[x[:, i]] for i in range(1, inputs)), v[x[:, 0]]))
        out: Array = left_out(hidden, key, dropout) @ w
        return out

    return Model(
        name=f"embedding-mlp:embedding={embedding},form={form},activation={activation},spread={spread:g}",
        size_label="neurons",
        parameters=lambda size: (
            (symbols + classes) * size
            if form == "unfactored"
            else embedding * (symbols + 2 * size + (classes if form == "untied" else 0))
        ),
        init=init,
        encode=lambda x, dtype: x,
        forward=forward,
        probes=(("norm", norm), ("frequency share", _frequency_share)),
    )


def input_output_weights(parameters: Parameters) -> tuple[Any, Any]:
    """Return the matrices V (symbol, size) and W (size, class) that the network computes with; NumPy's stay NumPy's."""
    if "v" in parameters:
        return parameters["v"], parameters["w"]
    out = parameters.get("u", parameters["e"])
    return parameters["e"] @ parameters["h"], parameters["o"] @ out.T


def _frequency_share(parameters: Parameters) -> Array:
    return frequency_share(input_output_weights(parameters)[0])


def frequency_share(weights: Array) -> Array:
    """Return the share of the power of each neuron at its strongest frequency, averaged by the power of the neurons.

    The power is that of the discrete Fourier transform over the symbols, without the mean.

    Args:
        weights: ``(symbol, neuron)``.
    """
    power = jnp.abs(jnp.fft.rfft(weights, axis=0)[1:]) ** 2
    return power.max(axis=0).sum() / power.sum()
