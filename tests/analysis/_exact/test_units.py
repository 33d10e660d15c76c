"""Theory must not depend on the units of states and outputs, from 1e-12 to 1e12."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from ergoscope.analysis import (
    best_errors,
    diffuse_errors,
    innovation_covariances,
    kalman_gain,
    learning_cost,
    theory,
    trust_horizon,
)
from ergoscope.analysis._exact.block_risk import critical_block
from ergoscope.analysis._exact.covariances import output_power
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.simulator import LinearSystem, zoo

TONE = np.array([[0.6, -0.8], [0.8, 0.6]])


def plant(A: np.ndarray, C: list[list[float]], Q: list[float]) -> LinearSystem:
    return LinearSystem(A, C, np.diag(Q), np.eye(len(C)))


PLANTS = {
    "double integrator": zoo("double-integrator"),
    "triple integrator, weak slopes": plant(np.eye(3) + np.eye(3, k=1), [[1, 0, 0]], [1, 1e-4, 1e-6]),
    "tone, trend and a stable state": plant(
        block_diag(TONE, np.eye(2) + np.eye(2, k=1), 0.5), [[1, 0, 1, 0, 1]], [1, 1, 1, 0.1, 1]
    ),
    "two outputs, one sees the stable part": plant(
        np.array([[0.7, 0.4, 0, 0], [-0.3, 0.5, 0, 0], [0.2, 0.1, 0.6, -0.8], [0.3, -0.4, 0.8, 0.6]]),
        [[0, 0, 1, 0], [1, 0, 0, 0]],
        [1, 1, 1, 1],
    ),
    "explosive": zoo("explosive-3"),
    "slope without noise": plant(np.eye(2) + np.eye(2, k=1), [[1, 0]], [1, 0]),
    "a rotated chain": plant(
        np.array([[3.0, -2, 0], [2, -1, 0], [1, 1, 0.5]]), [[1, 0, 1]], [1, 1, 1]
    ),
}  # fmt: skip


def in_units(system: LinearSystem, states: list[float], outputs: list[float]) -> LinearSystem:
    """x_i and y_j in other units: the numbers are divided by the unit."""
    x, y = np.array(states), np.array(outputs)
    return system.replace(
        A=system.A / x[:, None] * x,
        B=system.B / x[:, None],
        C=system.C / y[:, None] * x,
        Q=system.Q / x[:, None] / x,
        R=system.R / y[:, None] / y,
    )


@pytest.mark.parametrize("name", PLANTS)
@settings(max_examples=12)
@given(data=st.data())
def test_theory_is_the_same_in_all_units(name: str, data: st.DataObject) -> None:
    system = PLANTS[name]
    powers = st.integers(-12, 12)
    x, y = ([10.0 ** data.draw(powers) for _ in range(count)] for count in (system.states, system.outputs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no warning in any unit
        moved = in_units(system, x, y)
        found, right = theory(moved), theory(system)
    assert found[:3] == right[:3]
    np.testing.assert_allclose(found[3:], right[3:], rtol=1e-6)
    np.testing.assert_allclose(
        kalman_gain(moved).gain * np.array(x)[:, None] / y,
        kalman_gain(system).gain,
        rtol=1e-6,
        atol=1e-9 * np.abs(kalman_gain(system).gain).max(),
    )


@pytest.mark.parametrize("name", [name for name, system in PLANTS.items() if system.outputs == 1])
@settings(max_examples=4)
@given(data=st.data())
def test_exact_errors_scale_with_the_output(name: str, data: st.DataObject) -> None:
    system, powers = PLANTS[name], st.integers(-12, 12)
    x, y = [10.0 ** data.draw(powers) for _ in range(system.states)], 10.0 ** data.draw(powers)
    moved = in_units(system, x, [y])
    for measure in (
        lambda s: best_errors(s, [0, 1, 2, 3, 5], [2, 60, 2000]),
        lambda s: diffuse_errors(s, [3, 5, 8]),
        lambda s: output_power(s, [2, 60, 2000]),
        lambda s: innovation_covariances(s, [2, 60, 2000]),
        lambda s: learning_cost(s, [5, 8], 1000),
        lambda s: truncated_excess(s, [3, 5], [60]),
    ):
        np.testing.assert_allclose(measure(moved) * y**2, measure(system), rtol=1e-6)
    trust = trust_horizon(system, "float64")
    assert trust_horizon(moved, "float64") == (trust if trust is None else pytest.approx(trust, rel=1e-6, abs=1))


def test_two_outputs_add_up_in_their_own_units() -> None:
    system = PLANTS["two outputs, one sees the stable part"]
    first, second = (
        best_errors(in_units(system, [1e-9, 1, 1e9, 1], units), [0, 1, 2, 4], [500])
        for units in ([1.0, 1e6], [1e6, 1.0])
    )
    # One output alone counts in each; together they are the sum in common units.
    np.testing.assert_allclose(first + second, best_errors(system, [0, 1, 2, 4], [500]), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1e9, 1e12])
def test_a_state_in_another_unit_keeps_the_theory(unit: float) -> None:
    """A velocity in units of 1e-9 gave h* = 0 and 1 for 2."""
    for x in ([1.0, unit], [unit, 1.0], [unit, unit]):
        assert theory(in_units(zoo("double-integrator"), x, [1.0]))[:3] == (2, 2, 4)
        figure = zoo("figure-1")
        assert critical_block(in_units(figure, [x[0], x[1], *[1.0] * 5], [1.0] * 7)) == critical_block(figure) == 4
