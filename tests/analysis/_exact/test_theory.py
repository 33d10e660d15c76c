import json
import warnings

import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import kalman_gain, theory, trust_horizon
from ergoscope.analysis._exact.covariances import output_power
from ergoscope.analysis._exact.theory import within_trust
from ergoscope.simulator import LinearSystem, zoo, zoo_names


def chain(eigenvalue, size):
    A = eigenvalue * np.eye(size) + np.diag(np.ones(size - 1), 1)
    return LinearSystem(A, np.eye(size)[:1], np.eye(size), [[1]])


def test_theory_of_the_double_integrator():
    found = theory(chain(1, 2))
    assert found[:3] == (2, 2, 4)
    assert found.rho == pytest.approx(kalman_gain(chain(1, 2)).rho)
    assert found.memory == pytest.approx(-1 / np.log(found.rho))
    assert json.loads(json.dumps(found._asdict()))["critical_size"] == 2


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
def test_theory_speaks_of_what_the_output_shows():
    unseen = LinearSystem([[1, 1], [0, 1]], [[0, 1]], np.eye(2), [[1]])
    found = theory(unseen)
    assert found[:3] == (1, 2, 4)
    assert found.rho == pytest.approx((3 - np.sqrt(5)) / 2)
    blind = theory(LinearSystem([[1]], [[0]], [[1]], [[1]]))
    assert blind == (0, 1, 1, 0.0, 0.0)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("system", [chain(1, 2), chain(1, 3), chain(1.1, 2)])
def test_trust_ends_where_rounding_reaches_a_thousandth_of_the_noise(system, precision):
    horizon = trust_horizon(system, precision)
    limit = 1e-6 * kalman_gain(system).innovation[0, 0]
    inside, outside = output_power(system, [horizon, horizon + 1]) * float(np.finfo(precision).eps) ** 2
    assert inside <= limit < outside


def test_trust_agrees_with_measured_learners():
    # Measured: float32 right at step 1000 and wrong at 8000 (double), wrong from 500 (triple); float64 right at 20 000.
    assert 1000 <= trust_horizon(chain(1, 2), "float32") <= 8000
    assert trust_horizon(chain(1, 3), "float32") < 500
    assert trust_horizon(chain(1, 3), "float64") > 20_000
    assert 100 < trust_horizon(chain(1.1, 1), "float64") < 400


def test_trust_of_integrators_to_the_last_sample():
    """Whole numbers: the power of the double integrator is 1 + t + sum of k^2, its limit 1e-6 S / eps^2."""
    limit = 1e-6 * kalman_gain(chain(1, 2)).innovation[0, 0] / float(np.finfo(np.float64).eps) ** 2

    def power(t: int) -> int:
        return 1 + t + (t - 1) * t * (2 * t - 1) // 6

    horizon = trust_horizon(chain(1, 2), "float64")
    assert power(horizon) <= limit < power(horizon + 1)
    for seed in (0, 1):  # in another basis, where rounding splits the eigenvalues
        T = np.random.default_rng(seed).standard_normal((2, 2))
        inverse, Q = np.linalg.inv(T), T @ T.T
        moved = LinearSystem(T @ chain(1, 2).A @ inverse, chain(1, 2).C @ inverse, (Q + Q.T) / 2, [[1]])
        assert trust_horizon(moved, "float64") == pytest.approx(horizon, rel=1e-6)


def test_a_horizon_beyond_trust_never_shows():
    system = chain(1.1, 1)
    trust = trust_horizon(system, "float64")
    assert within_trust(system, trust) == trust
    assert within_trust(system, trust + 1) is None
    assert within_trust(system, None) is None
    assert within_trust(system, 100, "float32") is None
    assert within_trust(chain(1, 1), 10**8) == 10**8
    assert within_trust(varying(system, 2), trust + 10) is None


def test_trust_without_end_and_without_start():
    assert trust_horizon(LinearSystem([[0.9]], [[1]], [[1]], [[1]]), "float32") is None
    assert trust_horizon(chain(1, 1), "float64") is None
    # Units beyond a float32: |y|^2 overflows at once.
    assert trust_horizon(LinearSystem([[1]], [[1]], [[1e40]], [[1e40]]), "float32") == 0
    with pytest.raises(ValueError, match="'float32' or 'float64', got 'half'"):
        trust_horizon(chain(1, 1), "half")


def varying(system, steps):
    return system.replace(A=np.tile(system.A, (steps, 1, 1)))


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("system", [chain(1.1, 1), chain(1.1, 3)])
def test_trust_of_a_system_that_varies_in_time_is_found_by_following_it(system, precision):
    # Where nothing moves it is that of the constant system, whose S has settled by then.
    expected = trust_horizon(system, precision)
    assert abs(trust_horizon(varying(system, 2), precision, 1000) - expected) <= 1
    assert trust_horizon(varying(system, 2), precision, expected - 5) is None


def test_trust_of_a_system_that_varies_in_time_ends_where_it_starts_to_grow():
    A = np.where(np.arange(400) < 200, 0.9, 1.1)[:, None, None]
    found = trust_horizon(LinearSystem(A, [[1]], [[1]], [[1]]), "float64", 1000)
    assert found == pytest.approx(200 + trust_horizon(chain(1.1, 1), "float64"), abs=10)
    with pytest.raises(ValueError, match="varies in time: pass the horizon"):
        trust_horizon(LinearSystem(A, [[1]], [[1]], [[1]]), "float64")


def test_an_eigenvalue_at_the_edge_of_the_unit_circle_gets_a_warning() -> None:
    """Within 1e-9 it is on the circle, beyond 1e-6 it is not; between them the answer depends on rounding."""

    def walk(root: float) -> LinearSystem:
        return LinearSystem(A=[[root]], C=[[1.0]], Q=[[1.0]], R=[[1.0]], name="walk")

    with pytest.warns(UserWarning, match=r"walk has an eigenvalue of modulus 1 -3.0e-08, which is taken as stable"):
        assert theory(walk(1 - 3e-8)).critical_size == 0
    with pytest.warns(UserWarning, match="taken as explosive"):
        assert theory(walk(1 + 3e-8)).critical_size == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for root in (1.0, 1 - 1e-11, 1 - 1e-5, 0.5):
            theory(walk(root))


def turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


DEPENDENT = {  # A, C, the warning: how near, and the other answer
    "pair 1e-7": (
        [[1, 1], [1e-7, 1]],
        [1, 0],
        r"m = 1, d\*\^2 = 1, h\* = 1; from [34]\.\de-08 .* m = 2, d\*\^2 = 4, h",
    ),
    "pair 1e-9": (
        [[1, 1], [1e-9, 1]],
        [1, 0],
        r"m = 1, d\*\^2 = 1, h\* = 1; from [34]\.\de-10 .* m = 2, d\*\^2 = 4, h",
    ),
    "pair that splits": ([[1, 1], [0, 1 - 2e-7]], [1, 0], r"m = 0, d\*\^2 = 0, h\* = 0; up to .* m = 1"),
    "tones that count as one": (
        block_diag(turn(0.3), turn(0.3 + 1e-7)),
        [1, 0, 1, 0],
        r"2 eigenvalues near 0.955336\+0.29552j lie 5.0e-08 from their mean, .* d\*\^2 = 8; .* distinct it would be 4",
    ),
    "hardly seen": (
        [[0.0, 1.0], [1.0, 0.0]],
        [1 + 1e-9, 1 - 1e-9],
        r"h\* = 2; from \d\.\de-0?9 it would be .* h\* = 1",
    ),
    "nearly seen": (
        [[0.0, 1.0], [1.0, 0.0]],
        [1 + 1e-11, 1 - 1e-11],
        r"h\* = 1; up to \d\.\de-11 it would be .* h\* = 2",
    ),
}


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
@pytest.mark.filterwarnings("ignore:.*depends on a tolerance:UserWarning")
@pytest.mark.filterwarnings("ignore:.*has an eigenvalue of modulus:UserWarning")
@pytest.mark.parametrize("name", DEPENDENT)
def test_an_answer_that_depends_on_a_tolerance_gets_a_warning(name: str) -> None:
    A, C, words = DEPENDENT[name]
    with pytest.warns(UserWarning, match=words) as said:
        theory(LinearSystem(A, [C], np.eye(len(A)), [[1.0]], name=name))
    assert said[0].filename == __file__


FIRM = {
    "pair 1e-5": ([[1, 1], [1e-5, 1]], [1, 0]),
    "tones 1e-3 apart": (block_diag(turn(0.3), turn(0.301)), [1, 0, 1, 0]),
    "seen by 1e-6": (np.diag([1.0, -1.0]), [1, 1e-6]),
    "seen by 1e-11, a matter of units": (np.diag([1.0, -1.0]), [1, 1e-11]),
    "chain in another basis": (
        np.linalg.inv(np.vander([1.0, 2, 4])) @ chain(1, 3).A @ np.vander([1.0, 2, 4]),
        [1, 0, 0],
    ),
}


@pytest.mark.parametrize("name", FIRM)
def test_a_firm_answer_gets_no_warning(name: str) -> None:
    A, C = FIRM[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theory(LinearSystem(A, [C], np.eye(len(A)), [[1.0]]))


def test_no_ready_system_is_on_the_edge() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in zoo_names():
            if not zoo(name).time_varying:
                theory(zoo(name))
