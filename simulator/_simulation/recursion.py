"""The recursion of a simulation, compiled: some runs side by side, with the noise drawn beside it.

Sums have one order, so the bits of a run depend neither on the runs beside it nor on the rows computed at once.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt

from ..._core.compiled import called, compiled, uncounted
from .noise import draw
from .philox import series_of, uniform

BLOCK = 128  # rows whose noise is one series of random numbers
WIDE = 16  # runs side by side
NOISE, LOSS, INITIAL = range(3)  # purposes of random numbers


class Plant(NamedTuple):
    """The matrices of a system for some rows; their first axis is the row, or has one entry if they are constant.

    The noise is w = G z and v = H z', with the numbers of z' after those of z.
    """

    A: Float[np.ndarray, "row state state"]
    B: Float[np.ndarray, "row state input"]
    C: Float[np.ndarray, "row output state"]
    D: Float[np.ndarray, "row output input"]
    G: Float[np.ndarray, "row state rank"]
    H: Float[np.ndarray, "row output rank"]


class Runs(NamedTuple):
    """The runs of a simulation between two samples; the loop changes them in place."""

    x: Float[np.ndarray, "state run"]
    missing: Int[np.ndarray, " run"]  # samples of the present burst that are still to be missing


@cache
def simulation_loop() -> Any:
    """Return the loop: it advances the runs ``first .. stop-1`` by the rows of ``u``, into ``y`` and ``states``."""

    def loop(plant, runs, key, block, law, start, burst, u, y, states, first, stop):
        n, ranks = len(runs.x), (plant.G.shape[2], plant.H.shape[2])
        z, coins = np.zeros((BLOCK, ranks[0] + ranks[1], WIDE)), np.ones((BLOCK, WIDE))
        x, after, total = np.zeros((n, WIDE)), np.zeros((n, WIDE)), np.zeros(WIDE)
        for lane in range(first, stop, WIDE):
            lanes = min(WIDE, stop - lane)
            for i in range(n):
                for w in range(lanes):
                    x[i, w] = runs.x[i, lane + w]
            for begin in range(0, len(u), BLOCK):
                rows = min(BLOCK, len(u) - begin)
                draw_block(key, block + begin // BLOCK, law, start > 0, lane, lanes, rows, z, coins)
                advance(plant, begin, rows, u, x, after, z, total, y, states, lane, lanes)
                if start > 0:
                    lose(runs.missing, coins, start, burst, y[begin : begin + rows], lane, lanes)
            for i in range(n):
                for w in range(lanes):
                    runs.x[i, lane + w] = x[i, w]

    return compiled(loop, "simulation")


@called
def draw_block(key, block, law, losses, lane, lanes, rows, z, coins):
    """Draw the noise of a block, and the numbers that decide which samples are missing."""
    numbers = np.empty(rows * z.shape[1])
    for w in range(lanes):
        words, place = series_of(key[0], key[1], NOISE, block, lane + w)
        draw(law, words, place, numbers)
        for row in range(rows):
            for k in range(z.shape[1]):
                z[row, k, w] = numbers[row * z.shape[1] + k]
        if losses:
            words, place = series_of(key[0], key[1], LOSS, block, lane + w)
            for row in range(rows):
                coins[row, w], place = uniform(words, place)


@called
def advance(plant, begin, rows, u, x, after, z, total, y, states, lane, lanes):
    """Advance some runs by the rows of a block."""
    g = plant.G.shape[2]
    for row in range(rows):
        t = begin + row
        for i in range(len(x)):
            for w in range(lanes):
                states[t, i, lane + w] = x[i, w]
        for c in range(y.shape[1]):
            add_up(plant.D, plant.C, plant.H, t, c, u, x, z[row, g:], total)
            for w in range(lanes):
                y[t, c, lane + w] = total[w]
        for i in range(len(x)):
            add_up(plant.B, plant.A, plant.G, t, i, u, x, z[row, :g], after[i])
        x[:] = after


@uncounted
def add_up(known, own, noise, t, i, u, x, z, total):
    """Set the totals to row ``i`` of ``known u + own x + noise z``, of the matrices for the time ``t``."""
    value, at, of = 0.0, min(t, len(own) - 1), min(t, len(noise) - 1)
    for k in range(u.shape[1]):
        value += known[min(t, len(known) - 1), i, k] * u[t, k]
    for w in range(WIDE):
        total[w] = value
    for j in range(own.shape[2]):
        factor = own[at, i, j]
        for w in range(WIDE):
            total[w] += factor * x[j, w]
    for k in range(noise.shape[2]):
        factor = noise[of, i, k]
        for w in range(WIDE):
            total[w] += factor * z[k, w]


@called
def lose(missing, coins, start, burst, y, lane, lanes):
    """Make the outputs missing where a burst goes on or begins."""
    for row in range(len(y)):
        for w in range(lanes):
            left = missing[lane + w]
            if left == 0 and coins[row, w] < start:
                left = burst
            if left > 0:
                y[row, :, lane + w] = np.nan
            missing[lane + w] = max(left - 1, 0)


@cache
def _initial_loop() -> Any:
    def loop(key, z):
        for run in range(len(z)):
            words, place = series_of(key[0], key[1], INITIAL, 0, run)
            draw(0, words, place, z[run])

    return compiled(loop, "initial")


def initial_numbers(key: UInt[np.ndarray, " two"], runs: int, states: int) -> Float[np.ndarray, "run state"]:
    """Return the normal numbers of random initial states."""
    z = np.empty((runs, states))
    _initial_loop()(key, z)
    return z
