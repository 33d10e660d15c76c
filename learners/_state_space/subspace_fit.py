"""State-space predictors of every order from one triangular factor: the fit of subspace identification.

Coordinates: the factor S has S S' = the sum of outer squares of the rows (z[t-1], .., z[t-p], z[t]), so a row of S is
the sequence of one entry over the samples, rotated; a sum of products over the samples is a sum of products over S.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..._core.jax_later import Array, jax, jnp
from .._linalg.svd import right_vectors
from .._linalg.triangular_factor import Triangle

SETTLES = 10  # doublings: F^1024 below one in norm proves a spectral radius below one


class Model(NamedTuple):
    """Predictors of all orders from the last fit; in the order with n states the other states are zero."""

    F: Float[Array, "size state state lane"]  # A - K C
    G: Float[Array, "size state channel lane"]  # (B - K D, K)
    C: Float[Array, "output state lane"]
    D: Float[Array, "output input lane"]
    reach: Float[Array, "state column lane"]  # x[n+1] from z[n], z[n-1], ..
    settles: Bool[Array, "size lane"]  # whether F is stable


def fit(triangle: Triangle, outputs: int, inputs: int, past: int, states: int, orders: Any, direct: bool) -> Model:
    """Return the models of all lanes from the factor of (z[t-1], .., z[t-p], z[t]).

    It uses sums and rotations, not LAPACK: a lane gives the same bits beside any other lanes, also on several threads.
    """
    p, m, q, driven = outputs, inputs, inputs + outputs, inputs * direct
    before, columns, dtype = past * q, (past + 1) * q, triangle.energy.dtype
    eps = float(np.finfo(dtype).eps)
    L = triangle.columns.swapaxes(0, 1)  # row, column
    S = (L + jnp.eye(columns, dtype=dtype)[..., None]) * jnp.sqrt(triangle.energy)[None]
    S_past, now = S[:before, :before], S[before:]  # coordinates of the past, and of z[t]
    weights = _divide(L[before + m :, : before + driven], triangle.columns[: before + driven, : before + driven])
    Phi, D = weights[:, :before], weights[:, before:]
    e = now[m:, before + driven :]
    unit = jnp.sqrt(jnp.sum(e * e, axis=1))
    shifted = [jnp.pad(Phi[:, i * q :], ((0, 0), (0, i * q), (0, 0))) for i in range(past)]
    H = (jnp.stack(shifted) / unit[None, :, None]).reshape(past * p, before, -1)
    sigma, V, reach = right_vectors(_product(H, S_past), H)
    sigma, V, reach = sigma[:states], V[:states], reach[:states]
    alive = (sigma > before * eps * sigma[:1])[:, None]
    V, reach = jnp.where(alive, V, 0), jnp.where(alive, reach, 0)
    x = jnp.pad(V, ((0, 0), (0, q), (0, 0)))  # orthonormal coordinates of x[t]
    after = _product(reach, jnp.concatenate([now, S[: before - q]]))  # of x[t+1]
    on_x, moved = _product(now, x.swapaxes(0, 1)), _product(after, x.swapaxes(0, 1))
    C = on_x[m:] - (_product(D, on_x[:m]) if driven else 0)

    def of_order(inside: Float[Array, "state 1"]) -> tuple[Array, Array]:
        here = x * inside[:, None]
        news = now - _product(on_x, here)  # the part of u[t], y[t] that x[t] does not explain
        news = news - _product(_product(news, here.swapaxes(0, 1)), here)  # again: large outputs leave some rounding
        size = jnp.sqrt(jnp.sum(news * news, axis=1))
        news = news / size[:, None]
        # Where one channel determines another, the solution of least norm: eps on the diagonal of a correlation matrix.
        gram = _product(news, news.swapaxes(0, 1)) + 10 * eps * jnp.eye(q, dtype=dtype)[..., None]
        G = _solve(gram, _product(news, after.swapaxes(0, 1))).swapaxes(0, 1) / size[None] * inside[:, None]
        return (moved - _product(G, on_x)) * inside[:, None] * inside[None], G

    F, G = jax.vmap(of_order)(jnp.asarray(np.arange(states) < orders[:, None], dtype)[..., None])
    return Model(F, G, C, D if driven else jnp.zeros((p, m, D.shape[-1]), dtype), reach, _settles(F))


def _divide(
    rows: Float[Array, "row column lane"], L: Float[Array, "column below lane"]
) -> Float[Array, "row column lane"]:
    """Return W with W L = rows; L is unit lower triangular, its column axis first, without the diagonal."""

    def step(W: Array, column: tuple[Array, Array, Array]) -> tuple[Array, None]:
        k, of_rows, below = column
        value = of_rows - jnp.sum(W * below[None], axis=1)
        return jax.lax.dynamic_update_index_in_dim(W, value, k, 1), None

    order = jnp.arange(len(L), dtype=jnp.int32)
    return jax.lax.scan(step, jnp.zeros_like(rows), (order, rows.swapaxes(0, 1), L), reverse=True)[0]


def _solve(
    matrix: Float[Array, "row row lane"], right: Float[Array, "row column lane"]
) -> Float[Array, "row column lane"]:
    """Return the solution for a positive definite matrix of a few rows, by Gauss and Jordan."""
    both = jnp.concatenate([matrix, right], axis=1)
    for k in range(len(matrix)):
        pivot = both[k] / both[k, k][None]
        both = (both - both[:, k][:, None] * pivot[None]).at[k].set(pivot)
    return both[:, len(matrix) :]


def _settles(F: Float[Array, "size state state lane"]) -> Bool[Array, "size lane"]:
    power = F
    for _ in range(SETTLES):
        power = jnp.clip(jax.vmap(_product)(power, power), -1e9, 1e9)
    return jnp.sum(power * power, axis=(1, 2)) < 1


def _product(
    left: Float[Array, "row inner lane"], right: Float[Array, "inner column #lane"]
) -> Float[Array, "row column lane"]:
    return jnp.sum(left[:, :, None] * right[None], axis=1)
