"""A triangular factor, updated by one weighted row at a time, and least squares on every prefix of its columns.

Rotations without square roots (Gentleman 1973; method C1 of Gill, Golub, Murray and Saunders 1974). A row of weight
zero does not change any bit of the factor.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp


class Triangle(NamedTuple):
    """The regressors' and targets' Gram matrix as L D L', by columns; the targets are the last rows of L."""

    columns: Float[Array, "column row lane"]  # without the unit diagonal
    energy: Float[Array, "column lane"]


def flat(rows: Float[Array, "lag channel lane"]) -> Float[Array, "column lane"]:
    """Return the columns of a regressor: channel by channel within each lag."""
    return rows.reshape(-1, rows.shape[-1])


def residues(triangle: Triangle, row: Float[Array, "column lane"], outputs: int) -> Float[Array, "step output lane"]:
    """Return the residuals of zero targets before and after each column is eliminated."""
    w = jnp.concatenate([row, jnp.zeros((outputs, row.shape[1]), row.dtype)])

    def step(w: Array, column: tuple[Array, Array]) -> tuple[Array, Array]:
        k, L = column
        w = w - jax.lax.dynamic_index_in_dim(w, k) * L
        return w, w[len(row) :]

    _, left = jax.lax.scan(step, w, (jnp.arange(len(row), dtype=jnp.int32), triangle.columns))
    return jnp.concatenate([w[None, len(row) :], left])


def eliminate(
    triangle: Triangle,
    row: Float[Array, "column lane"],
    target: Float[Array, "output lane"],
    weight: Float[Array, " lane"],
) -> tuple[Triangle, Float[Array, "step output lane"]]:
    """Take a weighted row in; return the factor and the residuals of the targets before and after each column."""
    w = jnp.concatenate([row, target])
    below = jnp.arange(len(w), dtype=jnp.int32)

    def step(carry: tuple[Array, Array], column: tuple[Array, Array, Array]) -> tuple[tuple[Array, Array], Any]:
        w, weight = carry
        k, L, energy = column
        news = jax.lax.dynamic_index_in_dim(w, k)
        risen = energy + weight * news[0] * news[0]
        w = w - news * L
        gain = (weight * news[0] / risen)[None]
        L = L + jnp.where((below > k)[:, None], gain * w, 0)
        return (w, weight * (energy / risen)), (L, risen, w[len(row) :])

    order = jnp.arange(len(row), dtype=jnp.int32)
    _, (columns, energy, left) = jax.lax.scan(step, (w, weight), (order, triangle.columns, triangle.energy))
    return Triangle(columns, energy), jnp.concatenate([target[None], left])
