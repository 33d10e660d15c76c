"""Least squares of x[t+1] on x[t] over all replicates and all time: the common part of families of matrices.

Time: in ``update`` the output is the state ``x[t]`` itself, and ``x[t-1]`` is the regressor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Bool, Float

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner, check_ridge


class PooledState(NamedTuple):
    """Triangular factor of the pooled regressors, their targets in the same rotation, last state of each lane."""

    factor: Float[Array, "state state"]  # upper triangular, factor' factor = ridge I + sum x[t] x[t]'
    target: Float[Array, "state state"]  # factor' target = sum x[t] x[t+1]'
    started: Bool[Array, ""]
    x: Float[Array, "state lane"]
    known: Bool[Array, " lane"]  # whether all of x was observed


# (factor, target, v) -> the forecasts M x of every size, (size, state, lane), with v = factor'^-1 x.
Family = Callable[[Array, Array, Array], Array]


def pooled_learner(
    name: str,
    family: Family,
    sizes: tuple[int, ...],
    parameters: tuple[int, ...],
    ridge: float,
    largest: Callable[[int], int],
    **labels: Any,
) -> Learner[PooledState]:
    """Return the learner that fits the matrices of a family to all replicates at once.

    A triangular factor of all regressors is kept by orthogonal rotations: it is the square root of the matrix of the
    normal equations, so covariances of 1e17 still leave half the digits. With Y its rotated targets, the sum of squares
    of a matrix M is |Y - factor M'|^2 and a constant. A sample with a missing entry is neither a target nor a
    regressor.

    Args:
        name: Of the learner.
        family: The forecasts of the best matrices of the family.
        sizes: Rising.
        parameters: Of each size.
        ridge: In units of the mean square of the first nonzero samples, positive; it only defines the start.
        largest: ``(states) -> largest possible size``.
        **labels: See ``Learner``.

    Raises:
        ValueError: A ridge that is not positive; later, from ``init``, sizes beyond the largest.
    """
    check_ridge(ridge)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> PooledState:
        if sizes[-1] > largest(outputs):
            raise ValueError(
                f"{name} sizes go up to {largest(outputs)} for the {outputs} outputs of the stream, got {sizes[-1]}."
            )
        eye, zero = jnp.eye(outputs, dtype=dtype), jnp.zeros((outputs, outputs), dtype)
        return PooledState(eye, zero, jnp.array(False), jnp.zeros((outputs, lanes), dtype), jnp.zeros(lanes, bool))

    def predict(state: PooledState, inputs: Array) -> Float[Array, "1 size output lane"]:
        del inputs
        one = jnp.eye(len(state.x), dtype=state.x.dtype)
        v = jax.scipy.linalg.solve_triangular(state.factor, one, trans=1) @ state.x
        return family(state.factor, state.target, v)[None]

    def update(state: PooledState, output: Array, input: Array, observed: Array) -> PooledState:
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
        return PooledState(
            jnp.where(fits, rotated[:n, :n], factor),
            jnp.where(fits, rotated[:n, n:], state.target),
            fits,
            jnp.where(seen[None], output, 0),
            seen,
        )

    return Learner(name, init, predict, update, sizes, parameters, pooled=True, **labels)


def _triangle(rows: Float[Array, "row column"]) -> Float[Array, "rank column"]:
    """Return the triangular factor of many rows, tile by tile: LAPACK is slow on one very tall matrix."""
    column, tile = rows.shape[1], 8 * rows.shape[1]
    while len(rows) > 2 * tile:
        padded = jnp.pad(rows, ((0, -len(rows) % tile), (0, 0)))
        rows = jnp.linalg.qr(padded.reshape(-1, tile, column), mode="r").reshape(-1, column)
    return jnp.linalg.qr(rows, mode="r")
