"""A recurrent network with gates, trained online: an opponent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .online_gradient import Network, OnlineState, Training, apply, drawn, online_learner


class GRUParameters(NamedTuple):
    """Three gates (keep, reset, new) in one array each, and the readout. Arrays have a last axis of lanes in use."""

    driven: Any  # (3 unit, channel)
    recurrent: Any  # (3 unit, unit)
    bias: Any  # (3 unit,)
    readout: Any  # (output, unit)
    constant: Any  # (output,)


@learner_factory
def gru(
    sizes: Iterable[int] = (1, 2, 4, 8),
    window: int = 8,
    rate: float = 0.003,
    seed: int = 0,
    differences: bool = True,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[OnlineState]:
    """Gated recurrent units of every size, trained online by Adam: an opponent, with no claim to a critical size.

        z = sigmoid(W_z x + U_z h + b_z),  r = sigmoid(W_r x + U_r h + b_r),  c = tanh(W_c x + U_c (r h) + b_c)
        h <- (1 - z) c + z h,              yhat[t] = y[t-1] + s (V h + v),    x = d[t-1] / s

    **Handed in: the last value y[t-1], and differences d in units of s, the root of their mean square over the last
    hundred samples or so.** So one unit root is a gift, and its parameters do not compare with those of a filter.
    ``differences=no`` takes the gift back: d is y itself, and the forecast is s times the network. Inputs are given in
    units of their own s. The loss is Huber's: an error over 10 s counts as 10 s. The readout starts at zero, so the
    first forecast is the last value. Gaps are filled by the size that was best recently, and teach nothing.

    The gradient goes back through the last ``window`` samples; the state before them is a constant (truncated
    backpropagation through time).

    A size is a network of its own, and all streams begin with the same weights. Outputs times a power of two give
    forecasts times that power to the bit, and a constant added to the outputs is added to the forecasts; without
    differences only if the driver centers. Another order of sums, as on another device, changes forecasts by more than
    rounding, because Adam divides by the root of a small number.

    Cost per step, lane and size: about 3 x window x parameters multiplications.

    Args:
        sizes: Hidden units, rising; 0 learns a constant step.
        window: Samples that the gradient goes back, from 1 on.
        rate: Of Adam, between 0 and 1.
        seed: Of the first weights.
        differences: Whether the last value is handed in and differences are seen, or the outputs themselves.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of n units, q channels, p of them outputs: 3 n (n + q + 1) + p (n + 1).

    Raises:
        ValueError: Sizes not rising, an option out of range, a direct term without inputs.

    References:
        K. Cho and others, Learning phrase representations using RNN encoder-decoder, 2014. D. P. Kingma, J. Ba, Adam,
        2015. R. J. Williams, J. Peng, An efficient gradient-based algorithm for on-line training of recurrent network
        trajectories, 1990: truncation.
    """
    network = Network(_start, _forward, _advance, lambda size: size)
    training = Training(outputs, inputs, direct, window, rate, seed, differences)
    return online_learner("gru", network, sizes, training, "number of hidden units")


def _start(random: np.random.Generator, size: int, channels: int, outputs: int) -> GRUParameters:
    driven, recurrent = drawn(random, 3 * size, channels), drawn(random, 3 * size, size)
    return GRUParameters(driven, recurrent, np.zeros(3 * size), np.zeros((outputs, size)), np.zeros(outputs))


def _advance(own: GRUParameters, h: Array, row: Array) -> Float[Array, "unit lane"]:
    n = len(h)
    given = apply(own.driven, row) + own.bias
    keep, reset = jnp.split(jax.nn.sigmoid(given[: 2 * n] + apply(own.recurrent[: 2 * n], h)), 2)
    new = jnp.tanh(given[2 * n :] + apply(own.recurrent[2 * n :], reset * h))
    return (1 - keep) * new + keep * h


def _forward(own: GRUParameters, h: Array, rows: Array) -> Float[Array, "output lane"]:
    h, _ = jax.lax.scan(lambda h, row: (_advance(own, h, row), None), h, rows[::-1])
    made: Array = apply(own.readout, h) + own.constant
    return made
