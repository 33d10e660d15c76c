"""Every window length by one triangular array: any channels, any lookahead; rows with gaps are left out.

Time: in ``update`` the state is that of ``n - 1``, and ``z`` holds ``u[n]`` and ``y[n]``, inputs first. A pair of
lookahead H is the target ``y[n]`` and its regressors, known at the time of issue: the window ``z[n-H], z[n-H-1], ..``
and the inputs known ahead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..._core.jax_later import Array, jnp
from .._base import Learner, Weights
from .._learner_factory import learner_factory
from .._linalg.triangular_factor import Triangle, eliminate, flat, residues
from .channels import (
    Channels,
    check_channels,
    check_weights,
    coming_inputs,
    first_nonzero,
    start_channels,
    take_inputs,
    with_ones,
)
from .learned_weights import by_columns, in_units, triangle_weights


class QRArrayState(NamedTuple):
    """One array for each lookahead, and the samples of the next windows."""

    channels: Channels
    triangles: tuple[Triangle, ...]
    history: Float[Array, "past channel lane"]  # z[n], z[n-1], ..; gaps filled
    whole: Bool[Array, "past lane"]  # whether all of z was known
    driven: Bool[Array, "past lane"]  # whether all of u was known
    begun: Bool[Array, "past lane"]  # whether z or one before it had a nonzero output
    loss: Float[Array, "length output lane"]  # fading, of the shortest lookahead: which length fills a gap


@learner_factory
def qr_array(
    sizes: Iterable[int] = range(33),
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    lookaheads: Iterable[int] = (1,),
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[QRArrayState]:
    """Recursive least squares of y[t+H] itself on the last h samples, for every h = 0 .. M and every lookahead H.

        yhat_h[t+H] = sum_{k=1..h} W_k z[t+1-k] + sum_{1<=j<H (j<=H if direct)} V_j u[t+j],    z = (u, y)

    The **direct** form: each lookahead has its own weights, fitted to the pairs whose target was known when the
    forecast was issued. Weights and ridge as in ``lattice``; inputs ahead have the ridge of lag 0. With an
    **intercept** each lookahead has a constant, too, as in ``ladder``. Columns are ordered by lag, so the elimination
    of one row gives every window in turn,

        p = w_k,  d_k' = d_k + a p^2,  w -= p L_k,  L_k += (a p / d_k') w,  a <- a d_k / d_k'

    (rotations without square roots). The residual of the target after the columns of window h is its error.

    A pair is left out (weight zero) exactly where its target or any sample of the *longest* window is missing. Keep
    the windows short where gaps are many. For forecasts, gaps in the window are filled with the forecast of the
    shortest lookahead, by the length that was best recently, and a missing input with its last value; neither is
    learned from. (``replay`` and ``score_recording`` hold missing inputs before a learner sees them: there a row is
    left out only for its outputs.)

    Use ``lattice`` (or ``ladder`` for one output) where no row must be left out: O(M) instead of O(M^2). Cost per step,
    lane and lookahead: about 6 (M q)^2 operations, (M q)^2 numbers.

    Args:
        sizes: Window lengths to report, rising; all lengths up to the largest are computed.
        forgetting: Weight of a sample one step older, in (0, 1]; a row that is left out counts as a step, too.
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        lookaheads: Samples ahead to forecast, rising.
        direct: Whether ``u[t+H]`` is known when ``y[t+H]`` is predicted. The inputs between are always
            known: the driver passes them, known or held.
        intercept: Whether a constant is fitted beside the taps.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner. Parameters of length h, of one lookahead (the first): outputs (h q + inputs known ahead, + 1 with an
        intercept).

    Raises:
        ValueError: Sizes or lookaheads not rising, ridge or forgetting out of range, forgetting^M <= 1/2, or a direct
            term without inputs.

    References:
        W. M. Gentleman, Least squares computations by Givens transformations without square roots, 1973. P. Gill,
        G. Golub, W. Murray, M. Saunders, Methods for modifying matrix factorizations, 1974, C1.
    """
    sizes, lookaheads = tuple(sizes), tuple(lookaheads)
    window, m, q = max(sizes[-1], 1), inputs, inputs + outputs
    check_weights(window, forgetting, ridge)
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    expected, fading, past = (outputs, inputs), 0.99, window + lookaheads[-1] - 1
    known_ahead = [(H - 1 + direct) * bool(m) for H in lookaheads]  # samples of u between issue and target
    ages = [
        forgetting ** np.r_[np.ones(intercept + known * m), 1.0 - np.repeat(np.arange(1, window + 1), q)]
        for known in known_ahead
    ]

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> QRArrayState:
        check_channels("qr_array", outputs, inputs, expected)
        columns = [intercept + known * m + window * q for known in known_ahead]
        return QRArrayState(
            start_channels(outputs, inputs, lanes, dtype, intercept),
            tuple(Triangle(jnp.zeros((n, n + outputs, lanes), dtype), jnp.ones((n, lanes), dtype)) for n in columns),
            jnp.zeros((past, q, lanes), dtype),
            jnp.ones((past, lanes), bool),
            jnp.ones((past, lanes), bool),
            jnp.zeros((past, lanes), bool),
            jnp.zeros((window + 1, outputs, lanes), dtype),
        )

    def at_lengths(left: Array, reach: int) -> Array:
        """Return the residuals of the targets after the columns of each window, lengths 0 .. M."""
        shortest = intercept + reach * m
        return jnp.concatenate([left[shortest : shortest + 1], left[shortest + q :: q]])

    def by_column(channel: Array, reach: int) -> Array:
        """Return the value of each column's channel: the ones, the inputs known ahead, all channels for each lag."""
        return jnp.concatenate([channel[q:], jnp.tile(channel[:m], (reach, 1)), jnp.tile(channel[:q], (window, 1))])

    def predict(state: QRArrayState, inputs: Array) -> Float[Array, "lookahead size output lane"]:
        u = coming_inputs(state.channels, inputs, lookaheads[-1])[::-1] if m else inputs  # the furthest first
        forecasts = []
        for H, reach, triangle in zip(lookaheads, known_ahead, state.triangles, strict=True):
            known = u[len(u) - H + (not direct) :][:reach] if reach else u[:0]
            ones = state.begun[:intercept].astype(state.history.dtype)
            row = jnp.concatenate([ones, flat(known), flat(state.history[:window])])
            left = at_lengths(residues(triangle, row, outputs), reach)
            forecasts.append(jnp.stack([-left[size] for size in sizes]))
        return jnp.stack(forecasts)

    def update(state: QRArrayState, output: Array, input: Array, observed: Array) -> QRArrayState:
        channels = take_inputs(state.channels, input) if m else state.channels
        u, y = channels.held, jnp.where(observed, output, 0)
        here, driven_now = observed.all(axis=0), ~jnp.isnan(input).any(axis=0)
        seen = with_ones(channels, jnp.concatenate([u, y]))
        channels, first = first_nonzero(channels, seen, ridge, forgetting)
        delta, shortest = channels.ridge, None
        inputs_now = jnp.concatenate([u[None], state.history[:, :m]])
        driven_then = jnp.concatenate([driven_now[None], state.driven])
        triangles = []
        for H, reach, age, triangle in zip(lookaheads, known_ahead, ages, state.triangles, strict=True):
            since = int(not direct)
            known = flat(inputs_now[since:][:reach])
            ones = state.begun[H - 1 :][:intercept].astype(y.dtype)
            row = jnp.concatenate([ones, known, flat(state.history[H - 1 : H - 1 + window])])
            use = here & state.whole[H - 1 : H - 1 + window].all(axis=0) & driven_then[since:][:reach].all(axis=0)
            start = by_column(delta, reach) * jnp.asarray(age, y.dtype)[:, None]
            floor = jnp.where(start == 0, 1, by_column(delta, reach) / 2)
            energy = jnp.where(by_column(first, reach), start, jnp.maximum(forgetting * triangle.energy, floor))
            triangle, left = eliminate(Triangle(triangle.columns, energy), row, y, use.astype(y.dtype))
            triangles.append(triangle)
            shortest = at_lengths(left, reach) if shortest is None else shortest
        assert shortest is not None
        # The target of a gap is zero, so its residual is minus its forecast.
        best = jnp.argmin(state.loss, axis=0)[None]
        y = jnp.where(observed, y, -jnp.take_along_axis(shortest, best, axis=0)[0])
        loss = fading * state.loss + jnp.where(observed[None], shortest * shortest, 0)
        return QRArrayState(
            channels,
            tuple(triangles),
            jnp.concatenate([jnp.concatenate([u, y])[None], state.history[:-1]]),
            jnp.concatenate([(here & driven_now)[None], state.whole[:-1]]),
            jnp.concatenate([driven_now[None], state.driven[:-1]]),
            jnp.concatenate([(channels.ridge[m:q] != 0).any(axis=0)[None], state.begun[:-1]]),
            loss,
        )

    def weights(state: QRArrayState) -> Weights:
        known = intercept + known_ahead[0] * m
        columns = triangle_weights(state.triangles[0].columns, [known + h * q for h in sizes])
        return in_units(by_columns(columns, intercept, known_ahead[0] * m, q), m, state.channels.scale)

    parameters = tuple(outputs * (h * q + known_ahead[0] * m + intercept) for h in sizes)
    labels: dict[str, Any] = dict(
        weights=weights if lookaheads[0] == 1 else None,
        size_label="window length",
        intercept=intercept,
        tends_to="direct filters" if forgetting == 1 else None,
    )
    return Learner("qr-array", init, predict, update, sizes, parameters, lookaheads, scaled=True, **labels)
