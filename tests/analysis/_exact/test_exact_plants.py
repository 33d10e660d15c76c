"""Exact theory against exact arithmetic: random plants of known Jordan structure.

Growing modes may be unexcited or unseen, outputs may see the stable part only, states and outputs have odd units. The
right answers do not come from the package: ranks come from elimination on fractions, errors from normal equations in
200 digits. ``make campaign`` takes 1000 plants, a plain run 60.
"""

from __future__ import annotations

import math
import runpy
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from ergoscope.analysis import best_errors, critical_length, parameter_threshold, unstable_modes
from ergoscope.analysis._exact.modes import growth_exponent, growth_ladder
from ergoscope.analysis._exact.plant import balanced
from ergoscope.simulator import LinearSystem

rational = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("rational_plants.py"))))
DIGITS = 200
LONGEST = 4
AGREE = 1e-8
ROUNDING = 100 * np.finfo(np.float64).eps  # of |y| beside the error: floats do not hold the exact plant


@pytest.fixture(scope="module")
def plants(request: pytest.FixtureRequest) -> list[tuple[int, Any]]:
    count = 1000 if request.config.getoption("--campaign") else 60
    return [(seed, rational.draw(seed)) for seed in range(count)]


def in_floats(plant: Any) -> tuple[LinearSystem, np.ndarray]:
    A, C, Q, R, P0 = (np.array(M, dtype=np.float64) for M in (plant.A, plant.C, plant.Q, plant.R, plant.P0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unseen modes are meant
        return LinearSystem(A, C, Q, R), P0


def disagreements(plants: list[tuple[int, Any]], compare: Callable[[Any], str]) -> list[str]:
    return [f"plant {seed}: {words}" for seed, plant in plants if (words := compare(plant))]


def test_counts_and_growth(plants: list[tuple[int, Any]]) -> None:
    """m, d*^2, h*, the exponent of each length, and how many directions grow at each rate."""

    def compare(plant: Any) -> str:
        system, P0 = in_floats(plant)
        ladder = exact_growth(plant)
        length = max((length for _, length, _ in ladder), default=0)
        exponents = [max((g for g, length, _ in ladder if length > size), default=0.0) for size in range(8)]
        right = (*exact_counts(plant), length, exponents, [rate for rate in ladder if rate[2]])
        found = (
            unstable_modes(system),
            parameter_threshold(system),
            critical_length(system, P0),
            [growth_exponent(system, size, P0) for size in range(8)],
            [tuple(rate) for rate in growth_ladder(balanced(system, P0)) if rate.directions],
        )
        return "" if found == right else f"{found} for {right}"

    assert disagreements(plants, compare) == []


def test_best_errors(plants: list[tuple[int, Any]]) -> None:
    """The error of each length, as far as the explosive modes leave a float its digits."""

    def compare(plant: Any) -> str:
        system, P0 = in_floats(plant)
        times = [3, 20, 50] if any(chain.kind == "explosive" for chain in plant.chains) else [3, 40, 1000]
        right = np.array(exact_errors(plant, LONGEST, times), dtype=np.float64)
        allowed = AGREE + ROUNDING * np.sqrt(right[:, :1] / right)
        off = np.abs(best_errors(system, range(LONGEST + 1), times, P0) / right - 1)
        return "" if (off <= allowed).all() else f"off by {off.max():.1e}"

    assert disagreements(plants, compare) == []


def test_exponents_are_the_slopes_of_the_errors(plants: list[tuple[int, Any]], request: pytest.FixtureRequest) -> None:
    """Between t = 1e8 and 1e14 the fastest term dominates. This test checks the ranks above without any ranks."""

    def suits(plant: Any) -> bool:
        # Taps that are fitted anew at each time cancel more of one random initial state than fixed ones do.
        return not plant.G[0] and all(chain.kind != "explosive" for chain in plant.chains)

    some = [pair for pair in plants if suits(pair[1])]
    times = [start + step for start in (10**8, 10**14) for step in range(4)]  # four steps: tones turn

    def compare(plant: Any) -> str:
        ladder = exact_growth(plant)
        exponents = [max((g for g, length, _ in ladder if length > size), default=0.0) for size in range(LONGEST + 1)]
        units = [1 / row[i] for i, row in enumerate(plant.R)]
        errors = np.array(exact_errors(plant, LONGEST, times, units), dtype=object).reshape(2, 4, -1).sum(axis=1)
        slopes = [float(mp.log(b / a) / mp.log(10**6)) for a, b in zip(*errors, strict=True)]
        return "" if np.abs(np.subtract(slopes, exponents)).max() < 0.2 else f"slopes {slopes} for {exponents}"

    assert disagreements(some if request.config.getoption("--campaign") else some[:12], compare) == []


def exact_counts(plant: Any) -> tuple[int, int]:
    """Return m and d*^2 from the chains."""
    multiplicity: dict[tuple[Fraction, Fraction], int] = {}
    for chain in plant.chains:
        if chain.kind != "stable":
            multiplicity[chain[:2]] = multiplicity.get(chain[:2], 0) + chain.length
    each = [(count, 2 if imag else 1) for (_, imag), count in multiplicity.items()]
    return sum(count * width for count, width in each), sum(count**2 * width for count, width in each)


def exact_growth(plant: Any) -> list[tuple[float, int, int]]:
    """Return (exponent, shortest filter that cancels it and all faster ones, directions seen), fastest first.

    In the coordinates of the chains: growing directions are those that the excitation reaches, the j-th image of the
    nilpotent part N of a chain on the unit circle growing like t^(2j-1) by noise and t^(2j-2) by the initial state.
    """
    n = len(plant.J)
    noise, start = (rational.transposed(M) if M[0] else [] for M in (plant.B, plant.G))

    def only(kind: str, vectors: Any) -> Any:
        kept = [False] * n
        for chain in plant.chains:
            if chain.kind == kind:
                kept[chain.start : chain.start + chain.states] = [True] * chain.states
        return [[v if k else Fraction(0) for v, k in zip(vector, kept, strict=True)] for vector in vectors]

    N = rational.zeros(n, n)
    for chain in plant.chains:
        for i in range(chain.start + chain.width, chain.start + chain.states):
            N[i - chain.width][i] = Fraction(1)
    noise_, start_ = (rational.reach(plant.J, only("circle", vectors)) for vectors in (noise, start))
    classes = [(math.inf, rational.reach(plant.J, only("explosive", noise + start)))]
    images = {0: (noise_, start_)}
    for j in range(1, n + 1):
        images[j] = tuple([rational.apply(N, vector) for vector in vectors] for vectors in images[j - 1])
    for j in range(n, 0, -1):
        classes.append((2.0 * j, images[j][1]))
        classes.append((2.0 * j - 1, images[j - 1][0]))
    found: list[tuple[float, int, int]] = []
    basis: Any = []
    known = 0
    for exponent, directions in classes:
        grown = rational.reach(plant.J, basis + directions)
        if len(grown) == len(basis):
            continue
        basis, rows, ranks = grown, plant.H, [0]
        observed: Any = []
        for _ in range(n + 1):
            observed = observed + [
                [sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)) for vector in basis]
                for row in rows
            ]
            ranks.append(rational.rank(observed))
            rows = rational.times(rows, plant.J)
        length = next(h for h, value in enumerate(ranks) if value == ranks[-1])
        found.append((exponent, length, ranks[-1] - known))
        known = ranks[-1]
    return found


def exact_errors(plant: Any, sizes: int, times: list[int], weights: list[Fraction] | None = None) -> Any:
    """Return the error of the best filter of each length 0 .. sizes at each time; outputs are weighted, 1 each."""
    with mp.workdps(DIGITS):
        A, C, Q, R, P0 = (_mp(M) for M in (plant.A, plant.C, plant.Q, plant.R, plant.P0))
        weight = _mp([weights or [Fraction(1)] * len(plant.C)])[0]
        found, P, now = [], P0, -1
        for time in times:
            window = min(sizes, time)
            P = A @ P @ A.T + Q if time == now + 1 and window == sizes else _covariance(A, Q, P0, time - window)
            now = time
            left = _eliminated(_window_covariance(A, C, R, Q, P, window), weight)
            found.append([left[min(size, window)] for size in range(sizes + 1)])
        return found


def _mp(M: Any) -> np.ndarray:
    return np.array([[mp.mpf(v.numerator) / v.denominator for v in row] for row in M], dtype=object)


def _covariance(A: np.ndarray, Q: np.ndarray, P0: np.ndarray, steps: int) -> np.ndarray:
    total, power, noise = P0, A, Q
    while steps:
        if steps & 1:
            total = power @ total @ power.T + noise
        steps >>= 1
        if steps:
            power, noise = power @ power, power @ noise @ power.T + noise
    return total


def _window_covariance(
    A: np.ndarray, C: np.ndarray, R: np.ndarray, Q: np.ndarray, P: np.ndarray, window: int
) -> np.ndarray:
    """Return the covariance of y_{t-1}, .., y_{t-window}, y_t, in this order."""
    blocks: dict[tuple[int, int], np.ndarray] = {}
    for i in range(window + 1):
        ahead = C @ P
        for j in range(i, window + 1):
            blocks[i, j] = ahead @ C.T + (R if i == j else 0)
            blocks[j, i] = blocks[i, j].T
            ahead = ahead @ A.T
        P = A @ P @ A.T + Q
    order = [*range(window - 1, -1, -1), window]
    return np.vstack([np.hstack([blocks[i, j] for j in order]) for i in order])


def _eliminated(M: np.ndarray, weight: np.ndarray) -> list[mp.mpf]:
    """Return the weighted variance of the last entries given none, the first block, the first two blocks, .."""
    M, scale, outputs = M.copy(), np.diag(M).copy(), len(weight)
    left = [(np.diag(M)[-outputs:] * weight).sum()]
    for k in range(len(M) - outputs):
        if M[k, k] > scale[k] * mp.mpf(10) ** -(DIGITS // 2):
            M[k + 1 :] = M[k + 1 :] - np.outer(M[k + 1 :, k] / M[k, k], M[k])
        if (k + 1) % outputs == 0:
            left.append((np.diag(M)[-outputs:] * weight).sum())
    return left
