"""The last samples as regressors: what every family shares that weighs a window of them by a rule of its own.

Time: after sample n the regressor of y[n+1] is phi = (u[n+1] if direct, z[n], z[n-1], ..), with z = (u, y). Size h sees
the first h samples of it; the columns beyond are zero for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from numpy.typing import NDArray

from .._base import Learner, check_sizes
from .channels import Channels, check_channels, coming_inputs, start_channels, take_inputs

FADING = 0.9  # a gap is filled by the size that has been best over some ten samples


class Shape(NamedTuple):
    """What a rule may count on: the stream, and which columns each size sees."""

    sizes: tuple[int, ...]
    outputs: int
    inputs: int
    direct: bool

    @property
    def columns(self) -> int:
        """Entries of the longest regressor."""
        return self.inputs * self.direct + max(self.sizes[-1], 1) * (self.inputs + self.outputs)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which columns each size sees, ``(size, column)``."""
        return np.arange(self.columns) < np.array(self.counts)[:, None]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many columns each size sees."""
        return tuple(self.inputs * self.direct + size * (self.inputs + self.outputs) for size in self.sizes)


class Rule(NamedTuple):
    """How weights are learned. ``phi`` ``(column, lane)`` is the longest regressor, of which each size sees a part.

    Attributes:
        start: ``(shape, lanes, dtype) -> state``.
        forecast: ``(shape, state, phi) -> Float["size output lane"]``.
        learn: ``(shape, state, phi, target, forecast, whole) -> state``: takes one pair in, ``target`` being
            ``(output, lane)`` and ``forecast`` what the rule said of it; where ``whole`` ``(lane,)`` is false
            nothing may be learned from it.
    """

    start: Callable[[Shape, int, Any], Any]
    forecast: Callable[[Shape, Any, Array], Array]
    learn: Callable[[Shape, Any, Array, Array, Array, Array], Any]


class WindowState(NamedTuple):
    """The window and what the rule has learned."""

    channels: Channels  # of the inputs: their units and last values
    past: Float[Array, "lag channel lane"]  # z[n], z[n-1], ..; gaps filled
    loss: Float[Array, "size output lane"]  # fading sum of squared errors: which size fills a gap
    rule: Any


def window_learner(
    name: str,
    rule: Rule,
    sizes: Any,
    outputs: int,
    inputs: int,
    direct: bool,
    tends_to: Any = None,
    scaled: bool = True,
) -> Learner:
    """Return the learner that weighs the last h samples by a rule, for every h.

    Each output is in units of the power of two next above its first nonzero value, each input alike, unless it is not
    ``scaled``. A missing output is filled, for all sizes, with the forecast of the size that has been best of late, a
    missing input with its last value; nothing is learned from a sample with a missing output.

    Args:
        name: Of the learner.
        rule: How weights are learned.
        sizes: Window lengths, rising.
        outputs: Of the stream.
        inputs: Of the stream.
        direct: y[t] depends on u[t], which is known when it is predicted.
        tends_to: As in ``Learner``.
        scaled: As in ``Learner``, for the inputs as well.

    Raises:
        ValueError: Sizes not rising, or a direct term without inputs.
    """
    shape = Shape(check_sizes(sizes), int(outputs), int(inputs), bool(direct))
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    window, m = max(shape.sizes[-1], 1), shape.inputs

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> WindowState:
        check_channels(name, outputs, inputs, (shape.outputs, shape.inputs))
        channels = start_channels(outputs, inputs, lanes, dtype)
        return WindowState(
            channels if scaled else channels._replace(scale=jnp.ones_like(channels.scale)),
            jnp.zeros((window, inputs + outputs, lanes), dtype),
            jnp.zeros((len(shape.sizes), outputs, lanes), dtype),
            rule.start(shape, lanes, dtype),
        )

    def regressor(past: Array, u: Array) -> Float[Array, "column lane"]:
        lags = past.reshape(-1, past.shape[-1])
        return jnp.concatenate([u, lags]) if shape.direct else lags

    def predict(state: WindowState, inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if m else inputs[0]
        return rule.forecast(shape, state.rule, regressor(state.past, u))[None]

    def update(state: WindowState, output: Array, input: Array, observed: Array) -> WindowState:
        channels = take_inputs(state.channels, input) if m else state.channels
        phi = regressor(state.past, channels.held)
        forecast = rule.forecast(shape, state.rule, phi)
        y = jnp.where(observed, output, _best(forecast, state.loss))
        error = jnp.where(observed[None], y[None] - forecast, 0)
        learned = rule.learn(shape, state.rule, phi, y, forecast, observed.all(axis=0))
        z = jnp.concatenate([channels.held, y])
        past = jnp.concatenate([z[None], state.past[:-1]])
        return WindowState(channels, past, FADING * state.loss + error * error, learned)

    parameters = tuple(shape.outputs * count for count in shape.counts)
    labels: dict[str, Any] = dict(scaled=scaled, size_label="window length", tends_to=tends_to)
    return Learner(name, init, predict, update, shape.sizes, parameters, **labels)


def _best(
    forecast: Float[Array, "size output lane"], loss: Float[Array, "size output lane"]
) -> Float[Array, "output lane"]:
    return jnp.take_along_axis(forecast, jnp.argmin(loss, axis=0)[None], axis=0)[0]


def keep_where(whole: Bool[Array, " lane"], new: Float[Array, "*axes lane"], old: Float[Array, "*axes lane"]) -> Array:
    """Return the new values of the lanes that learn, the old ones of the others."""
    return jnp.where(jnp.broadcast_to(whole, new.shape), new, old)


def masks(shape: Shape, dtype: Any) -> Float[Array, "size column 1"]:
    """Return 1 where a size sees a column, else 0."""
    return jnp.asarray(shape.seen[..., None], dtype)


def weighted(weights: Float[Array, "size column output lane"], phi: Float[Array, "column lane"]) -> Array:
    """Return the forecasts ``(size, output, lane)`` of weights that are zero where a size must not see."""
    return (weights * phi[None, :, None]).sum(axis=1)
