"""Iterated forecasts of every filter length, O(length x lookahead) a step, with the weights at the time of issue.

Time: after sample ``n``; the transversal forward filter of length h is ``a_h(n)``, with ``a_h[0] = 1`` and
``yhat_h = -sum_{i=1..h} a_h[i] y[n+1-i]``; the backward filter of stage m is ``c_m(n)``, with ``c_m[m] = 1``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._linalg.prefix_sums import prefix_sums


class Ahead(NamedTuple):
    """The additional state of the lattice for forecasts of more than one sample ahead."""

    taps: Float[Array, "stage reach lane"]  # c_m(n)[0 .. H-1]
    zero_input: Float[Array, "stage reach_less_one lane"]  # c_m(n) at n+2 .. n+H, samples after n taken as zero
    forecast: Float[Array, "lookahead length lane"]  # of y[n+H] for each lookahead, each length fed with its own


def start_ahead(stages: int, lookaheads: tuple[int, ...], lanes: int, dtype: Any) -> Ahead:
    """Return the state before the first sample: filters that pass their oldest sample through, or predict zero."""
    reach = lookaheads[-1]
    taps = jnp.tile(jnp.eye(stages, reach, dtype=dtype)[:, :, None], (1, 1, lanes))
    forecast = jnp.zeros((len(lookaheads), stages + 1, lanes), dtype)
    return Ahead(taps, jnp.zeros((stages, reach - 1, lanes), dtype), forecast)


def advance_ahead(
    ahead: Ahead,
    y: Float[Array, " lane"],
    kf: Float[Array, "stage lane"],
    kb: Float[Array, "stage lane"],
    forecast: Float[Array, "length lane"],
    lookaheads: tuple[int, ...],
) -> Ahead:
    """Take the newest sample and the gains fitted to it, and forecast each ``y[n+H]``.

    The order recursion of the filters, each kept to the H taps that the forecasts use:

        a_{m+1}(n) = [a_m(n); 0] + kf_m(n) [0; c_m(n-1)],    c_{m+1}(n) = [0; c_m(n-1)] + kb_m(n) [a_m(n); 0]

    The newest j - 1 samples of the window are not known yet. By linearity the response of the frozen filter is the sum
    of its response to the known samples, E_h^j, which follows the same recursion, and to its own forecasts:

        yhat_h[n+j] = -E_h^j - sum_{i=1..j-1} a_h[i] yhat_h[n+j-i]

    Args:
        ahead: The state after sample n - 1.
        y: ``y[n]``.
        kf: Forward gains after sample n.
        kb: Backward gains after sample n.
        forecast: One-step forecasts of ``y[n+1]``, lengths 0 .. M.
        lookaheads: Every H, rising.
    """
    forward, backward = kf[:, None], kb[:, None]
    nothing = jnp.zeros_like(ahead.zero_input[:1])
    a = jnp.concatenate([nothing, prefix_sums(forward * ahead.taps[:, :-1])])  # a_h[1 .. H-1], h = 0 .. M

    known = ahead.zero_input + y[None, None] * ahead.taps[:, 1:]  # c_m(n-1), samples after n taken as zero
    E = jnp.concatenate([nothing, prefix_sums(forward * known)])
    zero_input = jnp.concatenate([nothing, (known + backward * E[:-1])[:-1]])
    shifted = jnp.concatenate([backward, ahead.taps[:, :-1] + backward * a[:-1]], axis=1)
    taps = jnp.concatenate([ahead.taps[:1], shifted[:-1]])

    forecasts = [forecast]
    for j in range(1, lookaheads[-1]):
        value = -E[:, j - 1]
        for i in range(1, j + 1):
            value = value - a[:, i - 1] * forecasts[j - i]
        forecasts.append(value)
    return Ahead(taps, zero_input, jnp.stack([forecasts[H - 1] for H in lookaheads]))
