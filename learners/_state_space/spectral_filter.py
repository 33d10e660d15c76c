"""Spectral filtering: least squares on a few fixed filters of a long past, for every number of filters at once."""

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

SMALLEST = 1e-11  # root of an eigenvalue over that of the largest; below, the eigenvector is rounding


@learner_factory
def spectral_filter(
    sizes: Iterable[int] = range(17),
    window: int = 64,
    autoregressive: int = 1,
    phases: int = 1,
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[FeatureState[Array]]:
    """Recursive least squares on the first k spectral filters of the past, for every number k of filters at once.

        yhat_k[t] = sum_{i=1..tau} A_i z[t-i] + sum_{j=1..k} sum_{w<P} M_jw s_jw[t],    z = (u, y)
        s_jw[t] = sigma_j^(1/4) sum_{i=1..N} phi_j(i) f_w(i) z[t-i]

    (sigma_j, phi_j) are the leading eigenpairs of the N x N Hankel matrix Z_ij = 2 / ((i+j)^3 - (i+j)), the integral
    over a in [0, 1] of the outer squares of (1 - a) (1, a, a^2, ..). As sigma_j falls exponentially, impulse responses
    of real modes, slow ones included, are sums of a few of them to high accuracy. f_w are the P real waves of period P
    over the lags: 1, then cos(2 pi w i / P) and sin(2 pi w i / P) for w = 1, 2, ..

    * P = 1: symmetric A with eigenvalues in [0, 1] (2017). P = 2 adds those in [-1, 0), by alternating signs.
    * P > 2: complex eigenvalues near the P angles 2 pi w / P, with ``autoregressive`` terms for the modes on the unit
      circle, tau at least their number over the outputs (2018).

    The filters run over inputs *and* past outputs. Without inputs there are only past outputs to filter (Dogariu and
    others 2025); then the observer A - L C has real modes, not the plant. All weights, those of
    y[t-1] included, are learned, by exact regularised least squares instead of the papers' gradient steps: its regret
    against the best fixed weights is at most max e^2 log det(I + G / ridge), and there are no constants to choose.
    Columns come in the order of the formula, so one triangular array serves all rungs, as in ``qr_array``.

    The eigenpairs are computed in double precision as the singular vectors of a factor of Z (Gauss-Legendre quadrature
    of the integral is exact). They have twice the digits of the eigenvectors of Z itself.

    With an **intercept**, a constant is fitted beside the weights, as in ``ladder``. With forgetting, the energies
    of the array have a lower bound as in ``ladder``.

    A missing sample is filled with the forecast of the rung that was best recently, a missing input with its last
    value; a row with a missing target is not learned from. Outputs times a power of two give forecasts times that power
    to the bit; a shift of the outputs does not shift the forecasts.

    Cost per step and lane, n = q (tau + M P) columns of q channels: 6 n^2 + 2 n N operations, n^2 + q N numbers.

    Args:
        sizes: Numbers of filters, rising; 0 leaves the autoregressive terms alone.
        window: N, samples in each filter. The papers use the whole past.
        autoregressive: tau, samples of all channels without a filter, from 0 on.
        phases: P, waves for each filter, from 1 on.
        forgetting: Weight of a sample one step older, in (1/2, 1].
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: Whether ``u[t]`` is known when ``y[t]`` is predicted.
        intercept: Whether a constant is fitted beside the weights.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner. Parameters of k filters: outputs (q (tau + k P), + inputs if direct, + 1 with an intercept).

    Raises:
        ValueError: Sizes not rising, a window that is too short for so many filters, an option out of range, or a
            direct term without inputs.

    References:
        E. Hazan, K. Singh, C. Zhang, Learning linear dynamical systems via spectral filtering, 2017, algorithm 1.
        E. Hazan, H. Lee, K. Singh, C. Zhang, Y. Zhang, Spectral filtering for general linear dynamical systems, 2018.
        E. Dogariu, A. Brahmbhatt, E. Hazan, Universal learning of nonlinear dynamics, 2025, observation spectral
        filtering. V. Vovk, Competitive on-line statistics, 2001: the regret of regularised least squares.
    """
    sizes = tuple(sizes)
    filters = sizes[-1]
    _check(window, autoregressive, phases, forgetting)
    bank = filter_bank(window, filters, phases)

    def start(channels: int, lanes: int, dtype: Any) -> Float[Array, "window channel lane"]:
        return jnp.zeros((window, channels, lanes), dtype)

    def advance(history: Array, z: Array) -> tuple[Array, Float[Array, "feature channel lane"]]:
        history = jnp.concatenate([z[None], history[:-1]])  # z[n], z[n-1], ..; gaps filled
        filtered = jnp.sum(jnp.asarray(bank, z.dtype)[:, :, None, None] * history[None], axis=1)
        return history, jnp.concatenate([history[:autoregressive], filtered])

    counts = tuple(autoregressive + k * phases for k in sizes)
    features = Features(start, advance, counts)
    fit = Fit(outputs, inputs, direct, intercept, forgetting, ridge)
    return feature_learner("spectral-filter", sizes, features, fit, "number of filters")


def filter_bank(window: int, filters: int, phases: int = 1) -> NDArray[np.float64]:
    """Return the scaled filters times their waves, ``(filter times phase, lag)``, the strongest first.

    Raises:
        ValueError: More filters than double precision can separate from rounding.
    """
    nodes, weights = np.polynomial.legendre.leggauss(window + 1)  # exact: the integrand has degree 2 window
    a = (1 + nodes) / 2
    factor = (1 - a) * a ** np.arange(window)[:, None] * np.sqrt(weights / 2)
    phi, roots, _ = np.linalg.svd(factor, full_matrices=False)  # roots of sigma
    carried = int(np.sum(roots > SMALLEST * roots[0]))
    if filters > carried:
        raise ValueError(
            f"a window of {window} gives {carried} filters in double precision, the others are rounding: use sizes "
            f"up to {carried} (got {filters}) or a longer window."
        )
    scaled = (phi * np.sign(phi[:1]) * np.sqrt(roots)).T[:filters]
    return np.asarray((scaled[:, None] * waves(window, phases)[None]).reshape(-1, window))


def waves(window: int, phases: int) -> NDArray[np.float64]:
    """Return the real waves of period ``phases`` over the lags 1 .. window, ``(phase, lag)``."""
    lags = 2 * np.pi * np.arange(1, window + 1) / phases
    rows = [np.cos(0 * lags)]
    for w in range(1, phases // 2 + 1):
        rows += [np.cos(w * lags), np.sin(w * lags)]
    return np.stack(rows[:phases])


def _check(window: int, autoregressive: int, phases: int, forgetting: float) -> None:
    if window < 1 or not 0 <= autoregressive <= window or phases < 1:
        raise ValueError(
            "window and phases must be at least 1, autoregressive in 0 .. window; got "
            f"window={window}, autoregressive={autoregressive}, phases={phases}."
        )
    if not 0.5 < forgetting <= 1:
        raise ValueError(f"forgetting must be in (0.5, 1], got {forgetting}; 1 forgets nothing.")
