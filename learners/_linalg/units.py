"""Units of data: powers of two, by which a number is divided exactly."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def power_of_two(value: Any) -> Any:
    """Return the power of two with 1/2 <= |value| / it < 1, exactly."""
    xp = jnp if isinstance(value, jax.Array) else np
    _, exponent = xp.frexp(value)
    return xp.ldexp(xp.ones_like(value), exponent)
