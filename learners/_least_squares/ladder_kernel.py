"""The step of ``ladder`` on a CPU: one pass over the stages, each for all lanes.

Two divisions a stage: gamma_{m+1} = B gamma_m / (B + gamma_m beta_m^2), and its quotient gamma_m / B_m serves the next
sample. Symbols and time as in ``ladder``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.compiled import inlined
from .._engine.tile_loop import FORECAST
from .channels import FADED, ridge_of_lane
from .intercept import ALPHA, FULL, GAMMA_M, K1, ONE, D, load_intercept, store_intercept
from .iterated_forecasts import BETA, GAMMA, KB, KF, LOSS, NEXT, RATIO, ROWS, B, F, ahead_parts, nothing_ahead

# What is kept of the sample, ``row``: (ROW, W). BACKWARD is of the sample before.
Y, ETA, AFTER, CONVERSION, TOTAL, SEEN, ONES, BACKWARD, ROW = range(9)


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
def ladder_parts(ahead: bool, intercept: bool) -> Callable[[int], tuple[Any, Any, Any, Any]]:
    """Return the parts of a ladder: a loop of its own for each, so nothing is computed for what it does not have.

    Args:
        ahead: Whether more than one sample ahead is forecast.
        intercept: Whether there is one.
    """

    def parts(W: int) -> tuple[Any, Any, Any, Any]:
        """Return load, step, predict and store for ``W`` lanes."""
        return _parts(W, ahead_parts(W, intercept) if ahead else nothing_ahead(W), intercept)

    parts.__name__ = f"ladder{'-ahead' * ahead}{'-intercept' * intercept}"  # names the files of its loops
    return cache(parts)


def _parts(W: int, parts_ahead: tuple[Any, Any, Any, Any], intercept: bool) -> tuple[Any, Any, Any, Any]:
    load_ahead, step_ahead, predict_ahead, store_ahead = parts_ahead

    @inlined
    def forecast_of(stages, lengths, h, w):
        if intercept:
            return lengths[h, FULL, w]
        return stages[h - 1, NEXT, w] if h else stages.dtype.type(0)

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
        row, lengths = np.empty((ROW, W), state.loss.dtype), load_intercept(state.intercept, state.forecast, lane, W)
        return stages, first, row, lengths, load_ahead(state.ahead, lane)

    @inlined
    def step(constants, state, z, u, seen):
        stages, first, row, lengths, ahead = state
        number = stages.dtype.type
        zero, one, half = number(0), number(1), number(0.5)
        tiny = number(math.sqrt(np.finfo(stages.dtype).tiny))
        M, forgetting, ridge, fading = len(stages), constants.forgetting, constants.ridge, constants.fading
        least_energy = number(FADED / 2) * ridge
        for w in range(W):
            y = z[0, w]
            if seen[0, w] == zero:  # filled with the forecast of the length that was best recently
                least, y = first[0, w], forecast_of(stages, lengths, 0, w)
                for m in range(M):
                    if stages[m, LOSS, w] < least:
                        least, y = stages[m, LOSS, w], forecast_of(stages, lengths, m + 1, w)
            before = first[1, w]
            delta = ridge_of_lane(before, ridge * y * y, forgetting, tiny)
            if before == zero and delta != zero:
                for m in range(M):
                    stages[m, F, w], stages[m, B, w] = delta, delta * constants.age[m]
                    stages[m, RATIO, w] = stages[m, GAMMA, w] / stages[m, B, w]
            first[1, w], first[2, w] = delta, half * delta if delta > zero else one
            row[Y, w], row[ETA, w], row[AFTER, w], row[CONVERSION, w], row[TOTAL, w] = y, y, y, one, zero
            row[SEEN, w], row[ONES, w] = seen[0, w], one if before != zero else zero
            error = y
            if intercept:
                error, energy = y - lengths[0, FULL, w], lengths[0, D, w]
                kept = max(forgetting * energy, least_energy) if row[ONES, w] != zero else energy
                lengths[0, D, w] = kept + row[ONES, w]
                lengths[0, ALPHA, w] += row[ONES, w] * error / lengths[0, D, w]
                lengths[0, FULL, w] = lengths[0, ALPHA, w]
            first[0, w] = fading * first[0, w] + (error * error if seen[0, w] != zero else zero)
        for m in range(M):
            for w in range(W):
                eta, beta, gamma, floor = row[ETA, w], row[AFTER, w], row[CONVERSION, w], first[2, w]
                beta_before, ratio, kb = stages[m, BETA, w], stages[m, RATIO, w], stages[m, KB, w]
                F_kept, B_kept = max(forgetting * stages[m, F, w], floor), max(forgetting * stages[m, B, w], floor)
                eta_after = row[Y, w] - stages[m, NEXT, w]
                beta_after = beta_before + kb * eta
                weighted = stages[m, GAMMA, w] * eta
                F_now, B_now = F_kept + weighted * eta, B_kept + gamma * beta * beta
                backward = ratio * beta_before
                kf = stages[m, KF, w] - backward * eta_after
                stages[m, KF, w], stages[m, KB, w] = kf, kb - weighted * beta_after / F_now
                stages[m, F, w], stages[m, B, w] = F_now, B_now
                stages[m, BETA, w], stages[m, GAMMA, w] = beta, gamma
                ratio = gamma / B_now
                stages[m, RATIO, w] = ratio
                forecast = row[TOTAL, w] - kf * beta
                stages[m, NEXT, w] = forecast
                error = row[Y, w] - lengths[m + 1, FULL, w] if intercept else eta_after
                error = error if row[SEEN, w] != zero else zero
                stages[m, LOSS, w] = fading * stages[m, LOSS, w] + error * error
                row[ETA, w], row[AFTER, w], row[CONVERSION, w] = eta_after, beta_after, B_kept * ratio
                row[TOTAL, w] = forecast
                if intercept:
                    row[BACKWARD, w] = backward
            if intercept:
                h, after = m + 1, min(m + 1, M - 1)
                for w in range(W):
                    e, error = row[ONES, w] - lengths[h, ONE, w], row[Y, w] - lengths[h, FULL, w]
                    kept = max(forgetting * lengths[h, D, w], least_energy)
                    kept = kept if row[ONES, w] != zero else lengths[h, D, w]
                    weighted = (stages[after, GAMMA, w] if h < M else lengths[0, GAMMA_M, w]) * e
                    energy = kept + weighted * e
                    weight = lengths[h, ALPHA, w] + weighted * error / energy
                    gain = lengths[h, K1, w] - row[BACKWARD, w] * e
                    expected = lengths[m, ONE, w] - gain * stages[m, BETA, w]
                    lengths[h, D, w], lengths[h, ALPHA, w], lengths[h, K1, w] = energy, weight, gain
                    lengths[h, ONE, w], lengths[h, FULL, w] = expected, stages[m, NEXT, w] + weight * (one - expected)
        if intercept:
            for w in range(W):
                lengths[0, GAMMA_M, w] = row[CONVERSION, w]
        step_ahead(ahead, constants.lookaheads, row, stages, lengths)

    @inlined
    def predict(constants, state, u, cells):
        stages, _, _, lengths, ahead = state
        for s in range(len(constants.sizes)):
            for w in range(W):
                cells[0, s, FORECAST, w] = forecast_of(stages, lengths, constants.sizes[s], w)
        predict_ahead(ahead, constants.sizes, cells)

    @inlined
    def store(packed, state, lane):
        stages, first, _, lengths, ahead = packed
        for m in range(len(stages)):
            for w in range(W):
                i = lane + w
                state.forward_gain[m, i], state.backward_gain[m, i] = stages[m, KF, w], stages[m, KB, w]
                state.forward_energy[m, i], state.backward_energy[m, i] = stages[m, F, w], stages[m, B, w]
                state.backward_error[m, i], state.conversion[m, i] = stages[m, BETA, w], stages[m, GAMMA, w]
                state.forecast[m + 1, i], state.loss[m + 1, i] = stages[m, NEXT, w], stages[m, LOSS, w]
        for w in range(W):
            state.loss[0, lane + w], state.ridge[lane + w] = first[0, w], first[1, w]
        store_intercept(lengths, state.intercept, lane)
        store_ahead(ahead, state.ahead, lane)

    return load, step, predict, store
