import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis._exact.covariances import output_power
from ergoscope.simulator import LinearSystem


def jordan(eigenvalue, size):
    return eigenvalue * np.eye(size) + np.diag(np.ones(size - 1), 1)


@pytest.mark.parametrize(
    "A",
    [
        jordan(1, 3),
        jordan(1.1, 3),
        block_diag(1.5, jordan(1, 2), 0.3),
        np.array([[0.6, -0.8, 1], [0.8, 0.6, 0], [0, 0, 0.9]]),
    ],
)
@pytest.mark.parametrize("basis", [None, 0])
def test_power_against_the_lyapunov_recursion(A, basis):
    n = len(A)
    T = np.eye(n) if basis is None else np.random.default_rng(basis).standard_normal((n, n))
    A = T @ A @ np.linalg.inv(T)
    C = np.ones((1, n)) @ np.linalg.inv(T)
    Q, P = T @ T.T, T @ np.diag(np.arange(1.0, n + 1)) @ T.T
    system = LinearSystem(A, C, (Q + Q.T) / 2, [[0.5]])
    start, twin = P, []
    for _ in range(301):
        twin.append(np.trace(C @ P @ C.T) + 0.5)
        P = A @ P @ A.T + system.Q
    times = [300, 0, 1, 2, 7, 64, 65, 299]
    np.testing.assert_allclose(output_power(system, times, (start + start.T) / 2), np.array(twin)[times], rtol=1e-7)


def test_power_of_the_triple_integrator_at_a_million():
    t = 10**6
    # E y_t^2 = r + q sum_{k<t} (1 + k^2 + (k (k-1) / 2)^2), summed in whole numbers.
    k2 = (t - 1) * t * (2 * t - 1) // 6
    k3 = ((t - 1) * t // 2) ** 2
    k4 = (t - 1) * t * (2 * t - 1) * (3 * (t - 1) ** 2 + 3 * (t - 1) - 1) // 30
    exact = 1 + t + k2 + (k4 - 2 * k3 + k2) / 4
    system = LinearSystem(jordan(1, 3), [[1, 0, 0]], np.eye(3), [[1]])
    np.testing.assert_allclose(output_power(system, [t]), [exact], rtol=1e-11)


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_power_of_chains_at_a_thousand_million(seed):
    """Rounding splits a multiple eigenvalue; its powers were off by 73 % at t = 1e8 in another basis."""
    t = 10**9
    # sum over k < t of k^2 and of (k (k-1) / 2)^2, in whole numbers
    k2 = (t - 1) * t * (2 * t - 1) // 6
    k3 = ((t - 1) * t // 2) ** 2
    k4 = (t - 1) * t * (2 * t - 1) * (3 * (t - 1) ** 2 + 3 * (t - 1) - 1) // 30
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    twice = np.block([[turn, np.eye(2)], [np.zeros((2, 2)), turn]])
    exact = {
        "double": (jordan(1, 2), 1 + t + k2),
        "triple": (jordan(1, 3), 1 + t + k2 + (k4 - 2 * k3 + k2) // 4),
        "triple at -1": (jordan(-1, 3), 1 + t + k2 + (k4 - 2 * k3 + k2) // 4),
        # [1, 0] turn^k x has the mean square 1 over both columns, k turn^(k-1) likewise
        "tone twice": (twice, 1 + t + k2),
    }
    for name, (A, power) in exact.items():
        n = len(A)
        T = np.eye(n) if seed is None else np.random.default_rng(seed).standard_normal((n, n))
        inverse, Q = np.linalg.inv(T), T @ T.T
        system = LinearSystem(T @ A @ inverse, np.eye(n)[:1] @ inverse, (Q + Q.T) / 2, [[1]])
        np.testing.assert_allclose(output_power(system, [t]), [float(power)], rtol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
def test_overflow_is_infinite_and_silent():
    system = LinearSystem(np.diag([1.1, 1.0]), [[1, 1]], np.eye(2), [[1]])
    power = output_power(system, [3000, 10**4, 10**9])
    assert np.isfinite(power[0])
    assert np.isinf(power[1:]).all()
    unseen = LinearSystem(np.diag([1.1, 1.0]), [[0, 1]], np.eye(2), [[1]])
    np.testing.assert_allclose(output_power(unseen, [10**6]), [1 + 10**6], rtol=1e-12)


def test_bad_times_are_refused():
    with pytest.raises(ValueError, match="times must be whole numbers of at least 0"):
        output_power(LinearSystem([[1]], [[1]], [[1]], [[1]]), [-1])
