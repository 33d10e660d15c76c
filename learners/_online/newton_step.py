"""Online Newton step: a regret of the order of log T on data of known range.

Time: ``learn`` takes the pair (phi[t], y[t]) in; the loss of the weights w is (y - w' phi)^2, its gradient
g = -2 (y - w' phi) phi.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._least_squares.rls import potter
from .._least_squares.window_learner import Rule, Shape, Stream, WindowState, keep_where, mask, weighted, window_learner


class NewtonState(NamedTuple):
    """Weights, the square root of the inverse of A for each output, and the largest output so far."""

    weights: Float[Array, "size column output lane"]
    root: Float[Array, "member column column lane"]  # a member is a size and an output
    largest: Float[Array, "output lane"]


@learner_factory
def newton_step(
    sizes: Iterable[int] = range(17),
    margin: float = 2.0,
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[NewtonState]]:
    """Online Newton step for the squared loss, for every window length, on weights whose forecasts stay in range.

        w = w' - max(|phi' w'| - c, 0) sign(phi' w') P phi / (phi' P phi),   c = margin x largest |y| so far,
        A += g g' / (8 c^2),   w' = w - A^-1 g,   A_0 = ridge I,   P = A^-1

    Against all fixed weights v with |phi_t' v| <= c for every t, and with c constant, d columns and |y| <= c,

        regret(T) <= ridge |v|^2 / 2 + 4 c^2 d log(1 + sum_{t<=T} |g_t|^2 / (8 c^2 d ridge)),

    because the squared loss has a curvature of 1 / (8 c^2) along its gradient. On a stream that grows, c grows with it
    and the bound holds for the last c. A^-1 is kept as a square root.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane, length and output: 8 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        margin: Forecasts are limited to this many times the largest output so far, at least 1.
        ridge: In units of the square of each channel's first nonzero sample, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, margin or ridge out of range, a direct term without inputs.

    References:
        E. Hazan, A. Agarwal, S. Kale, Logarithmic regret algorithms for online convex optimization, 2007. The range in
        place of a ball: H. Luo, A. Agarwal, N. Cesa-Bianchi, J. Langford, Efficient second order online learning by
        sketching, 2016, Theorem 1.
    """
    if not (1 <= margin < float("inf") and 0 < ridge < float("inf")):
        raise ValueError(f"newton-step needs a margin of at least 1 and a positive ridge, got {margin} and {ridge}.")

    def start(shape: Shape, lanes: int, dtype: Any) -> NewtonState:
        K, members = shape.columns, len(shape.sizes) * shape.outputs
        seen = jnp.repeat(mask(shape, dtype), shape.outputs, axis=0)
        root = jnp.eye(K, dtype=dtype)[None, :, :, None] * seen[:, None] / np.sqrt(ridge)
        return NewtonState(
            jnp.zeros((len(shape.sizes), K, shape.outputs, lanes), dtype),
            jnp.broadcast_to(root, (members, K, K, lanes)),
            jnp.zeros((shape.outputs, lanes), dtype),
        )

    def forecast(shape: Shape, state: NewtonState, phi: Array) -> Array:
        reach = margin * state.largest[None]
        return jnp.clip(weighted(state.weights, phi), -reach, reach)

    def learn(shape: Shape, state: NewtonState, phi: Array, y: Array, forecast: Array, whole: Array) -> NewtonState:
        weights, root, largest = state
        beyond = weighted(weights, phi) - forecast  # the part beyond the range
        Pphi = _through(root, phi[None])
        along = jnp.where((power := (Pphi * phi[None]).sum(axis=1)) > 0, power, 1)
        toward = _by_output(Pphi / along[:, None], shape)
        weights = weights - toward * beyond[:, None]

        largest = jnp.maximum(largest, jnp.abs(y))
        reach = margin * jnp.where(largest > 0, largest, 1)
        visible = phi[None] * mask(shape, phi.dtype)
        gradient = -2 * visible[:, :, None] * (y[None] - forecast)[:, None]  # (size, column, output, lane)
        curved = (gradient / (np.sqrt(8.0).astype(phi.dtype) * reach)[None, None]).swapaxes(1, 2)
        _, root = potter(root, curved.reshape(-1, *phi.shape))
        members = gradient.swapaxes(1, 2).reshape(-1, *phi.shape)
        weights = weights - _by_output(_through(root, members), shape)
        return NewtonState(
            keep_where(whole, weights, state.weights),
            keep_where(whole, root, state.root),
            keep_where(whole, largest, state.largest),
        )

    return window_learner("newton-step", Rule(start, forecast, learn), Stream(sizes, outputs, inputs, direct))


def _through(root: Float[Array, "member column rank lane"], rows: Float[Array, "#member column lane"]) -> Array:
    """Return S S' times a row, for each member."""
    f = (root * rows[:, :, None]).sum(axis=1)
    return (root * f[:, None]).sum(axis=2)


def _by_output(members: Float[Array, "member column lane"], shape: Shape) -> Float[Array, "size column output lane"]:
    return members.reshape(len(shape.sizes), shape.outputs, *members.shape[1:]).swapaxes(1, 2)
