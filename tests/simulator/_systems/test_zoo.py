"""The zoo: every system is there with its reference, and physical ones have the numbers that their sources print."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from ergoscope.simulator import zoo, zoo_names
from ergoscope.simulator._systems.zoo import zoo_entry


@pytest.mark.parametrize("name", zoo_names())
def test_every_system_has_its_name_a_line_and_a_reference(name: str) -> None:
    system, entry = zoo(name), zoo_entry(name)
    assert system.name == name
    assert entry.summary == zoo_names()[name]
    assert any(year in entry.reference for year in ("19", "20", "Tutorials"))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'double-integrator'"):
        zoo("duble-integrator")
    with pytest.raises(ValueError, match="did you mean 'dc-motor'"):
        zoo_entry("dc-motr")


def test_the_tanks_have_the_time_constants_and_gains_that_are_printed() -> None:
    # Johansson (2000), minimum-phase point: T1..T4 = 62, 90, 23, 30 s, cut to whole seconds, and the transfer matrix
    # [2.6/(1 + 62 s), 1.5/((1 + 23 s)(1 + 62 s)); 1.4/((1 + 30 s)(1 + 90 s)), 2.8/(1 + 90 s)], here at rest.
    system = zoo("quadruple-tank")
    assert np.floor(-system.dt / np.log(np.diag(system.A))).tolist() == [62, 90, 23, 29]  # T4 = 29.99 s
    gain = system.C @ np.linalg.solve(np.eye(4) - system.A, system.B)
    np.testing.assert_allclose(gain, [[2.6, 1.5], [1.4, 2.8]], atol=0.05)


def test_the_pendulum_is_held_by_the_gain_that_is_printed() -> None:
    # Control Tutorials, Inverted Pendulum, digital design: K for dt = 0.01 s and the weights 5000, 100 and 1.
    printed = np.array([[-61.9933, -33.5040, 95.0597, 18.8300]])
    cart, mass, friction, length, inertia, gravity = 0.5, 0.2, 0.1, 0.3, 0.006, 9.8
    p = inertia * (cart + mass) + cart * mass * length**2
    A = np.array(
        [
            [0, 1, 0, 0],
            [0, -(inertia + mass * length**2) * friction / p, mass**2 * gravity * length**2 / p, 0],
            [0, 0, 0, 1],
            [0, -mass * length * friction / p, mass * gravity * length * (cart + mass) / p, 0],
        ]
    )
    B = np.array([[0], [(inertia + mass * length**2) / p], [0], [mass * length / p]])
    held = expm(np.block([[A, B], [np.zeros((1, 5))]]) * 0.01)
    np.testing.assert_allclose(zoo("balanced-pendulum").A, held[:4, :4] - held[:4, 4:] @ printed, atol=1e-5)
    assert (
        np.abs(np.linalg.eigvals(held[:4, :4])).max() > 1 > np.abs(np.linalg.eigvals(zoo("balanced-pendulum").A)).max()
    )


def test_the_motor_integrates_and_has_the_pole_that_is_printed() -> None:
    # Control Tutorials, DC Motor Position: the slow pole, with the inductance, is at -59.226 rad/s.
    system = zoo("dc-motor")
    poles = np.log(np.sort(np.linalg.eigvals(system.A).real)) / system.dt
    np.testing.assert_allclose(poles, [-59.226, 0.0], atol=0.02)
