"""A diagonal state space with fixed poles: least squares on its states, for every number of states at once.

Time: ``advance`` takes z[t] in and returns the features of y[t+1].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._least_squares.feature_learner import Features, FeatureState, Fit, feature_learner


@learner_factory
def ssm(
    sizes: Iterable[int] = range(9),
    radius: float = 0.7,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[FeatureState[Array]]:
    """Recursive least squares on the first k states of a diagonal state space with fixed poles, for every k at once.

        yhat_k[t] = sum_{j=1..k} W_j x_j[t],   x[t+1] = p x[t] + sqrt(1 - radius^2) z[t],   z = (u, y),   x[0] = 0

    It is the linear layer of a state space network (S4D, S5, LRU) whose poles stay where they began, and whose readout
    is learned exactly. The poles lie on a circle of this radius: first radius itself, then pairs radius e^(+-i pi a) at
    the angles a = 1/2, 1/4, 3/4, 1/8, 5/8, .. (van der Corput), which fill the circle evenly at every number. A pair
    gives two features, the real and the imaginary part of its state, in this order. Each channel is filtered alone.

    **Which size theory expects: the h* of filters.** With k whole poles the error is N(z) / D(z) times the output. D
    has the poles, and N is monic of degree k with k free coefficients, as a filter of k taps has. Growing modes must be
    zeros of N. So k features cancel k modes and no more, wherever the poles lie inside the unit circle. With m modes at
    one the error grows like t^(2 (m - k) - 1) below m features and is bounded from m on. Only the bounded error itself
    depends on the poles: it is near the best where D is near the polynomial of the Kalman predictor, so a long memory
    needs a radius nearer to the edge of the circle. With a pole *on* the edge, at one, the feature would grow with the
    data, and one more would be needed.

    Nothing else is handed in: no last value, no differences. Features grow with the data and are nearly collinear
    there, so the readout is learned in square-root form (``_linalg/triangular_factor.py``). The covariance form of
    textbook recursive least squares loses all digits with four features. Gaps and channels as in ``spectral_filter``.
    Outputs times a power of two give forecasts times that power to the bit. A shift of the outputs does not shift the
    forecasts, unless the driver centers them.

    Cost per step and lane, n = M q columns of q channels: 6 n^2 operations, n^2 numbers.

    Args:
        sizes: Numbers of features of each channel, rising, from 0 on.
        radius: Of the poles, in (0, 1). The features remember about 1 / (1 - radius) samples.
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: Whether ``u[t]`` is known when ``y[t]`` is predicted.
        intercept: Whether a constant is fitted beside the weights.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner. Parameters of k features: outputs (q k, + inputs if direct, + 1 with an intercept).

    Raises:
        ValueError: Sizes not rising, an option out of range, or a direct term without inputs.

    References:
        A. Gu, A. Gupta, K. Goel, C. Re, On the parameterization and initialization of diagonal state space models,
        2022 (S4D). J. Smith, A. Warrington, S. Linderman, Simplified state space layers for sequence modeling, 2023
        (S5). A. Orvieto and others, Resurrecting recurrent neural networks for long sequences, 2023 (LRU: poles on a
        ring, and the factor sqrt(1 - radius^2)). B. Wahlberg, System identification using Laguerre models, 1991: fixed
        poles and a linear readout in identification.
    """
    sizes = tuple(sizes)
    if not 0 < radius < 1:
        raise ValueError(f"radius must be between 0 and 1, got {radius}: poles on the circle itself never forget.")
    transition, drive = pole_pairs(radius, sizes[-1])

    def start(channels: int, lanes: int, dtype: Any) -> Float[Array, "state channel lane"]:
        return jnp.zeros((len(drive), channels, lanes), dtype)

    def advance(state: Array, z: Array) -> tuple[Array, Float[Array, "feature channel lane"]]:
        own, other = (jnp.asarray(column, z.dtype)[:, None, None] for column in transition)
        partner = state[jnp.asarray(_partners(len(drive)), jnp.int32)]
        state = own * state + other * partner + jnp.asarray(drive, z.dtype)[:, None, None] * z[None]
        return state, state[: sizes[-1]]

    fit = Fit(outputs, inputs, direct, intercept, 1.0, ridge)
    return feature_learner(
        "ssm", sizes, Features(start, advance, sizes), fit, "number of features", tends_to="features"
    )


def pole_pairs(radius: float, features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the real form of the state space, with whole pairs: at least so many states.

    x_j[t+1] = own_j x_j[t] + other_j x_partner(j)[t] + drive_j z[t]

    Returns:
        ``own`` and ``other`` ``(2, state)``, and ``drive`` ``(state,)``.
    """
    pairs = -(-(features - 1) // 2) if features else 0
    poles = radius * np.exp(1j * np.pi * van_der_corput(pairs))
    own = np.concatenate([[radius], np.repeat(poles.real, 2)])
    other = np.concatenate([[0.0], np.ravel(np.stack([-poles.imag, poles.imag], axis=1))])
    drive = np.sqrt(1 - radius**2) * np.concatenate([[1.0], np.tile([1.0, 0.0], pairs)])
    return np.stack([own, other]), drive


def _partners(states: int) -> list[int]:
    """Return the other state of each pair; that of the real pole is itself."""
    return [0, *(j + 1 if j % 2 else j - 1 for j in range(1, states))]


def van_der_corput(count: int) -> NDArray[np.float64]:
    """Return the first points 1/2, 1/4, 3/4, 1/8, 5/8, .. of the sequence: the binary digits of 1, 2, 3, .. mirrored.

    References:
        J. G. van der Corput, Verteilungsfunktionen, 1935.
    """
    digits = (np.arange(1, count + 1)[:, None] >> np.arange(32)) & 1
    return np.asarray(digits @ 0.5 ** np.arange(1, 33))
