"""The step of ``square-root-rls`` on a CPU; symbols and time as in ``rls`` and ``window_learner``.

Each lane runs alone, with the columns of a matrix innermost: all its matrices stay in the nearest cache, which those of
many lanes side by side would not. The rows of all sizes stand side by side, so what they share runs in long loops.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import called, inlined
from .._base import Kernel
from .._engine.tile_loop import FORECAST
from .channels import hold_inputs
from .window_learner import FADING, Shape


class RlsConstants(NamedTuple):
    """What a learner was made with; real numbers in the precision of its state."""

    forgetting: float
    growth: float  # of S, 1 / sqrt(forgetting)
    start: float  # diagonal of the first S
    counts: Int[np.ndarray, " size"]  # columns that each size sees
    first: Int[np.ndarray, " size_and_end"]  # where the rows of each size begin
    begin: Int[np.ndarray, " column"]  # where those of the first size begin that sees a column
    reset: int
    outputs: int
    inputs: int
    direct: int
    intercept: int


def rls_kernel(shape: Shape, forgetting: float, start: float, reset: int) -> Kernel:
    """Return the kernel of a stream; ``start`` is the diagonal of the first S."""
    counts = np.array(shape.counts)
    first = np.concatenate([[0], np.cumsum(counts)])
    begin = first[np.searchsorted(counts, np.arange(shape.columns), side="right")]
    numbers = np.float64(forgetting), np.float64(1 / np.sqrt(forgetting)), np.float64(start)
    whole: Any = map(np.int64, (reset, shape.outputs, shape.inputs, shape.direct, shape.intercept))
    return Kernel(rls_parts, RlsConstants(*numbers, counts, first, begin, *whole))


class Lanes(NamedTuple):
    """The state of some lanes, and room for what is computed of one."""

    counts: Int[np.ndarray, " size"]  # and ``first``: as in ``RlsConstants``
    first: Int[np.ndarray, " size_and_end"]
    phi: Float[np.ndarray, "lane column"]
    unit: Float[np.ndarray, "output lane"]
    scale: Float[np.ndarray, "input lane"]  # unit of the inputs
    held: Float[np.ndarray, "input lane"]
    coming: Float[np.ndarray, "input lane"]  # inputs of the next sample
    loss: Float[np.ndarray, "lane output size"]
    weights: Float[np.ndarray, "lane output column size"]
    matrix: Float[np.ndarray, "lane column place"]  # the rows of all sizes side by side
    age: Int[np.ndarray, " lane"]
    forecast: Float[np.ndarray, "output size"]
    y: Float[np.ndarray, " output"]
    f: Float[np.ndarray, " place"]  # S' phi
    g: Float[np.ndarray, " column"]  # f / (a + sqrt(forgetting a))
    gain: Float[np.ndarray, " column"]
    total: Float[np.ndarray, " size"]  # of the new weights


@called
def move(state, lanes, lane, into):
    """Copy the state of some lanes into ``lanes``, or back."""
    channels, rule, q = state.channels, state.rule, state.past.shape[1]
    lags = lanes.phi.shape[1] - state.past.shape[0] * q
    for w in range(len(lanes.phi)):
        i = lane + w
        for c in range(len(lanes.unit)):
            move_number(state.unit[c], i, lanes.unit[c], w, into)
        for c in range(len(lanes.held)):
            move_number(channels.scale[c], i, lanes.scale[c], w, into)
            move_number(channels.held[c], i, lanes.held[c], w, into)
        for h in range(len(state.past)):
            for c in range(q):
                move_number(state.past[h, c], i, lanes.phi[w], lags + h * q + c, into)
        move_number(rule.age, i, lanes.age, w, into)
        for s in range(len(lanes.counts)):
            n, first = lanes.counts[s], lanes.first[s]
            for c in range(len(lanes.unit)):
                move_number(state.loss[s, c], i, lanes.loss[w, c], s, into)
                for j in range(n):
                    move_number(rule.weights[s, j, c], i, lanes.weights[w, c, j], s, into)
            for j in range(n):
                for k in range(n):
                    move_number(rule.matrix[s, j, k], i, lanes.matrix[w, j], first + k, into)


@inlined
def move_number(state, i, lanes, at, into):
    """Copy one number of the state, or back."""
    if into:
        lanes[at] = state[i]
    else:
        state[i] = lanes[at]


@inlined
def begin_row(constants, lanes, w, inputs):
    """Write the ones and the inputs that are known before the outputs to the front of a regressor."""
    if constants.intercept:
        lanes.phi[w, 0] = 1 if lanes.unit[:, w].any() else 0
    if constants.direct:
        for c in range(constants.inputs):
            lanes.phi[w, constants.intercept + c] = inputs[c, w]


@inlined
def forecast_lane(lanes, w):
    """Set the forecasts of a lane, in its units."""
    lanes.forecast[:] = 0
    for c in range(len(lanes.forecast)):
        forecast = lanes.forecast[c]
        for i in range(lanes.phi.shape[1]):
            weights, factor = lanes.weights[w, c, i], lanes.phi[w, i]
            for s in range(len(forecast)):
                forecast[s] += weights[s] * factor


@inlined
def multiply_rows(constants, lanes, w):
    """Set ``f`` to S' phi, for all sizes."""
    lanes.f[:] = 0
    for i in range(len(constants.begin)):
        first, factor = constants.begin[i], lanes.phi[w, i]
        f, row = lanes.f[first:], lanes.matrix[w, i][first:]
        for k in range(len(f)):
            f[k] += row[k] * factor


@inlined
def multiply(left, right):
    """Return the product of two vectors, summed in order."""
    total = left.dtype.type(0)
    for k in range(len(left)):
        total += left[k] * right[k]
    return total


@inlined
def renew(constants, lanes, w, s):
    """Take the pair of a lane into S and the weights of one size: ``potter``."""
    n, first, forgetting = constants.counts[s], constants.first[s], constants.forgetting
    f, g, gain = lanes.f[first : first + n], lanes.g[:n], lanes.gain[:n]
    a, one = forgetting + multiply(f, f), f.dtype.type(1)
    share, least = one / a, one / (a + math.sqrt(forgetting * a))
    for k in range(n):
        g[k] = f[k] * least
    for i in range(n):
        row = lanes.matrix[w, i][first : first + n]
        Sf = multiply(row, f)
        gain[i] = Sf * share
        for k in range(n):
            row[k] = (row[k] - Sf * g[k]) * constants.growth
    lanes.total[s] = 0
    for c in range(constants.outputs):
        error, weights = lanes.y[c] - lanes.forecast[c, s], lanes.weights[w, c]
        for i in range(n):
            weights[i, s] += gain[i] * error
            lanes.total[s] += weights[i, s]


@inlined
def is_sound(lanes, w, s, n, first):
    """Return whether every number of a size is finite; where a sum of all is, nothing else is looked at."""
    total = lanes.total[s]
    for k in range(first, first + n):
        total += lanes.f[k]
    if math.isfinite(total):
        return True
    weights, matrix = lanes.weights[w, :, :n, s], lanes.matrix[w, :n, first : first + n]
    return np.isfinite(weights).all() and np.isfinite(matrix).all()


@inlined
def learn(constants, lanes, w):
    """Take the pair of a lane in: ``learn`` of ``rls``."""
    matrix, reset = lanes.matrix[w], constants.reset
    multiply_rows(constants, lanes, w)
    for s in range(len(constants.counts)):
        renew(constants, lanes, w, s)
    lanes.age[w] += 1
    multiply_rows(constants, lanes, w)  # not finite where a number of the matrix is not
    for s in range(len(constants.counts)):
        n, first = constants.counts[s], constants.first[s]
        sound = is_sound(lanes, w, s, n, first)
        if not sound:
            lanes.weights[w, :, :, s] = 0
        if not sound or (reset and lanes.age[w] % reset == 0):
            for i in range(n):
                matrix[i, first : first + n] = 0
                matrix[i, first + i] = constants.start


@inlined
def take_output(constants, lanes, w, y, seen):
    """Set ``y`` in its units, where missing to the forecast of the size that was best recently; add to the losses."""
    zero, fading = lanes.y.dtype.type(0), lanes.y.dtype.type(FADING)
    for c in range(constants.outputs):
        loss, forecast = lanes.loss[w, c], lanes.forecast[c]
        if seen[c, w] != 0:
            if lanes.unit[c, w] == 0:
                lanes.unit[c, w] = abs(y[c, w])
            lanes.y[c] = y[c, w] / lanes.unit[c, w] if lanes.unit[c, w] != 0 else y[c, w]
        else:
            lanes.y[c] = forecast[np.argmin(loss)]
        for s in range(len(loss)):
            error = lanes.y[c] - forecast[s] if seen[c, w] != 0 else zero
            loss[s] = fading * loss[s] + error * error


@cache
def rls_parts(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store, for any number of lanes."""

    @called
    def load(constants, state, lane, W):
        kind, p, m, M = state.loss.dtype, constants.outputs, constants.inputs, len(constants.begin)
        S, places = len(constants.counts), constants.first[-1]
        packed = Lanes(
            constants.counts, constants.first, np.zeros((W, M), kind), np.empty((p, W), kind), np.empty((m, W), kind),
            np.empty((m, W), kind), np.empty((m, W), kind), np.empty((W, p, S), kind), np.zeros((W, p, M, S), kind),
            np.zeros((W, M, places), kind), np.empty(W, np.int32), np.empty((p, S), kind), np.empty(p, kind),
            np.empty(places, kind), np.empty(M, kind), np.empty(M, kind), np.empty(S, kind),
        )  # fmt: skip
        move(state, packed, lane, True)
        return packed

    @called
    def step(constants, packed, y, u, seen):
        p, m, phi = constants.outputs, constants.inputs, packed.phi
        lags = constants.intercept + m * constants.direct
        for c in range(m):
            for w in range(len(phi)):
                if packed.scale[c, w] == 0 and u[c, w] == u[c, w]:
                    packed.scale[c, w] = abs(u[c, w])
        hold_inputs(packed.scale, packed.held, u)
        for w in range(len(phi)):
            begin_row(constants, packed, w, packed.held)
            forecast_lane(packed, w)
            take_output(constants, packed, w, y, seen)
            if seen[:, w].all():
                learn(constants, packed, w)
            for i in range(phi.shape[1] - 1, lags + m + p - 1, -1):
                phi[w, i] = phi[w, i - m - p]
            phi[w, lags : lags + m] = packed.held[:, w]
            phi[w, lags + m : lags + m + p] = packed.y

    @called
    def predict(constants, packed, u, cells):
        S, one = len(constants.counts), packed.y.dtype.type(1)
        packed.coming[:] = packed.held
        hold_inputs(packed.scale, packed.coming, u[0])
        for w in range(len(packed.phi)):
            begin_row(constants, packed, w, packed.coming)
            forecast_lane(packed, w)
            for c in range(constants.outputs):
                unit = packed.unit[c, w] if packed.unit[c, w] != 0 else one
                for s in range(S):
                    cells[0, c * S + s, FORECAST, w] = unit * packed.forecast[c, s]

    @called
    def store(packed, state, lane):
        move(state, packed, lane, False)

    return load, step, predict, store
