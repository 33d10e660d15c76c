from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import best_errors, design, diffuse_errors, innovation_covariances, kalman_gain
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.analysis._exact.modes import growth_exponent
from ergoscope.simulator import LinearSystem


def jordan(eigenvalue, size):
    return eigenvalue * np.eye(size) + np.diag(np.ones(size - 1), 1)


def chain(eigenvalue, size, q=1.0, r=1.0):
    return LinearSystem(jordan(eigenvalue, size), np.eye(size)[:1], q * np.eye(size), [[r]])


def walk(q, r):
    return LinearSystem([[1]], [[1]], [[q]], [[r]])


def exact_errors(system, sizes, t, P0=None, lookahead=1):
    """Normal equations on the joint covariance of the window and y_t, in rational numbers."""

    def rational(M):
        return np.array([[Fraction(float(v)) for v in row] for row in M], dtype=object)

    A, C, Q, R = (rational(M) for M in (system.A, system.C, system.Q, system.R))
    P = rational(np.zeros_like(system.A) if P0 is None else P0)
    window = min(max(sizes) + lookahead - 1, t)
    states = []
    for time in range(t + 1):
        if time >= t - window:
            states.append(P)
        P = A @ P @ A.T + Q
    lagged = {}
    for j in range(window + 1):
        X = states[j] @ C.T
        for i in range(j, window + 1):
            lagged[i, j] = C @ X + (R if i == j else 0)
            lagged[j, i] = lagged[i, j].T
            X = A @ X
    order = [*range(window - lookahead, -1, -1), window]
    M = np.vstack([np.hstack([lagged[i, j] for j in order]) for i in order])
    p = len(C)
    left = [sum(np.diag(M)[-p:])]
    seen = len(order) - 1
    for k in range(seen * p):
        if M[k, k] != 0:
            M[k + 1 :] = M[k + 1 :] - np.outer(M[k + 1 :, k] / M[k, k], M[k])
        if (k + 1) % p == 0:
            left.append(sum(np.diag(M)[-p:]))
    return np.array([float(left[min(size, seen)]) for size in sizes])


TWINS = {
    "triple integrator": (chain(1, 3), (0, 2, 20, 200), None),
    "triple, foot first": (LinearSystem(jordan(1, 3).T, [[0, 0, 1]], np.eye(3), [[1]]), (20, 200), None),
    "J_3(1.1)": (chain(1.1, 3), (2, 20, 100), None),
    "fast beside slow": (LinearSystem(np.diag([1, 1.1, 1.5, 2]), np.ones((1, 4)), np.eye(4), [[1]]), (20, 60), None),
    "short chain before a long one": (
        LinearSystem(block_diag(1, jordan(-1, 3)), [[1, 1, 0, 0]], np.eye(4), [[1]]),
        (20, 2000),
        None,
    ),
    "random slope": (LinearSystem(jordan(1, 2), [[1, 0]], np.diag([1.0, 0]), [[1]]), (1, 50), np.diag([0, 1.0])),
    "two outputs": (
        LinearSystem(block_diag(1.2, jordan(1, 2), 0.5), [[1, 0, 0, 1], [0, 1, 0, 2]], np.eye(4), np.eye(2)),
        (3, 30),
        np.eye(4),
    ),
    "redundant outputs, R = 0": (
        LinearSystem(block_diag(jordan(1, 2), 0.5), [[1, 0, 1]] * 2, np.eye(3), np.zeros((2, 2))),
        (3, 50),
        None,
    ),
}


@pytest.mark.parametrize("lookahead", [1, 2, 5])
@pytest.mark.parametrize("name", TWINS)
def test_best_errors_against_rational_normal_equations(name, lookahead):
    system, times, P0 = TWINS[name]
    sizes = [0, 1, 2, 3, 4, 6]
    errors = best_errors(system, sizes, times, P0, lookahead)
    for t, row in zip(times, errors, strict=True):
        # The twin is exact; 1e-11 leaves room for eps times the steps of doubling and the window's condition.
        np.testing.assert_allclose(row, exact_errors(system, sizes, t, P0, lookahead), rtol=1e-11, atol=1e-20)


def test_best_errors_in_another_basis():
    system = LinearSystem(block_diag(1.5, jordan(1, 2), 0.5), [[1, 1, 0, 1]], np.eye(4), [[1]])
    T = np.random.default_rng(0).standard_normal((4, 4))
    inverse = np.linalg.inv(T)
    Q = T @ T.T
    moved = LinearSystem(T @ system.A @ inverse, system.C @ inverse, (Q + Q.T) / 2, [[1]])
    times, sizes = [10, 100, 400], range(8)
    np.testing.assert_allclose(best_errors(moved, sizes, times), best_errors(system, sizes, times), rtol=1e-6)


def test_a_long_chain_in_another_basis():
    # Rounding A moves its powers by about t^3 eps |A|, 1e-6 here; squaring a full matrix would lose 15 %.
    T = np.random.default_rng(1).standard_normal((3, 3))
    inverse, Q = np.linalg.inv(T), T @ T.T
    moved = LinearSystem(T @ jordan(1, 3) @ inverse, [[1, 0, 0]] @ inverse, (Q + Q.T) / 2, [[1]])
    sizes = [0, 1, 2, 3, 5]
    np.testing.assert_allclose(best_errors(moved, sizes, [800]), best_errors(chain(1, 3), sizes, [800]), rtol=1e-4)


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
def test_an_explosive_mode_that_is_not_seen_changes_nothing():
    T = np.random.default_rng(1).standard_normal((3, 3))
    inverse, Q = np.linalg.inv(T), T @ T.T
    hidden = LinearSystem(T @ block_diag(1.3, jordan(1, 2)) @ inverse, [[0, 1, 0]] @ inverse, (Q + Q.T) / 2, [[1]])
    times, sizes = [10, 3000], [0, 1, 2, 5]
    np.testing.assert_allclose(best_errors(hidden, sizes, times), best_errors(chain(1, 2), sizes, times), rtol=1e-6)


def test_rounding_does_not_excite_an_explosive_mode():
    # Noise reaches only the mode at 1. Length 0 gave 496.8 at t = 300 and 5.8e12 at 400.
    A, C = [[1.5, 0.5, -0.5], [-0.375, 0.625, 0.5], [0.625, 0.625, 0.5]], [[-2, -1, 2]]
    system = LinearSystem(A, C, np.diag([0, 0, 1]), [[1]])
    times, sizes = [10, 40], [0, 1, 2, 3]
    for t, row in zip(times, best_errors(system, sizes, times), strict=True):
        np.testing.assert_allclose(row, exact_errors(system, sizes, t), rtol=1e-11)
    far = best_errors(system, sizes, [300, 400, 100_000])
    np.testing.assert_allclose(far[:2, 0], [306 + 1 / 3, 406 + 1 / 3], rtol=1e-12)
    np.testing.assert_allclose(far[:, 1:], np.tile(diffuse_errors(system, [1, 2, 3]), (3, 1)), rtol=0.01)
    # Neighbours: an initial state that excites the walk only, and the truncated filter.
    started = best_errors(system, [0], [300], np.diag([0, 0, 1.0]))
    np.testing.assert_allclose(started, [[307 + 1 / 3]], rtol=1e-12)
    cut = truncated_excess(system, [0, 2, 6], [100, 400, 4000])
    assert np.isfinite(cut).all()
    np.testing.assert_allclose(cut[2, 1:] / cut[1, 1:], 10, rtol=0.05)  # grows like the walk


def test_an_output_that_does_not_see_an_explosive_mode_costs_no_digits():
    # The columns of the outputs must be pivoted: 7e-5 to 2 % were lost before.
    tone = np.array([[0.9, -1.2], [1.2, 0.9]])
    three = LinearSystem(np.diag([0.5, -1.2]), [[2, 0], [0, 0], [0, -1]], np.diag([0, 1.25]), np.diag([1, 1, 2]))
    two = LinearSystem(block_diag(tone, 1.5), [[0, 0, -2], [1, -1, 0]], block_diag([[5, 2], [2, 5]], 0), np.eye(2))
    for system, P0 in ((three, np.array([[3, 1], [1, 0.5]])), (two, np.diag([0, 0, 1.0]))):
        np.testing.assert_allclose(
            best_errors(system, [1, 2, 3], [150], P0)[0], exact_errors(system, [1, 2, 3], 150, P0), rtol=1e-9
        )


def test_double_integrator_table():
    expected = [[4.3e4, 2.7e6, 1.7e8], [16.0, 53.4, 203], [7.97, 8.70, 8.92], [6.11, 6.19, 6.22], [5.61, 5.61, 5.61]]
    errors = best_errors(chain(1, 2), [0, 1, 2, 3, 6], [50, 200, 800], np.eye(2)).T
    np.testing.assert_allclose(errors, expected, rtol=0.02)
    np.testing.assert_allclose(errors[2:], expected[2:], rtol=1e-3)


def test_jordan_chains_of_three():
    unit = chain(1, 3, q=0.1)
    excess = best_errors(unit, [1, 2, 3], [100, 1000, 10_000]).T - np.trace(kalman_gain(unit).innovation)
    np.testing.assert_allclose(excess[:2], [[2.0e3, 2.1e6, 2.1e9], [3.3, 13.1, 113]], rtol=0.03)
    assert excess[2, 2] == pytest.approx(15.6, abs=0.05)
    explosive = chain(1.1, 3, q=0.1)
    excess = best_errors(explosive, [1, 2, 3], [50, 200, 800, 20_000]).T - np.trace(kalman_gain(explosive).innovation)
    np.testing.assert_allclose(excess[2], [9.0, 22.4, 22.4, 22.4], atol=0.05)
    assert (excess[:2, 2] > 1e40).all()
    assert np.isinf(excess[:2, 3]).all()


def test_triple_integrator_at_twenty_thousand():
    # The limit is known in closed form: three taps reproduce any parabola.
    errors = best_errors(chain(1, 3), [3, 4, 8], [20_000, 200_000])
    limit = diffuse_errors(chain(1, 3), [3, 4, 8])
    assert limit[0] == pytest.approx(29.0, rel=1e-12)
    np.testing.assert_allclose(errors[0], limit, rtol=4e-3)
    np.testing.assert_allclose(errors[1], limit, rtol=4e-4)


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (1.0, {1: 0.382, 2: 0.0486, 4: 0.00101, 8: 4.6e-7}),
        (0.1, {1: 0.730, 2: 0.254, 4: 0.0561, 8: 0.00418, 16: 2.7e-5}),
        (0.01, {1: 0.905, 2: 0.407, 4: 0.164, 8: 0.0507, 16: 0.00852, 32: 3.3e-4}),
    ],
)
def test_random_walk_excess(q, expected):
    sizes = list(expected)
    P, steps = q + 1.0, {}
    for h in range(1, max(sizes) + 1):
        steps[h] = P
        P = P / (P + 1) + q
    limit = (q + np.sqrt(q * q + 4 * q)) / 2
    errors = diffuse_errors(walk(q, 1), sizes)
    np.testing.assert_allclose(errors, [steps[h] + 1 for h in sizes], rtol=1e-13)
    np.testing.assert_allclose(errors - limit - 1, list(expected.values()), rtol=0.02)
    assert np.isinf(diffuse_errors(walk(q, 1), [0]))


def test_diffuse_errors_of_decaying_modes_are_the_stationary_ones():
    system = LinearSystem(block_diag(jordan(1, 2), jordan(0.8, 2)), [[1, 0, 1, 0]], np.eye(4), [[1]])
    np.testing.assert_allclose(diffuse_errors(system, [2, 3, 8]), best_errors(system, [2, 3, 8], [10**9])[0], rtol=1e-6)
    still = LinearSystem([[0.5]], [[1]], [[3.0]], [[1]])
    np.testing.assert_allclose(diffuse_errors(still, [0]), [3 / 0.75 + 1], rtol=1e-14)


def test_truncated_excess_against_the_recursion():
    system = LinearSystem(block_diag(jordan(1, 2), 0.5), [[1, 0, 1]], np.eye(3), [[2.0]])
    L, P0 = kalman_gain(system).gain, np.diag([1.0, 2, 3])
    F, n = system.A - L @ system.C, 3
    joint = np.block([[system.A, np.zeros((n, n))], [L @ system.C, F]])
    noise = block_diag(system.Q, L @ system.R @ L.T)
    covariance, estimates = block_diag(P0, np.zeros((n, n))), []
    for _ in range(61):
        estimates.append(covariance[n:, n:])
        covariance = joint @ covariance @ joint.T + noise
    sizes, times = [0, 1, 4], [0, 1, 3, 20, 60]
    twin = np.zeros((len(times), len(sizes)))
    for i, t in enumerate(times):
        for j, h in enumerate(sizes):
            row = system.C @ np.linalg.matrix_power(F, h)
            twin[i, j] = np.trace(row @ estimates[max(t - h, 0)] @ row.T)
    np.testing.assert_allclose(truncated_excess(system, sizes, times, P0), twin, rtol=1e-9)


def test_truncated_excess_of_the_random_walk_grows():
    # Cov(x^_t) = q t - P_inf + Cov of a filter that starts knowing x_0 = 0, which adds less than P_inf.
    q, system = 0.1, walk(0.1, 1)
    steady = kalman_gain(system)
    times, sizes = np.array([1000, 100_000]), np.array([1, 4, 8])
    predicted = q * steady.rho ** (2 * sizes) * (times[:, None] - sizes - steady.covariance[0, 0] / q)
    np.testing.assert_allclose(truncated_excess(system, sizes, times), predicted, rtol=1e-4)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_growth_exponent_is_the_slope_of_the_exact_errors(size):
    system = chain(1, 3)
    near, far = best_errors(system, [size], [10**6, 10**7])[:, 0]
    assert np.log10(far / near) == pytest.approx(growth_exponent(system, size), abs=0.01)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="sizes must be whole numbers of at least 0"):
        best_errors(walk(1, 1), [-1], [5])
    with pytest.raises(ValueError, match="times must be whole numbers"):
        best_errors(walk(1, 1), [1], [0.5])
    varying = LinearSystem(np.ones((5, 1, 1)), [[1]], [[1]], [[1]])
    for errors, arguments in ((best_errors, ([1], [1])), (diffuse_errors, ([1],)), (truncated_excess, ([1], [1]))):
        with pytest.raises(ValueError, match="time-invariant system"):
            errors(varying, *arguments)


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("factor", [2.0, -0.1, 1e6])
def test_an_output_twice_is_one_output(factor: float, noise: float) -> None:
    """y and a y, with the same noise: (1 + a^2) times the error of one, and never less than the Kalman filter's."""
    rng, times, sizes = np.random.default_rng(3), [3, 10, 100, 300], [0, 1, 2, 3, 5, 8, 24, 64]
    for _ in range(8):
        n = int(rng.integers(1, 4))
        A = np.triu(rng.normal(size=(n, n)), 1) + np.diag(rng.choice([1, -1, 0.5, 0.9, 0.99, 1.05, 0], n))
        C, G = rng.integers(1, 3, (1, n)).astype(float), rng.integers(-2, 3, (n, n)).astype(float)
        one = LinearSystem(A, C, G @ G.T, [[noise]])
        two = LinearSystem(A, np.vstack([C, factor * C]), G @ G.T, noise * np.outer([1, factor], [1, factor]))
        both = best_errors(two, sizes, times)
        np.testing.assert_allclose(both, (1 + factor**2) * best_errors(one, sizes, times), rtol=1e-5, atol=1e-9)
        least = np.array([np.trace(S) for S in innovation_covariances(two, times)])
        assert (both >= (1 - 1e-6) * least[:, None] - 1e-9).all()


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
@pytest.mark.parametrize(
    ("A", "Q"), [([[1, 0], [0, 0.5]], [[1, 0], [0, 1]]), ([[1, 1], [0, 1]], [[0.25, 0.5], [0.5, 1]])]
)
def test_redundant_outputs_have_a_steady_filter(A: list[list[float]], Q: list[list[float]]) -> None:
    one, two = (LinearSystem(A, rows, Q, np.zeros((len(rows),) * 2)) for rows in ([[1, 0]], [[1, 0], [2, 0]]))
    single, double = kalman_gain(one), kalman_gain(two)
    np.testing.assert_allclose(double.innovation, single.innovation * [[1, 2], [2, 4]], rtol=1e-8)
    np.testing.assert_allclose(double.gain @ [[1], [2]], single.gain, rtol=1e-8, atol=1e-12)
    assert design(two, 300, 0.01).needed["size"][0] == design(one, 300, 0.01).needed["size"][0]
