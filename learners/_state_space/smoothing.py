"""Baselines: a level and a trend with fixed gains, nothing learned.

Time: after sample n, ``level`` + H ``trend`` is the expected y[n+H].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxtyping import Bool, Float

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory


class SmoothingState(NamedTuple):
    """The expected next sample is level + trend."""

    level: Float[Array, "output lane"]
    trend: Float[Array, "output lane"]
    begun: Bool[Array, "output lane"]  # whether there was a sample


@learner_factory
def zero(lookaheads: Iterable[int] = (1,)) -> Learner[SmoothingState]:
    """Predict zero: the weakest baseline, and enough where the outputs are bounded.

        yhat[t+H] = 0

    Its error is the power of the outputs. A missing sample changes nothing. Any outputs; inputs are not used.

    Args:
        lookaheads: Samples ahead to forecast, rising.

    Returns:
        A learner of one rung, its size 0, nothing trainable. Cost per step: none.

    Raises:
        ValueError: Lookaheads not rising.
    """
    return _smoothing("zero", 0, 0.0, 0.0, lookaheads)


@learner_factory
def persistence(lookaheads: Iterable[int] = (1,)) -> Learner[SmoothingState]:
    """Predict the last sample: the usual baseline, bounded on one random walk.

        yhat[t+H] = y[t]

    Before the first sample it predicts zero; over missing samples it holds the last known one. Any outputs; inputs are
    not used.

    Args:
        lookaheads: Samples ahead to forecast, rising.

    Returns:
        A learner of one rung, its size 1 (a sample), nothing trainable. Cost per step and output: 1 operation.

    Raises:
        ValueError: Lookaheads not rising.
    """
    return _smoothing("persistence", 1, 1.0, 0.0, lookaheads)


@learner_factory
def linear_extrapolation(lookaheads: Iterable[int] = (1,)) -> Learner[SmoothingState]:
    """Predict by the line through the last two samples: bounded on a double integrator.

        yhat[t+H] = y[t] + H (y[t] - y[t-1])

    After the first sample it predicts that sample. A missing sample is replaced by its forecast. Any outputs; inputs
    are not used.

    Args:
        lookaheads: Samples ahead to forecast, rising.

    Returns:
        A learner of one rung, its size 2 (samples), nothing trainable. Cost per step and output: 4 operations.

    Raises:
        ValueError: Lookaheads not rising.
    """
    return _smoothing("linear-extrapolation", 2, 1.0, 1.0, lookaheads)


@learner_factory
def exponential_smoothing(alpha: float = 0.3, lookaheads: Iterable[int] = (1,)) -> Learner[SmoothingState]:
    """Predict a level that follows the samples with a fixed gain: the steady Kalman predictor of a noisy random walk.

        yhat[t+H] = l[t],    l[t] = l[t-1] + alpha (y[t] - l[t-1])

    With ``alpha`` = L of section 3b of the theory it is that predictor exactly. The first sample sets the level. A
    missing sample is taken to be as predicted. Any outputs; inputs are not used.

    Args:
        alpha: Gain of the level, between 0 and 1.
        lookaheads: Samples ahead to forecast, rising.

    Returns:
        A learner of one rung, its size 1 (a state), nothing trainable. Cost per step and output: 3 operations.

    Raises:
        ValueError: A gain out of range, or lookaheads not rising.

    References:
        R. G. Brown, *Statistical Forecasting for Inventory Control*, 1959. J. F. Muth, Optimal properties of
        exponentially weighted forecasts, 1960.
    """
    return _smoothing("exponential-smoothing", 1, _share("alpha", alpha), 0.0, lookaheads)


@learner_factory
def holt(alpha: float = 0.5, beta: float = 0.1, lookaheads: Iterable[int] = (1,)) -> Learner[SmoothingState]:
    """Predict by a level and a trend with fixed gains: Holt's linear method, error-correction form.

        yhat[t+H] = l[t] + H b[t],    e = y[t] - yhat[t],
        l[t] = l[t-1] + b[t-1] + alpha e,    b[t] = b[t-1] + alpha beta e

    The first sample sets the level, the trend starts at zero. A missing sample is replaced by its forecast. Any
    outputs; inputs are not used.

    Args:
        alpha: Gain of the level, between 0 and 1.
        beta: Gain of the trend, between 0 and 1, as a part of alpha.
        lookaheads: Samples ahead to forecast, rising.

    Returns:
        A learner of one rung, its size 2 (states), nothing trainable. Cost per step and output: 6 operations.

    Raises:
        ValueError: A gain out of range, or lookaheads not rising.

    References:
        C. C. Holt, Forecasting seasonals and trends by exponentially weighted moving averages, 1957 (reprinted 2004).
    """
    return _smoothing("holt", 2, _share("alpha", alpha), _share("beta", beta), lookaheads)


def _smoothing(
    name: str, size: int, gain: float, trend_gain: float, lookaheads: Iterable[int]
) -> Learner[SmoothingState]:
    ahead = tuple(lookaheads)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> SmoothingState:
        shape = outputs, lanes
        return SmoothingState(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype), jnp.zeros(shape, bool))

    def predict(state: SmoothingState, inputs: Array) -> Float[Array, "lookahead 1 output lane"]:
        del inputs
        return jnp.stack([state.level + H * state.trend for H in ahead])[:, None]

    def update(state: SmoothingState, output: Array, input: Array, observed: Array) -> SmoothingState:
        del input
        error = jnp.where(observed, output - (state.level + state.trend), 0)
        first = observed & ~state.begun & (gain > 0)
        level = jnp.where(first, output, state.level + state.trend + gain * error)
        trend = jnp.where(first, 0, state.trend + gain * trend_gain * error)
        return SmoothingState(level, trend, state.begun | observed)

    return Learner(name, init, predict, update, (size,), (0,), ahead, scaled=True, size_label="memory")


def _share(word: str, value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(f"{word} must be above 0 and at most 1, got {value}.")
    return value
