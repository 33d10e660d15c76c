"""The cost of learning counts modes that are driven and seen, and no others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import best_errors, design, innovation_covariances, learning_cost, regrets
from ergoscope.analysis._exact.filter_errors import truncated_excess
from ergoscope.analysis._exact.learning_cost import explosive
from ergoscope.simulator import LinearSystem, zoo

WALK = np.eye(2) + np.eye(2, k=1)


def plant(A: object, C: object, Q: object, R: float = 1.0) -> LinearSystem:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*never shows in the output")  # unseen modes are meant
        return LinearSystem(A, [C], np.diag(Q), [[R]])


# Explosive modes that matter to nobody: not driven, not seen, both; alone and beside a walk.
IDLE = {
    "not driven": plant([[1.2]], [1], [0.0]),
    "not driven, beside a walk": plant(np.diag([1.2, 1.0]), [1, 1], [0, 1.0]),
    "not seen, beside a walk": plant(np.diag([1.2, 1.0]), [0, 1], [1.0, 1.0]),
    "coupled, not driven": plant([[1.5, 0.5, -0.5], [-0.375, 0.625, 0.5], [0.625, 0.625, 0.5]], [-2, -1, 2], [0, 0, 1]),
}


@pytest.mark.parametrize("name", IDLE)
def test_an_idle_explosive_mode_costs_nothing(name: str) -> None:
    system = IDLE[name]
    walks = 0 if name == "not driven" else 1
    assert not explosive(system)
    innovation = innovation_covariances(system, [500])[0, 0, 0]
    np.testing.assert_allclose(learning_cost(system, [1, 2, 5], 500), innovation * (np.array([1, 2, 5]) + walks) / 500)


def test_a_plant_that_stands_still_needs_no_taps() -> None:
    """A = 1.2, Q = 0: the excess was said to be .44 for ever, and no length learned online enough."""
    found = design(IDLE["not driven"], 100)
    assert found.needed["size"].to_list() == [0, 0, 0]
    assert "no length learned online" not in found.sentence
    np.testing.assert_allclose(truncated_excess(IDLE["not driven"], [0, 1, 5], [10, 1000]), 0, atol=1e-12)
    np.testing.assert_allclose(regrets(IDLE["not driven"], [0, 1, 5], [1000], "truncated"), 0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:.*never shows in the output:UserWarning")
@pytest.mark.parametrize("name", ["not driven, beside a walk", "not seen, beside a walk", "coupled, not driven"])
def test_design_beside_an_idle_mode_is_that_of_the_walk(name: str) -> None:
    found = design(IDLE[name], 5000)
    assert found.critical_size == 1
    assert None not in found.needed["size"].to_list()
    for h in (1, 3):
        right = best_errors(IDLE[name], [h], [5000]).item() + learning_cost(IDLE[name], h, 5000)
        assert found.errors["learned"][h] == pytest.approx(right)


def test_a_driven_mode_still_costs_a_constant() -> None:
    for system in (zoo("explosive-1"), plant(block_diag(1.1, 1.3), [1, 0], [1.0, 1.0])):
        innovation = innovation_covariances(system, [100])[0, 0, 0]
        assert explosive(system)
        np.testing.assert_allclose(learning_cost(system, [1, 5], 100), innovation * (1.1**2 - 1))
        assert learning_cost(system, 0, 100) == 0
    # What the initial state excites grows, too.
    assert explosive(plant([[1.2]], [1], [0.0]), [[1.0]])


@pytest.mark.parametrize(
    ("system", "growth"),
    [
        (zoo("double-integrator"), 4),
        (zoo("triple-integrator"), 9),
        (zoo("two-tones"), 4),
        (plant(WALK, [1, 0], [1.0, 0]), 1),  # the slope has no noise
        (plant(WALK, [0, 1], [1.0, 1.0]), 1),  # the sum of the walk is not seen
        (plant(block_diag(WALK, 0.5), [1, 0, 1], [0, 0, 1.0]), 0),
    ],
)
def test_directions_that_grow_are_counted_with_their_exponents(system: LinearSystem, growth: int) -> None:
    innovation = innovation_covariances(system, [1000])[0, 0, 0]
    assert learning_cost(system, 3, 1000) == pytest.approx(innovation * (3 + growth) / 1000)


def test_a_chain_that_only_the_initial_state_excites_counts_less() -> None:
    # t^0 and t^2 in mean square: the Gram matrix grows like T and T^3, so two more than h.
    system = plant(WALK, [1, 0], [0.0, 0.0])
    innovation = innovation_covariances(system, [1000], np.eye(2))[0, 0, 0]
    assert learning_cost(system, 3, 1000, np.eye(2)) == pytest.approx(innovation * 5 / 1000)
