"""The weights of the linear predictors that least squares has learned, read from its state: O(length^2), no data.

Axes: ``length`` is every h = 0 .. M; a column of a regressor is the ones, u[t], then the channels of each lag.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._base import Weights

Numbers = NDArray[np.float64]


class Gains(NamedTuple):
    """What the order recursion needs of a lattice after sample n, stage m = 0 .. M-1.

    ``forward`` is Kf (stage, channel, forward, lane), ``backward`` is Kb (stage, channel, channel, lane), ``error`` is
    beta and ``gain`` is gamma B^-1 beta, both (stage, channel, lane).
    """

    forward: Any
    backward: Any
    error: Any
    gain: Any


def lattice_taps(gains: Gains) -> Numbers:
    """Return the taps of the lattice's forecasts of each forward channel, ``(length, forward, lag, channel, lane)``.

    With c_m the backward predictor of stage m, a_m the forward one, and g_m = R_m(n)^-1 phi_m(n) the gain vector,

        yhat_h[n+1] = -sum_{m<h} Kf_m' c_m(n-1) z[n ..],    c_m(n) = c_m(n-1) - beta_m g_m',
        a_{m+1} = a_m + Kf_m' c_m(n-1),    c_{m+1}(n) = c_m(n-1) + Kb_m' a_m  (c_m one lag later),
        g_{m+1} = g_m + c_m(n)' gamma_m B_m^-1 beta_m

    from c_0 = a_0 = I, g_0 = 0.

    References:
        S. Haykin, *Adaptive Filter Theory*, chapter on order-recursive adaptive filters.
    """
    stages, q, f, lanes = gains.forward.shape
    taps = np.zeros((stages + 1, f, stages, q, lanes))
    before = np.zeros((q, stages + 1, q, lanes))  # c_m(n-1): rows, lags 0 .. m, channels
    before[np.arange(q), 0, np.arange(q)] = 1
    ahead = before.copy()  # a_m, rows of the channels alone
    vector = np.zeros((stages + 1, q, lanes))  # g_m
    for m in range(stages):
        taps[m + 1] = taps[m] - np.einsum("cfl,ckdl->fkdl", gains.forward[m], before[:, :stages])
        late = np.roll(before, 1, axis=1)  # lag m + 1 of it is still zero
        after = before - gains.error[m][:, None, None] * vector
        vector = vector + np.einsum("ckdl,cl->kdl", after, gains.gain[m])
        following = late + np.einsum("ecl,ekdl->ckdl", gains.backward[m], ahead)
        ahead = ahead + np.einsum("cel,ckdl->ekdl", gains.forward[m][:, :q], late)
        if m + 1 < stages:
            before = following + gains.error[m + 1][:, None, None] * vector
    return taps


def regressed(taps: Numbers, lower: Numbers, energy: Numbers, inputs: int, direct: bool, intercept: bool) -> Numbers:
    """Return the weights on the output by columns, from the taps of all forward channels: u, y, and the ones.

    The known inputs u[t] and the ones are regressed on what is left of them (Frisch-Waugh), with F = L D L'.

    Args:
        taps: ``(length, forward, lag, channel, lane)``.
        lower: L below its diagonal, column after column, ``(length, below, lane)``.
        energy: D, ``(length, forward, lane)``.
        inputs: Number of inputs.
        direct: Whether u[t] is known.
        intercept: Whether the ones are the last forward channel.
    """
    lengths, f, lags, channels, lanes = taps.shape
    known = inputs * direct
    shape = lengths, f, intercept + known + lags * channels, lanes
    rest = np.zeros(shape)  # what is left of each forward channel, by columns: minus its forecast where it is unknown
    rest[:, :, intercept + known :] = -taps.reshape(lengths, f, -1, lanes)
    for j in range(known):
        rest[:, j, intercept + j] = 1
    full = np.zeros((lengths, f, f, lanes))
    below = np.triu_indices(f, 1)  # of L': row after row there, column after column here
    full[:, below[1], below[0]] = lower
    full[:, np.arange(f), np.arange(f)] = 1
    for j in range(known):
        rest[:, j + 1 :] -= full[:, j + 1 :, j, None] * rest[:, j : j + 1]
    if not intercept:
        return -rest[:, inputs:].swapaxes(1, 2)
    full, energy = full[:, known:, known:], energy[:, known:]
    last = full[:, -1:] * energy[:, None]
    weight = (full * last).sum(axis=2)
    weight = weight[:, inputs - known : -1] / weight[:, -1:]
    ones = rest[:, -1:].copy()
    ones[:, 0, 0] = 1
    return np.asarray((weight[:, :, None] * ones - rest[:, inputs:-1]).swapaxes(1, 2))


def by_columns(columns: Numbers, intercept: bool, known: int, channels: int) -> Weights:
    """Return weights ``(size, column, output, lane)`` by what they weight: the ones, u[t], the channels of each lag."""
    constant = columns[:, :intercept].sum(axis=1)
    direct, rest = columns[:, intercept : intercept + known], columns[:, intercept + known :]
    return Weights(constant, direct, rest.reshape(len(rest), -1, channels, *rest.shape[2:]))


def in_units(weights: Weights, inputs: int, scale: Any) -> Weights:
    """Return weights on the inputs as they come; ``scale`` ``(input, lane)`` are their units, 0 before the first."""
    unit = np.asarray(np.where(scale == 0, 1, scale))[:, None]
    lagged = weights.lagged.copy()
    lagged[:, :, :inputs] /= unit
    return weights._replace(direct=weights.direct / unit if weights.direct.shape[1] else weights.direct, lagged=lagged)


def triangle_weights(L: Any, counts: list[int]) -> Numbers:
    """Return the least-squares weights on the first columns of a triangle, ``(size, column, output, lane)``.

    The factor of the Gram matrix is unit lower triangular, its last rows are the targets: w' = L_yx L_xx^-1.

    Args:
        L: Its columns ``(column, row, lane)``, without the unit diagonal.
        counts: Columns of each size.
    """
    columns, lanes = np.asarray(L, np.float64), L.shape[2]
    n, outputs = len(columns), columns.shape[1] - len(columns)
    weights = np.zeros((len(counts), n, outputs, lanes))
    for lane in range(lanes):
        lower = np.tril(columns[:, :n, lane].T, -1) + np.eye(n)
        for i, count in enumerate(counts):
            weights[i, :count, :, lane] = np.linalg.solve(lower[:count, :count].T, columns[:count, n:, lane])
    return weights
