"""Online gradient descent: a regret of the order of sqrt(T) on any data.

Time: ``learn`` takes the pair (phi[t], y[t]) in; the loss of the weights w is (y - w' phi)^2, its gradient
g = -2 (y - w' phi) phi.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxtyping import Float

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._least_squares.window_learner import (
    Rule,
    Shape,
    Stream,
    WindowState,
    keep_where,
    kept_weights,
    mask,
    weighted,
    window_learner,
)


class DescentState(NamedTuple):
    """Weights, and the sum of their squared gradients."""

    weights: Float[Array, "size column output lane"]
    power: Float[Array, "size output lane"]


@learner_factory
def gradient_descent(
    sizes: Iterable[int] = range(17),
    radius: float = 4.0,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[DescentState]]:
    """Online gradient descent on a ball, for every window length; its step needs no knowledge of the data.

        w = project(w - step g),   step = D / sqrt(2 sum of |g|^2 so far),   D = 2 radius

    Against the best fixed weights within the radius, on any data,

        regret(T) <= D sqrt(2 sum_{t<=T} |g_t|^2),

    of the order of sqrt(T) where samples stay bounded. Each output has its own ball.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 8 h q operations.

    Args:
        sizes: Window lengths, rising.
        radius: Of the weights, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, a radius that is not positive, a direct term without inputs.

    References:
        M. Zinkevich, Online convex programming and generalized infinitesimal gradient ascent, 2003. The step: M.
        Streeter, H. B. McMahan, Less regret via online conditioning, 2010; F. Orabona, *A Modern Introduction to Online
        Learning*, chapter 4.
    """
    if not 0 < radius < float("inf"):
        raise ValueError(f"radius must be positive, got {radius}.")

    def start(shape: Shape, lanes: int, dtype: Any) -> DescentState:
        weights = jnp.zeros((len(shape.sizes), shape.columns, shape.outputs, lanes), dtype)
        return DescentState(weights, jnp.zeros((len(shape.sizes), shape.outputs, lanes), dtype))

    def forecast(shape: Shape, state: DescentState, phi: Array) -> Array:
        return weighted(state.weights, phi)

    def learn(shape: Shape, state: DescentState, phi: Array, y: Array, forecast: Array, whole: Array) -> DescentState:
        visible = phi[None] * mask(shape, phi.dtype)
        gradient = -2 * visible[:, :, None] * (y[None] - forecast)[:, None]
        power = state.power + (gradient * gradient).sum(axis=1)
        step = 2 * radius / jnp.sqrt(2 * jnp.where(power > 0, power, 1))
        weights = state.weights - step[:, None] * gradient
        length = jnp.sqrt((weights * weights).sum(axis=1))
        weights = weights * jnp.where(length > radius, radius / jnp.where(length > 0, length, 1), 1)[:, None]
        return DescentState(keep_where(whole, weights, state.weights), keep_where(whole, power, state.power))

    return window_learner(
        "gradient-descent", Rule(start, forecast, learn, weights=kept_weights), Stream(sizes, outputs, inputs, direct)
    )
