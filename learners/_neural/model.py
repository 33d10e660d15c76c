"""The contract of a network that is trained on a task: a family of sizes, each a network of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Process

Parameters = Any  # a pytree of arrays


class Model(NamedTuple):
    """A network for a task.

    Attributes:
        name: The network with its options.
        size_label: What a size is.
        parameters: ``parameters(size)``: trainable numbers.
        init: ``init(key, size, dtype)``: first parameters, random.
        encode: ``encode(x, dtype)``: the inputs as ``forward`` takes them; done once for a set that is replayed.
        forward: ``forward(parameters, inputs, key, dropout)``: logits ``(row, *label, class)``; of two classes one
            logit is enough, that of class 1. With a key each hidden unit is left out with probability ``dropout``.
        probes: Numbers that are read from the parameters at every edge, by name.
        active: ``active(size)``: numbers held for each row while a gradient is computed; None for a hidden layer.
        everywhere: ``everywhere(parameters, x)``: of a network on lines the logits of the character after each
            position, ``(row, position, class)``; None for other networks.
    """

    name: str
    size_label: str
    parameters: Callable[[int], int]
    init: Callable[[Array, int, Any], Parameters]
    encode: Callable[[Array, Any], Array]
    forward: Callable[[Parameters, Array, Array | None, Array | float], Array]
    probes: tuple[tuple[str, Callable[[Parameters], Array]], ...]
    active: Callable[[int], int] | None = None
    everywhere: Callable[[Parameters, Array], Array] | None = None


def losses(logits: Array, y: Array) -> Array:
    """Return the cross-entropy of each row in nats, the mean over the symbols of its label that are asked for.

    Args:
        logits: ``(row, *label, class)``; of one class: that of class 1 of two.
        y: Labels ``(row, *label)``; a symbol below 0 is not asked for.
    """
    if logits.shape[-1] == 1:
        z = logits[..., 0]
        each = jax.nn.softplus(jnp.where(y > 0, -z, z))
    else:
        picked = jnp.take_along_axis(logits, jnp.maximum(y, 0)[..., None], axis=-1)[..., 0]
        each = jax.nn.logsumexp(logits, axis=-1) - picked
    if y.ndim == 1:
        return each
    asked = (y >= 0).astype(each.dtype)
    return (each * asked).sum(axis=-1) / asked.sum(axis=-1)


def right(logits: Array, y: Array) -> Array:
    """Return whether each row is answered right, every symbol asked for; the arguments are those of ``losses``."""
    said = (logits[..., 0] > 0).astype(y.dtype) if logits.shape[-1] == 1 else logits.argmax(axis=-1).astype(y.dtype)
    return ((said == y) | (y < 0)).reshape(len(y), -1).all(axis=1)


def norm(parameters: Parameters) -> Array:
    """Return the Euclidean norm of all parameters."""
    return jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(parameters)))


def count(model: Model, size: int) -> int:
    """Return the trainable numbers of a size, counted on its arrays."""
    shapes = jax.eval_shape(lambda key: model.init(key, size, "float32"), jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))


def uniform(key: Array, fan_in: int, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return independent weights, uniform between -1 and 1 over sqrt(fan_in): the linear layer of PyTorch."""
    return jax.random.uniform(key, shape, dtype, -1, 1) / jnp.sqrt(jnp.asarray(fan_in, dtype))


def normal(key: Array, fan_in: int, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return independent normal weights of variance 1 / fan_in."""
    return jax.random.normal(key, shape, dtype) / jnp.sqrt(jnp.asarray(fan_in, dtype))


def activations() -> dict[str, Callable[[Array], Array]]:
    """Return the nonlinear functions of a hidden layer, by name."""
    return {"relu": jax.nn.relu, "square": lambda z: z * z}


def check_activation(name: str) -> None:
    """Raise ValueError unless there is such a nonlinear function."""
    if name not in ("relu", "square"):
        raise ValueError(f"the activation must be relu or square, got {name!r}.")


def check_no_lines(name: str, process: Process) -> None:
    """Raise ValueError if the examples of a task are lines of characters, which networks of this name do not take."""
    if process.asked:
        raise ValueError(f"{name} answers with one label, and {process.name} has lines: choose transformer.")


def left_out(hidden: Array, key: Array | None, dropout: Array | float) -> Array:
    """Return hidden units, each left out with probability ``dropout`` and the others scaled up; all without a key."""
    if key is None:
        return hidden
    kept = 1 - jnp.asarray(dropout, hidden.dtype)
    return jnp.where(jax.random.bernoulli(key, kept, hidden.shape), hidden / kept, 0)
