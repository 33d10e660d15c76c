"""The plant as the exact theory computes with it: without units, noises as square roots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from ...simulator import LinearSystem
from ...simulator._systems.scaling import unit_scales
from .checks import check_time_invariant, initial_factor
from .square_roots import covariance_factor

Matrix = NDArray[np.float64]
REDUNDANT = 1e-13  # what is left of the unit row of a redundant output


class Plant(NamedTuple):
    """A time-invariant system in scaled coordinates: x = states * z, y = outputs * (C z + ..).

    Attributes:
        A: ``(state, state)``.
        C: ``(output, state)``.
        noise: A square root of Q, ``(state, rank)``.
        error: A square root of R, ``(output, rank)``.
        initial: A square root of P_0, ``(state, rank)``.
        states: Scale of each state, ``(state,)``.
        outputs: Scale of each output, ``(output,)``.
    """

    A: Matrix
    C: Matrix
    noise: Matrix
    error: Matrix
    initial: Matrix
    states: Matrix
    outputs: Matrix


def balanced(system: LinearSystem, initial_covariance: ArrayLike | None = None) -> Plant:
    """Scale a system, so that no answer depends on the units of its states and outputs.

    The scales are powers of two (``unit_scales``), so scaling does not round.

    Args:
        system: Time-invariant.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.

    Raises:
        ValueError: The system is time-varying or ``initial_covariance`` is not a covariance.
    """
    check_time_invariant(system)
    noise, initial = covariance_factor(system.Q), initial_factor(system, initial_covariance)
    error = covariance_factor(system.R)
    states, outputs = unit_scales(system.A, system.C, (noise**2).sum(axis=1) + (initial**2).sum(axis=1))
    measured = np.linalg.norm(error, axis=1)
    silent = ~(np.abs(system.C) @ states > 0)
    larger = np.where(silent, measured, np.maximum(outputs, measured))
    outputs = np.exp2(np.round(np.log2(np.where(larger > 0, larger, 1.0))))
    return Plant(
        system.A / states[:, None] * states,
        system.C * states / outputs[:, None],
        noise / states[:, None],
        error / outputs[:, None],
        initial / states[:, None],
        states,
        outputs,
    )


def independent_outputs(plant: Plant) -> tuple[Plant, Matrix]:
    """Leave out the outputs that are combinations of others at each sample: y = M y_kept, with the same M for noise.

    What is known of a redundant output is known of the others, and only its rounding would tell them apart.

    Returns:
        The plant with the outputs that are kept, at least one; diag(outputs) M, ``(output, kept)``, which turns errors
        of the kept outputs into those of all outputs in their units.
    """
    rows = np.hstack([plant.C, plant.error])
    norms = np.linalg.norm(rows, axis=1)
    even = rows / np.where(norms > 0, norms, 1.0)[:, None]
    _, upper, order = scipy.linalg.qr(even.T, mode="economic", pivoting=True)
    rank = max(int((np.abs(np.diag(upper)) > REDUNDANT).sum()), 1)
    if rank == len(rows):
        return plant, np.diag(plant.outputs)
    kept = np.sort(order[:rank])
    combined = np.linalg.lstsq(even[kept].T, even.T, rcond=None)[0].T * norms[:, None]
    combined = combined / np.where(norms > 0, norms, 1.0)[kept]
    combined[kept] = np.eye(rank)
    reduced = plant._replace(C=plant.C[kept], error=plant.error[kept], outputs=plant.outputs[kept])
    return reduced, plant.outputs[:, None] * combined
