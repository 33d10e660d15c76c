"""The steps of ``kalman`` and ``truncated_kalman`` on a CPU; symbols and time as there.

In the Joseph form, P - K C P, then (..) - (..) C' K' + K R K': products with as many rows as there are outputs.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import called
from .._engine.tile_loop import FORECAST, copy_in, copy_out


class KalmanConstants(NamedTuple):
    """The plant: A, B, C, D, Q, R one after the other, at each time; L has no rows where the gain is computed."""

    plant: Float[np.ndarray, "time number"]
    periodic: int  # 1 where its axis of time repeats
    inputs: int
    outputs: int
    L: Float[np.ndarray, "state output"]
    lookaheads: Int[np.ndarray, " lookahead"]


@called
def plant_at(constants, t, now):
    """Copy the matrices of each lane at its sample ``t``."""
    length = len(constants.plant)
    for w in range(now.shape[1]):
        at = t[w] % length if constants.periodic else min(t[w], length - 1)
        for r in range(now.shape[0]):
            now[r, w] = constants.plant[at, r]


@called
def add_product(start, matrix, vector, total):
    """Set ``total (row, W)`` to ``start`` times itself plus the matrix times the vector of each lane."""
    for r in range(total.shape[0]):
        if start == 0:
            for w in range(total.shape[1]):
                total[r, w] = 0
        for c in range(vector.shape[0]):
            for w in range(total.shape[1]):
                total[r, w] += matrix[r * vector.shape[0] + c, w] * vector[c, w]


@called
def divide(left, S):
    """Replace ``left`` by left S^+ and S by its factors: ``right_divide`` of each lane, in place."""
    number, p = S.dtype.type, len(S)
    tiny = number(np.finfo(S.dtype).eps) * number(p)
    diagonal = np.empty(S.shape[1:], S.dtype)
    for j in range(p):
        for w in range(S.shape[2]):
            diagonal[j, w] = S[j, j, w]
    for j in range(p):
        for w in range(S.shape[2]):
            pivot = S[j, j, w]
            S[j, j, w] = number(1) / pivot if pivot > tiny * diagonal[j, w] else number(0)
        for i in range(j + 1, p):
            for k in range(j + 1, p):
                for w in range(S.shape[2]):
                    S[i, k, w] -= S[i, j, w] * S[j, j, w] * S[j, k, w]
        for i in range(j + 1, p):
            for w in range(S.shape[2]):
                S[i, j, w] *= S[j, j, w]
    for r in range(len(left)):
        for j in range(p):
            for k in range(j):
                for w in range(S.shape[2]):
                    left[r, j, w] -= left[r, k, w] * S[j, k, w]
        for j in range(p - 1, -1, -1):
            for w in range(S.shape[2]):
                left[r, j, w] *= S[j, j, w]
            for k in range(j + 1, p):
                for w in range(S.shape[2]):
                    left[r, j, w] -= left[r, k, w] * S[k, j, w]


@called
def advance_covariance(now, first, seen, P, K, S, work):
    """Set K to P C' S^-1, with S = C P C' + R, and P to that of the next sample; outputs not seen are left out.

    ``now`` has the matrices of each lane, ``first`` where each begins; its C and R change for outputs not seen.
    """
    number, n, p, W = P.dtype.type, P.shape[0], S.shape[0], P.shape[2]
    A, C, Q, R = first[0], first[2], first[4], first[5]
    for c in range(p):
        for w in range(W):
            if seen[c, w] == 0:
                for i in range(n):
                    now[C + c * n + i, w] = 0
                for k in range(p):
                    now[R + c * p + k, w], now[R + k * p + c, w] = 0, 0
                now[R + c * p + c, w] = 1
        for i in range(n):
            for w in range(W):
                K[i, c, w] = 0
            for j in range(n):
                for w in range(W):
                    K[i, c, w] += P[i, j, w] * now[C + c * n + j, w]
            for w in range(W):
                work[c, i, w] = K[i, c, w]  # C P
    for c in range(p):
        for k in range(p):
            for w in range(W):
                S[c, k, w] = now[R + c * p + k, w]
            for i in range(n):
                for w in range(W):
                    S[c, k, w] += now[C + c * n + i, w] * K[i, k, w]
    divide(K, S)
    for i in range(n):
        for c in range(p):
            for j in range(n):
                for w in range(W):
                    P[i, j, w] -= K[i, c, w] * work[c, j, w]
    for i in range(n):
        for c in range(p):
            for w in range(W):
                work[c, i, w] = 0
            for j in range(n):
                for w in range(W):
                    work[c, i, w] -= P[i, j, w] * now[C + c * n + j, w]
            for k in range(p):
                for w in range(W):
                    work[c, i, w] += K[i, k, w] * now[R + k * p + c, w]
        for c in range(p):
            for j in range(n):
                for w in range(W):
                    P[i, j, w] += work[c, i, w] * K[j, c, w]
    for i in range(n):
        for j in range(n):
            for w in range(W):
                work[i, j, w] = number(0)
            for k in range(n):
                for w in range(W):
                    work[i, j, w] += now[A + i * n + k, w] * P[k, j, w]
    for i in range(n):
        for j in range(i + 1):
            for w in range(W):
                P[i, j, w] = now[Q + i * n + j, w]
            for k in range(n):
                for w in range(W):
                    P[i, j, w] += work[i, k, w] * now[A + j * n + k, w]
            for w in range(W):
                P[j, i, w] = P[i, j, w]


@cache
def kalman_parts(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store of ``kalman``, for any number of lanes."""

    @called
    def load(constants, state, lane, W):
        kind, n, m, p = state.x.dtype, state.x.shape[0], constants.inputs, constants.outputs
        P, t = copy_in(state.P, lane, W), np.empty(W, np.int64)
        now = np.empty((constants.plant.shape[1], W), kind)
        vectors = np.empty((3, n + p, W), kind)  # x, x of the next sample or ahead, e
        for w in range(W):
            t[w] = state.t[lane + w]
            for i in range(n):
                vectors[0, i, w] = state.x[i, lane + w]
        plant_at(constants, t, now)
        first = np.cumsum(np.array([0, n * n, n * m, p * n, p * m, n * n]))
        covariances = np.empty((n, p, W), kind), np.empty((p, p, W), kind), np.empty((max(n, p), n, W), kind)
        return vectors, P, t, now, first, covariances

    @called
    def step(constants, packed, y, u, seen):
        vectors, P, t, now, first, (K, S, work) = packed
        n, p, W = P.shape[0], constants.outputs, P.shape[2]
        x, after, e = vectors[0, :n], vectors[1, :n], vectors[2, :p]
        A, B, C, D, whole = now[: first[1]], now[first[1] :], now[first[2] :], now[first[3] :], True
        if len(constants.plant) > 1:
            plant_at(constants, t, now)
        add_product(0, C, x, e)
        add_product(1, D, u, e)
        for c in range(p):
            for w in range(W):
                e[c, w] = y[c, w] - e[c, w] if seen[c, w] != 0 else e.dtype.type(0)
                whole &= seen[c, w] != 0
        if len(constants.L):
            add_product(0, A, x, after)
            for i in range(n):
                for c in range(p):
                    for w in range(W):
                        after[i, w] += constants.L[i, c] * e[c, w]
        else:
            advance_covariance(now, first, seen, P, K, S, work)
            for i in range(n):
                for c in range(p):
                    for w in range(W):
                        x[i, w] += K[i, c, w] * e[c, w]
            add_product(0, A, x, after)
            if not whole:
                plant_at(constants, t, now)
        add_product(1, B, u, after)
        for w in range(W):
            t[w] += 1
            for i in range(n):
                x[i, w] = after[i, w]

    @called
    def predict(constants, packed, u, cells):
        vectors, P, t, now, first, _ = packed
        n, p, W, ahead, k = P.shape[0], constants.outputs, P.shape[2], constants.lookaheads[-1], 0
        x, e = np.empty((n, W), vectors.dtype), vectors[2, :p]
        A, B, C, D = now[: first[1]], now[first[1] :], now[first[2] :], now[first[3] :]
        for i in range(n):
            for w in range(W):
                x[i, w] = vectors[0, i, w]
        for j in range(ahead):
            if len(constants.plant) > 1:
                plant_at(constants, t, now)
            if j + 1 == constants.lookaheads[k]:
                add_product(0, C, x, e)
                add_product(1, D, u[j], e)
                for c in range(p):
                    for w in range(W):
                        cells[k, c, FORECAST, w] = e[c, w]
                k += 1
            if j + 1 < ahead:
                add_product(0, A, x, vectors[1, :n])
                add_product(1, B, u[j], vectors[1, :n])
                for w in range(W):
                    t[w] += 1
                    for i in range(n):
                        x[i, w] = vectors[1, i, w]
        for w in range(W):
            t[w] -= ahead - 1

    @called
    def store(packed, state, lane):
        vectors, P, t, W = packed[0], packed[1], packed[2], packed[1].shape[2]
        copy_out(P, state.P, lane)
        for w in range(W):
            state.t[lane + w] = t[w]
            for i in range(P.shape[0]):
                state.x[i, lane + w] = vectors[0, i, w]

    return load, step, predict, store


class TruncatedConstants(NamedTuple):
    """C F^(k-1) L and C F^(k-1) (B - L D), the direct term, and the lengths."""

    outputs: Float[np.ndarray, "length output output"]
    inputs: Float[np.ndarray, "length output input"]
    D: Float[np.ndarray, "output input"]
    sizes: Int[np.ndarray, " size"]


@cache
def truncated_parts(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store of ``truncated_kalman``, for any number of lanes."""

    @called
    def load(constants, state, lane, W):
        return copy_in(state.outputs, lane, W), copy_in(state.inputs, lane, W), copy_in(state.forecast, lane, W)

    @called
    def step(constants, packed, y, u, seen):
        outputs, inputs, forecast = packed
        M, p, m, W = forecast.shape[0] - 1, forecast.shape[1], inputs.shape[1], forecast.shape[2]
        for h in range(M - 1, 0, -1):
            for c in range(p):
                for w in range(W):
                    outputs[h, c, w] = outputs[h - 1, c, w]
            for c in range(m):
                for w in range(W):
                    inputs[h, c, w] = inputs[h - 1, c, w]
        for c in range(p):
            for w in range(W):
                value = forecast[M, c, w]
                for k in range(m):
                    value += constants.D[c, k] * u[k, w]
                outputs[0, c, w] = y[c, w] if seen[c, w] != 0 else value
        for c in range(m):
            for w in range(W):
                inputs[0, c, w] = u[c, w]
        for h in range(M):
            for c in range(p):
                for w in range(W):
                    forecast[h + 1, c, w] = forecast[h, c, w] if h else forecast.dtype.type(0)
                for k in range(p):
                    for w in range(W):
                        forecast[h + 1, c, w] += constants.outputs[h, c, k] * outputs[h, k, w]
                for k in range(m):
                    for w in range(W):
                        forecast[h + 1, c, w] += constants.inputs[h, c, k] * inputs[h, k, w]

    @called
    def predict(constants, packed, u, cells):
        forecast, S, W = packed[2], len(constants.sizes), packed[2].shape[2]
        for c in range(forecast.shape[1]):
            for s in range(S):
                for w in range(W):
                    value = forecast[constants.sizes[s], c, w]
                    for k in range(u.shape[1]):
                        value += constants.D[c, k] * u[0, k, w]
                    cells[0, c * S + s, FORECAST, w] = value

    @called
    def store(packed, state, lane):
        copy_out(packed[0], state.outputs, lane)
        copy_out(packed[1], state.inputs, lane)
        copy_out(packed[2], state.forecast, lane)

    return load, step, predict, store
