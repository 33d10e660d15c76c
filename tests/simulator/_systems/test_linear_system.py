"""What LinearSystem takes and refuses."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from ergoscope.simulator import LinearSystem, from_control, zoo

GOOD = dict(A=[[1.0, 1.0], [0.0, 1.0]], C=[[1.0, 0.0]], Q=np.eye(2), R=[[1.0]])


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (r"A must be square, got shape \(2, 3\)", dict(A=np.ones((2, 3)))),
        (r"C must have shape \(1, 2\)", dict(C=[[1.0, 0.0, 0.0]])),
        ("Q must be .* a 2 x 2 matrix", dict(Q=[[1.0]])),
        ("R must be .* a 1 x 1 matrix", dict(R=np.eye(2))),
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


def test_covariances_in_short() -> None:
    A, C = np.eye(2) * 0.5, [[1.0, 0.0], [0.0, 1.0]]
    long = LinearSystem(A, C, np.diag([0.0, 0.01]), 2 * np.eye(2))
    for Q, R in (([0, 0.01], 2.0), (np.array([0, 0.01]), [2, 2]), (np.diag([0.0, 0.01]), 2)):
        short = LinearSystem(A, C, Q, R)
        np.testing.assert_array_equal(short.Q, long.Q)
        np.testing.assert_array_equal(short.R, long.R)
    assert short.replace(Q=0.5).Q.tolist() == [[0.5, 0.0], [0.0, 0.5]]
    with pytest.raises(ValueError, match="Q must be a number, a list of 2 or a 2 x 2 matrix"):
        LinearSystem(A, C, [0.0, 0.01, 1.0], 1.0)
    with pytest.raises(ValueError, match="Q must be positive semidefinite"):
        LinearSystem(A, C, [0.0, -0.01], 1.0)
    with pytest.raises(ValueError, match="R must hold finite numbers"):
        LinearSystem(A, C, 1.0, np.nan)


@pytest.mark.parametrize("word", ["A", "B", "C", "D", "Q", "R"])
def test_masks_and_imaginary_parts_are_not_dropped(word: str) -> None:
    good = dict(A=[[0.5]], B=[[1.0]], C=[[1.0]], D=[[0.0]], Q=[[1.0]], R=[[1.0]])
    with pytest.raises(ValueError, match=f"{word} has masked entries"):
        LinearSystem(**good | {word: np.ma.masked_array([[0.5]], mask=[[True]])})
    with pytest.raises(ValueError, match=f"{word} must be real, got complex numbers"):
        LinearSystem(**good | {word: [[0.5 + 0.1j]]})
    kept = LinearSystem(**good | {word: np.ma.masked_array([[0.5 + 0j]], mask=[[False]])})
    assert getattr(kept, word).tolist() == [[0.5]]


@pytest.mark.parametrize("name", ["random-walk", "double-integrator", "figure-1", "two-tones", "dc-motor"])
def test_every_plant_goes_to_python_control(name: str) -> None:
    import control

    system = zoo(name)
    plant, Q, R = system.to_control()
    for word in "ABCD":
        wide = getattr(plant, word)
        np.testing.assert_array_equal(wide[:, : getattr(system, word).shape[1]], getattr(system, word))
    assert plant.ninputs == max(system.inputs, 1) and plant.dt == system.dt
    if not system.inputs:
        assert not plant.B.any() and not plant.D.any()
    back = from_control(plant, Q, R)
    np.testing.assert_array_equal(back.A, system.A)
    assert len(control.poles(plant)) == system.states


def test_a_covariance_larger_than_the_memory_is_refused_before_it_is_made() -> None:
    with pytest.raises(ValueError, match="R is a 1000000 x 1000000 matrix, 8e.03 GB"):
        LinearSystem([[0.5]], np.ones((1_000_000, 1)), 1.0, 1.0)
