import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis._exact.block_risk import best_submatrices, submatrix_risk
from ergoscope.simulator import LinearSystem


def figure_1(eigenvalue):
    A = block_diag(eigenvalue * np.eye(4) + np.diag(np.ones(3), 1), 0.4 * np.eye(3))
    return LinearSystem(A, np.eye(7), np.eye(7), np.zeros((7, 7)))


@pytest.mark.parametrize(
    ("eigenvalue", "steps", "expected"),
    [
        (1.0, 10, [6.81, 4.70, 2.11, 0.44, 0.32, 0.17, 0]),
        (1.0, 40, [13.66, 8.64, 3.19, 0.45, 0.32, 0.17, 0]),
        (1.0, 70, [16.48, 10.30, 3.70, 0.45, 0.32, 0.17, 0]),
        (1.1, 10, [7.82, 5.65, 2.68, 0.44, 0.32, 0.17, 0]),
        (1.1, 70, [27.05, 20.42, 12.42, 0.45, 0.32, 0.17, 0]),
    ],
)
def test_figure_1(eigenvalue, steps, expected):
    system = figure_1(eigenvalue)
    risk = submatrix_risk(system, best_submatrices(system, steps), steps)
    np.testing.assert_allclose(np.log1p(risk), expected, atol=0.0051)


def test_against_normal_equations():
    system, steps = figure_1(1.0), 30
    G, S = np.eye(7), np.zeros((7, 7))
    for _ in range(1, steps):
        S = S + G
        G = system.A @ G @ system.A.T + system.Q
    fits = best_submatrices(system, steps)
    for k in range(1, 8):
        twin = np.zeros((7, 7))
        twin[:k, :k] = (system.A @ S)[:k, :k] @ np.linalg.inv(S[:k, :k])
        # The twin squares the condition number, about 1e8 here.
        np.testing.assert_allclose(fits[k - 1], twin, atol=1e-7)
    some = np.random.default_rng(0).standard_normal((3, 7, 7))
    risks = [np.trace((system.A - M) @ S @ (system.A - M).T) / (steps - 1) for M in some]
    np.testing.assert_allclose(submatrix_risk(system, some, steps), risks, rtol=1e-12)


def test_the_plateau_is_the_power_left_out():
    system = figure_1(1.0)
    risk = submatrix_risk(system, best_submatrices(system, 2000), 2000)
    np.testing.assert_allclose(risk[3:], (7 - np.arange(4, 8)) * 0.16 / 0.84, rtol=1e-3, atol=1e-6)


def test_bad_arguments_are_refused():
    system = figure_1(1.0)
    with pytest.raises(ValueError, match="steps must be a whole number of at least 2"):
        best_submatrices(system, 1)
    with pytest.raises(ValueError, match=r"estimates must have shape \(size, 7, 7\)"):
        submatrix_risk(system, np.eye(7), 10)
