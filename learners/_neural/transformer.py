"""A small causal transformer on the characters of a line."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Process
from .model import Model, Parameters, left_out, norm

SPREAD = 0.02  # of the first embeddings
WIDER = 4  # hidden units of a layer, in widths
BY_CHARACTER, BY_PLACE = "embedding", "positions"  # parameters with a row for each of them
EPS = 1e-5  # beside the variance
HELD = 30  # numbers of a position and layer, in widths, while a gradient is computed


@lru_cache
def transformer(process: Process, layers: int = 2, heads: int = 4) -> Model:
    """Return a transformer that predicts each character asked for from those before it; its size is the width.

        h = E[x_t] + P[t]
        h = h + concat_j softmax(q_j K_j' / sqrt(width / heads)) V_j W_o,   q, K, V = n(h) W_q, n(h) W_k, n(h) W_v
        h = h + gelu(n(h) W_1) W_2                                          (both lines ``layers`` times)
        logits = n(h) E'

    n takes the mean off and divides by the standard deviation, and has a gain for each channel. A position sees itself
    and the positions before it. There are no biases; E is the embedding and the output (tied). The last layer is
    computed only where a character is asked for. First weights are normal: those from h with variance 1 / fan-in, those
    back into h with that over 2 layers, E and P with standard deviation 0.02. Dropout is on what goes back into h.

    Args:
        process: The task; its examples are lines of characters.
        layers: Layers of attention, the depth.
        heads: Heads of attention; the width is a multiple of it.

    Raises:
        ValueError: The task has no lines, or there are no layers or heads.

    References:
        A. Radford et al., Language models are unsupervised multitask learners, 2019 (norms before each part).
    """
    if not process.asked:
        other = "mlp" if process.symbols is None else "embedding-mlp"
        raise ValueError(f"transformer takes lines of characters, and {process.name} has none: choose {other}.")
    if layers < 1 or heads < 1:
        raise ValueError(f"a transformer needs at least one layer and one head, got {layers} and {heads}.")
    return _network(len(process.characters), process.inputs, process.asked, layers, heads)


@lru_cache
def _network(symbols: int, places: int, asked: int, layers: int, heads: int) -> Model:
    """Return the network for lines of this shape: tasks of one shape share it, and what is compiled for it."""

    def check(size: int) -> None:
        if size % heads:
            raise ValueError(f"the width of a transformer of {heads} heads must be a multiple of {heads}, got {size}.")

    def parameters(size: int) -> int:
        check(size)
        return (symbols + places) * size + layers * ((4 + 2 * WIDER) * size**2 + 2 * size) + size

    def init(key: Array, size: int, dtype: Any) -> Parameters:
        check(size)
        back = 2 * layers
        shapes: dict[str, tuple[tuple[int, ...], float]] = dict(
            embedding=((symbols, size), SPREAD),
            positions=((places, size), SPREAD),
            attention_in=((layers, size, 3 * size), size**-0.5),
            attention_out=((layers, size, size), (size * back) ** -0.5),
            hidden_in=((layers, size, WIDER * size), size**-0.5),
            hidden_out=((layers, WIDER * size, size), (WIDER * size * back) ** -0.5),
        )
        keys = jax.random.split(key, len(shapes))
        made = {
            word: jax.random.normal(one, shape, dtype) * jnp.asarray(spread, dtype)
            for one, (word, (shape, spread)) in zip(keys, shapes.items(), strict=True)
        }
        return made | dict(gains=jnp.ones((layers, 2, size), dtype), last_gain=jnp.ones(size, dtype))

    def logits(parameters: Parameters, x: Array, last: int, key: Array | None, dropout: Array | float) -> Array:
        h = parameters["embedding"][x] + parameters["positions"][None]
        for layer in range(layers):
            first, second = parameters["gains"][layer][:, None, None]
            one, two = (None, None) if key is None else jax.random.split(jax.random.fold_in(key, layer))
            seen = _normed(h) * first
            if layer == layers - 1:
                h = h[:, places - last :]
            mixed = _attention(seen, parameters["attention_in"][layer], h.shape[1], heads)
            h = h + left_out(mixed @ parameters["attention_out"][layer], one, dropout)
            hidden = jax.nn.gelu((_normed(h) * second) @ parameters["hidden_in"][layer])
            h = h + left_out(hidden @ parameters["hidden_out"][layer], two, dropout)
        out: Array = (_normed(h) * parameters["last_gain"][None, None]) @ parameters["embedding"].T
        return out

    return Model(
        name=f"transformer:layers={layers},heads={heads}",
        size_label="width",
        parameters=parameters,
        init=init,
        encode=lambda x, dtype: x,
        forward=lambda parameters, x, key, dropout: logits(parameters, x, asked, key, dropout),
        probes=(("norm", norm),),
        active=lambda size: layers * places * (HELD * size + 4 * heads * places) + asked * symbols,
        everywhere=lambda parameters, x: logits(parameters, x, places, None, 0.0),
    )


def _normed(h: Array) -> Array:
    """Return channels of mean 0 and variance 1 at each position."""
    centred = h - h.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(axis=-1, keepdims=True) + jnp.asarray(EPS, h.dtype))


def _attention(seen: Array, weights: Array, last: int, heads: int) -> Array:
    """Return what the last positions take from those up to them, ``(row, last, width)``.

    Args:
        seen: ``(row, position, width)``.
        weights: Queries, keys and values side by side, ``(width, 3 width)``.
        last: Number of positions that ask.
        heads: Number of heads.
    """
    rows, places, width = seen.shape
    each = width // heads
    asking = seen[:, places - last :] @ weights[:, :width]
    given = seen @ weights[:, width:]
    query, key, value = (
        part.reshape(rows, -1, heads, each) for part in (asking, given[..., :width], given[..., width:])
    )
    scores = jnp.einsum("rqhe,rkhe->rhqk", query, key) / jnp.sqrt(jnp.asarray(each, seen.dtype))
    allowed = jnp.arange(places)[None] <= jnp.arange(places - last, places)[:, None]
    shares = jax.nn.softmax(jnp.where(allowed[None, None], scores, -jnp.inf), axis=-1)
    return jnp.einsum("rhqk,rkhe->rqhe", shares, value).reshape(rows, last, width)
