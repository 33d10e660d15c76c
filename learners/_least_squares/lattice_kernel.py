"""The step of ``lattice`` on a CPU: one pass over the stages, each for all lanes; symbols and time as there."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import called, inlined
from .._engine.tile_loop import FORECAST
from .channels import hold_inputs, ridge_of_lane


class LatticeConstants(NamedTuple):
    """What a lattice was made with; real numbers in the precision of its state."""

    forgetting: float
    ridge: float
    fading: float  # of the loss
    age: Float[np.ndarray, " stage"]  # forgetting^-m, to M
    sizes: Int[np.ndarray, " size"]
    outputs: int
    inputs: int
    direct: int
    intercept: int


def lattice_constants(
    forgetting: float, ridge: float, fading: float, age: Any, sizes: tuple[int, ...], outputs: int, inputs: int,
    direct: bool, intercept: bool,
) -> LatticeConstants:  # fmt: skip
    """Return the constants of a lattice."""
    numbers = np.float64(forgetting), np.float64(ridge), np.float64(fading)
    counts: Any = np.int64(outputs), np.int64(inputs), np.int64(direct), np.int64(intercept)
    return LatticeConstants(*numbers, age, np.array(sizes), *counts)


# Channels: the q = m + p inputs and outputs, and n = q + 1 with an intercept, whose ones come last.
# What is kept of a stage, in n rows each: (stage, rows, W). KF, KB and the factors L of F and B take n such rows.
BETA, WEIGHT, NEXT, LOSS, ENERGY_F, ENERGY_B, GAMMA, WHOLE = range(8)  # GAMMA uses the first of its rows
KF, KB, LF, LB, ROWS = range(5)
# What is kept of the channels, and of a stage while it is worked on: (VECTORS, n, lanes).
Z, ETA, AFTER, X, DELTA, FLOOR, EXPECTED, UNIT, HELD, CONVERSION, POWER, WORN, VECTORS = range(13)


@inlined
def first_row(n, matrix):
    """Return where a matrix of a stage begins."""
    return WHOLE * n + matrix * n * n


@inlined
def renew(stage, energy, lower, forgetting, weight, vectors, left, n, q):
    """Add ``weight v v'`` to L D L', with D not below FLOOR; of the first q of n channels, set X to (L D L')^-1 v.

    X is v at first; POWER becomes v' X, with the factor before. D, from row ``energy`` on, is multiplied by the
    forgetting first; L, row by row, begins at ``lower``. ``weight`` is spent. The residuals of v after each column of L
    are kept in ``left``.
    """
    W, stride = vectors.shape[2], vectors.shape[1]
    for j in range(n):
        for w in range(W):
            left[j * stride + j, w] = vectors[X, j, w]
        for i in range(j + 1, n):
            for w in range(W):
                vectors[X, i, w] -= stage[lower + i * stride + j, w] * vectors[X, j, w]
                left[j * stride + i, w] = vectors[X, i, w]
    for j in range(n):
        for w in range(W):
            stage[energy + j, w] *= forgetting
    for j in range(q):
        for w in range(W):
            scaled = vectors[X, j, w] / stage[energy + j, w]
            power = vectors[X, j, w] * scaled
            vectors[POWER, 0, w] = vectors[POWER, 0, w] + power if j else power
            vectors[X, j, w] = scaled
    for j in range(q - 1, -1, -1):
        for r in range(j + 1, q):
            for w in range(W):
                vectors[X, j, w] -= stage[lower + r * stride + j, w] * vectors[X, r, w]
    for j in range(n):
        for w in range(W):
            before, news = stage[energy + j, w], left[j * stride + j, w]
            risen = before + weight[w] * news * news
            vectors[WORN, 0, w] = weight[w] * news / risen
            stage[energy + j, w] = max(risen, vectors[FLOOR, j, w])
            weight[w] *= before / risen
        for i in range(j + 1, n):
            for w in range(W):
                stage[lower + i * stride + j, w] += vectors[WORN, 0, w] * left[j * stride + i, w]


@inlined
def expect(stage, lower, energy, direct, vectors, m, q):
    """Set EXPECTED to the forecasts of a stage: with the direct term of the inputs HELD if asked, and the constant."""
    W, n = vectors.shape[2], vectors.shape[1]
    for j in range(n):
        for w in range(W):
            forecast = stage[NEXT * n + j, w]
            vectors[EXPECTED, j, w] = vectors[HELD, j, w] - forecast if direct and j < m else -forecast
    if direct:
        for j in range(m):
            for i in range(j + 1, n):
                for w in range(W):
                    vectors[EXPECTED, i, w] -= stage[lower + i * n + j, w] * vectors[EXPECTED, j, w]
    for j in range(m, q):
        for w in range(W):
            vectors[EXPECTED, j, w] = -vectors[EXPECTED, j, w]
    if n > q:  # the regression of the outputs on what is left of the ones
        known, one = m if direct else 0, vectors.dtype.type(1)
        for w in range(W):
            variance = stage[energy + q, w]
            for j in range(known, q):
                tap = stage[lower + q * n + j, w]
                variance += tap * tap * stage[energy + j, w]
            share = (one + vectors[EXPECTED, q, w]) / variance
            for c in range(m, q):
                covariance = stage[lower + q * n + c, w] * stage[energy + c, w]
                for j in range(known, c):
                    covariance += stage[lower + c * n + j, w] * stage[energy + j, w] * stage[lower + q * n + j, w]
                vectors[EXPECTED, c, w] += covariance * share


@inlined
def fade(constants, stage, lower, vectors, seen):
    """Add the errors of the forecasts of a stage to its fading sums."""
    m, p, n, zero = constants.inputs, constants.outputs, vectors.shape[1], vectors.dtype.type(0)
    expect(stage, lower, ENERGY_F * n, constants.direct, vectors, m, p + m)
    for c in range(p):
        for w in range(vectors.shape[2]):
            error = vectors[Z, m + c, w] - vectors[EXPECTED, m + c, w] if seen[c, w] != zero else zero
            loss = LOSS * n + c
            stage[loss, w] = constants.fading * stage[loss, w] + error * error


@called
def take_channels(constants, packed, y, u, seen):
    """Set Z, DELTA and FLOOR: inputs held, outputs filled, ridges; the first value of a channel sets its energies."""
    stages, vectors, _ = packed
    number = vectors.dtype.type
    zero, one, half, least = number(0), number(1), number(0.5), number(math.sqrt(np.finfo(vectors.dtype).tiny))
    p, m, W = constants.outputs, constants.inputs, vectors.shape[2]
    q, n = p + m, vectors.shape[1]
    lf = first_row(n, LF)
    for c in range(m):
        for w in range(W):
            if vectors[UNIT, c, w] == zero and u[c, w] == u[c, w] and u[c, w] != zero:
                vectors[UNIT, c, w] = number(math.ldexp(1.0, math.frexp(u[c, w])[1]))
    hold_inputs(vectors[UNIT], vectors[HELD], u)
    for c in range(m):
        for w in range(W):
            vectors[Z, c, w] = vectors[HELD, c, w]
    for c in range(p):
        for w in range(W):
            vectors[Z, m + c, w] = y[c, w]
            if seen[c, w] == zero:  # filled with the forecast of the length that was best recently
                best = 0
                for h in range(1, len(stages)):
                    if stages[h, LOSS * n + c, w] < stages[best, LOSS * n + c, w]:
                        best = h
                expect(stages[best], lf, ENERGY_F * n, constants.direct, vectors, m, q)
                vectors[Z, m + c, w] = vectors[EXPECTED, m + c, w]
    for w in range(W):
        for c in range(q, n):
            vectors[Z, c, w] = zero
            for j in range(m, q):  # the ones begin after the first nonzero output
                if vectors[DELTA, j, w] != zero:
                    vectors[Z, c, w] = one
    for c in range(n):
        for w in range(W):
            z, delta = vectors[Z, c, w], vectors[DELTA, c, w]
            now = ridge_of_lane(delta, constants.ridge * z * z, constants.forgetting, least)
            if delta == zero and now != zero:
                for h in range(len(stages)):
                    stages[h, ENERGY_F * n + c, w], stages[h, ENERGY_B * n + c, w] = now, now * constants.age[h]
            vectors[DELTA, c, w] = now
            vectors[FLOOR, c, w] = half * now if now != zero else one


@called
def move_rows(lanes, lane, stages, first, apart, into):
    """Copy the rows of some lanes, (stage, row, lane), to the rows of the stages from ``first`` on, or back."""
    for h in range(len(lanes)):
        for r in range(lanes.shape[1]):
            for w in range(stages.shape[2]):
                if into:
                    stages[h, first + r * apart, w] = lanes[h, r, lane + w]
                else:
                    lanes[h, r, lane + w] = stages[h, first + r * apart, w]


@called
def move(state, lane, stages, vectors, into):
    """Copy the state of some lanes into ``stages`` and ``vectors``, or back."""
    channels, lanes, n, q = state.channels, state.loss.shape[2], vectors.shape[1], state.backward_error.shape[1]
    M, kf, kb, lf, lb = len(state.forward_gain), first_row(n, KF), first_row(n, KB), first_row(n, LF), first_row(n, LB)
    for i in range(q):
        move_rows(state.forward_gain[:, i], lane, stages, kf + i * n, 1, into)
        move_rows(state.backward_gain[:, i], lane, stages, kb + i * n, 1, into)
    first = 0
    for j in range(n):
        end = first + n - 1 - j
        move_rows(state.forward.lower[:, first:end], lane, stages, lf + (j + 1) * n + j, n, into)
        first = end
    first = 0
    for j in range(q):
        end = first + q - 1 - j
        move_rows(state.backward.lower[:, first:end], lane, stages, lb + (j + 1) * n + j, n, into)
        first = end
    move_rows(state.forward.energy, lane, stages, ENERGY_F * n, 1, into)
    move_rows(state.backward.energy, lane, stages, ENERGY_B * n, 1, into)
    move_rows(state.backward_error, lane, stages, BETA * n, 1, into)
    move_rows(state.backward_weight, lane, stages, WEIGHT * n, 1, into)
    move_rows(state.conversion.reshape((M + 1, 1, lanes)), lane, stages, GAMMA * n, 1, into)
    move_rows(state.forecast, lane, stages, NEXT * n, 1, into)
    move_rows(state.loss, lane, stages, LOSS * n, 1, into)
    move_rows(channels.scale.reshape((1, len(channels.scale), lanes)), lane, vectors[UNIT : UNIT + 1], 0, 1, into)
    move_rows(channels.held.reshape((1, len(channels.held), lanes)), lane, vectors[HELD : HELD + 1], 0, 1, into)
    move_rows(channels.ridge.reshape((1, n, lanes)), lane, vectors[DELTA : DELTA + 1], 0, 1, into)


@cache
def lattice_parts(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store of ``lattice``, for so many lanes."""

    @inlined
    def load(constants, state, lane, W):
        n, M = constants.outputs + constants.inputs + constants.intercept, len(state.loss) - 1
        stages = np.zeros((M + 1, first_row(n, ROWS), lanes), state.loss.dtype)
        vectors = np.zeros((VECTORS, n, lanes), state.loss.dtype)
        move(state, lane, stages, vectors, True)
        return stages, vectors, np.empty((n * n + 2, lanes), state.loss.dtype)

    @inlined
    def step(constants, packed, y, u, seen):
        stages, vectors, work = packed
        number, p, m, W = vectors.dtype.type, constants.outputs, constants.inputs, vectors.shape[2]
        q, n, M, one = p + m, vectors.shape[1], len(stages) - 1, number(1)
        kf, kb, lf, lb = first_row(n, KF), first_row(n, KB), first_row(n, LF), first_row(n, LB)
        left, weight, gamma = work[2:], work[0], work[1]
        take_channels(constants, packed, y, u, seen)
        for w in range(W):
            vectors[CONVERSION, 0, w], gamma[w] = one, one
        for c in range(n):
            for w in range(W):
                vectors[ETA, c, w] = vectors[Z, c, w] - stages[0, NEXT * n + c, w]
                vectors[AFTER, c, w] = vectors[Z, c, w]  # beta_0
        fade(constants, stages[0], lf, vectors, seen)
        for h in range(M + 1):
            stage = stages[h]
            for c in range(n):
                for w in range(W):
                    vectors[X, c, w] = vectors[ETA, c, w]
            for w in range(W):
                weight[w] = stage[GAMMA * n, w]
            renew(stage, ENERGY_F * n, lf, constants.forgetting, weight, vectors, left, n, q)
            for w in range(W):
                before = stage[GAMMA * n, w]
                weight[w], stage[GAMMA * n, w] = before / (one + before * vectors[POWER, 0, w]), gamma[w]
            if h == M:
                break
            # beta of the next stage, from that of the sample before; Kb. WEIGHT is of the sample before until below.
            for j in range(q):
                for w in range(W):
                    total = stage[kb + j, w] * vectors[ETA, 0, w]
                    for i in range(1, q):
                        total += stage[kb + i * n + j, w] * vectors[ETA, i, w]
                    total += stage[BETA * n + j, w]
                    stage[BETA * n + j, w], vectors[AFTER, j, w] = vectors[AFTER, j, w], total
            for i in range(q):
                for j in range(q):
                    for w in range(W):
                        stage[kb + i * n + j, w] -= weight[w] * vectors[X, i, w] * vectors[AFTER, j, w]
            for c in range(n):
                for w in range(W):
                    vectors[ETA, c, w] = vectors[Z, c, w] - stages[h + 1, NEXT * n + c, w]
            fade(constants, stages[h + 1], lf, vectors, seen)
            for i in range(q):
                for j in range(n):
                    for w in range(W):
                        stage[kf + i * n + j, w] -= stage[WEIGHT * n + i, w] * vectors[ETA, j, w]
            for j in range(n):
                for w in range(W):
                    total = stage[kf + j, w] * stage[BETA * n, w]
                    for i in range(1, q):
                        total += stage[kf + i * n + j, w] * stage[BETA * n + i, w]
                    stages[h + 1, NEXT * n + j, w] = stage[NEXT * n + j, w] - total
            for c in range(q):
                for w in range(W):
                    vectors[X, c, w] = stage[BETA * n + c, w]
            for w in range(W):
                weight[w] = gamma[w]
            renew(stage, ENERGY_B * n, lb, constants.forgetting, weight, vectors, left, q, q)
            for w in range(W):
                vectors[CONVERSION, 0, w] += vectors[POWER, 0, w]
                gamma[w] = one / vectors[CONVERSION, 0, w]
            for c in range(q):
                for w in range(W):
                    stage[WEIGHT * n + c, w] = gamma[w] * vectors[X, c, w]

    @inlined
    def predict(constants, packed, u, cells):
        stages, vectors, work = packed
        p, m, S, W = constants.outputs, constants.inputs, len(constants.sizes), vectors.shape[2]
        n = vectors.shape[1]
        for c in range(m):
            for w in range(W):
                work[c, w] = vectors[HELD, c, w]
        if constants.direct:
            hold_inputs(vectors[UNIT], vectors[HELD], u[0])
        for s in range(S):
            expect(stages[constants.sizes[s]], first_row(n, LF), ENERGY_F * n, constants.direct, vectors, m, p + m)
            for c in range(p):
                for w in range(W):
                    cells[0, c * S + s, FORECAST, w] = vectors[EXPECTED, m + c, w]
        for c in range(m):
            for w in range(W):
                vectors[HELD, c, w] = work[c, w]

    @inlined
    def store(packed, state, lane):
        stages, vectors, _ = packed
        move(state, lane, stages, vectors, False)

    return load, step, predict, store
