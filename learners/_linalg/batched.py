"""Algebra of small matrices, one for each lane.

Products are written as sums, elementwise in the lane. So there is no transposition to a batched matrix product, and
the rounding of a lane cannot depend on other lanes.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..._core.jax_later import Array, jnp


def times(
    matrix: NDArray[np.float64] | Float[Array, "*size row column #lane"], vector: Float[Array, "*size column lane"]
) -> Float[Array, "*size row lane"]:
    """Return the matrix times the vector of each lane."""
    return jnp.sum(jnp.asarray(matrix, vector.dtype) * vector[..., None, :, :], axis=-2)


def product(
    left: Float[Array, "row inner #lane"], right: Float[Array, "inner column #lane"]
) -> Float[Array, "row column #lane"]:
    """Return left times right of each lane."""
    total = left[:, 0, None] * right[None, 0]
    for k in range(1, left.shape[1]):  # a reduction over so short an axis is several times slower
        total = total + left[:, k, None] * right[None, k]
    return total


def right_divide(
    left: Float[Array, "row inner lane"], S: Float[Array, "inner inner lane"]
) -> Float[Array, "row inner lane"]:
    """Return left S^+ for positive semidefinite S by L D L', unrolled over the few outputs.

    An output that is known exactly from the outputs before it, such as at a start without noise, has a zero in D and
    changes nothing.
    """
    p, tiny = len(S), float(np.finfo(S.dtype).eps) * len(S)
    rest, columns, inverses = S, [], []
    for j in range(p):
        pivot = rest[0, 0]
        news = pivot > tiny * S[j, j]
        inverses.append(jnp.where(news, 1 / jnp.where(news, pivot, 1), 0))
        columns.append(rest[1:, 0] * inverses[j][None])
        rest = rest[1:, 1:] - columns[j][:, None] * rest[None, 0, 1:]
    forward: list[Array] = []
    for j in range(p):
        forward.append(left[:, j] - sum(forward[k] * columns[k][j - k - 1][None] for k in range(j)))
    solution: list[Array] = []
    for j in reversed(range(p)):
        known = sum(x * columns[j][i][None] for i, x in enumerate(solution))
        solution.insert(0, forward[j] * inverses[j][None] - known)
    return jnp.stack(solution, axis=1)
