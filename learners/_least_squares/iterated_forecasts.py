"""Iterated forecasts of every filter length, O(length x lookahead) a step, with the weights at the time of issue.

Time: after sample ``n``; the transversal forward filter of length h is ``a_h(n)``, with ``a_h[0] = 1`` and
``yhat_h = -sum_{i=1..h} a_h[i] y[n+1-i]``; the backward filter of stage m is ``c_m(n)``, with ``c_m[m] = 1``.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.compiled import inlined
from ..._core.jax_later import Array, jnp
from .._engine.tile_loop import FORECAST, copy_in, copy_out
from .._linalg.prefix_sums import prefix_sums
from .intercept import ALPHA, FULL, K1, Intercept


class Ahead(NamedTuple):
    """The additional state of the lattice for forecasts of more than one sample ahead."""

    taps: Float[Array, "stage reach lane"]  # c_m(n)[0 .. H-1]
    zero_input: Float[Array, "stage reach_less_one lane"]  # c_m(n) at n+2 .. n+H, samples after n taken as zero
    forecast: Float[Array, "lookahead length lane"]  # of y[n+H] for each lookahead, each length fed with its own


def start_ahead(stages: int, lookaheads: tuple[int, ...], lanes: int, dtype: Any) -> Ahead:
    """Return the state before the first sample: filters that pass their oldest sample through, or predict zero."""
    reach = lookaheads[-1]
    taps: Any = np.tile(np.eye(stages, reach, dtype=dtype)[:, :, None], (1, 1, lanes))
    zero_input: Any = np.zeros((stages, reach - 1, lanes), dtype)
    forecast: Any = np.zeros((len(lookaheads), stages + 1, lanes), dtype)
    return Ahead(taps, zero_input, forecast)


def advance_ahead(
    ahead: Ahead,
    y: Float[Array, " lane"],
    kf: Float[Array, "stage lane"],
    kb: Float[Array, "stage lane"],
    forecast: Float[Array, "length lane"],
    lookaheads: tuple[int, ...],
    intercept: Intercept | None = None,
) -> Ahead:
    """Take the newest sample and the gains fitted to it, and forecast each ``y[n+H]``.

    The order recursion of the filters, each kept to the H taps that the forecasts use:

        a_{m+1}(n) = [a_m(n); 0] + kf_m(n) [0; c_m(n-1)],    c_{m+1}(n) = [0; c_m(n-1)] + kb_m(n) [a_m(n); 0]

    The newest j - 1 samples of the window are not known yet. By linearity the response of the frozen filter is the sum
    of its response to the known samples, E_h^j, which follows the same recursion, and to its own forecasts:

        yhat_h[n+j] = -E_h^j - sum_{i=1..j-1} a_h[i] yhat_h[n+j-i]

    With an intercept, ``a_h`` and ``E_h`` lose ``alpha_h`` times those of the column of ones, from its gains, and
    ``alpha_h`` is added.

    Args:
        ahead: The state after sample n - 1.
        y: ``y[n]``.
        kf: Forward gains after sample n.
        kb: Backward gains after sample n.
        forecast: One-step forecasts of ``y[n+1]``, lengths 0 .. M, intercept included.
        lookaheads: Every H, rising.
        intercept: After sample n, or None.
    """
    forward, backward = kf[:, None], kb[:, None]
    nothing = jnp.zeros_like(ahead.zero_input[:1])
    a = jnp.concatenate([nothing, prefix_sums(forward * ahead.taps[:, :-1])])  # a_h[1 .. H-1], h = 0 .. M

    known = ahead.zero_input + y[None, None] * ahead.taps[:, 1:]  # c_m(n-1), samples after n taken as zero
    E = jnp.concatenate([nothing, prefix_sums(forward * known)])
    zero_input = jnp.concatenate([nothing, (known + backward * E[:-1])[:-1]])
    shifted = jnp.concatenate([backward, ahead.taps[:, :-1] + backward * a[:-1]], axis=1)
    taps = jnp.concatenate([ahead.taps[:1], shifted[:-1]])

    level = jnp.zeros_like(forecast)
    if intercept is not None:
        level, gain = intercept.weight, intercept.gain[:, None]
        a = a - level[:, None] * jnp.concatenate([nothing, prefix_sums(gain * ahead.taps[:, :-1])])
        E = E - level[:, None] * jnp.concatenate([nothing, prefix_sums(gain * known)])
    forecasts = [forecast]
    for j in range(1, lookaheads[-1]):
        value = level - E[:, j - 1]
        for i in range(1, j + 1):
            value = value - a[:, i - 1] * forecasts[j - i]
        forecasts.append(value)
    return Ahead(taps, zero_input, jnp.stack([forecasts[H - 1] for H in lookaheads]))


# What the compiled step of ``ladder`` keeps of a stage: (stage, ROWS, W); NEXT is its forecast, LOSS how good it was.
KF, KB, F, B, BETA, GAMMA, RATIO, NEXT, LOSS, ROWS = range(10)


@cache
def ahead_parts(W: int, intercept: bool) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store of ``Ahead`` for ``W`` lanes, for compiled loops; see ``advance_ahead``."""

    @inlined
    def load(ahead, lane):
        taps, kind = ahead.taps, ahead.taps.dtype
        H = taps.shape[1]
        packed = copy_in(taps, lane, W), copy_in(ahead.zero_input, lane, W), copy_in(ahead.forecast, lane, W)
        work = (
            np.empty((H, W), kind), np.empty((H, W), kind), np.empty((H, W), kind), np.empty((H, W), kind),
            np.empty((H, W), kind), np.empty((H, W), kind), np.empty((H, W), kind), np.empty((H, W), kind),
            np.empty((H, W), kind),
        )  # fmt: skip
        return *packed, work

    @inlined
    def step(packed, lookaheads, row, stages, lengths):
        taps, zero_input, forecast, work = packed
        M, H = taps.shape[0], taps.shape[1]
        a, E, known, taps_new, zero_new, taps_old, ahead, a_one, E_one = work
        for j in range(H):
            for w in range(W):
                a[j, w], E[j, w], zero_new[j, w], taps_new[j, w] = 0, 0, 0, taps[0, j, w]
                a_one[j, w], E_one[j, w] = 0, 0
        for h in range(M + 1):
            # a[i - 1] is a_h[i] and E[j - 1] the response to the known samples, j ahead; then the forecasts of length h
            for w in range(W):
                if intercept:
                    ahead[0, w] = lengths[h, FULL, w]
                else:
                    ahead[0, w] = stages[h - 1, NEXT, w] if h else 0
            for j in range(1, H):
                for w in range(W):
                    ahead[j, w] = -E[j - 1, w]
                    if intercept:
                        ahead[j, w] += lengths[h, ALPHA, w] * (1 + E_one[j - 1, w])
                for i in range(1, j + 1):
                    for w in range(W):
                        tap = a[i - 1, w]
                        if intercept:
                            tap -= lengths[h, ALPHA, w] * a_one[i - 1, w]
                        ahead[j, w] -= tap * ahead[j - i, w]
            for k in range(len(lookaheads)):
                for w in range(W):
                    forecast[k, h, w] = ahead[lookaheads[k] - 1, w]
            if h == M:
                break
            for j in range(H):
                for w in range(W):
                    taps_old[j, w], taps[h, j, w] = taps[h, j, w], taps_new[j, w]
            for j in range(H - 1):
                for w in range(W):
                    known[j, w] = zero_input[h, j, w] + row[0, w] * taps_old[j + 1, w]
                    zero_input[h, j, w] = zero_new[j, w]
            for w in range(W):
                taps_new[0, w] = stages[h, KB, w]
            for j in range(H - 1):
                for w in range(W):
                    kf, kb = stages[h, KF, w], stages[h, KB, w]
                    zero_new[j, w] = known[j, w] + kb * E[j, w]
                    taps_new[j + 1, w] = taps_old[j, w] + kb * a[j, w]
                    a[j, w] += kf * taps_old[j, w]
                    E[j, w] += kf * known[j, w]
                    if intercept:
                        a_one[j, w] += lengths[h + 1, K1, w] * taps_old[j, w]
                        E_one[j, w] += lengths[h + 1, K1, w] * known[j, w]

    @inlined
    def predict(packed, sizes, cells):
        for k in range(len(cells)):
            for s in range(len(sizes)):
                for w in range(W):
                    cells[k, s, FORECAST, w] = packed[2][k, sizes[s], w]

    @inlined
    def store(packed, ahead, lane):
        copy_out(packed[0], ahead.taps, lane)
        copy_out(packed[1], ahead.zero_input, lane)
        copy_out(packed[2], ahead.forecast, lane)

    return load, step, predict, store


@cache
def nothing_ahead(W: int) -> tuple[Any, Any, Any, Any]:
    """Return the parts of forecasts of the next sample only."""

    @inlined
    def load(ahead, lane):
        return 0

    @inlined
    def step(packed, lookaheads, row, stages, lengths):
        pass

    @inlined
    def predict(packed, sizes, cells):
        pass

    @inlined
    def store(packed, ahead, lane):
        pass

    return load, step, predict, store
