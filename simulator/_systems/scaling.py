"""Units: scales of states and outputs in which no decision about a rank depends on the user's units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .eigenvalues import balanced_matrix

Matrix = NDArray[np.float64]


def unit_scales(A: Matrix, C: Matrix, variances: Matrix) -> tuple[Matrix, Matrix]:
    """Return a scale for each state and output: x_i = scale_i z_i makes z_i free of units.

    With the amplitudes r = sum_{k<n} |a|^k q, where q_i^2 are the variances of what excites the states, and the weights
    o = sum_{k<n} |a'|^k c, where c_i is the largest of |C_ji| / (|C_j| r) over the outputs, scale_i = (r_i /
    o_i)^(1/2). So z_i is as strongly excited as it is seen. The scale of output j is |C_j| r. |a| is |A| divided by its
    spectral radius. Sums of positive numbers cannot cancel. So another unit of a state or an output changes its own
    scale by the same factor, and no other scale.

    Args:
        A: ``(state, state)``.
        C: ``(output, state)``.
        variances: Of the noise of each state plus that of its initial value, ``(state,)``.

    Returns:
        Powers of two, ``(state,)`` and ``(output,)``. The scale is 1 for a state that nothing excites and no output
        sees, and for an output without a row.
    """
    size, rows = np.abs(A), np.abs(C)
    # The exact radius does not depend on units. Balancing makes the computed one independent, too.
    radius = float(np.abs(np.linalg.eigvals(balanced_matrix(size))).max(initial=0.0))
    size = size / radius if radius > 0 else size
    reached = _sum_of_powers(size, np.sqrt(np.maximum(variances, 0.0)))
    output = rows @ reached
    output = np.where(output > 0, output, rows.max(axis=1, initial=0.0))  # an output that nothing excites
    output = np.where(output > 0, output, 1.0)
    seen = _sum_of_powers(size.T, (rows / output[:, None]).max(axis=0, initial=0.0))
    excited = np.where(reached > 0, reached, 1.0)
    weight = np.where(seen > 0, seen, 1.0)
    scale = np.where((reached > 0) & (seen > 0), np.sqrt(excited) / np.sqrt(weight), excited / weight)
    return _power_of_two(scale), _power_of_two(output)


def _power_of_two(value: Matrix) -> Matrix:
    return np.asarray(np.exp2(np.round(np.log2(value))))


def _sum_of_powers(size: Matrix, start: Matrix) -> Matrix:
    total = term = start
    for _ in range(len(size) - 1):
        term = size @ term
        total = total + term
    return np.asarray(total)
