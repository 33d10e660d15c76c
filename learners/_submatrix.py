"""Least squares on the top-left k x k block of a matrix, for every k at once, pooled over the replicates.

Time: in ``update`` the output is the state ``x[t]`` itself, and ``x[t-1]`` is the regressor.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float

from ._base import Learner, check_sizes, choose, prefix_sums


class SubmatrixState(NamedTuple):
    """Triangular factor of the pooled regressors, their targets rotated alike, and where each lane is."""

    factor: Float[Array, "state state"]  # upper triangular, factor' factor = ridge I + sum x[t] x[t]'
    target: Float[Array, "state state"]  # factor' target = sum x[t] x[t+1]'
    started: Bool[Array, ""]
    x: Float[Array, "state lane"]
    known: Bool[Array, " lane"]  # whether all of x was observed


def submatrix(sizes: Iterable[int] = range(1, 8), ridge: float = 1e-12) -> Learner:
    """Fit x[t+1] = M x[t] with M zero outside its top-left k x k block, for every k at once.

        M_k = argmin sum over replicates and s < t of |x[s+1] - M x[s]|^2

    A triangular factor of all regressors is kept by orthogonal rotations (the square root of what normal equations
    would hold, so that covariances of 1e17 still leave half the digits); its leading blocks serve every k.

    A sample with a missing entry is neither a target nor a regressor. Cost per step: O(state^2 (state + replicates)).

    Args:
        sizes: Values of k, rising, from 0 on.
        ridge: In units of the mean square of the first nonzero samples, positive: only there to start from.

    Returns:
        A pooled learner for streams whose outputs are the whole state. Parameters of size k: k^2.

    Raises:
        ValueError: Sizes not rising, or beyond the number of outputs.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity*, L4DC 2025, Figure 1.
    """
    return _submatrix(check_sizes(sizes), float(ridge))


@lru_cache(maxsize=64)
def _submatrix(sizes: tuple[int, ...], ridge: float) -> Learner:
    if not (np.isfinite(ridge) and ridge > 0):
        raise ValueError(f"ridge must be positive, got {ridge}.")
    rungs = np.array(sizes)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> SubmatrixState:
        if sizes[-1] > outputs:
            raise ValueError(f"submatrix sizes go up to the {outputs} outputs of the stream, got {sizes[-1]}.")
        zero = jnp.zeros((outputs, outputs), dtype)
        return SubmatrixState(
            jnp.eye(outputs, dtype=dtype),
            zero,
            jnp.array(False),
            jnp.zeros((outputs, lanes), dtype),
            jnp.zeros(lanes, bool),
        )

    def predict(state: SubmatrixState, inputs: Array) -> Float[Array, "1 size output lane"]:
        del inputs
        n = len(state.x)
        v = solve_triangular(state.factor, jnp.eye(n, dtype=state.x.dtype), trans=1) @ state.x
        rows = jnp.concatenate([jnp.zeros_like(state.x)[None], prefix_sums(state.target[:, :, None] * v[:, None])])
        inside = np.arange(n) < rungs[:, None]
        return (choose(rows, sizes) * jnp.asarray(inside, v.dtype)[..., None])[None]

    def update(state: SubmatrixState, output: Array, input: Array, observed: Array) -> SubmatrixState:
        del input
        n = len(output)
        seen = observed.all(axis=0)
        use = (seen & state.known).astype(output.dtype)
        before, now = state.x * use[None], output * use[None]
        power = jnp.mean(before**2)
        first = ~state.started & (power > 0)
        factor = jnp.where(first, jnp.sqrt(ridge * power) * jnp.eye(n, dtype=output.dtype), state.factor)
        rows = jnp.concatenate([jnp.concatenate([factor, state.target], axis=1), jnp.concatenate([before, now]).T])
        rotated = _triangle(rows)
        fits = state.started | first
        return SubmatrixState(
            jnp.where(fits, rotated[:n, :n], factor),
            jnp.where(fits, rotated[:n, n:], state.target),
            fits,
            jnp.where(seen[None], output, 0),
            seen,
        )

    labels: dict[str, Any] = dict(pooled=True, size_word="block size", tends_to="blocks")
    return Learner("submatrix", init, predict, update, sizes, tuple(k * k for k in sizes), **labels)


def _triangle(rows: Float[Array, "row column"]) -> Float[Array, "rank column"]:
    """Return the triangular factor of many rows, tile by tile: LAPACK is slow on one very tall matrix."""
    column, tile = rows.shape[1], 8 * rows.shape[1]
    while len(rows) > 2 * tile:
        padded = jnp.pad(rows, ((0, -len(rows) % tile), (0, 0)))
        rows = jnp.linalg.qr(padded.reshape(-1, tile, column), mode="r").reshape(-1, column)
    return jnp.linalg.qr(rows, mode="r")


def submatrices(state: SubmatrixState, sizes: Iterable[int]) -> Float[Array, "size state state"]:
    """Return the fitted matrices M_k of a submatrix learner's state, zero outside their blocks."""
    n = len(state.factor)
    matrices = []
    for k in check_sizes(sizes):
        M = solve_triangular(state.factor[:k, :k], state.target[:k, :k]).T
        matrices.append(jnp.pad(M, (0, n - k)))
    return jnp.stack(matrices)
