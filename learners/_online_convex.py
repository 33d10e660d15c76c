"""Learners with a regret bound for any data: online gradient descent, online Newton step, Vovk-Azoury-Warmuth.

Time: ``learn`` takes the pair (phi[t], y[t]) in; the loss of the weights w is (y - w' phi)^2, its gradient
g = -2 (y - w' phi) phi.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._base import Learner
from ._rls import CovarianceState, potter
from ._window import Rule, Shape, keep_where, masks, weighted, window_learner


class DescentState(NamedTuple):
    """Weights, and the sum of their squared gradients."""

    weights: Float[Array, "size column output lane"]
    power: Float[Array, "size output lane"]


class NewtonState(NamedTuple):
    """Weights, the square root of the inverse of A for each output, and the largest output so far."""

    weights: Float[Array, "size column output lane"]
    root: Float[Array, "member column column lane"]  # a member is a size and an output
    largest: Float[Array, "output lane"]


def gradient_descent(
    sizes: Iterable[int] = range(17),
    radius: float = 4.0,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner:
    """Online gradient descent on a ball, for every window length; its step needs no knowledge of the data.

        w = project(w - step g),   step = D / sqrt(2 sum of |g|^2 so far),   D = 2 radius

    Against the best fixed weights within the radius, on any data,

        regret(T) <= D sqrt(2 sum_{t<=T} |g_t|^2),

    of the order of sqrt(T) where samples stay bounded. One ball for each output.

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
    return _descent((tuple(sizes), int(outputs), int(inputs), bool(direct)), float(radius))


@lru_cache(maxsize=64)  # one learner, one compiled kernel
def _descent(stream: tuple[Any, ...], radius: float) -> Learner:
    sizes, outputs, inputs, direct = stream

    def start(shape: Shape, lanes: int, dtype: Any) -> DescentState:
        weights = jnp.zeros((len(shape.sizes), shape.columns, shape.outputs, lanes), dtype)
        return DescentState(weights, jnp.zeros((len(shape.sizes), shape.outputs, lanes), dtype))

    def forecast(shape: Shape, state: DescentState, phi: Array) -> Array:
        return weighted(state.weights, phi)

    def learn(shape: Shape, state: DescentState, phi: Array, y: Array, said: Array, whole: Array) -> DescentState:
        visible = phi[None] * masks(shape, phi.dtype)
        gradient = -2 * visible[:, :, None] * (y[None] - said)[:, None]
        power = state.power + (gradient * gradient).sum(axis=1)
        step = 2 * radius / jnp.sqrt(2 * jnp.where(power > 0, power, 1))
        weights = state.weights - step[:, None] * gradient
        length = jnp.sqrt((weights * weights).sum(axis=1))
        weights = weights * jnp.where(length > radius, radius / jnp.where(length > 0, length, 1), 1)[:, None]
        return DescentState(keep_where(whole, weights, state.weights), keep_where(whole, power, state.power))

    return window_learner("gradient-descent", Rule(start, forecast, learn), sizes, outputs, inputs, direct)


def newton_step(
    sizes: Iterable[int] = range(17),
    margin: float = 2.0,
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner:
    """Online Newton step for the squared loss, for every window length, on weights whose forecasts stay in range.

        w = w' - max(|phi' w'| - c, 0) sign(phi' w') P phi / (phi' P phi),   c = margin x largest |y| so far,
        A += g g' / (8 c^2),   w' = w - A^-1 g,   A_0 = ridge I,   P = A^-1

    Against all fixed weights v with |phi_t' v| <= c for every t, and with c constant, d columns and |y| <= c,

        regret(T) <= ridge |v|^2 / 2 + 4 c^2 d log(1 + sum_{t<=T} |g_t|^2 / (8 c^2 d ridge)),

    for the squared loss curves by 1 / (8 c^2) along its gradient. On a stream that grows, c grows with it and the bound
    speaks of the last c. A^-1 is kept by its square root.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane, length and output: 8 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        margin: Forecasts go no further than this many times the largest output so far, at least 1.
        ridge: Positive.
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
    return _newton((tuple(sizes), int(outputs), int(inputs), bool(direct)), float(margin), float(ridge))


@lru_cache(maxsize=64)  # one learner, one compiled kernel
def _newton(stream: tuple[Any, ...], margin: float, ridge: float) -> Learner:
    sizes, outputs, inputs, direct = stream

    def start(shape: Shape, lanes: int, dtype: Any) -> NewtonState:
        K, members = shape.columns, len(shape.sizes) * shape.outputs
        seen = jnp.repeat(masks(shape, dtype), shape.outputs, axis=0)
        root = jnp.eye(K, dtype=dtype)[None, :, :, None] * seen[:, None] / np.sqrt(ridge)
        return NewtonState(
            jnp.zeros((len(shape.sizes), K, shape.outputs, lanes), dtype),
            jnp.broadcast_to(root, (members, K, K, lanes)),
            jnp.zeros((shape.outputs, lanes), dtype),
        )

    def forecast(shape: Shape, state: NewtonState, phi: Array) -> Array:
        reach = margin * state.largest[None]
        return jnp.clip(weighted(state.weights, phi), -reach, reach)

    def learn(shape: Shape, state: NewtonState, phi: Array, y: Array, said: Array, whole: Array) -> NewtonState:
        weights, root, largest = state
        beyond = weighted(weights, phi) - said  # what the range takes off
        Pphi = _through(root, phi[None])
        along = jnp.where((power := (Pphi * phi[None]).sum(axis=1)) > 0, power, 1)
        toward = _by_output(Pphi / along[:, None], shape)
        weights = weights - toward * beyond[:, None]

        largest = jnp.maximum(largest, jnp.abs(y))
        reach = margin * jnp.where(largest > 0, largest, 1)
        visible = phi[None] * masks(shape, phi.dtype)
        gradient = -2 * visible[:, :, None] * (y[None] - said)[:, None]  # (size, column, output, lane)
        curved = (gradient / (np.sqrt(8.0).astype(phi.dtype) * reach)[None, None]).swapaxes(1, 2)
        _, root = potter(root, curved.reshape(-1, *phi.shape))
        members = gradient.swapaxes(1, 2).reshape(-1, *phi.shape)
        weights = weights - _by_output(_through(root, members), shape)
        return NewtonState(
            keep_where(whole, weights, state.weights),
            keep_where(whole, root, state.root),
            keep_where(whole, largest, state.largest),
        )

    return window_learner("newton-step", Rule(start, forecast, learn), sizes, outputs, inputs, direct)


def _through(root: Float[Array, "member column rank lane"], rows: Float[Array, "#member column lane"]) -> Array:
    """Return S S' times a row, for each member."""
    f = (root * rows[:, :, None]).sum(axis=1)
    return (root * f[:, None]).sum(axis=2)


def _by_output(members: Float[Array, "member column lane"], shape: Shape) -> Float[Array, "size column output lane"]:
    return members.reshape(len(shape.sizes), shape.outputs, *members.shape[1:]).swapaxes(1, 2)


def vovk(
    sizes: Iterable[int] = range(17),
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner:
    """The Vovk-Azoury-Warmuth forecaster: least squares that counts the coming regressor before it knows its target.

        yhat[t] = w' phi / (1 + phi' P phi),   w and P those of least squares on the pairs before t with this ridge

    Against every fixed v, on any data with |y| <= Y, d columns and |phi| <= X,

        regret(T) <= ridge |v|^2 + d Y^2 log(1 + T X^2 / (d ridge)),

    without knowing Y or X, where least squares itself has no such bound. P is kept by its square root.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 10 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        ridge: Regularisation in the units of the stream, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, a ridge that is not positive, a direct term without inputs.

    References:
        V. Vovk, Competitive on-line statistics, 2001. K. S. Azoury, M. K. Warmuth, Relative loss bounds for on-line
        density estimation with the exponential family of distributions, 2001.
    """
    if not 0 < ridge < float("inf"):
        raise ValueError(f"ridge must be positive, got {ridge}.")
    return _vovk((tuple(sizes), int(outputs), int(inputs), bool(direct)), float(ridge))


@lru_cache(maxsize=64)  # one learner, one compiled kernel
def _vovk(stream: tuple[Any, ...], ridge: float) -> Learner:
    sizes, outputs, inputs, direct = stream

    def start(shape: Shape, lanes: int, dtype: Any) -> CovarianceState:
        K = shape.columns
        root = jnp.eye(K, dtype=dtype)[None, :, :, None] * masks(shape, dtype)[:, None] / np.sqrt(ridge)
        return CovarianceState(
            jnp.zeros((len(shape.sizes), K, shape.outputs, lanes), dtype),
            jnp.broadcast_to(root, (len(shape.sizes), K, K, lanes)),
            jnp.zeros(lanes, jnp.int32),
        )

    def forecast(shape: Shape, state: CovarianceState, phi: Array) -> Array:
        f = (state.matrix * phi[None, :, None]).sum(axis=1)
        return weighted(state.weights, phi) / (1 + (f * f).sum(axis=1))[:, None]

    def learn(shape: Shape, state: CovarianceState, phi: Array, y: Array, said: Array, whole: Array) -> CovarianceState:
        gain, root = potter(state.matrix, phi)
        error = y[None] - weighted(state.weights, phi)
        weights = state.weights + gain[:, :, None] * error[:, None]
        return CovarianceState(
            keep_where(whole, weights, state.weights), keep_where(whole, root, state.matrix), state.age
        )

    return window_learner("vovk", Rule(start, forecast, learn), sizes, outputs, inputs, direct, "filters")
