"""Recursive least squares, one length at a time: the textbook form, and a stable one by square roots.

Time: ``learn`` takes the pair (phi[t], y[t]) in; P is the inverse of the regressors' Gram matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .channels import check_weights
from .rls_kernel import rls_kernel
from .window_learner import Rule, Shape, Stream, WindowState, keep_where, kept_weights, mask, weighted, window_learner


class CovarianceState(NamedTuple):
    """Weights, and the inverse Gram matrix P, or a square root S of it with P = S S'."""

    weights: Float[Array, "size column output lane"]
    matrix: Float[Array, "size column column lane"]
    age: Int[Array, " lane"]  # samples learned since the last reset of P


@learner_factory
def naive_rls(
    sizes: Iterable[int] = range(17),
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[CovarianceState]]:
    """Textbook recursive least squares in its covariance form, one for every window length. **Naive**: it fails.

        k = P phi / (forgetting + phi' P phi),   w += k (y - w' phi),
        P = (P - k phi' P) / forgetting,   P_0 = I / ridge

    Most packages have this form; here it is an opponent. On a system that grows, or with forgetting on one that is
    poorly excited, rounding makes P indefinite and the error explodes or becomes NaN (docs/learners.md shows it). Use
    ``ladder``, ``lattice`` or ``square_root_rls``. A weight that is no longer finite is reset to its start, with P, so
    a user sees a large error and not NaN.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 4 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        forgetting: Weight of a sample one step older, in (0, 1].
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q, + inputs if direct, + 1 with an
        intercept).

    Raises:
        ValueError: Sizes not rising, forgetting or ridge out of range, a direct term without inputs.

    References:
        L. Ljung, T. Soederstroem, *Theory and Practice of Recursive Identification*, 1983. Its failure: M. Verhaegen,
        Round-off error propagation in four generally-applicable, recursive, least-squares estimation schemes, 1989.
    """
    return _rls("naive-rls", Stream(sizes, outputs, inputs, direct, intercept), forgetting, ridge, 0)


@learner_factory
def square_root_rls(
    sizes: Iterable[int] = range(17),
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    reset: int = 0,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[CovarianceState]]:
    """Recursive least squares by Potter's square root of P, one for every window length.

        f = S' phi,   a = forgetting + f' f,   w += S f (y - w' phi) / a,
        S = (S - S f f' / (a + sqrt(forgetting a))) / sqrt(forgetting),   P = S S',   S_0 = I / sqrt(ridge)

    Without forgetting, against every fixed v and with e the largest of its errors, G the sum of phi phi',

        regret(T) <= ridge |v|^2 + e^2 log det(I + G / ridge)

    P cannot become indefinite, because it is never formed; the square root needs half the digits. With ``reset``, P is
    set back to its start every so many samples and the weights are kept (covariance resetting): so it goes on learning
    when the system has changed. Forgetting shrinks the ridge together with the data, as in every covariance form;
    ``ladder`` and ``lattice`` keep theirs.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 6 (h q)^2 operations.

    Args:
        sizes: Window lengths, rising.
        forgetting: Weight of a sample one step older, in (0, 1].
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        reset: Samples after which P is set back, 0 for never.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q, + inputs if direct, + 1 with an
        intercept).

    Raises:
        ValueError: Sizes not rising, forgetting, ridge or reset out of range, a direct term without inputs.

    References:
        J. E. Potter, in R. H. Battin, *Astronautical Guidance*, 1964; G. J. Bierman, *Factorization Methods for
        Discrete Sequential Estimation*, 1977. Resetting: G. C. Goodwin, K. S. Sin, *Adaptive Filtering, Prediction and
        Control*, 1984, section 3.3. Regret: N. Cesa-Bianchi, G. Lugosi, *Prediction, Learning, and Games*, 2006, 11.7.
    """
    if reset < 0:
        raise ValueError(f"reset must be a whole number of samples, or 0 for never, got {reset}.")
    return _rls("square-root-rls", Stream(sizes, outputs, inputs, direct, intercept), forgetting, ridge, reset)


def _rls(
    name: str, stream: Stream, forgetting: float, ridge: float, reset: int
) -> Learner[WindowState[CovarianceState]]:
    check_weights(1, forgetting, ridge)
    rooted = name == "square-root-rls"
    diagonal = float(1 / np.sqrt(ridge) if rooted else 1 / ridge)  # of the first matrix

    def begin(shape: Shape, dtype: Any) -> Float[Array, "size column column 1"]:
        seen = mask(shape, dtype)
        return jnp.eye(shape.columns, dtype=dtype)[None, :, :, None] * seen[:, :, None] * diagonal

    def start(shape: Shape, lanes: int, dtype: Any) -> CovarianceState:
        sizes, n, places = len(shape.sizes), shape.columns, np.arange(shape.columns)
        weights: Any = np.zeros((sizes, n, shape.outputs, lanes), dtype)
        matrix: Any = np.zeros((sizes, n, n, lanes), dtype)
        matrix[:, places, places] = diagonal * shape.seen[..., None]
        age: Any = np.zeros(lanes, np.int32)
        return CovarianceState(weights, matrix, age)

    def forecast(shape: Shape, state: CovarianceState, phi: Array) -> Array:
        return weighted(state.weights, phi)

    def learn(
        shape: Shape, state: CovarianceState, phi: Array, y: Array, forecast: Array, whole: Array
    ) -> CovarianceState:
        gain, matrix = (potter if rooted else covariance)(state.matrix, phi, forgetting)
        weights = state.weights + gain[:, :, None] * (y[None] - forecast)[:, None]
        first = begin(shape, phi.dtype)
        sound = jnp.isfinite(weights).all(axis=(1, 2)) & jnp.isfinite(matrix).all(axis=(1, 2))
        weights = jnp.where(sound[:, None, None], weights, 0)
        age = state.age + 1
        again = ~sound if not reset else ~sound | (age % reset == 0)[None]
        matrix = jnp.where(again[:, None, None], first, matrix)
        return CovarianceState(
            keep_where(whole, weights, state.weights),
            keep_where(whole, matrix, state.matrix),
            jnp.where(whole, age, state.age),
        )

    tends_to = "filters" if forgetting == 1 and not reset else None
    kernel = partial(rls_kernel, forgetting=forgetting, start=diagonal, reset=reset) if rooted else None
    return window_learner(name, Rule(start, forecast, learn, kernel, kept_weights), stream, tends_to)


def covariance(
    P: Float[Array, "size column column lane"], phi: Float[Array, "column lane"], forgetting: float
) -> tuple[Array, Array]:
    """Return the gain and P after one more regressor, as textbooks write it."""
    Pphi = (P * phi[None, None]).sum(axis=2)
    gain = Pphi / (forgetting + (Pphi * phi[None]).sum(axis=1))[:, None]
    return gain, (P - gain[:, :, None] * Pphi[:, None]) / forgetting


def potter(
    S: Float[Array, "size column rank lane"], phi: Float[Array, "... column lane"], forgetting: float = 1.0
) -> tuple[Array, Array]:
    """Return the gain and the square root S of P = S S' after one more regressor, one for all sizes or one for each."""
    row = phi if phi.ndim == 3 else phi[None]
    f = (S * row[:, :, None]).sum(axis=1)
    a = forgetting + (f * f).sum(axis=1)
    Sf = (S * f[:, None]).sum(axis=2)
    S = S - Sf[:, :, None] * (f / (a + jnp.sqrt(forgetting * a))[:, None])[:, None]
    return Sf / a[:, None], S / np.sqrt(forgetting)
