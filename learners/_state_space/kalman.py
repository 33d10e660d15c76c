"""Predictors that know the system: the Kalman filter, and its truncations to every length at once.

Time: the state is that after sample ``n``: ``x`` is the mean of ``x[n+1]`` given ``y[0..n]``, ``P`` its
covariance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray

from ..._core.jax_later import Array, jnp
from ...simulator import LinearSystem
from .._base import Kernel, Learner, Weights, check_lookaheads, check_sizes
from .._engine.partition import with_data
from .._linalg.batched import product, right_divide, times
from .._linalg.prefix_sums import choose, prefix_sums
from .kalman_kernel import KalmanConstants, TruncatedConstants, kalman_parts, truncated_parts


class KalmanState(NamedTuple):
    """Mean and covariance of the next state, and the number of its sample."""

    x: Float[Array, "state lane"]
    P: Float[Array, "state state lane"]
    t: Int[Array, " lane"]


class TruncatedState(NamedTuple):
    """The last M outputs and inputs, newest first, and the forecasts they give without the direct term."""

    outputs: Float[Array, "length output lane"]
    inputs: Float[Array, "length input lane"]
    forecast: Float[Array, "size output lane"]


def kalman(
    system: LinearSystem,
    gain: ArrayLike | None = None,
    mean: ArrayLike | None = None,
    covariance: ArrayLike | None = None,
    lookaheads: Iterable[int] = (1,),
) -> Learner[KalmanState]:
    """The Kalman predictor of a known system: the oracle of every excess.

        S = C P C' + R,   K = P C' S^-1,   e = y - C x - D u
        x <- A (x + K e) + B u,   P <- A ((I - K C) P (I - K C)' + K R K') A' + Q
        x_1 = x,   x_{j+1} = A x_j + B u[n+j],   yhat[n+H] = C x_H + D u[n+H]

    The gain varies in time (Joseph form). The matrices may vary, too: those of sample t give its forecast and move x to
    t + 1. With a fixed gain, x <- A x + L e + B u, and P stays as given. Missing outputs of a row are left out exactly;
    with a fixed gain their errors count as zero.

    Args:
        system: The plant; its first sample is that of the stream.
        gain: L = A K, ``(state, output)``, such as ``analysis.kalman_gain(system).gain``, of a plant constant in time;
            None for the time-varying one.
        mean: Of the first state, ``(state,)``; zero by default.
        covariance: Of the first state, ``(state, state)``; zero by default, as simulations start. Large for a diffuse
            start.
        lookaheads: Samples ahead to forecast, rising, with the inputs from the driver, known or held.

    Returns:
        A learner of one rung, its size the number of states, nothing trainable; its variance is S.

    Raises:
        ValueError: A fixed gain for a time-varying system, a gain, mean or covariance of another shape, or lookaheads
            not rising.

    References:
        R. E. Kalman, A new approach to linear filtering and prediction problems, 1960. Joseph form: R. S. Bucy and
        P. D. Joseph, *Filtering for Stochastic Processes*, 1968.
    """
    n = system.states
    ahead = check_lookaheads(lookaheads)
    x0 = np.zeros(n) if mean is None else np.asarray(mean, np.float64)
    P0 = np.zeros((n, n)) if covariance is None else np.asarray(covariance, np.float64)
    if x0.shape != (n,) or P0.shape != (n, n):
        raise ValueError(f"mean and covariance must have shapes ({n},) and ({n}, {n}), got {x0.shape} and {P0.shape}.")
    if gain is not None:
        _constant(system)
    L = None if gain is None else _gain(system, gain)
    plant = _nameless(system)
    init, variance = with_data(_init, plant, x0, P0), with_data(_variance, plant)
    predict, update = with_data(_predict(ahead), plant), with_data(_update, plant, L)
    kernel = Kernel(kalman_parts, _kalman_constants(system, L, ahead))
    labels: dict[str, Any] = dict(variance=variance, size_label="state order", kernel=kernel)
    return Learner("kalman", init, predict, update, (n,), (0,), ahead, **labels)


def _kalman_constants(
    system: LinearSystem, L: NDArray[np.float64] | None, lookaheads: tuple[int, ...]
) -> KalmanConstants:
    matrices = [np.asarray(getattr(system, word), np.float64) for word in _Matrices._fields]
    length = max((len(matrix) for matrix in matrices if matrix.ndim == 3), default=1)
    rows = [np.broadcast_to(matrix, (length, *matrix.shape[-2:])).reshape(length, -1) for matrix in matrices]
    flags: Any = [np.int64(flag) for flag in (system.periodic, system.inputs, system.outputs)]
    gain = np.zeros((0, system.outputs)) if L is None else np.ascontiguousarray(L)
    plant = np.concatenate(rows, axis=1)
    return KalmanConstants(plant, flags[0], flags[1], flags[2], gain, np.array(lookaheads))


def _init(plant: LinearSystem, x0: Any, P0: Any, outputs: int, inputs: int, lanes: int, dtype: Any) -> KalmanState:
    _matching((plant.outputs, plant.inputs), outputs, inputs)
    x, P = (value.astype(dtype)[..., None] + np.zeros((*value.shape, lanes), dtype) for value in (x0, P0))
    t: Any = np.zeros(lanes, np.int32)
    return KalmanState(x, P, t)


@lru_cache(maxsize=64)  # one function, one compiled kernel
def _predict(ahead: tuple[int, ...]) -> Callable[[LinearSystem, KalmanState, Array], Array]:
    def predict(plant: LinearSystem, state: KalmanState, inputs: Array) -> Float[Array, "lookahead 1 output lane"]:
        x, forecasts = state.x, []
        for j in range(ahead[-1]):
            now = _matrices(plant, state.t + j, x.dtype)
            u = inputs[j] if plant.inputs else jnp.zeros((0, x.shape[-1]), x.dtype)
            if j + 1 in ahead:
                forecasts.append(times(now.C, x) + times(now.D, u))
            x = times(now.A, x) + times(now.B, u)
        return jnp.stack(forecasts)[:, None]

    return predict


def _update(
    plant: LinearSystem, L: Array | None, state: KalmanState, output: Array, input: Array, observed: Array
) -> KalmanState:
    x, P, t = state
    now = _matrices(plant, t, x.dtype)
    known = times(now.B, input) if plant.inputs else jnp.zeros_like(x)
    e = jnp.where(observed, output - times(now.C, x) - (times(now.D, input) if plant.inputs else 0), 0)
    if L is not None:
        return KalmanState(times(now.A, x) + times(L[..., None], e) + known, P, t + 1)
    seen = observed.astype(x.dtype)
    C = now.C * seen[:, None]
    R = now.R * seen[:, None] * seen[None] + jnp.eye(plant.outputs, dtype=x.dtype)[:, :, None] * (1 - seen)[None]
    PC = product(P, C.swapaxes(0, 1))
    S = product(C, PC) + R
    K = right_divide(PC, S)
    kept = jnp.eye(plant.states, dtype=x.dtype)[:, :, None] - product(K, C)
    P = product(product(kept, P), kept.swapaxes(0, 1)) + product(product(K, R), K.swapaxes(0, 1))
    P = product(product(now.A, P), now.A.swapaxes(0, 1)) + now.Q
    x = times(now.A, x + product(K, e[:, None])[:, 0]) + known
    return KalmanState(x, (P + P.swapaxes(0, 1)) / 2, t + 1)


def _variance(plant: LinearSystem, state: KalmanState) -> Float[Array, "1 output output lane"]:
    state = KalmanState(*map(jnp.asarray, state))  # it may come from a compiled step
    now = _matrices(plant, state.t, state.x.dtype)
    return (product(product(now.C, state.P), now.C.swapaxes(0, 1)) + now.R)[None]


def truncated_kalman(
    system: LinearSystem, gain: ArrayLike, sizes: Iterable[int] = range(33)
) -> Learner[TruncatedState]:
    """The steady Kalman predictor cut off after h samples, for every length h at once, without a new fit.

        yhat_h[t] = sum_{k=1..h} C F^(k-1) (L y[t-k] + (B - L D) u[t-k]) + D u[t],    F = A - L C

    Samples before the first count as zero. A missing sample is filled with the longest filter's forecast. Cost per step
    and lane, for lengths to M, p outputs and m inputs: 2 M p (p + m) operations.

    Args:
        system: The plant, constant in time.
        gain: L of the steady predictor, ``(state, output)``: ``analysis.kalman_gain(system).gain``.
        sizes: Filter lengths, rising.

    Returns:
        A learner; length h has h (output)^2 coefficients, none of them trained.

    Raises:
        ValueError: A time-varying system, a gain of another shape, or sizes that do not rise.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity*, L4DC 2025, section on
        partially observed systems. A. Tsiamis, G. J. Pappas, *Online learning of the Kalman filter with logarithmic
        regret*, 2020.
    """
    _constant(system)
    rungs = check_sizes(sizes)
    L = _gain(system, gain)
    F, reach = system.A - L @ system.C, [system.C]
    for _ in range(max(rungs[-1], 1) - 1):
        reach.append(reach[-1] @ F)
    taps = _Taps(np.stack([c @ L for c in reach]), np.stack([c @ (system.B - L @ system.D) for c in reach]), system.D)
    init, predict, update = (with_data(function, taps) for function in _truncated(rungs))
    parameters = tuple(h * system.outputs**2 for h in rungs)
    arrays = [np.ascontiguousarray(array) for array in taps]
    kernel = Kernel(truncated_parts, TruncatedConstants(arrays[0], arrays[1], arrays[2], np.array(rungs)))
    labels: dict[str, Any] = dict(
        size_label="filter length", kernel=kernel, weights=partial(_truncated_weights, taps, rungs)
    )
    return Learner("truncated-kalman", init, predict, update, rungs, parameters, **labels)


def _truncated_weights(taps: _Taps, rungs: tuple[int, ...], state: TruncatedState) -> Weights:
    lags = np.concatenate([np.asarray(taps.inputs), np.asarray(taps.outputs)], axis=2).swapaxes(1, 2)
    seen = np.arange(len(lags)) < np.array(rungs)[:, None]
    lanes = np.ones(state.outputs.shape[-1])
    direct = np.tile(np.asarray(taps.D).T, (len(rungs), 1, 1))
    constant = np.zeros((len(rungs), direct.shape[2], len(lanes)))
    return Weights(constant, direct[..., None] * lanes, (seen[:, :, None, None] * lags)[..., None] * lanes)


class _Taps(NamedTuple):
    """C F^(k-1) L and C F^(k-1) (B - L D), and the direct term."""

    outputs: Float[Array, "length output output"] | NDArray[np.float64]
    inputs: Float[Array, "length output input"] | NDArray[np.float64]
    D: Float[Array, "output input"] | NDArray[np.float64]


@lru_cache(maxsize=64)  # the same functions, one compiled kernel
def _truncated(rungs: tuple[int, ...]) -> tuple[Callable[..., Any], ...]:
    def init(taps: _Taps, outputs: int, inputs: int, lanes: int, dtype: Any) -> TruncatedState:
        _matching((taps.D.shape[0], taps.D.shape[1]), outputs, inputs)
        length = len(taps.outputs)
        shapes = (length, outputs), (length, inputs), (length + 1, outputs)
        arrays: Any = [np.zeros((*shape, lanes), dtype) for shape in shapes]
        return TruncatedState(*arrays)

    def predict(taps: _Taps, state: TruncatedState, inputs: Array) -> Float[Array, "1 size output lane"]:
        return (choose(state.forecast, rungs) + (times(taps.D[..., None], inputs[0])[None] if taps.D.shape[1] else 0))[
            None
        ]

    def update(taps: _Taps, state: TruncatedState, output: Array, input: Array, observed: Array) -> TruncatedState:
        driven = taps.D.shape[1] > 0
        direct = times(taps.D[..., None], input) if driven else 0
        y = jnp.where(observed, output, state.forecast[-1] + direct)
        outputs = jnp.concatenate([y[None], state.outputs[:-1]])
        inputs = jnp.concatenate([input[None], state.inputs[:-1]]) if driven else state.inputs
        terms = times(taps.outputs[..., None], outputs) + (times(taps.inputs[..., None], inputs) if driven else 0)
        forecast = jnp.concatenate([jnp.zeros_like(terms[:1]), prefix_sums(terms)])
        return TruncatedState(outputs, inputs, forecast)

    return init, predict, update


class _Matrices(NamedTuple):
    """The matrices of one sample; the lane axis has length one where a matrix is constant in time."""

    A: Float[Array, "state state #lane"]
    B: Float[Array, "state input #lane"]
    C: Float[Array, "output state #lane"]
    D: Float[Array, "output input #lane"]
    Q: Float[Array, "state state #lane"]
    R: Float[Array, "output output #lane"]


def _matrices(system: LinearSystem, t: Int[Array, " lane"], dtype: Any) -> _Matrices:
    """Return the matrices at the sample ``t`` of each lane."""

    def at(word: str) -> Array:
        matrix = jnp.asarray(getattr(system, word), dtype)
        return matrix[:, :, None] if matrix.ndim == 2 else jnp.moveaxis(matrix[system.time_index(t)], 0, -1)

    return _Matrices(*(at(word) for word in _Matrices._fields))


def _constant(system: LinearSystem) -> None:
    if system.time_varying:
        raise ValueError("this predictor needs a system constant in time; pass one time slice of each matrix.")


def _gain(system: LinearSystem, gain: ArrayLike) -> NDArray[np.float64]:
    L = np.asarray(gain, np.float64)
    if L.shape != (system.states, system.outputs) or not np.isfinite(L).all():
        raise ValueError(f"gain must be finite, of shape {(system.states, system.outputs)}, got {L.shape}.")
    return L


def _nameless(system: LinearSystem) -> LinearSystem:
    """Return the plant without name and dt: all plants of one shape then share one compiled kernel."""
    return LinearSystem.tree_unflatten((1.0, "", system.periodic), system.tree_flatten()[0])


def _matching(expected: tuple[int, int], outputs: int, inputs: int) -> None:
    if (outputs, inputs) != expected:
        raise ValueError(
            f"the plant has {expected[0]} outputs and {expected[1]} inputs, the stream has {outputs} and {inputs}."
        )
