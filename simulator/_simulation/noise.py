"""Noise distributions: independent variables of mean 0 and variance 1. The simulation scales them to Q and R."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Noise: TypeAlias = Literal["normal", "student-t", "uniform", "impulsive"]
LAWS: tuple[str, ...] = get_args(Noise)

FREEDOM = 5
SHARE, SIZE = 0.01, 10.0


def check_noise(noise: str) -> None:
    """Raise ValueError unless there is a noise of that name."""
    if noise not in LAWS:
        raise ValueError(f"no noise is called {noise!r}; there are {', '.join(LAWS)}.")


def unit_noise(key: PRNGKeyArray, shape: tuple[int, ...], dtype: Any, noise: Noise) -> Float[Array, "..."]:
    """Draw independent variables with E z = 0 and E z^2 = 1; then w = G z has covariance G G'.

    * ``"normal"``: z ~ N(0, 1), E z^4 = 3.
    * ``"student-t"``: z = sqrt(3/5) t_5, t_5 = n_0 / sqrt((n_1^2 + .. + n_5^2) / 5) with normal n_i, E z^4 = 9.
    * ``"uniform"``: z uniform on +-sqrt(3), E z^4 = 9/5.
    * ``"impulsive"``: z = b n / sqrt(1.99), n normal, b = 10 with probability 0.01, else 1: 1 % of the
      samples are ten times as large; E z^4 = 3 (0.99 + 0.01 10^4) / 1.99^2 = 76.5.

    Args:
        key: Random key.
        shape: Shape of the array.
        dtype: Type of the array.
        noise: The distribution.

    References:
        S. Kotz, S. Nadarajah, Multivariate t Distributions and Their Applications, 2004, chapter 1. J. W. Tukey,
        A survey of sampling from contaminated distributions, 1960.
    """
    if noise == "normal":
        return jax.random.normal(key, shape, dtype)
    if noise == "uniform":
        return jax.random.uniform(key, shape, dtype, -(3.0**0.5), 3.0**0.5)
    if noise == "student-t":
        n = jax.random.normal(key, (1 + FREEDOM, *shape), dtype)
        squares = n[1] * n[1]
        for i in range(2, 1 + FREEDOM):  # not a reduction: its rounding would depend on the number of runs
            squares = squares + n[i] * n[i]
        return n[0] * jnp.sqrt((FREEDOM - 2) / squares)
    coin, shock = jax.random.split(key)
    impulse = jax.random.uniform(coin, shape, dtype) < SHARE
    size = jnp.where(impulse, SIZE, 1.0).astype(dtype) / (1 - SHARE + SHARE * SIZE**2) ** 0.5
    return jnp.asarray(size * jax.random.normal(shock, shape, dtype))
