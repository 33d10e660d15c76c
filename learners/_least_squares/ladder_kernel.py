"""The step of ``ladder`` on a CPU: one pass over the stages, each for all lanes.

Two divisions a stage: gamma_{m+1} = B gamma_m / (B + gamma_m beta_m^2), and its quotient gamma_m / B_m serves the next
sample. Symbols and time as in ``ladder``.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import inlined
from .._engine.tile_loop import FORECAST
from .channels import ridge_of_lane
from .iterated_forecasts import BETA, GAMMA, KB, KF, LOSS, NEXT, RATIO, ROWS, B, F, ahead_parts, nothing_ahead


class LadderConstants(NamedTuple):
    """What a ladder was made with; real numbers in the precision of its state."""

    forgetting: float
    ridge: float
    fading: float  # of the loss
    age: Float[np.ndarray, " stage"]  # forgetting^-m
    sizes: Int[np.ndarray, " size"]
    lookaheads: Int[np.ndarray, " lookahead"]


def ladder_constants(
    stages: int, forgetting: float, ridge: float, fading: float, sizes: tuple[int, ...], lookaheads: tuple[int, ...]
) -> LadderConstants:
    """Return the constants of a ladder."""
    numbers = np.float64(forgetting), np.float64(ridge), np.float64(fading)
    return LadderConstants(*numbers, forgetting ** -np.arange(stages), np.array(sizes), np.array(lookaheads))


@cache
def ladder_parts(W: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store for ``W`` lanes, one sample ahead."""
    return _parts(W, nothing_ahead(W))


@cache
def ladder_ahead_parts(W: int) -> tuple[Any, Any, Any, Any]:
    """Return load, step, predict and store for ``W`` lanes, some samples ahead."""
    return _parts(W, ahead_parts(W))


def _parts(W: int, parts_ahead: tuple[Any, Any, Any, Any]) -> tuple[Any, Any, Any, Any]:
    load_ahead, step_ahead, predict_ahead, store_ahead = parts_ahead

    @inlined
    def load(constants, state, lane, width):
        M = len(constants.age)
        stages = np.empty((M, ROWS, W), state.loss.dtype)
        for m in range(M):
            for w in range(W):
                i = lane + w
                stages[m, KF, w], stages[m, KB, w] = state.forward_gain[m, i], state.backward_gain[m, i]
                stages[m, F, w], stages[m, B, w] = state.forward_energy[m, i], state.backward_energy[m, i]
                stages[m, BETA, w], stages[m, GAMMA, w] = state.backward_error[m, i], state.conversion[m, i]
                stages[m, RATIO, w] = state.conversion[m, i] / state.backward_energy[m, i]
                stages[m, NEXT, w], stages[m, LOSS, w] = state.forecast[m + 1, i], state.loss[m + 1, i]
        first = np.empty((3, W), state.loss.dtype)  # loss of length 0, ridge, floor of the energies
        for w in range(W):
            first[0, w], first[1, w] = state.loss[0, lane + w], state.ridge[lane + w]
        row = np.empty((6, W), state.loss.dtype)  # y, eta, beta, gamma, forecast, seen
        return stages, first, row, load_ahead(state.ahead, lane)

    @inlined
    def step(constants, state, z, u, seen):
        stages, first, row, ahead = state
        number = stages.dtype.type
        zero, one, half = number(0), number(1), number(0.5)
        tiny = number(math.sqrt(np.finfo(stages.dtype).tiny))
        M, forgetting, ridge, fading = len(stages), constants.forgetting, constants.ridge, constants.fading
        for w in range(W):
            y = z[0, w]
            if seen[0, w] == zero:  # filled with the forecast of the length that was best recently
                least, y = first[0, w], zero
                for m in range(M):
                    if stages[m, LOSS, w] < least:
                        least, y = stages[m, LOSS, w], stages[m, NEXT, w]
            before = first[1, w]
            delta = ridge_of_lane(before, ridge * y * y, forgetting, tiny)
            if before == zero and delta != zero:
                for m in range(M):
                    stages[m, F, w], stages[m, B, w] = delta, delta * constants.age[m]
                    stages[m, RATIO, w] = stages[m, GAMMA, w] / stages[m, B, w]
            first[1, w], first[2, w] = delta, half * delta if delta > zero else one
            row[0, w], row[1, w], row[2, w], row[3, w], row[4, w], row[5, w] = y, y, y, one, zero, seen[0, w]
            first[0, w] = fading * first[0, w] + (y * y if seen[0, w] != zero else zero)
        for m in range(M):
            for w in range(W):
                eta, beta, gamma, floor = row[1, w], row[2, w], row[3, w], first[2, w]
                beta_before, ratio, kb = stages[m, BETA, w], stages[m, RATIO, w], stages[m, KB, w]
                F_kept, B_kept = max(forgetting * stages[m, F, w], floor), max(forgetting * stages[m, B, w], floor)
                eta_after = row[0, w] - stages[m, NEXT, w]
                beta_after = beta_before + kb * eta
                weighted = stages[m, GAMMA, w] * eta
                F_now, B_now = F_kept + weighted * eta, B_kept + gamma * beta * beta
                kf = stages[m, KF, w] - ratio * beta_before * eta_after
                stages[m, KF, w], stages[m, KB, w] = kf, kb - weighted * beta_after / F_now
                stages[m, F, w], stages[m, B, w] = F_now, B_now
                stages[m, BETA, w], stages[m, GAMMA, w] = beta, gamma
                ratio = gamma / B_now
                stages[m, RATIO, w] = ratio
                forecast = row[4, w] - kf * beta
                stages[m, NEXT, w] = forecast
                error = eta_after if row[5, w] != zero else zero
                stages[m, LOSS, w] = fading * stages[m, LOSS, w] + error * error
                row[1, w], row[2, w], row[3, w], row[4, w] = eta_after, beta_after, B_kept * ratio, forecast
        step_ahead(ahead, constants.lookaheads, row, stages)

    @inlined
    def predict(constants, state, u, cells):
        stages, _, _, ahead = state
        for s in range(len(constants.sizes)):
            h = constants.sizes[s]
            if h:
                for w in range(W):
                    cells[0, s, FORECAST, w] = stages[h - 1, NEXT, w]
            else:
                for w in range(W):
                    cells[0, s, FORECAST, w] = 0
        predict_ahead(ahead, constants.sizes, cells)

    @inlined
    def store(packed, state, lane):
        stages, first, _, ahead = packed
        for m in range(len(stages)):
            for w in range(W):
                i = lane + w
                state.forward_gain[m, i], state.backward_gain[m, i] = stages[m, KF, w], stages[m, KB, w]
                state.forward_energy[m, i], state.backward_energy[m, i] = stages[m, F, w], stages[m, B, w]
                state.backward_error[m, i], state.conversion[m, i] = stages[m, BETA, w], stages[m, GAMMA, w]
                state.forecast[m + 1, i], state.loss[m + 1, i] = stages[m, NEXT, w], stages[m, LOSS, w]
        for w in range(W):
            state.loss[0, lane + w], state.ridge[lane + w] = first[0, w], first[1, w]
        store_ahead(ahead, state.ahead, lane)

    return load, step, predict, store
