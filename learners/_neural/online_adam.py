"""Adam for streams side by side: each lane counts its own steps, for it learns from its own samples alone.

``optax.adam`` has one count for all; it is the twin in the tests.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp

B1, B2, EPS = 0.9, 0.999, 1e-8  # forgetting of the mean gradient and of its square, and the floor of its root


class Moments(NamedTuple):
    """The moments of Adam, in the structure of the parameters."""

    mean: Any
    square: Any
    left: Float[Array, "moment lane"]  # B1^n and B2^n after n steps


def start_moments(parameters: Any, lanes: int, dtype: Any) -> Moments:
    """Return the moments before the first step."""
    none = jax.tree.map(jnp.zeros_like, parameters)
    return Moments(none, none, jnp.ones((2, lanes), dtype))


def adam_step(parameters: Any, gradient: Any, moments: Moments, rate: float) -> tuple[Any, Moments]:
    """Return the parameters after one step, and the moments.

    References:
        D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2015.
    """
    mean = jax.tree.map(lambda m, g: B1 * m + (1 - B1) * g, moments.mean, gradient)
    square = jax.tree.map(lambda v, g: B2 * v + (1 - B2) * g * g, moments.square, gradient)
    left = jnp.stack([B1 * moments.left[0], B2 * moments.left[1]])

    def moved(w: Array, m: Array, v: Array) -> Array:
        first, second = (jnp.broadcast_to(1 - row, w.shape) for row in left)
        return w - rate * (m / first) / (jnp.sqrt(v / second) + EPS)

    return jax.tree.map(moved, parameters, mean, square), Moments(mean, square, left)
