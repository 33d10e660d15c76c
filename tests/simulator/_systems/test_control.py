import control
import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm

from ergoscope.simulator import from_control
from ergoscope.simulator._systems.dead_time import dead_time


def plant(seed: int, states: int = 3, fast: float = 1.0) -> control.StateSpace:
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((states, states)) * fast
    B, C = rng.standard_normal((states, 2)), rng.standard_normal((2, states))
    return control.ss(A, B, C, rng.standard_normal((2, 2)), name="made")


def density(seed: int, states: int = 3) -> np.ndarray:
    root = np.random.default_rng(seed + 100).standard_normal((states, states))
    return root @ root.T


def integral(A: np.ndarray, Q: np.ndarray, dt: float) -> np.ndarray:
    return quad_vec(lambda s: expm(A * s) @ Q @ expm(A * s).T, 0.0, dt, epsabs=0.0, epsrel=1e-12)[0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dt", [1e-3, 0.1, 2.0])
def test_continuous_against_sample_system_and_quadrature(seed: int, dt: float) -> None:
    made, Q, R = plant(seed), density(seed), density(seed, 2)
    system, twin = from_control(made, Q, R, dt), control.sample_system(made, dt, "zoh")
    for word in "ABCD":
        want = getattr(twin, word)
        np.testing.assert_allclose(getattr(system, word), want, rtol=1e-11, atol=1e-12 * np.abs(want).max())
    want = integral(made.A, Q, dt)
    np.testing.assert_allclose(system.Q, want, rtol=1e-10, atol=1e-11 * np.abs(want).max())
    np.testing.assert_array_equal(system.R, R)
    np.testing.assert_array_equal(system.C, made.C)
    assert system.dt == dt and system.name == "made"


def test_double_integrator_in_closed_form() -> None:
    made = control.ss([[0, 1], [0, 0]], [[0], [1]], [[1, 0]], 0)
    for dt in (0.5, 8.0):
        system = from_control(made, [0, 2.0], 0.25, dt)
        np.testing.assert_allclose(system.A, [[1, dt], [0, 1]], rtol=1e-14)
        np.testing.assert_allclose(system.B, [[dt**2 / 2], [dt]], rtol=1e-13)
        np.testing.assert_allclose(system.Q, 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]), rtol=1e-13)
        np.testing.assert_array_equal(system.R, [[0.25]])


def test_a_fast_stable_mode_sampled_slowly() -> None:
    """exp(-A dt), which the block exponential over all of dt holds, would be exp(5000): infinite."""
    A = np.array([[-5000.0, 1.0], [0.0, -0.5]])
    system = from_control(control.ss(A, [[1], [0]], [[1, 1]], 0), 1.0, 1.0, 1.0)
    # Diagonal by hand: A = V diag(l) V^-1, so entry ij of V^-1 Qd V^-T is W_ij (exp((l_i + l_j) dt) - 1) / (l_i + l_j).
    values, vectors = np.linalg.eig(A)
    inverse = np.linalg.inv(vectors)
    sums = values[:, None] + values
    want = vectors @ (inverse @ inverse.T * np.expm1(sums) / sums) @ vectors.T
    np.testing.assert_allclose(system.Q, want, rtol=1e-9)
    np.testing.assert_allclose(system.A, vectors @ np.diag(np.exp(values)) @ inverse, atol=1e-12)
    np.testing.assert_allclose(system.B[:, 0], [1 / 5000, 0], rtol=1e-10, atol=1e-18)


def test_two_samples_in_a_row_are_one_of_twice_the_time() -> None:
    made, Q = plant(7), density(7)
    short, long = from_control(made, Q, 1.0, 0.3), from_control(made, Q, 1.0, 0.6)
    np.testing.assert_allclose(long.A, short.A @ short.A, rtol=1e-10)
    np.testing.assert_allclose(long.Q, short.A @ short.Q @ short.A.T + short.Q, rtol=1e-10)


def test_discrete_plants_are_taken_as_they_are() -> None:
    made = control.ss([[0.5, 1], [0, 1]], [[0], [1]], [[1, 0]], 0.5, 0.1, name="d")
    system = from_control(made, 2.0, [3.0])
    np.testing.assert_array_equal(system.A, made.A)
    np.testing.assert_array_equal(system.D, [[0.5]])
    np.testing.assert_array_equal(system.Q, 2 * np.eye(2))
    np.testing.assert_array_equal(system.R, [[3.0]])
    assert system.dt == 0.1 and from_control(made, 1, 1, dt=0.1).dt == 0.1
    back, Q, R = system.to_control()
    np.testing.assert_array_equal(back.A, made.A)
    np.testing.assert_array_equal(Q, system.Q)
    np.testing.assert_array_equal(R, system.R)
    unspecified = control.ss([[1]], [[1]], [[1]], 0, True)
    assert from_control(unspecified, 1, 1).dt == 1.0 and from_control(unspecified, 1, 1, dt=0.2).dt == 0.2


def test_transfer_functions() -> None:
    made = control.tf([1, 2], [1, 3, 5], name="tf")
    with pytest.warns(UserWarning, match=r"transfer function tf, .* give the noise at its inputs instead"):
        system = from_control(made, 1.0, 1.0, 0.05)
    response = system.C @ np.linalg.solve(np.exp(0.7j) * np.eye(2) - system.A, system.B) + system.D
    np.testing.assert_allclose(response, control.sample_system(made, 0.05, "zoh")(np.exp(0.7j)), rtol=1e-10)
    np.testing.assert_allclose(system.Q, integral(control.tf2ss(made, method="scipy").A, np.eye(2), 0.05), rtol=1e-10)
    assert system.name == "tf"
    discrete = from_control(control.tf([1], [1, -0.5], 2.0), None, 1.0, input_noise=1.0)
    np.testing.assert_allclose(discrete.A, [[0.5]])
    assert discrete.dt == 2.0


def test_what_is_refused() -> None:
    made, discrete = plant(0), control.ss([[1]], [[1]], [[1]], 0, 0.1)
    with pytest.raises(ValueError, match="continuous: pass dt"):
        from_control(made, 1, 1)
    with pytest.raises(ValueError, match=r"sampled every 0\.1 s, got dt = 0\.2"):
        from_control(discrete, 1, 1, 0.2)
    for dt in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="dt must be a positive number"):
            from_control(made, 1, 1, dt)
    with pytest.raises(ValueError, match="Q must be a number, a list of 3 or a 3 x 3 matrix, got shape \\(2,\\)"):
        from_control(made, [1, 2], 1, 0.1)
    with pytest.raises(ValueError, match="R must be a number, a list of 2"):
        from_control(made, 1, np.eye(3), 0.1)
    with pytest.raises(ValueError, match="Q must be a number.*got 'big'"):
        from_control(made, "big", 1, 0.1)
    with pytest.raises(ValueError, match="Q must be symmetric and positive semidefinite"):
        from_control(made, [1, -0.1, 1], 1, 0.1)
    with pytest.raises(ValueError, match="Q must be symmetric"):
        from_control(made, np.triu(np.ones((3, 3))), 1, 0.1)
    with pytest.raises(ValueError, match="Q must hold finite numbers"):
        from_control(made, np.nan, 1, 0.1)
    with pytest.raises(ValueError, match="R must be positive semidefinite"):
        from_control(made, 1, -1, 0.1)
    with pytest.raises(ValueError, match="no state"):
        from_control(control.ss([], [], [], [[1]]), 1, 1, 0.1)
    with pytest.raises(ValueError, match="whether it is continuous or discrete"):
        from_control(control.ss([[1]], [[1]], [[1]], 0, None), 1, 1, 0.1)
    with pytest.raises(ValueError, match="got ndarray"):
        from_control(np.eye(2), 1, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot be converted to state space"):
        from_control(control.tf([1, 0, 0], [1, 1]), 1, 1, 0.1)
    with pytest.raises(ValueError, match="the process noise is missing: give Q"):
        from_control(made, None, 1, 0.1)
    with pytest.raises(ValueError, match="both give the process noise: leave one out"):
        from_control(made, 1, 1, 0.1, input_noise=1)
    with pytest.raises(ValueError, match="input_noise must be finite, symmetric and positive semidefinite, got -1"):
        from_control(made, None, 1, 0.1, input_noise=-1)
    with pytest.raises(ValueError, match="input_noise must be a number, a list of"):
        from_control(made, None, 1, 0.1, input_noise=[1, 2, 3, 4])


def test_noise_at_the_input_does_not_depend_on_the_states() -> None:
    """A transfer function, and its states in other coordinates: outputs have the same covariances."""
    made = control.tf([1, 2], [1, 3, 5], name="tf")
    T = np.array([[2.0, 1.0], [0.0, -3.0]])
    inner = control.tf2ss(made, method="scipy")
    other = control.ss(np.linalg.solve(T, inner.A @ T), np.linalg.solve(T, inner.B), inner.C @ T, inner.D)
    systems = [from_control(one, None, 0.1, 0.05, input_noise=[[4.0]]) for one in (made, other)]
    np.testing.assert_allclose(systems[0].Q, integral(inner.A, 4 * inner.B @ inner.B.T, 0.05), rtol=1e-10)
    for lag in range(4):
        one, two = (s.C @ np.linalg.matrix_power(s.A, lag) @ s.Q @ s.C.T for s in systems)
        np.testing.assert_allclose(one, two, rtol=1e-9)
    discrete = control.ss([[0.9]], [[2.0, 1.0]], [[1]], 0, 0.1)
    np.testing.assert_allclose(from_control(discrete, None, 1, input_noise=[1, 3]).Q, [[7.0]])


def test_noise_at_the_input_is_not_delayed() -> None:
    made = control.tf([1], [1, 1, 0])
    late, prompt = (from_control(made, None, 1, 0.1, delay, input_noise=2.0) for delay in (0.25, 0.0))
    np.testing.assert_allclose(late.Q[:2, :2], prompt.Q, rtol=1e-12)
    assert not late.Q[2:].any()


def test_a_transfer_function_without_process_noise_is_not_warned_about() -> None:
    assert not from_control(control.tf([1], [1, 1]), 0, 1, 0.1).Q.any()


def driven_finely(
    made: control.StateSpace, u: np.ndarray, dt: float, delays: list[float], parts: int
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of a continuous plant whose inputs come late, stepped through ``parts`` pieces of each sampling time."""
    fine = control.sample_system(made, dt / parts, "zoh")
    late = [round(delay / dt * parts) for delay in delays]
    steps = parts * len(u)
    held = np.repeat(u, parts, axis=0)
    seen = np.stack([np.concatenate([np.zeros(d), held[:, i]])[:steps] for i, d in enumerate(late)], axis=1)
    x, y = np.zeros(made.nstates), []
    for t in range(steps):
        if t % parts == 0:
            y.append(made.C @ x + made.D @ seen[t])
        x = fine.A @ x + fine.B @ seen[t]
    return np.array(y), x


@pytest.mark.parametrize(
    "delays", [[0.0, 0.0], [0.04, 0.0], [0.1, 0.2], [0.13, 0.3], [0.31, 0.07]], ids=lambda delays: str(delays)
)
def test_dead_time_against_a_simulation_at_a_fine_step(delays: list[float]) -> None:
    made, dt = plant(3), 0.1
    system = from_control(made, density(3), 1.0, dt, delays)
    u = np.random.default_rng(0).standard_normal((40, 2))
    expected, last = driven_finely(made, u, dt, delays, 10)  # every delay is a whole number of hundredths
    x, outputs = np.zeros(system.states), []
    for t in range(len(u)):
        outputs.append(system.C @ x + system.D @ u[t])
        x = system.A @ x + system.B @ u[t]
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-11 * np.abs(expected).max())
    np.testing.assert_allclose(x[:3], last, rtol=0, atol=1e-11 * np.abs(last).max())
    plain = from_control(made, density(3), 1.0, dt)
    np.testing.assert_array_equal(system.A[:3, :3], plain.A)
    np.testing.assert_array_equal(system.Q[:3, :3], plain.Q)
    assert not system.Q[3:].any() and not system.Q[:, 3:].any()
    assert system.states == 3 + sum(int(np.ceil(delay / dt - 1e-9)) for delay in delays)


def test_dead_time_of_a_discrete_plant_is_whole_samples() -> None:
    made = control.ss([[0.5, 1], [0, 1]], [[0], [1]], [[1, 0]], 0.5, 0.1)
    system = from_control(made, 1.0, 1.0, delay=0.3)  # 0.3 / 0.1 is 2.9999999999999996
    assert system.states == 5
    u = np.random.default_rng(1).standard_normal(30)
    expected = control.forced_response(made, U=np.concatenate([np.zeros(3), u])[:30]).outputs
    late = control.forced_response(system.to_control()[0], U=u).outputs
    np.testing.assert_allclose(late, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_delays_that_are_refused() -> None:
    made, discrete = plant(0), control.ss([[1]], [[1]], [[1]], 0, 0.1)
    for delay in (-0.1, np.nan, [0.1, np.inf]):
        with pytest.raises(ValueError, match="delay must be seconds of at least 0"):
            from_control(made, 1, 1, 0.1, delay)
    with pytest.raises(ValueError, match="one number of seconds or 2, one for each input"):
        from_control(made, 1, 1, 0.1, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="delay must be a number of seconds"):
        from_control(made, 1, 1, 0.1, "late")
    with pytest.raises(ValueError, match=r"multiple of 0\.1 s, got 0\.25"):
        from_control(discrete, 1, 1, delay=0.25)
    with pytest.raises(ValueError, match="600 samples is more than 256"):
        from_control(made, 1, 1, 0.1, 30)
    with pytest.raises(ValueError, match="the plant has no input: leave delay out"):
        dead_time(0.2, 0, 0.1)
