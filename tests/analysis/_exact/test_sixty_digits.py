"""Exact theory against brute force in 60-digit arithmetic: covariances summed, normal equations solved."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from ergoscope.analysis import best_errors, innovation_covariances, kalman_gain, regrets
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.simulator import LinearSystem, zoo

SIZES, TIMES = tuple(range(9)), (1, 5, 20, 100, 1000, 10_000)
DIGITS = 60
AGREE = 1e-8  # relative


def two_outputs() -> LinearSystem:
    A = [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.7]]
    return LinearSystem(A, [[1.0, 0.0, 1.0], [0.0, 0.5, -1.0]], np.diag([0.0, 0.1, 0.5]), [[1.0, 0.3], [0.3, 0.5]],
                        name="two outputs")  # fmt: skip


SYSTEMS = {system.name: system for system in (*map(zoo, ("triple-integrator", "double-integrator", "two-tones")),
                                              two_outputs())}  # fmt: skip
EACH = pytest.mark.parametrize("name", SYSTEMS)


def exact(matrix: np.ndarray) -> mp.matrix:
    return mp.matrix(matrix.tolist())


def state_covariance(A: mp.matrix, Q: mp.matrix, steps: int) -> mp.matrix:
    """P_{a+b} = A^b P_a A^b' + P_b, from the bits of ``steps``."""
    total, power, noise = mp.zeros(A.rows), A, Q
    while steps:
        if steps & 1:
            total = power * total * power.T + noise
        power, noise, steps = power * power, power * noise * power.T + noise, steps >> 1
    return total


def brute_error(system: LinearSystem, size: int, time: int) -> mp.mpf:
    """E|y_t - sum F_k y_{t-k}|^2 of the best F, from the covariance of y_{t-h} .. y_t."""
    A, C, Q, R = (exact(getattr(system, word)) for word in "ACQR")
    window, p = min(size, time), system.outputs
    P = state_covariance(A, Q, time - window)
    covariance = mp.zeros((window + 1) * p)
    for i in range(window + 1):  # of y_{t-window+i} with all later ones
        ahead = C * P
        for j in range(i, window + 1):
            block = ahead * C.T + (R if i == j else mp.zeros(p))
            for a in range(p):
                for b in range(p):
                    covariance[i * p + a, j * p + b] = covariance[j * p + b, i * p + a] = block[a, b]
            ahead = ahead * A.T
        P = A * P * A.T + Q
    last = window * p
    error = sum(covariance[last + a, last + a] for a in range(p))
    if window == 0:
        return error
    seen, cross = covariance[:last, :last], covariance[:last, last:]
    columns = [cross[:, a] for a in range(p)]
    return error - sum((column.T * mp.lu_solve(seen, column))[0, 0] for column in columns)


@EACH
def test_the_best_error_of_each_length(name: str) -> None:
    system = SYSTEMS[name]
    found = best_errors(system, SIZES, TIMES)
    with mp.workdps(DIGITS):
        expected = [[float(brute_error(system, size, time)) for size in SIZES] for time in TIMES]
    np.testing.assert_allclose(found, expected, rtol=AGREE)


@EACH
def test_the_kalman_filter_and_the_regret_above_it(name: str) -> None:
    system, steps = SYSTEMS[name], 300
    with mp.workdps(DIGITS):
        A, C, Q, R = (exact(getattr(system, word)) for word in "ACQR")
        P, innovations = mp.zeros(system.states), []
        for _ in range(steps):
            S = C * P * C.T + R
            innovations.append(S)
            K = P * C.T * S**-1
            P = A * (P - K * S * K.T) * A.T + Q
        expected = np.array([[[float(S[a, b]) for b in range(S.cols)] for a in range(S.rows)] for S in innovations])
        total = [
            sum(brute_error(system, size, t) - sum(S[a, a] for a in range(S.rows)) for t, S in enumerate(innovations))
            for size in (2, 4)
        ]
    np.testing.assert_allclose(innovation_covariances(system, range(steps)), expected, rtol=AGREE)
    np.testing.assert_allclose(regrets(system, [2, 4], [steps])[0], [float(value) for value in total], rtol=AGREE)


@EACH
def test_what_cutting_the_steady_filter_costs(name: str) -> None:
    """tr C F^h Cov(x^_{t-h}) F^h' C', with x^ and its error moved on together by brute force."""
    system, sizes, times = SYSTEMS[name], (0, 1, 3, 8), (10, 200, 2000)
    gain, n = kalman_gain(system).gain, system.states
    found = truncated_excess(system, sizes, times)
    with mp.workdps(DIGITS):
        A, C, Q, R = (exact(getattr(system, word)) for word in "ACQR")
        L = exact(gain)
        F = A - L * C
        joint, noise = mp.zeros(2 * n), mp.zeros(2 * n)
        joint[:n, :n], joint[:n, n:], joint[n:, n:] = A, L * C, F
        fed = L * R * L.T
        noise[:n, :n], noise[:n, n:], noise[n:, :n], noise[n:, n:] = fed, -fed, -fed, Q + fed
        expected = []
        for time in times:
            for size in sizes:
                row, X = C * F**size, state_covariance(joint, noise, time - size)[:n, :n]
                power = row * X * row.T
                expected.append(float(sum(power[a, a] for a in range(power.rows))))
    np.testing.assert_allclose(found.ravel(), expected, rtol=AGREE)
