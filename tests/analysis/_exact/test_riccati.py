import control
import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import innovation_covariances, kalman_gain
from ergoscope.simulator import LinearSystem


def jordan(eigenvalue, size):
    return eigenvalue * np.eye(size) + np.diag(np.ones(size - 1), 1)


def riccati(system, P, steps):
    """The textbook recursion, y predicted from the past alone."""
    innovations = []
    for _ in range(steps):
        S = system.C @ P @ system.C.T + system.R
        innovations.append(S)
        K = system.A @ P @ system.C.T @ np.linalg.pinv(S, rcond=1e-12, hermitian=True)
        P = system.A @ P @ system.A.T + system.Q - K @ S @ K.T
    return np.array(innovations), P


@pytest.mark.parametrize(("q", "rho", "tau"), [(1.0, 0.382, 1.04), (0.1, 0.730, 3.18), (0.01, 0.905, 10.0)])
def test_random_walk(q, rho, tau):
    steady = kalman_gain(LinearSystem([[1]], [[1]], [[q]], [[1]]))
    P = (q + np.sqrt(q * q + 4 * q)) / 2
    assert steady.covariance[0, 0] == pytest.approx(P, rel=1e-12)
    assert steady.gain[0, 0] == pytest.approx(P / (P + 1), rel=1e-12)
    assert steady.rho == pytest.approx(1 - P / (P + 1), rel=1e-12)
    assert steady.rho == pytest.approx(rho, abs=5e-4)
    assert steady.memory == pytest.approx(tau, abs=0.05)


@pytest.mark.parametrize(
    "system",
    [
        LinearSystem(jordan(1, 2), [[1, 0]], np.eye(2), [[1]]),
        LinearSystem(jordan(1.1, 3), [[1, 0, 0]], np.eye(3), [[10]]),
        LinearSystem(block_diag(jordan(1, 2), 1.3, 0.5), [[1, 0, 1, 1], [0, 0, 2, 1]], np.eye(4), [[2, 1], [1, 3]]),
    ],
)
def test_gain_against_control(system):
    gain, covariance, _ = control.dlqe(system.A, np.eye(system.states), system.C, system.Q, system.R)
    steady = kalman_gain(system)
    np.testing.assert_allclose(steady.covariance, covariance, rtol=1e-8)
    # Both gains are those of the one-step predictor, L = A K.
    np.testing.assert_allclose(steady.gain, gain, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(steady.gain, system.A @ steady.filter_gain, rtol=1e-8, atol=1e-10)


def test_a_unit_mode_without_noise_is_learnt():
    system = LinearSystem(jordan(1, 2), [[1, 0]], np.diag([1.0, 0]), [[1]])
    steady = kalman_gain(system)
    golden = (1 + np.sqrt(5)) / 2
    np.testing.assert_allclose(steady.covariance, np.diag([golden, 0]), atol=1e-12)
    assert (steady.rho, steady.memory) == (1.0, np.inf)
    # What is still unknown of the fixed slope adds a term in 1/t to the innovation.
    late = innovation_covariances(system, [10**3, 10**4, 10**6], np.eye(2))[:, 0, 0] - golden - 1
    np.testing.assert_allclose(late[1:] / late[:-1], [0.1, 0.01], rtol=0.01)


def test_a_chain_without_any_noise():
    steady = kalman_gain(LinearSystem(jordan(1, 3), [[1, 0, 0]], np.zeros((3, 3)), [[1]]))
    assert (steady.covariance == 0).all()
    assert (steady.rho, steady.memory) == (1.0, np.inf)
    np.testing.assert_allclose(steady.innovation, [[1.0]])


def test_without_measurement_noise():
    walk = kalman_gain(LinearSystem([[1]], [[1]], [[2.0]], [[0]]))
    np.testing.assert_allclose([walk.gain[0, 0], walk.covariance[0, 0]], [1, 2], rtol=1e-12)
    assert (walk.rho, walk.memory) == (0.0, 0.0)
    twice = LinearSystem(jordan(1, 2), [[1, 0], [1, 0]], np.eye(2), np.zeros((2, 2)))
    _, P = riccati(twice, np.eye(2), 200)
    np.testing.assert_allclose(kalman_gain(twice).covariance, P, rtol=1e-9)


def test_an_explosive_mode_without_noise_is_still_tracked():
    # Stabilising solution: the closed loop mirrors 1.25 to 0.8, P = (1.25^2 - 1) r.
    steady = kalman_gain(LinearSystem([[1.25]], [[1]], [[0]], [[1]]))
    assert steady.rho == pytest.approx(0.8, rel=1e-9)
    assert steady.covariance[0, 0] == pytest.approx(1.25**2 - 1, rel=1e-9)


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
def test_a_growing_mode_that_is_not_seen_is_refused():
    with pytest.raises(ValueError, match="leave the unseen states out"):
        kalman_gain(LinearSystem(jordan(1, 2), [[0, 1]], np.eye(2), [[1]]))


@pytest.mark.parametrize(
    "system",
    [
        LinearSystem(jordan(1, 3), [[1, 0, 0]], np.eye(3), [[1]]),
        LinearSystem(block_diag(jordan(1.1, 2), 0.5), [[1, 0, 1], [0, 0, 1]], np.eye(3), np.diag([1, 0])),
        LinearSystem(jordan(1, 2), [[1, 0], [1, 0]], np.eye(2), np.zeros((2, 2))),
    ],
)
def test_innovations_against_the_textbook_recursion(system):
    P0 = np.diag(np.arange(1.0, system.states + 1))
    twin, _ = riccati(system, P0, 100)
    times = [99, 0, 1, 2, 10]
    np.testing.assert_allclose(innovation_covariances(system, times, P0), twin[times], rtol=1e-8)


@pytest.mark.parametrize("lookahead", [2, 5])
def test_forecasts_further_ahead_spread_the_state_they_start_from(lookahead):
    system, P0 = LinearSystem(jordan(1.1, 3), [[1, 0, 0]], np.diag([1, 0, 0.5]), [[2]]), np.diag([1.0, 2, 3])
    times = [40, 0, 1, lookahead - 1, lookahead]
    made = innovation_covariances(system, times, P0, lookahead)
    for t, S in zip(times, made, strict=True):
        _, P = riccati(system, P0, max(t - lookahead + 1, 0))
        for _ in range(min(lookahead - 1, t)):
            P = system.A @ P @ system.A.T + system.Q
        np.testing.assert_allclose(S, system.C @ P @ system.C.T + system.R, rtol=1e-9)


def test_doubling_equals_the_recursion_where_nothing_settles():
    # A nearly noise-free walk: memory 1e4 steps, so 3000 steps are far from the limit.
    system = LinearSystem([[1]], [[1]], [[1e-8]], [[1]])
    twin, _ = riccati(system, np.array([[1.0]]), 9001)
    times = [3001, 3010, 4096, 9000]
    np.testing.assert_allclose(innovation_covariances(system, times, [[1]]) - 1, twin[times] - 1, rtol=1e-9)
    limit = (1e-8 + np.sqrt(1e-16 + 4e-8)) / 2
    np.testing.assert_allclose(innovation_covariances(system, [10**6], [[1]])[0, 0, 0] - 1, limit, rtol=1e-9)


def moving_average(*factors, r=0.0):
    """y_t = c_0 w_t + c_1 w_{t-1} + .., with c the product of the factors."""
    c = np.array([1.0])
    for factor in factors:
        c = np.convolve(c, factor)
    noise = np.eye(len(c))[:, :1]
    return LinearSystem(np.diag(np.ones(len(c) - 1), -1), [c], noise @ noise.T, [[r]])


@pytest.mark.parametrize(
    ("factors", "innovation"),
    [
        ([[1, -1]], 1),
        ([[1, 0, 0, 0, -1]], 1),
        ([[1, 1]], 1),
        ([[1, -1.2, 1]], 1),
        ([[1, -1], [1, -1]], 1),
        ([[1, -1], [1, -1], [1, -1]], 1),
        ([[1, 0, 0, 0, -1], [1, -1]], 1),
        ([[1, -1], [1, -0.5]], 1),
        ([[1, -1], [1, -2]], 4),  # a zero outside is mirrored: prod |z|^2
    ],
)
def test_zeros_on_the_unit_circle(factors, innovation):
    steady = kalman_gain(moving_average(*factors))
    np.testing.assert_allclose(steady.innovation, [[innovation]], rtol=1e-9)
    assert (steady.rho, steady.memory) == (1.0, np.inf)


def test_a_zero_on_the_circle_is_approached_like_one_over_t():
    # Of y_t = w_t - w_{t-1} with w_{-1} unknown, S_t = (t + 2) / (t + 1).
    system = moving_average([1, -1])
    times = np.array([0, 1, 5, 100, 2000])
    found = innovation_covariances(system, times, np.diag([1.0, 1.0]))[:, 0, 0]
    np.testing.assert_allclose(found, (times + 2) / (times + 1), rtol=1e-9)


def test_zeros_on_the_circle_beside_other_dynamics():
    # An integrated random walk measured as its difference, and two outputs of which one has such a zero.
    root = LinearSystem([[0.5, 0], [1, 0]], [[1, -1]], np.diag([1.0, 0]), [[0]])
    assert kalman_gain(root).innovation == pytest.approx(1)
    assert kalman_gain(root).rho == 1
    two = LinearSystem(
        block_diag([[0, 0], [1, 0]], 0.5), [[1, -1, 0], [0, 0, 1]], np.diag([1.0, 0, 1]), np.zeros((2, 2))
    )
    np.testing.assert_allclose(kalman_gain(two).innovation, np.eye(2), atol=1e-9)
    assert kalman_gain(two).rho == 1
    noisy = moving_average([1, -1], r=0.01)  # with noise on the sample the zero moves inside
    limit = innovation_covariances(noisy, [5000], np.eye(2))[0]
    np.testing.assert_allclose(kalman_gain(noisy).innovation, limit, rtol=1e-9)
    assert kalman_gain(noisy).rho < 1


@pytest.mark.parametrize("seed", range(4))
def test_rounding_does_not_excite_an_explosive_mode(seed):
    # Noise reaches the modes at 1 and 0.5 only. From t = 100 on S was 8.517, that of a driven mode at 1.5, for 3.785.
    T = np.random.default_rng(seed).standard_normal((3, 3))
    inverse, noise = np.linalg.inv(T), T[:, 1:]
    Q = noise @ noise.T
    system = LinearSystem(T @ np.diag([1.5, 1, 0.5]) @ inverse, np.ones((1, 3)) @ inverse, (Q + Q.T) / 2, [[1]])
    plain = LinearSystem(np.diag([1, 0.5]), [[1, 1]], np.eye(2), [[1]])
    times = [5, 50, 300, 2000]
    np.testing.assert_allclose(innovation_covariances(system, times), innovation_covariances(plain, times), rtol=1e-8)
