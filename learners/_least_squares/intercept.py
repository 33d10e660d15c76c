"""An intercept beside the taps of every filter length: the additional part of the ladder.

A column of ones joins the regressors after the first nonzero sample. The lattice predicts it as it predicts the
outputs, and what it cannot predict is regressed on (Frisch-Waugh). Time and symbols as in ``ladder``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.compiled import called
from ..._core.jax_later import Array, jnp
from .._linalg.prefix_sums import prefix_sums
from .channels import FADED


class Intercept(NamedTuple):
    """The column of ones after sample n."""

    gain: Float[Array, "stage lane"]  # k1
    energy: Float[Array, "length lane"]  # D
    weight: Float[Array, "length lane"]  # alpha
    expected: Float[Array, "length lane"]  # 1hat: the one of n+1, predicted from the outputs
    conversion: Float[Array, " lane"]  # gamma_M, which the ladder itself does not need


def start_intercept(stages: int, ridge: float, lanes: int, dtype: Any) -> Intercept:
    """Return the state before the first sample."""
    none: Any = np.zeros((stages + 1, lanes), dtype)
    return Intercept(none[:-1], none + ridge, none, none, none[0] + 1)


def with_intercept(forecast: Float[Array, "length lane"], intercept: Intercept | None) -> Float[Array, "length lane"]:
    """Return the forecasts of y[n+1], ``yhat_h + alpha_h (1 - 1hat_h)``."""
    return forecast if intercept is None else forecast + intercept.weight * (1 - intercept.expected)


def advance_intercept(
    intercept: Intercept,
    ones: Float[Array, " lane"],
    error: Float[Array, "length lane"],
    before: tuple[Array, Array, Array],
    beta: Float[Array, "stage lane"],
    conversion: Float[Array, " lane"],
    forgetting: float,
    ridge: float,
) -> Intercept:
    """Take one sample in.

        e_h = 1 - 1hat_h,   D_h = forgetting D_h + gamma_h(n-1) e_h^2,
        alpha_h += gamma_h(n-1) e_h (y - yhat_h - alpha_h e_h) / D_h,
        k1_m -= gamma_m(n-1) beta_m(n-1) e_{m+1} / B_m(n-1),   1hat_h[n+1] = -sum_{m<h} k1_m beta_m

    Args:
        intercept: The state after sample n - 1.
        ones: 1 where a nonzero sample came before, else 0: nothing is learned yet.
        error: ``y - yhat_h - alpha_h e_h``.
        before: ``gamma``, ``beta`` and ``B``, stages 0 .. M-1, after sample n - 1.
        beta: After sample n.
        conversion: ``gamma_M`` after sample n.
        forgetting: Weight of a sample one step older.
        ridge: D at the start; D is kept above 2^-21 of it.
    """
    gamma, beta_before, B = before
    e = ones[None] - intercept.expected
    kept = jnp.maximum(forgetting * intercept.energy, FADED / 2 * ridge)
    energy = jnp.where(ones[None] > 0, kept, intercept.energy)
    weighted = jnp.concatenate([gamma, intercept.conversion[None]]) * e
    energy = energy + weighted * e
    weight = intercept.weight + weighted * error / energy
    gain = intercept.gain - gamma * beta_before * e[1:] / B
    expected = jnp.concatenate([jnp.zeros_like(beta[:1]), -prefix_sums(gain * beta)])
    return Intercept(gain, energy, weight, expected, conversion)


# What the compiled step of ``ladder`` keeps of a length: (length, ROWS, W). FULL is its forecast with the intercept; K1
# of length m + 1 is the gain of stage m; GAMMA_M is used in the first row alone.
K1, D, ALPHA, ONE, FULL, GAMMA_M, ROWS = range(7)


@called
def load_intercept(intercept, forecast, lane, W):
    """Return what the compiled step keeps of ``W`` lanes; without an intercept no lengths."""
    if intercept is None:
        return np.zeros((0, ROWS, W), forecast.dtype)
    lengths, one = np.zeros((len(forecast), ROWS, W), forecast.dtype), forecast.dtype.type(1)
    for h in range(len(forecast)):
        for w in range(W):
            i = lane + w
            weight, expected = intercept.weight[h, i], intercept.expected[h, i]
            lengths[h, D, w], lengths[h, ALPHA, w], lengths[h, ONE, w] = intercept.energy[h, i], weight, expected
            lengths[h, FULL, w] = forecast[h, i] + weight * (one - expected)
            if h:
                lengths[h, K1, w] = intercept.gain[h - 1, i]
    for w in range(W):
        lengths[0, GAMMA_M, w] = intercept.conversion[lane + w]
    return lengths


@called
def store_intercept(lengths, intercept, lane):
    """Write it back."""
    if intercept is None:
        return
    for h in range(len(lengths)):
        for w in range(lengths.shape[2]):
            i = lane + w
            intercept.energy[h, i], intercept.weight[h, i] = lengths[h, D, w], lengths[h, ALPHA, w]
            intercept.expected[h, i] = lengths[h, ONE, w]
            if h:
                intercept.gain[h - 1, i] = lengths[h, K1, w]
    for w in range(lengths.shape[2]):
        intercept.conversion[lane + w] = lengths[0, GAMMA_M, w]
