"""Scales that follow the units, and eigenvalues that do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.simulator import LinearSystem
from ergoscope.simulator._systems.eigenvalues import distinct_eigenvalues, forgets
from ergoscope.simulator._systems.scaling import unit_scales

A = np.array([[0.7, 0.4, 0, 0], [-0.3, 0.5, 0, 0], [0.2, 0.1, 1, 1], [0.3, -0.4, 0, 1]])
C = np.array([[1.0, 0, 1, 0], [0, 1, 0, 0]])
Q = np.array([1.0, 0.01, 0, 1e-4])


@settings(max_examples=50)
@given(
    states=st.lists(st.integers(-40, 40), min_size=4, max_size=4),
    outputs=st.lists(st.integers(-40, 40), min_size=2, max_size=2),
)
def test_scales_follow_the_units_exactly(states: list[int], outputs: list[int]) -> None:
    x, y = 2.0 ** np.array(states), 2.0 ** np.array(outputs)
    moved = unit_scales(A / x[:, None] * x, C / y[:, None] * x, Q / x**2)
    right = unit_scales(A, C, Q)
    np.testing.assert_array_equal(moved[0] * x, right[0])
    np.testing.assert_array_equal(moved[1] * y, right[1])


def test_a_state_that_nothing_excites_or_sees_has_a_scale() -> None:
    states, outputs = unit_scales(np.diag([1.0, 0.5, 0.5]), np.array([[1.0, 0, 0], [0, 0, 0]]), np.array([0.0, 4, 0]))
    assert (states > 0).all() and (outputs > 0).all()
    assert unit_scales(np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1)) == (1, 1)


@pytest.mark.parametrize("size", [1e-12, 1e-10, 1.0, 1e8, 1e12])
def test_the_unit_of_an_output_gives_no_warning(size: float) -> None:
    """C of 1e-10 or 1e8 was warned of: "the mode never shows in the output"."""
    for matrix in ([[size, 0]], [[size, 0], [1 / size, 0]]):
        LinearSystem([[1, 1], [0, 1]], matrix, np.eye(2), np.eye(len(matrix)))
    scale = np.array([1, size])
    double = np.array([[1.0, 1], [0, 1]])
    LinearSystem(double / scale[:, None] * scale, [[1, 0]], np.diag([1, 1 / size**2]), [[1]])
    with pytest.warns(UserWarning, match="the mode 1 never shows"):
        LinearSystem(double, [[0, size]], np.eye(2), [[1]])
    with pytest.warns(UserWarning, match="the mode 0.5 never shows"):
        LinearSystem(np.diag([1, 0.5]), [[size, 0]], np.diag([1, size]), [[1]])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_plant_forgets_if_every_eigenvalue_is_inside_by_more_than_rounding(order: int) -> None:
    for seed in range(5):
        T = np.random.default_rng(seed).standard_normal((order, order))
        inside = T @ (0.9 * np.eye(order) + np.eye(order, k=1)) @ np.linalg.inv(T)
        circle = T @ (np.eye(order) + np.eye(order, k=1)) @ np.linalg.inv(T)
        assert forgets(inside)
        assert not forgets(circle)
        np.testing.assert_allclose(distinct_eigenvalues(circle)[1], 1, atol=1e-10)
    assert forgets(np.diag([1 - 1e-6]))
    assert not forgets(np.diag([1 - 1e-12]))
