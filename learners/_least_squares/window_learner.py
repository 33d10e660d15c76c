"""The last samples as regressors: the common part of the families that weight a window by a rule of their own.

Time: after sample n the regressor of y[n+1] is phi = (1 if intercept, u[n+1] if direct, z[n], z[n-1], ..), with
z = (u, y). Size h sees the first h samples of it; the columns beyond are zero for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..._core.jax_later import Array, jnp
from .._base import Kernel, Learner, Weights
from .channels import Channels, check_channels, coming_inputs, start_channels, take_inputs
from .learned_weights import by_columns, in_units

FADING = 0.9  # a gap is filled by the size that was best over the last ten samples or so


Learned = TypeVar("Learned")


class Stream(NamedTuple):
    """The window lengths, the channels, whether u[t] is known when y[t] is predicted, whether there is a constant."""

    sizes: Iterable[int]
    outputs: int
    inputs: int
    direct: bool
    intercept: bool = False


class Shape(NamedTuple):
    """The stream, and the columns that each size sees."""

    sizes: tuple[int, ...]
    outputs: int
    inputs: int
    direct: bool
    intercept: bool

    @property
    def columns(self) -> int:
        """Entries of the longest regressor."""
        return self.counts[-1] if self.sizes[-1] else self.counts[-1] + self.inputs + self.outputs

    @property
    def seen(self) -> NDArray[np.bool_]:
        """The columns that each size sees, ``(size, column)``."""
        return np.arange(self.columns) < np.array(self.counts)[:, None]

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of columns that each size sees."""
        first = self.intercept + self.inputs * self.direct
        return tuple(first + size * (self.inputs + self.outputs) for size in self.sizes)


class Rule(NamedTuple, Generic[Learned]):
    """A rule that learns weights. ``phi`` ``(column, lane)`` is the longest regressor; each size sees a part of it.

    Attributes:
        start: ``(shape, lanes, dtype) -> state``.
        forecast: ``(shape, state, phi) -> Float["size output lane"]``.
        learn: ``(shape, state, phi, target, forecast, whole) -> state`` takes one pair in: ``target`` is
            ``(output, lane)``, ``forecast`` the forecast of the rule for it. Nothing may be learned in lanes where
            ``whole`` ``(lane,)`` is false.
        kernel: ``(shape) -> kernel`` of the whole learner, or None.
        weights: ``(shape, state) -> Float["size column output lane"]`` where the forecast is linear in ``phi``, or
            None.
    """

    start: Callable[[Shape, int, Any], Learned]
    forecast: Callable[[Shape, Learned, Array], Array]
    learn: Callable[[Shape, Learned, Array, Array, Array, Array], Learned]
    kernel: Callable[[Shape], Kernel] | None = None
    weights: Callable[[Shape, Learned], Any] | None = None


class WindowState(NamedTuple, Generic[Learned]):
    """The window and the state of the rule."""

    unit: Float[Array, "output lane"]  # absolute value of the first nonzero output; 0 before it
    channels: Channels  # of the inputs: their units and last values
    past: Float[Array, "lag channel lane"]  # z[n], z[n-1], ..; gaps filled
    loss: Float[Array, "size output lane"]  # fading sum of squared errors: the best one fills a gap
    rule: Learned


def window_learner(
    name: str,
    rule: Rule[Learned],
    stream: Stream,
    tends_to: Any = None,
    scaled: bool = True,
) -> Learner[WindowState[Learned]]:
    """Return the learner that weights the last h samples by a rule, for every h.

    The unit of each output and input is the absolute value of its first nonzero sample, so data times a constant give
    forecasts times that constant. Without ``scaled`` the unit is one. A missing output is filled, for all sizes, with
    the forecast of the size that was best recently, a missing input with its last value. Nothing is
    learned from a sample with a missing output. The ones of an intercept begin after the first nonzero output.

    Args:
        name: Of the learner.
        rule: Learns the weights.
        stream: Window lengths and channels.
        tends_to: As in ``Learner``.
        scaled: As in ``Learner``, for the inputs as well.

    Raises:
        ValueError: A direct term without inputs.
    """
    shape = Shape(tuple(stream.sizes), *stream[1:])
    if shape.direct and not shape.inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    window, m = max(shape.sizes[-1], 1), shape.inputs

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> WindowState[Learned]:
        check_channels(name, outputs, inputs, (shape.outputs, shape.inputs))
        channels = start_channels(outputs, inputs, lanes, dtype)
        unit: Any = np.full((outputs, lanes), 0 if scaled else 1, dtype)
        past: Any = np.zeros((window, inputs + outputs, lanes), dtype)
        loss: Any = np.zeros((len(shape.sizes), outputs, lanes), dtype)
        channels = channels if scaled else channels._replace(scale=channels.scale + 1)
        return WindowState(unit, channels, past, loss, rule.start(shape, lanes, dtype))

    def regressor(unit: Array, past: Array, u: Array) -> Float[Array, "column lane"]:
        ones = (unit != 0).any(axis=0)[None].astype(past.dtype)
        lags = past.reshape(-1, past.shape[-1])
        return jnp.concatenate([ones[: shape.intercept], u[: m * shape.direct], lags])

    def predict(state: WindowState[Learned], inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if m else inputs[0]
        unit = jnp.where(state.unit == 0, 1, state.unit)
        return (unit[None] * rule.forecast(shape, state.rule, regressor(state.unit, state.past, u)))[None]

    def update(state: WindowState[Learned], output: Array, input: Array, observed: Array) -> WindowState[Learned]:
        channels = take_inputs(state.channels, input, jnp.abs) if m else state.channels
        unit = jnp.where(observed & (state.unit == 0), jnp.abs(output), state.unit)
        output = output / jnp.where(unit == 0, 1, unit)
        phi = regressor(state.unit, state.past, channels.held)
        forecast = rule.forecast(shape, state.rule, phi)
        y = jnp.where(observed, output, _best(forecast, state.loss))
        error = jnp.where(observed[None], y[None] - forecast, 0)
        learned = rule.learn(shape, state.rule, phi, y, forecast, observed.all(axis=0))
        z = jnp.concatenate([channels.held, y])
        past = jnp.concatenate([z[None], state.past[:-1]])
        return WindowState(unit, channels, past, FADING * state.loss + error * error, learned)

    def weights(state: WindowState[Learned]) -> Weights:
        assert rule.weights is not None
        columns = np.asarray(rule.weights(shape, state.rule), np.float64) * state.unit
        channels = m + shape.outputs
        split = by_columns(columns, shape.intercept, m * shape.direct, channels)
        units = np.where(state.unit == 0, 1, state.unit)
        split.lagged[:, :, m:] /= units[:, None]
        return in_units(split, m, state.channels.scale)

    parameters = tuple(shape.outputs * count for count in shape.counts)
    labels: dict[str, Any] = dict(
        scaled=scaled, size_label="window length", tends_to=tends_to, intercept=shape.intercept
    )
    labels["kernel"] = None if rule.kernel is None else rule.kernel(shape)
    labels["weights"] = None if rule.weights is None else weights
    return Learner(name, init, predict, update, shape.sizes, parameters, **labels)


def _best(
    forecast: Float[Array, "size output lane"], loss: Float[Array, "size output lane"]
) -> Float[Array, "output lane"]:
    return jnp.take_along_axis(forecast, jnp.argmin(loss, axis=0)[None], axis=0)[0]


def keep_where(whole: Bool[Array, " lane"], new: Float[Array, "*axes lane"], old: Float[Array, "*axes lane"]) -> Array:
    """Return the new values of the lanes that learn, the old ones of the others."""
    return jnp.where(jnp.broadcast_to(whole, new.shape), new, old)


def mask(shape: Shape, dtype: Any) -> Float[Array, "size column 1"]:
    """Return 1 where a size sees a column, else 0."""
    return jnp.asarray(shape.seen[..., None], dtype)


def weighted(weights: Float[Array, "size column output lane"], phi: Float[Array, "column lane"]) -> Array:
    """Return the forecasts ``(size, output, lane)`` of weights that are zero where a size must not see."""
    return (weights * phi[None, :, None]).sum(axis=1)


def kept_weights(shape: Shape, state: Any) -> Any:
    """Return the weights that the state of a rule keeps; see ``Rule``."""
    del shape
    return state.weights
