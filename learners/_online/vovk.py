"""The Vovk-Azoury-Warmuth forecaster: a regret of the order of log T on any data.

Time: ``learn`` takes the pair (phi[t], y[t]) in; the loss of the weights w is (y - w' phi)^2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..._core.jax_later import Array, jnp
from .._base import Learner, check_ridge
from .._learner_factory import learner_factory
from .._least_squares.rls import CovarianceState, potter
from .._least_squares.window_learner import Rule, Shape, Stream, WindowState, keep_where, mask, weighted, window_learner


@learner_factory
def vovk(
    sizes: Iterable[int] = range(17),
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[CovarianceState]]:
    """The Vovk-Azoury-Warmuth forecaster: least squares that includes the next regressor before its target is known.

        yhat[t] = w' phi / (1 + phi' P phi),   w and P those of least squares on the pairs before t with this ridge

    Against every fixed v, on any data with |y| <= Y, d columns and |phi| <= X,

        regret(T) <= ridge |v|^2 + d Y^2 log(1 + T X^2 / (d ridge)),

    without knowing Y or X; least squares itself has no such bound. P is kept as a square root.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 10 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q, + inputs if direct, + 1 with an
        intercept).

    Raises:
        ValueError: Sizes not rising, a ridge that is not positive, a direct term without inputs.

    References:
        V. Vovk, Competitive on-line statistics, 2001. K. S. Azoury, M. K. Warmuth, Relative loss bounds for on-line
        density estimation with the exponential family of distributions, 2001.
    """
    check_ridge(ridge)

    def start(shape: Shape, lanes: int, dtype: Any) -> CovarianceState:
        K = shape.columns
        root = jnp.eye(K, dtype=dtype)[None, :, :, None] * mask(shape, dtype)[:, None] / np.sqrt(ridge)
        return CovarianceState(
            jnp.zeros((len(shape.sizes), K, shape.outputs, lanes), dtype),
            jnp.broadcast_to(root, (len(shape.sizes), K, K, lanes)),
            jnp.zeros(lanes, jnp.int32),
        )

    def forecast(shape: Shape, state: CovarianceState, phi: Array) -> Array:
        f = (state.matrix * phi[None, :, None]).sum(axis=1)
        return weighted(state.weights, phi) / (1 + (f * f).sum(axis=1))[:, None]

    def learn(
        shape: Shape, state: CovarianceState, phi: Array, y: Array, forecast: Array, whole: Array
    ) -> CovarianceState:
        gain, root = potter(state.matrix, phi)
        error = y[None] - weighted(state.weights, phi)
        weights = state.weights + gain[:, :, None] * error[:, None]
        return CovarianceState(
            keep_where(whole, weights, state.weights), keep_where(whole, root, state.matrix), state.age
        )

    return window_learner(
        "vovk", Rule(start, forecast, learn), Stream(sizes, outputs, inputs, direct, intercept), "filters"
    )
