"""The door of LinearSystem."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from ergoscope.simulator import LinearSystem, zoo

GOOD = dict(A=[[1.0, 1.0], [0.0, 1.0]], C=[[1.0, 0.0]], Q=np.eye(2), R=[[1.0]])


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (r"A must be square, got shape \(2, 3\)", dict(A=np.ones((2, 3)))),
        (r"C must have shape \(1, 2\)", dict(C=[[1.0, 0.0, 0.0]])),
        (r"Q must have shape \(2, 2\)", dict(Q=[[1.0]])),
        (r"R must have shape \(1, 1\)", dict(R=np.eye(2))),
        ("Q must be symmetric", dict(Q=[[1.0, 0.5], [0.0, 1.0]])),
        ("Q must be positive semidefinite", dict(Q=[[1.0, 2.0], [2.0, 1.0]])),
        ("R must be positive semidefinite", dict(R=[[-1.0]])),
        ("finite", dict(A=[[1.0, np.nan], [0.0, 1.0]])),
        ("matrix of numbers", dict(A=[["one", 1.0], [0.0, 1.0]])),
        ("C must be a matrix", dict(C=[1.0, 0.0])),
        (r"B must have shape \(2, 1\)", dict(B=[[1.0]])),
        (r"D must have shape \(1, 2\)", dict(B=np.ones((2, 2)), D=[[1.0]])),
        ("dt must be", dict(dt=0.0)),
        ("one length", dict(A=np.ones((3, 2, 2)), C=np.ones((4, 1, 2)))),
    ],
)
def test_bad_matrices_are_refused(words: str, change: dict) -> None:
    with pytest.raises(ValueError, match=words):
        LinearSystem(**(GOOD | change))


def test_it_is_frozen_and_a_pytree() -> None:
    system = LinearSystem(**GOOD, name="plant", dt=0.1)
    with pytest.raises(AttributeError):
        system.dt = 1.0  # type: ignore[misc]
    leaves, structure = jax.tree.flatten(system)
    assert len(leaves) == 6
    again = jax.tree.unflatten(structure, leaves)
    assert (again.name, again.dt, again.states) == ("plant", 0.1, 2)
    poles = jax.jit(lambda s: s.A @ s.A)(system)
    np.testing.assert_allclose(poles, np.array(GOOD["A"]) @ np.array(GOOD["A"]))


def test_replace_checks_anew() -> None:
    with pytest.raises(ValueError, match="R must"):
        zoo("random-walk").replace(R=[[-1.0]])


def test_an_unobserved_growing_mode_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="never shows in the output"):
        LinearSystem(np.eye(2), [[1.0, 0.0]], np.eye(2), [[1.0]])


def test_a_direct_term_without_b_has_inputs() -> None:
    system = LinearSystem(**GOOD, D=[[2.0]])
    assert (system.inputs, system.B.shape) == (1, (2, 1))


def test_a_time_axis_is_held_past_its_end_or_begins_anew() -> None:
    moving = LinearSystem(np.arange(3.0).reshape(3, 1, 1), [[1.0]], [[1.0]], [[1.0]])
    t = np.array([0, 2, 3, 7])
    np.testing.assert_array_equal(moving.time_index(t), [0, 2, 2, 2])
    again = moving.replace(periodic=True).replace(name="again")
    np.testing.assert_array_equal(again.time_index(t), [0, 2, 0, 1])
    assert jax.tree.map(lambda leaf: leaf, again).periodic
    np.testing.assert_array_equal(LinearSystem(**GOOD).time_index(t), np.zeros(4))
