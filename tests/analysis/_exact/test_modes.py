import math
import warnings

import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import best_errors, critical_length, parameter_threshold, unstable_modes
from ergoscope.analysis._exact.modes import growth_exponent
from ergoscope.simulator import LinearSystem


def jordan(eigenvalue, size):
    return eigenvalue * np.eye(size) + np.diag(np.ones(size - 1), 1)


def rotation(angle, modulus=1.0):
    return modulus * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def plant(A, C=None, Q=None):
    A = np.asarray(A, dtype=float)
    C = np.eye(len(A)) if C is None else np.atleast_2d(C)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*never shows in the output")  # unseen modes are meant
        return LinearSystem(A, C, np.eye(len(A)) if Q is None else Q, np.eye(len(C)))


def in_another_basis(system, P0, seed):
    T = np.random.default_rng(seed).standard_normal(system.A.shape)
    inverse = np.linalg.inv(T)
    moved = [T @ P @ T.T for P in (system.Q, P0)]
    Q, P0 = ((P + P.T) / 2 for P in moved)
    return LinearSystem(T @ system.A @ inverse, system.C @ inverse, Q, system.R), P0


PAIR_TWICE = np.block([[rotation(0.7), np.eye(2)], [np.zeros((2, 2)), rotation(0.7)]])
SPACED = [[1, 1e-3, 0.5e-6], [0, 1, 1e-3], [0, 0, 1]]

TANK_AND_TONE = np.array([[0.7, 0.4, 0, 0], [-0.3, 0.5, 0, 0], [0.2, 0.1, 0.6, -0.8], [0.3, -0.4, 0.8, 0.6]])
ACTUATOR_AND_TONE = np.block(
    [[np.array([[0, 1], [-0.5, 1.2]]), np.zeros((2, 2))], [np.array([[0, 0], [0.4, 0.1]]), rotation(0.9)]]
)

# system, P0, m, d*^2, h*, growth exponents of lengths 0, 1, 2, ..
TABLE = {
    "J_4(1), state seen": (plant(jordan(1, 4)), 0, 4, 16, 1, [7, 0]),
    "diag(1, 1.1, 1.2, 1.3)": (plant(np.diag([1, 1.1, 1.2, 1.3])), 0, 4, 4, 1, [math.inf, 0]),
    "diag(1, 1.002, 1.004, -1)": (plant(np.diag([1, 1.002, 1.004, -1])), 0, 4, 4, 1, [math.inf, 0]),
    "three roots near one": (plant(np.diag([0.9999, 0.99999, 1.0])), 0, 1, 1, 1, [1, 0]),
    "complex pair twice": (plant(PAIR_TWICE), 0, 4, 8, 1, [3, 0]),
    "strictly stable": (plant(np.diag([0.5, 0.9, 0.9])), 0, 0, 0, 0, [0, 0]),
    "Figure 1": (plant(block_diag(jordan(1, 4), 0.4 * np.eye(3))), 0, 4, 16, 1, [7, 0]),
    "J_2(1), state seen": (plant(jordan(1, 2)), 0, 2, 4, 1, [3, 0]),
    "double integrator": (plant(jordan(1, 2), [1, 0]), 0, 2, 4, 2, [3, 1, 0]),
    "triple integrator": (plant(jordan(1, 3), [1, 0, 0]), 0, 3, 9, 3, [5, 3, 1, 0]),
    "triple, sampled fast": (plant(SPACED, [1, 0, 0], np.diag([0, 0, 1e-6])), 0, 3, 9, 3, [5, 3, 1, 0]),
    "triple, weak slopes": (plant(jordan(1, 3), [1, 0, 0], np.diag([1, 1e-8, 1e-10])), 0, 3, 9, 3, [5, 3, 1, 0]),
    "two tones": (plant(block_diag(rotation(0.3), rotation(1.1)), [1, 0, 1, 0]), 0, 4, 4, 4, [1, 1, 1, 1, 0]),
    "J_3(1.1)": (plant(jordan(1.1, 3), [1, 0, 0]), 0, 3, 9, 3, [math.inf, math.inf, math.inf, 0]),
    "1.1 beside J_3(1)": (plant(block_diag(1.1, jordan(1, 3)), [1, 1, 0, 0]), 0, 4, 10, 4, [math.inf, 5, 3, 1, 0]),
    "trend, fixed slope": (plant(jordan(1, 2), [1, 0], np.diag([1.0, 0])), 0, 2, 4, 1, [1, 0]),
    "trend, random slope": (plant(jordan(1, 2), [1, 0], np.diag([1.0, 0])), np.diag([0, 1.0]), 2, 4, 1, [2, 0]),
    "chain, no noise": (plant(jordan(1, 4), np.eye(4)[:1], np.zeros((4, 4))), np.eye(4), 4, 16, 3, [6, 4, 2, 0]),
    "explosive, nothing excites": (plant(jordan(1.1, 2), [1, 0], np.zeros((2, 2))), 0, 2, 4, 0, [0]),
    "oscillator that the output does not see": (plant(TANK_AND_TONE, [1, 0.5, 0, 0]), 0, 2, 2, 0, [0, 0, 0]),
    "a row that sees no growing mode": (plant(TANK_AND_TONE, [[0, 0, 1, 0], [1, 0, 0, 0]]), 0, 2, 2, 2, [1, 1, 0]),
    "an actuator drives an oscillator": (
        plant(ACTUATOR_AND_TONE, [[1, 0, 0, 0], [0, 0, 1, 0]], np.diag([0, 1.0, 0, 0])),
        0,
        2,
        2,
        2,
        [1, 1, 0],
    ),
    "a decaying state before a chain": (
        plant([[0.9, 0, 0], [0.3, 1, 1], [0.2, 0, 1]], [[1, 0, 0], [0, 1, 0]]),
        0,
        2,
        4,
        2,
        [3, 1, 0],
    ),
    "a tone beside an explosive mode, tone unseen": (
        plant(block_diag(1.2, rotation(0.7)) + np.eye(3, k=-1) * [[0], [0.5], [0]], [1, 0, 0]),
        0,
        3,
        3,
        1,
        [math.inf, 0],
    ),
    "explosive, P0 alone": (plant(jordan(1.1, 2), [1, 0], np.zeros((2, 2))), np.eye(2), 2, 4, 2, [math.inf] * 2 + [0]),
}


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
@pytest.mark.parametrize("name", TABLE)
def test_counts(name):
    system, P0, m, threshold, length, exponents = TABLE[name]
    P0 = P0 + np.zeros_like(system.A)
    moved = [in_another_basis(system, P0, seed) for seed in (1, 2, 3)]
    for twin, start in ((system, P0), *moved):
        assert unstable_modes(twin) == m
        assert parameter_threshold(twin) == threshold
        assert critical_length(twin, start) == length
        assert [growth_exponent(twin, size, start) for size in range(len(exponents))] == exponents


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
def test_a_mode_that_is_not_seen_costs_no_tap():
    system = plant(np.diag([1.0, 1.2]), [1, 0])
    for twin, _ in ((system, None), *(in_another_basis(system, np.zeros((2, 2)), seed) for seed in (1, 2, 3))):
        assert unstable_modes(twin) == 2
        assert parameter_threshold(twin) == 2
        assert critical_length(twin) == 1
        assert [growth_exponent(twin, size) for size in (0, 1)] == [1, 0]


def test_a_row_of_zero_in_modal_coordinates_is_no_row():
    # The error of one tap grows like t: 109, 10 599, 1 059 569; two taps bound it.
    system = plant(TANK_AND_TONE, [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert critical_length(system) == 2
    errors = best_errors(system, [1, 2], [10**2, 10**4, 10**6])
    np.testing.assert_allclose(errors[:, 0], [109, 10_599, 1_059_569], rtol=0.01)
    np.testing.assert_allclose(errors[1:, 1], errors[2, 1], rtol=1e-3)


def test_two_outputs_share_the_taps():
    two = plant(jordan(1, 4), [[1, 0, 0, 0], [0, 0, 1, 0]])
    assert critical_length(two) == 2


POSITIVE = ["double integrator", "triple integrator", "triple, weak slopes", "J_3(1.1)", "1.1 beside J_3(1)"]


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("lookahead", [1, 2, 5, 10, 30])
def test_with_positive_real_modes_the_length_is_the_same_however_far_one_looks(name, lookahead):
    system, P0, _, _, length, _ = TABLE[name]
    for twin, start in ((system, None), in_another_basis(system, P0 + np.zeros_like(system.A), 1)):
        assert critical_length(twin, start, lookahead) == length


@pytest.mark.parametrize("lookahead", range(1, 9))
@pytest.mark.parametrize(
    ("A", "lengths"),  # of lookaheads 1, 2, .., over and over
    [
        (rotation(np.pi / 2), [2, 1]),
        (np.diag([1.0, -1.0]), [2, 1]),
        (rotation(np.pi / 3), [2, 2, 1]),
        (block_diag(1.0, rotation(2 * np.pi / 3)), [3, 2, 1]),
        (block_diag(rotation(0.5), rotation(1.3)), [4]),
    ],
)
def test_powers_that_coincide_need_fewer_taps(A, lengths, lookahead):
    system = plant(A, [1, 0] * (len(A) // 2) if len(A) % 2 == 0 and A[0, 1] else [1] * len(A))
    length = critical_length(system, None, lookahead)
    assert length == lengths[(lookahead - 1) % len(lengths)]
    early, late = best_errors(system, range(len(A) + 1), [2000, 8000], lookahead=lookahead)
    np.testing.assert_array_equal(late > 2 * early, np.arange(len(A) + 1) < length)


def test_a_time_varying_system_is_refused():
    system = LinearSystem(np.ones((5, 1, 1)), [[1]], [[1]], [[1]])
    for count in (unstable_modes, parameter_threshold, critical_length):
        with pytest.raises(ValueError, match="time-invariant system"):
            count(system)


def test_bad_arguments_are_refused():
    system = plant(jordan(1, 2), [1, 0])
    with pytest.raises(ValueError, match=r"initial_covariance must have shape \(2, 2\)"):
        critical_length(system, np.eye(3))
    with pytest.raises(ValueError, match="positive semidefinite"):
        critical_length(system, np.diag([1, -1]))
    with pytest.raises(ValueError, match="at least 0"):
        growth_exponent(system, -1)
    with pytest.raises(ValueError, match="lookahead must be a whole number of at least 1, got 0"):
        critical_length(system, lookahead=0)
