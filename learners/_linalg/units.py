"""Units of data: powers of two, by which a number is divided exactly."""

from __future__ import annotations

from ..._core.jax_later import Array, jnp


def power_of_two(value: Array) -> Array:
    """Return the power of two with 1/2 <= |value| / it < 1, exactly."""
    _, exponent = jnp.frexp(value)
    return jnp.ldexp(jnp.ones_like(value), exponent)
