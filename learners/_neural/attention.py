"""One layer of attention over a window, trained online: an opponent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jax
from .._base import Learner
from .._learner_factory import learner_factory
from .online_gradient import Network, OnlineState, Training, apply, drawn, online_learner


class AttentionParameters(NamedTuple):
    """Arrays of the layer; in use they have a last axis of lanes."""

    embedding: Any  # (unit, channel)
    position: Any  # (window, unit)
    query: Any  # (unit, unit)
    key: Any  # (unit, unit)
    value: Any  # (unit, unit)
    readout: Any  # (output, unit)
    constant: Any  # (output,)


@learner_factory
def attention(
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
    """One head of attention of every width over the last samples, trained online by Adam: an opponent.

        e_i = E x_i + P_i,   a = softmax_i((Q e_1)' (K e_i) / sqrt(n)),   h = e_1 + sum_i a_i V e_i
        yhat[t] = y[t-1] + s (W h + w),    x_i = d[t-i] / s,   i = 1 .. window

    **Handed in: the last value y[t-1], and differences d in units of s, the root of their mean square over the last
    hundred samples or so.** So one unit root is a gift, and its parameters do not compare with those of a filter.
    ``differences=no`` takes the gift back: d is y itself, and the forecast is s times the network. Inputs are given in
    units of their own s. The loss is Huber's: an error over 10 s counts as 10 s. The readout starts at zero, so the
    first forecast is the last value. Gaps are filled by the size that was best recently, and teach nothing.

    A size is a network of its own, and all streams begin with the same weights. Outputs times a power of two give
    forecasts times that power to the bit, and a constant added to the outputs is added to the forecasts; without
    differences only if the driver centers. Another order of sums, as on another device, changes forecasts by more than
    rounding, because Adam divides by the root of a small number.

    Cost per step, lane and size: about 10 x window x (width + 1)^2 multiplications.

    Args:
        sizes: Widths n, rising; 0 learns a constant step.
        window: Samples in the window, from 1 on.
        rate: Of Adam, between 0 and 1.
        seed: Of the first weights.
        differences: Whether the last value is handed in and differences are seen, or the outputs themselves.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of width n, q channels, p of them outputs: n (q + window + 3 n) + p (n + 1).

    Raises:
        ValueError: Sizes not rising, an option out of range, a direct term without inputs.

    References:
        A. Vaswani and others, Attention is all you need, 2017. D. P. Kingma, J. Ba, Adam, 2015.
    """

    def start(random: np.random.Generator, size: int, channels: int, outputs: int) -> AttentionParameters:
        query, key, value = (drawn(random, size, size) for _ in range(3))
        embedding, position = drawn(random, size, channels), drawn(random, window, size)
        readout, constant = np.zeros((outputs, size)), np.zeros(outputs)
        return AttentionParameters(embedding, position, query, key, value, readout, constant)

    training = Training(outputs, inputs, direct, window, rate, seed, differences)
    return online_learner("attention", Network(start, _forward), sizes, training, "width")


def _forward(own: AttentionParameters, carried: Array, rows: Array) -> Float[Array, "output lane"]:
    del carried
    embedded = jax.vmap(lambda row: apply(own.embedding, row))(rows) + own.position  # (window, unit, lane)
    asked = apply(own.query, embedded[0])
    keys, values = (jax.vmap(lambda e, by=by: apply(by, e))(embedded) for by in (own.key, own.value))
    scores = (keys * asked[None]).sum(axis=1) / np.sqrt(max(len(asked), 1)).astype(keys.dtype)
    h = embedded[0] + (jax.nn.softmax(scores, axis=0)[:, None] * values).sum(axis=0)
    made: Array = apply(own.readout, h) + own.constant
    return made
