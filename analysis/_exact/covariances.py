"""The covariance of the state and the power of the output over time, by doubling.

Time: ``t = 0`` is the first sample. x_0 has mean zero and covariance P_0. Inputs are known and taken as zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_whole
from ...simulator import LinearSystem
from .blocks import decoupled_blocks
from .driven_part import driven_part
from .plant import balanced
from .square_roots import triangular

Matrix = NDArray[np.float64]


class StateFactors(NamedTuple):
    """Square roots of the state covariance: E x_t x_t' = T G^t S_t S_t' G^t T', with G = exp(diag(log_growth)).

    Attributes:
        transform: T, ``(state, state)``, from modal coordinates to the system's own.
        inverse: T^-1, ``(state, state)``.
        dynamics: T^-1 A T, ``(state, state)``, block diagonal.
        log_growth: Logarithm of the growth of each modal coordinate per step, ``(state,)``; 0 where |lambda| <= 1.
        factors: S_t, ``(time, state, state)``, lower triangular. They stay finite where the covariance overflows.
    """

    transform: Matrix
    inverse: Matrix
    dynamics: Matrix
    log_growth: Matrix
    factors: Matrix


def state_factors(A: Matrix, noise: Matrix, initial: Matrix, times: NDArray[np.int64]) -> StateFactors:
    """Factor the covariance of x_{t+1} = A x_t + noise w_t, x_0 = initial w, at each time.

    P_{a+b} = A^b P_a A^b' + P_b^0, where P_b^0 starts from zero, so log2(t) triangularisations reach t. Square roots
    keep twice the digits. Modal coordinates do not mix modes of different growth, so a slow mode stays exact beside a
    fast one. Explosive coordinates are divided by their own growth. A mode that nothing excites must be left out before
    (``driven_part``): rounding excites it.

    Args:
        A: ``(state, state)``.
        noise: A square root of Q, ``(state, any)``.
        initial: A square root of P_0, ``(state, any)``.
        times: ``(time,)``, in any order.
    """
    T, inverse, dynamics, blocks = decoupled_blocks(A)
    growth = np.repeat([max(block.modulus, 1.0) for block in blocks], [block.states for block in blocks])
    growth[growth <= 1 + 1e-9] = 1.0
    log_growth = np.log(growth)
    scaled = dynamics / growth[:, None]
    # doubles[k]: A^b and the factor of b steps of noise, b = 2^k, both divided by growth^b
    doubles = [(scaled, triangular(inverse @ noise / growth[:, None]))]
    factors = np.empty((len(times), len(A), len(A)))
    now, factor = 0, triangular(inverse @ initial)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for place in np.argsort(times, kind="stable"):
            steps, bit = int(times[place]) - now, 0
            while steps >> bit:
                if bit == len(doubles):
                    power, noises = doubles[-1]
                    shrink = np.exp(-log_growth * 2 ** (bit - 1))[:, None]
                    doubles.append((power @ power, triangular(np.hstack([power @ noises, shrink * noises]))))
                if steps >> bit & 1:
                    power, noises = doubles[bit]
                    factor = triangular(np.hstack([power @ factor, np.exp(-log_growth * now)[:, None] * noises]))
                    now += 1 << bit
                bit += 1
            factors[place] = factor
    return StateFactors(T, inverse, dynamics, log_growth, factors)


def squared_norm(rows: Matrix, factor: Matrix, log_scale: Matrix) -> float:
    """Return |rows diag(exp(log_scale)) factor|^2, infinite where it overflows."""
    # An explosive state that the rows do not see must not set the scale: the others would underflow.
    seen = rows.any(axis=0)
    rows, factor, log_scale = rows[:, seen], factor[seen], log_scale[seen]
    top = float(log_scale.max(initial=0.0))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        product = rows * np.exp(log_scale - top) @ factor
        size = float(np.abs(product).max(initial=0.0))
        if not 0 < size < np.inf:
            return size if size == 0 else np.inf
        return float(np.exp(2 * (top + np.log(size))) * np.sum((product / size) ** 2))


def modal_rows(rows: Matrix, transform: Matrix) -> Matrix:
    """Return rows @ transform. Entries that are only rounding become zero, or an unseen explosive state would show."""
    product = rows @ transform
    rounding = 1e-12 * np.linalg.norm(rows, axis=1)[:, None] * np.linalg.norm(transform, axis=0)
    return np.where(np.abs(product) <= rounding, 0.0, product)


def output_power(
    system: LinearSystem, times: ArrayLike, initial_covariance: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return E|y_t|^2 = tr(C P_t C' + R), P_{t+1} = A P_t A' + Q, at each time.

    Args:
        system: Time-invariant. Inputs are taken as zero.
        times: Whole numbers ``(time,)``; 0 is the first sample. The cost grows like log2 of the gaps between them.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.

    Returns:
        ``(time,)``, in squared units of the output; infinite where it overflows.

    Raises:
        ValueError: The system is time-varying, a time is not a whole number of at least 0, or ``initial_covariance``
            is not a covariance.
    """
    plant = driven_part(balanced(system, initial_covariance))
    when = check_whole("times", times)
    states = state_factors(plant.A, plant.noise, plant.initial, when)
    rows = plant.outputs[:, None] * modal_rows(plant.C, states.transform)
    noise = float(np.trace(system.R))
    return np.array(
        [noise + squared_norm(rows, S, states.log_growth * t) for S, t in zip(states.factors, when, strict=True)]
    )
