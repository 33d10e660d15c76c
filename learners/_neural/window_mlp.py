"""One hidden layer over a window, trained online: an opponent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jax
from .._base import Learner
from .._learner_factory import learner_factory
from .online_gradient import Network, OnlineState, Training, apply, drawn, online_learner


class MLPParameters(NamedTuple):
    """Arrays of both layers; in use they have a last axis of lanes."""

    weights: Any  # (unit, window x channel)
    bias: Any  # (unit,)
    readout: Any  # (output, unit)
    constant: Any  # (output,)


@learner_factory
def mlp(
    sizes: Iterable[int] = (1, 2, 4, 8),
    window: int = 16,
    rate: float = 0.003,
    seed: int = 0,
    differences: bool = True,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[OnlineState]:
    """One hidden layer of every width over the last samples, trained online by Adam: an opponent.

        yhat[t] = y[t-1] + s (V max(W x + b, 0) + v),    x = (d[t-1], .., d[t-window]) / s

    **Handed in: the last value y[t-1], and differences d in units of s, the root of their mean square over the last
    hundred samples or so.** So one unit root is a gift, and its parameters do not compare with those of a filter.
    ``differences=no`` takes the gift back: d is y itself, and the forecast is s times the network. Inputs are given in
    units of their own s. The loss is Huber's: an error over 10 s counts as 10 s. The readout starts at zero, so the
    first forecast is the last value. Gaps are filled by the size that was best recently, and teach nothing.

    A size is a network of its own, and all streams begin with the same weights. Outputs times a power of two give
    forecasts times that power to the bit, and a constant added to the outputs is added to the forecasts; without
    differences only if the driver centers. Another order of sums, as on another device, changes forecasts by more than
    rounding, because Adam divides by the root of a small number.

    Cost per step, lane and size: about 12 x parameters operations.

    Args:
        sizes: Hidden units n, rising; 0 learns a constant step.
        window: Samples in the window, from 1 on.
        rate: Of Adam, between 0 and 1.
        seed: Of the first weights.
        differences: Whether the last value is handed in and differences are seen, or the outputs themselves.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of n units, q channels, p of them outputs: n (q window + 1) + p (n + 1).

    Raises:
        ValueError: Sizes not rising, an option out of range, a direct term without inputs.

    References:
        D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning representations by back-propagating errors, 1986.
        K. S. Narendra, K. Parthasarathy, Identification and control of dynamical systems using neural networks, 1990.
        D. P. Kingma, J. Ba, Adam, 2015.
    """

    def start(random: np.random.Generator, size: int, channels: int, outputs: int) -> MLPParameters:
        weights = drawn(random, size, window * channels)
        return MLPParameters(weights, np.zeros(size), np.zeros((outputs, size)), np.zeros(outputs))

    training = Training(outputs, inputs, direct, window, rate, seed, differences)
    return online_learner("mlp", Network(start, _forward), sizes, training, "number of hidden units")


def _forward(own: MLPParameters, carried: Array, rows: Array) -> Float[Array, "output lane"]:
    del carried
    hidden = jax.nn.relu(apply(own.weights, rows.reshape(-1, rows.shape[-1])) + own.bias)
    made: Array = apply(own.readout, hidden) + own.constant
    return made
