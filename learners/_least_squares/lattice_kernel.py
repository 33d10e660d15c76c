"""The step of ``lattice`` on a CPU: one pass over the stages, each for all lanes; symbols and time as there."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import called, inlined
from .._engine.tile_loop import FORECAST
from .channels import ridge_of_lane


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


def lattice_constants(
    forgetting: float, ridge: float, fading: float, age: Any, sizes: tuple[int, ...], outputs: int, inputs: int,
    direct: bool,
) -> LatticeConstants:  # fmt: skip
    """Return the constants of a lattice."""
    numbers = np.float64(forgetting), np.float64(ridge), np.float64(fading)
    counts: Any = np.int64(outputs), np.int64(inputs), np.int64(direct)
    return LatticeConstants(*numbers, age, np.array(sizes), *counts)


# What is kept of a stage, in q rows each: (stage, rows, W). KF, KB and the factors L of F and B take q such rows.
BETA, WEIGHT, NEXT, LOSS, ENERGY_F, ENERGY_B, GAMMA, WHOLE = range(8)  # GAMMA uses the first of its rows
KF, KB, LF, LB, ROWS = range(5)
# What is kept of the channels, and of a stage while it is worked on: (VECTORS, q, lanes).
Z, ETA, AFTER, X, DELTA, FLOOR, EXPECTED, UNIT, HELD, CONVERSION, POWER, WORN, VECTORS = range(13)


@inlined
def first_row(q, matrix):
    """Return where a matrix of a stage begins."""
    return WHOLE * q + matrix * q * q


@inlined
def renew(stage, energy, lower, forgetting, weight, vectors, left, q):
    """Set X, a vector v, to (L D L')^-1 v and POWER to v' X, and add ``weight v v'`` to L D L', with D not below FLOOR.

    D, from row ``energy`` on, is multiplied by the forgetting first; L, row by row, begins at ``lower``. ``weight`` is
    spent. The residuals of v after each column of L are kept in ``left``.
    """
    W = vectors.shape[2]
    for j in range(q):
        for w in range(W):
            left[j * q + j, w] = vectors[X, j, w]
        for i in range(j + 1, q):
            for w in range(W):
                vectors[X, i, w] -= stage[lower + i * q + j, w] * vectors[X, j, w]
                left[j * q + i, w] = vectors[X, i, w]
    for j in range(q):
        for w in range(W):
            stage[energy + j, w] *= forgetting
            scaled = vectors[X, j, w] / stage[energy + j, w]
            power = vectors[X, j, w] * scaled
            vectors[POWER, 0, w] = vectors[POWER, 0, w] + power if j else power
            vectors[X, j, w] = scaled
    for j in range(q - 1, -1, -1):
        for r in range(j + 1, q):
            for w in range(W):
                vectors[X, j, w] -= stage[lower + r * q + j, w] * vectors[X, r, w]
    for j in range(q):
        for w in range(W):
            before, news = stage[energy + j, w], left[j * q + j, w]
            risen = before + weight[w] * news * news
            vectors[WORN, 0, w] = weight[w] * news / risen
            stage[energy + j, w] = max(risen, vectors[FLOOR, j, w])
            weight[w] *= before / risen
        for i in range(j + 1, q):
            for w in range(W):
                stage[lower + i * q + j, w] += vectors[WORN, 0, w] * left[j * q + i, w]


@inlined
def expect(stage, lower, direct, vectors, m, q):
    """Set EXPECTED to the forecasts of a stage: of the outputs, with the direct term of the inputs HELD if asked."""
    W = vectors.shape[2]
    for j in range(q):
        for w in range(W):
            forecast = stage[NEXT * q + j, w]
            vectors[EXPECTED, j, w] = vectors[HELD, j, w] - forecast if direct and j < m else -forecast
    if direct:
        for j in range(m):
            for i in range(j + 1, q):
                for w in range(W):
                    vectors[EXPECTED, i, w] -= stage[lower + i * q + j, w] * vectors[EXPECTED, j, w]
    for j in range(m, q):
        for w in range(W):
            vectors[EXPECTED, j, w] = -vectors[EXPECTED, j, w]


@inlined
def fade(constants, stage, lower, vectors, seen):
    """Add the errors of the forecasts of a stage to its fading sums."""
    m, p, zero = constants.inputs, constants.outputs, vectors.dtype.type(0)
    expect(stage, lower, constants.direct, vectors, m, p + m)
    for c in range(p):
        for w in range(vectors.shape[2]):
            error = vectors[Z, m + c, w] - vectors[EXPECTED, m + c, w] if seen[c, w] != zero else zero
            loss = LOSS * (p + m) + c
            stage[loss, w] = constants.fading * stage[loss, w] + error * error


@called
def hold_inputs(vectors, u, m):
    """Set HELD to the inputs in their units; those missing keep what they were."""
    number = vectors.dtype.type
    for c in range(m):
        for w in range(vectors.shape[2]):
            if u[c, w] == u[c, w]:
                unit = vectors[UNIT, c, w] if vectors[UNIT, c, w] != number(0) else number(1)
                vectors[HELD, c, w] = u[c, w] / unit


@called
def take_channels(constants, packed, y, u, seen):
    """Set Z, DELTA and FLOOR: inputs held, outputs filled, ridges; the first value of a channel sets its energies."""
    stages, vectors, _ = packed
    number = vectors.dtype.type
    zero, one, half, least = number(0), number(1), number(0.5), number(math.sqrt(np.finfo(vectors.dtype).tiny))
    p, m, W = constants.outputs, constants.inputs, vectors.shape[2]
    q, lf = p + m, first_row(p + m, LF)
    for c in range(m):
        for w in range(W):
            if vectors[UNIT, c, w] == zero and u[c, w] == u[c, w] and u[c, w] != zero:
                vectors[UNIT, c, w] = number(math.ldexp(1.0, math.frexp(u[c, w])[1]))
    hold_inputs(vectors, u, m)
    for c in range(m):
        for w in range(W):
            vectors[Z, c, w] = vectors[HELD, c, w]
    for c in range(p):
        for w in range(W):
            vectors[Z, m + c, w] = y[c, w]
            if seen[c, w] == zero:  # filled with the forecast of the length that was best recently
                best = 0
                for h in range(1, len(stages)):
                    if stages[h, LOSS * q + c, w] < stages[best, LOSS * q + c, w]:
                        best = h
                expect(stages[best], lf, constants.direct, vectors, m, q)
                vectors[Z, m + c, w] = vectors[EXPECTED, m + c, w]
    for c in range(q):
        for w in range(W):
            z, delta = vectors[Z, c, w], vectors[DELTA, c, w]
            now = ridge_of_lane(delta, constants.ridge * z * z, constants.forgetting, least)
            if delta == zero and now != zero:
                for h in range(len(stages)):
                    stages[h, ENERGY_F * q + c, w], stages[h, ENERGY_B * q + c, w] = now, now * constants.age[h]
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
    channels, lanes, q = state.channels, state.loss.shape[2], vectors.shape[1]
    gains, gammas = (len(state.forward_gain), q * q, lanes), (len(state.conversion), 1, lanes)
    move_rows(state.forward_gain.reshape(gains), lane, stages, first_row(q, KF), 1, into)
    move_rows(state.backward_gain.reshape(gains), lane, stages, first_row(q, KB), 1, into)
    first = 0
    for j in range(q):
        end = first + q - 1 - j
        move_rows(state.forward.lower[:, first:end], lane, stages, first_row(q, LF) + (j + 1) * q + j, q, into)
        move_rows(state.backward.lower[:, first:end], lane, stages, first_row(q, LB) + (j + 1) * q + j, q, into)
        first = end
    move_rows(state.forward.energy, lane, stages, ENERGY_F * q, 1, into)
    move_rows(state.backward.energy, lane, stages, ENERGY_B * q, 1, into)
    move_rows(state.backward_error, lane, stages, BETA * q, 1, into)
    move_rows(state.backward_weight, lane, stages, WEIGHT * q, 1, into)
    move_rows(state.conversion.reshape(gammas), lane, stages, GAMMA * q, 1, into)
    move_rows(state.forecast, lane, stages, NEXT * q, 1, into)
    move_rows(state.loss, lane, stages, LOSS * q, 1, into)
    move_rows(channels.scale.reshape((1, len(channels.scale), lanes)), lane, vectors[UNIT : UNIT + 1], 0, 1, into)
    move_rows(channels.held.reshape((1, len(channels.held), lanes)), lane, vectors[HELD : HELD + 1], 0, 1, into)
    move_rows(channels.ridge.reshape((1, q, lanes)), lane, vectors[DELTA : DELTA + 1], 0, 1, into)


@cache
def lattice_parts(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store of ``lattice``, for so many lanes."""

    @inlined
    def load(constants, state, lane, W):
        q, M = constants.outputs + constants.inputs, len(state.loss) - 1
        stages = np.zeros((M + 1, first_row(q, ROWS), lanes), state.loss.dtype)
        vectors = np.zeros((VECTORS, q, lanes), state.loss.dtype)
        move(state, lane, stages, vectors, True)
        return stages, vectors, np.empty((q * q + 2, lanes), state.loss.dtype)

    @inlined
    def step(constants, packed, y, u, seen):
        stages, vectors, work = packed
        number, p, m, W = vectors.dtype.type, constants.outputs, constants.inputs, vectors.shape[2]
        q, M, one = p + m, len(stages) - 1, number(1)
        kf, kb, lf, lb = first_row(q, KF), first_row(q, KB), first_row(q, LF), first_row(q, LB)
        left, weight, gamma = work[2:], work[0], work[1]
        take_channels(constants, packed, y, u, seen)
        for w in range(W):
            vectors[CONVERSION, 0, w], gamma[w] = one, one
        for c in range(q):
            for w in range(W):
                vectors[ETA, c, w] = vectors[Z, c, w] - stages[0, NEXT * q + c, w]
                vectors[AFTER, c, w] = vectors[Z, c, w]  # beta_0
        fade(constants, stages[0], lf, vectors, seen)
        for h in range(M + 1):
            stage = stages[h]
            for c in range(q):
                for w in range(W):
                    vectors[X, c, w] = vectors[ETA, c, w]
            for w in range(W):
                weight[w] = stage[GAMMA * q, w]
            renew(stage, ENERGY_F * q, lf, constants.forgetting, weight, vectors, left, q)
            for w in range(W):
                before = stage[GAMMA * q, w]
                weight[w], stage[GAMMA * q, w] = before / (one + before * vectors[POWER, 0, w]), gamma[w]
            if h == M:
                break
            # beta of the next stage, from that of the sample before; Kb. WEIGHT is of the sample before until below.
            for j in range(q):
                for w in range(W):
                    total = stage[kb + j, w] * vectors[ETA, 0, w]
                    for i in range(1, q):
                        total += stage[kb + i * q + j, w] * vectors[ETA, i, w]
                    total += stage[BETA * q + j, w]
                    stage[BETA * q + j, w], vectors[AFTER, j, w] = vectors[AFTER, j, w], total
            for i in range(q):
                for j in range(q):
                    for w in range(W):
                        stage[kb + i * q + j, w] -= weight[w] * vectors[X, i, w] * vectors[AFTER, j, w]
            for c in range(q):
                for w in range(W):
                    vectors[ETA, c, w] = vectors[Z, c, w] - stages[h + 1, NEXT * q + c, w]
            fade(constants, stages[h + 1], lf, vectors, seen)
            for i in range(q):
                for j in range(q):
                    for w in range(W):
                        stage[kf + i * q + j, w] -= stage[WEIGHT * q + i, w] * vectors[ETA, j, w]
            for j in range(q):
                for w in range(W):
                    total = stage[kf + j, w] * stage[BETA * q, w]
                    for i in range(1, q):
                        total += stage[kf + i * q + j, w] * stage[BETA * q + i, w]
                    stages[h + 1, NEXT * q + j, w] = stage[NEXT * q + j, w] - total
            for c in range(q):
                for w in range(W):
                    vectors[X, c, w] = stage[BETA * q + c, w]
            for w in range(W):
                weight[w] = gamma[w]
            renew(stage, ENERGY_B * q, lb, constants.forgetting, weight, vectors, left, q)
            for w in range(W):
                vectors[CONVERSION, 0, w] += vectors[POWER, 0, w]
                gamma[w] = one / vectors[CONVERSION, 0, w]
            for c in range(q):
                for w in range(W):
                    stage[WEIGHT * q + c, w] = gamma[w] * vectors[X, c, w]

    @inlined
    def predict(constants, packed, u, cells):
        stages, vectors, work = packed
        p, m, S, W = constants.outputs, constants.inputs, len(constants.sizes), vectors.shape[2]
        q = p + m
        for c in range(m):
            for w in range(W):
                work[c, w] = vectors[HELD, c, w]
        if constants.direct:
            hold_inputs(vectors, u[0], m)
        for s in range(S):
            expect(stages[constants.sizes[s]], first_row(q, LF), constants.direct, vectors, m, q)
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
