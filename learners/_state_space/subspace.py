"""Subspace identification: state-space predictors of every order from one singular value decomposition for each fit.

Time: in ``update`` the state is that of ``n - 1``, and ``z`` holds ``u[n]`` and ``y[n]``, inputs first; ``x`` is the
estimate of ``x[n+1]`` after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner, check_ridge
from .._learner_factory import learner_factory
from .._least_squares.channels import (
    Channels,
    check_channels,
    coming_inputs,
    first_nonzero,
    start_channels,
    take_inputs,
)
from .._linalg.triangular_factor import Triangle, eliminate, flat
from .subspace_fit import Model, fit


class SubspaceState(NamedTuple):
    """The window, the model, and its states."""

    channels: Channels
    triangle: Triangle  # of z[n-1], .., z[n-p], z[n]; empty with a sliding window
    history: Float[Array, "past channel lane"]  # z[n], z[n-1], ..; gaps filled
    kept: Bool[Array, "past lane"]  # whether all of y was observed
    rows: Int[Array, " lane"]  # targets observed
    model: Model
    x: Float[Array, "size state lane"]
    loss: Float[Array, "size output lane"]  # fading: which order fills a gap


@learner_factory
def subspace(
    sizes: Iterable[int] = range(9),
    past: int = 16,
    window: int = 0,
    refit: int = 0,
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[SubspaceState]:
    """A state-space predictor of every order n = 0 .. N, all from one singular value decomposition at each re-fit.

        x[t+1] = (A - K C) x[t] + (B - K D) u[t] + K y[t],    yhat_n[t] = C x[t] + D u[t]

    Predictor-based subspace identification. Of the rows (z[t-1], .., z[t-p], z[t]), z = (u, y), a triangular factor S
    is kept. Every regression below uses its coordinates, so squares of large outputs are never subtracted:

    1. VARX of order p: y[t] = sum_k Phi_k z[t-k] + D u[t] + e[t].
    2. H = block Hankel (Phi_{i+k}, zero beyond p) = observability times controllability of the predictor. With outputs
       in units of the standard deviations of e and the past made white, W H S = U Sigma V'.
    3. x[t] = the leading n coordinates Sigma^-1 U' W H z_past: a truncation for each order.
    4. C from y[t] - D u[t] on x[t]; A - K C, B - K D and K from x[t+1] on x[t], u[t], y[t].

    A new fit is made when the number of observed targets is 2 q (p + 1) times a power of two (doubling epochs), or
    every ``refit`` of them; then step 3 estimates the states of each order again from the past p samples. Before the
    first fit the forecast is zero. A fit that is not finite is dropped: the model before it stays.

    **An order whose A - K C is not proved stable** (the norm of its 1024th power is not below one: a radius within
    about 1e-3 of one counts as unstable) is forecast without recursion, by C x[t] with x[t] = Sigma^-1 U' W H z_past
    from the last p samples: the same model with a memory of p samples, until the next fit. So with and without
    recursion no forecast diverges from the data.

    A row with a missing target is left out of the fit. In the regressors a gap is filled with the forecast of the order
    that was best recently (before the first fit, with the last value), a missing input with its last value. In its own
    recursion each order uses its own forecast, so its error is zero there. Outputs times a power of two give forecasts
    times that power to the bit; a shift of the outputs does not shift the forecasts.

    Cost per step and lane, with c = q (p + 1) for q channels: 6 c^2 operations and c^2 numbers, and 2 N (N + q) for
    each order. A new fit costs about 100 c^3, for all lanes as soon as one is due. With a sliding window of w rows a
    fit costs 6 w c^2 more and there are q w numbers more, but a step does not need the c^2 operations and numbers.

    Args:
        sizes: State orders, rising; 0 is the forecast D u[t].
        past: p, samples from which a state is estimated; at least the largest order.
        window: Samples to learn from, the last ones; 0 for all.
        refit: Observed targets between two fits, from 2 q (p + 1) on; 0 for doubling epochs, and with a sliding window
            also whenever all its samples are new.
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: Whether ``u[t]`` is known when ``y[t]`` is predicted. If not, D = 0.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner. Parameters of order n: 2 n outputs + n inputs (+ outputs inputs if direct), the free
        entries of A, B, C, D and K up to a change of coordinates.

    Raises:
        ValueError: Sizes not rising or beyond the past, an option out of range, or a direct term without inputs.

    References:
        M. Jansson, Subspace identification and ARX modeling (SSARX), 2003. A. Chiuso, The role of vector autoregressive
        modeling in predictor-based subspace identification, 2007. G. van der Veen, J.-W. van Wingerden, M. Bergamasco,
        M. Lovera, M. Verhaegen, Closed-loop subspace identification methods: an overview, 2013.
    """
    sizes = tuple(sizes)
    m, p, q, states = inputs, outputs, inputs + outputs, max(sizes[-1], 1)
    columns, fading = q * (past + 1), 0.99
    _check(sizes, past, window, refit, ridge, 2 * columns)
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    orders = np.array(sizes)
    inside = (np.arange(states) < orders[:, None])[..., None]
    reached = max(window, 1) + past  # samples that are kept

    def empty(lanes: int, dtype: Any) -> Triangle:
        return Triangle(jnp.zeros((columns, columns, lanes), dtype), jnp.ones((columns, lanes), dtype))

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> SubspaceState:
        check_channels("subspace", outputs, inputs, (p, m))
        each = len(sizes)

        def zeros(*shape: int) -> Array:
            return jnp.zeros((*shape, lanes), dtype)

        return SubspaceState(
            start_channels(outputs, inputs, lanes, dtype),
            Triangle(zeros(0, 0), zeros(0)) if window else empty(lanes, dtype),
            zeros(reached, q),
            jnp.zeros((reached, lanes), bool),
            jnp.zeros(lanes, jnp.int32),
            Model(
                zeros(each, states, states), zeros(each, states, q), zeros(p, states), zeros(p, m),
                zeros(states, past * q), jnp.ones((each, lanes), bool),
            ),
            zeros(each, states),
            zeros(each, outputs),
        )  # fmt: skip

    def outputs_of(model: Model, x: Array, u: Array) -> Float[Array, "size output lane"]:
        known = _times(model.D, u) if direct else jnp.zeros_like(x[0, :1])
        return _times(model.C[None], x) + known[None]

    def predict(state: SubspaceState, inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if direct else state.channels.held
        return outputs_of(state.model, state.x, u)[None]

    def row_at(history: Array, lag: Any) -> Float[Array, "column lane"]:
        """Return the regressors and targets of the sample ``lag`` steps back."""
        rows = jax.lax.dynamic_slice_in_dim(history, lag, past + 1)
        return flat(jnp.concatenate([rows[1:], rows[:1]]))

    def energies(channels: Channels) -> Float[Array, "column lane"]:
        return jnp.tile(jnp.where(channels.ridge == 0, 1, channels.ridge), (past + 1, 1))

    def of_window(state: SubspaceState) -> Triangle:
        """Return the factor of the rows that a sliding window holds, the oldest first."""
        start = empty(state.x.shape[-1], state.x.dtype)._replace(energy=energies(state.channels))

        def take(triangle: Triangle, lag: Array) -> tuple[Triangle, None]:
            weight = jax.lax.dynamic_index_in_dim(state.kept, lag, keepdims=False).astype(state.x.dtype)
            return eliminate(triangle, row_at(state.history, lag), jnp.zeros_like(weight)[None][:0], weight)[0], None

        return jax.lax.scan(take, start, jnp.arange(window - 1, -1, -1, dtype=jnp.int32))[0]

    def fitted(state: SubspaceState) -> Model:
        triangle = of_window(state) if window else state.triangle
        return fit(triangle, p, m, past, states, orders, direct)

    def update(state: SubspaceState, output: Array, input: Array, observed: Array) -> SubspaceState:
        channels = take_inputs(state.channels, input) if m else state.channels
        u, model = channels.held, state.model
        y = jnp.where(observed, output, 0)
        here = observed.all(axis=0)
        channels, first = first_nonzero(channels, jnp.concatenate([u, y]), ridge)
        forecast = outputs_of(model, state.x, u)
        errors, best = jnp.where(observed[None], output[None] - forecast, 0), jnp.argmin(state.loss, axis=0)[None]
        begun = (model.C != 0).any(axis=(0, 1))
        fill = jnp.where(begun[None], jnp.take_along_axis(forecast, best, axis=0)[0], state.history[0, m:])
        y = jnp.where(observed, output, fill)
        history = jnp.concatenate([jnp.concatenate([u, y])[None], state.history[:-1]])
        kept = jnp.concatenate([here[None], state.kept[:-1]])
        rows = state.rows + here.astype(jnp.int32)
        triangle = state.triangle
        if not window:
            energy = jnp.where(jnp.tile(first, (past + 1, 1)), energies(channels), triangle.energy)
            weight = here.astype(y.dtype)
            triangle, _ = eliminate(triangle._replace(energy=energy), row_at(history, 0), y[:0], weight)
        own = jnp.where(observed[None], output[None], forecast)
        z = jnp.concatenate([jnp.broadcast_to(u, (len(sizes), *u.shape)), own], axis=1)
        x = _times(model.F, state.x) + _times(model.G, z)
        state = SubspaceState(channels, triangle, history, kept, rows, model, x, fading * state.loss + errors * errors)

        due = here & _is_due(rows, 2 * columns, window, refit)
        new = jax.lax.cond(due.any(), fitted, lambda state: state.model, state)
        usable = due & jnp.concatenate([jnp.isfinite(leaf).reshape(-1, len(due)) for leaf in new]).all(axis=0)
        pairs = zip(new, model, strict=True)
        model = Model(*(jnp.where(jnp.broadcast_to(usable, fresh.shape), fresh, old) for fresh, old in pairs))
        renewed = _times(model.reach, flat(history[:past]))[None] * jnp.asarray(inside, x.dtype)
        return state._replace(model=model, x=jnp.where((usable[None] | ~model.settles)[:, None], renewed, x))

    parameters = tuple(2 * n * p + n * m + p * m * direct for n in sizes)
    return Learner("subspace", init, predict, update, sizes, parameters, scaled=True, size_label="state order")


def _is_due(rows: Int[Array, " lane"], first: int, window: int, refit: int) -> Bool[Array, " lane"]:
    if refit:
        return (rows >= first) & (rows % refit == 0)
    epochs = rows // first
    doubled = (rows % first == 0) & (epochs > 0) & (epochs & (epochs - 1) == 0)
    return doubled | ((rows >= first) & (rows % window == 0)) if window else doubled


def _times(matrix: Float[Array, "*#size row column lane"], vector: Float[Array, "*size column lane"]) -> Array:
    return jnp.sum(matrix * vector[..., None, :, :], axis=-2)


def _check(sizes: tuple[int, ...], past: int, window: int, refit: int, ridge: float, least: int) -> None:
    if past < max(sizes[-1], 1):
        raise ValueError(
            f"past must be at least the largest order, got past={past} for orders up to {sizes[-1]}: raise it, or "
            f"use sizes up to {past}."
        )
    if window and window < least:
        raise ValueError(f"window must be 0 (all samples) or at least {least} for this past, got {window}.")
    if refit < 0:
        raise ValueError(f"refit must be 0 (doubling epochs) or a number of samples, got {refit}.")
    check_ridge(ridge)
