"""Matrices of the zoo's systems that have physical parameters or vary in time.

Time: continuous plants are sampled every ``dt`` seconds; inputs are constant between samples. White noise of spectral
density W adds to the inputs: Q = int_0^dt exp(A s) B W B' exp(A' s) ds. This file does not import JAX at its top.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def quadruple_tank() -> dict[str, Any]:
    """Return four water tanks, linearised at the minimum-phase point: two levels measured, two pumps as inputs.

    T_i = (A_i / a_i) sqrt(2 h_i / g), levels h in cm, pump voltages in V, outputs k_c h_1 and k_c h_2 in V. The pump
    voltages have white noise of 0.05 V^2 s; each level sensor has noise of 0.01 V. The paper does not give these two.
    """
    area, hole = np.array([28.0, 32.0, 28.0, 32.0]), np.array([0.071, 0.057, 0.071, 0.057])  # cm^2
    level, gravity = np.array([12.4, 12.7, 1.8, 1.4]), 981.0  # cm, cm/s^2
    k1, k2, share1, share2, sensor = 3.33, 3.35, 0.70, 0.60, 0.50  # cm^3/(V s), valve settings, V/cm
    rate = hole / area * np.sqrt(gravity / (2 * level))
    A = -np.diag(rate)
    A[0, 2], A[1, 3] = area[2] * rate[2] / area[0], area[3] * rate[3] / area[1]
    B = np.array(
        [
            [share1 * k1 / area[0], 0.0],
            [0.0, share2 * k2 / area[1]],
            [0.0, (1 - share2) * k2 / area[2]],
            [(1 - share1) * k1 / area[3], 0.0],
        ]
    )
    return _with_noise(A, B, sensor * np.eye(2, 4), 0.05, 0.01**2, dt=5.0)


def dc_motor() -> dict[str, Any]:
    """Return the shaft angle of a DC motor without armature inductance; an encoder measures the angle.

        J omega' = -(b + K^2/R) omega + (K/R) V,    theta' = omega

    The driver's voltage has white noise of 1e-5 V^2 s. The encoder has 2000 counts per turn: variance step^2/12.
    """
    inertia, friction, constant, resistance = 3.2284e-6, 3.5077e-6, 0.0274, 4.0  # kg m^2, N m s, N m/A, ohm
    A = np.array([[0.0, 1.0], [0.0, -(friction + constant**2 / resistance) / inertia]])
    B = np.array([[0.0], [constant / (inertia * resistance)]])
    return _with_noise(A, B, np.eye(1, 2), 1e-5, (2 * np.pi / 2000) ** 2 / 12, dt=1e-3)


def balanced_pendulum() -> dict[str, Any]:
    """Return an inverted pendulum on a cart with state feedback u = -K x; cart position and angle are measured.

    K is the discrete linear-quadratic regulator with weight 5000 on the position, 100 on the angle and 1 on the
    force. A white force of 0.01 N^2 s disturbs the cart; the sensors have noise of 1 mm and 1 mrad.
    """
    from scipy.linalg import solve_discrete_are

    cart, mass, friction, length, inertia, gravity = 0.5, 0.2, 0.1, 0.3, 0.006, 9.8  # kg, kg, N s/m, m, kg m^2, m/s^2
    scale = inertia * (cart + mass) + cart * mass * length**2
    A, B = np.zeros((4, 4)), np.zeros((4, 1))
    A[0, 1] = A[2, 3] = 1.0
    A[1, 1:3] = -(inertia + mass * length**2) * friction / scale, (mass * length) ** 2 * gravity / scale
    A[3, 1:3] = -mass * length * friction / scale, mass * gravity * length * (cart + mass) / scale
    B[1, 0], B[3, 0] = (inertia + mass * length**2) / scale, mass * length / scale
    plant = _with_noise(A, B, np.eye(4)[[0, 2]], 0.01, 1e-6, dt=0.01)
    A, B = plant["A"], plant.pop("B")
    P = solve_discrete_are(A, B, np.diag([5000.0, 0.0, 100.0, 0.0]), np.eye(1))
    K = np.linalg.solve(np.eye(1) + B.T @ P @ B, B.T @ P @ A)
    return plant | dict(A=A - B @ K)


def switching_tone() -> dict[str, Any]:
    """Return an undamped tone: its frequency changes every 100 samples, 0.5 or 1.3 radians per sample."""
    A = np.concatenate([np.tile(rotation(angle), (100, 1, 1)) for angle in (0.5, 1.3)])
    return dict(A=A, C=np.eye(1, 2), Q=np.eye(2), R=np.eye(1), periodic=True)


def drifting_resonance() -> dict[str, Any]:
    """Return a damped tone, radius 0.99: its frequency falls from 1.3 to 0.5 radians per sample in 20 000 samples."""
    A = 0.99 * np.array([rotation(angle) for angle in np.linspace(1.3, 0.5, 20_000)])
    return dict(A=A, C=np.eye(1, 2), Q=np.eye(2), R=np.eye(1))


def rotation(angle: float) -> Matrix:
    """Return the plane rotation by an angle in radians per sample: one undamped tone."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _with_noise(A: Matrix, B: Matrix, C: Matrix, density: float, variance: float, dt: float) -> dict[str, Any]:
    from .control import discretize

    A, held, Q = discretize(A, B, density * B @ B.T, dt)
    return dict(A=A, B=held, C=C, Q=Q, R=variance * np.eye(len(C)), dt=dt)
