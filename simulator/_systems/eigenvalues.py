"""The eigenvalues of a dynamics matrix: which of them are one, and which lie on the unit circle."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

UNIT_TOLERANCE = 1e-9
"""An eigenvalue is on the unit circle if its modulus is within this of one."""
GROUPING = 100.0
"""c: eigenvalues count as one if a relative change of A by c n eps makes them equal."""


def distinct_eigenvalues(
    A: Matrix, grouping: float = GROUPING
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Group computed eigenvalues that stand for one exact multiple eigenvalue.

    Rounding spreads an eigenvalue of a Jordan block of size k over a circle of radius about (eps |A|)^(1/k). But it
    moves the mean of the circle, and every coefficient of prod (z - lambda_i), by about eps |A| only. So k computed
    values are one k-fold eigenvalue if they lie within that radius of their mean, and if the elementary symmetric
    functions e_j of their deviations are rounding too: |e_j| <= c n eps |A|^j, c = 100. Large groups are tried first.

    Args:
        A: ``(state, state)``.
        grouping: c.

    Returns:
        The computed eigenvalues and, for each, the mean of its group, both ``(state,)``.

    References:
        J. H. Wilkinson, The Algebraic Eigenvalue Problem (1965), chapter 2.
    """
    balanced = balanced_matrix(A)
    computed = np.asarray(scipy.linalg.eigvals(scipy.linalg.schur(balanced)[0]), dtype=np.complex128)
    grouped = computed.copy()
    size = max(float(np.linalg.norm(balanced, 2)), np.finfo(np.float64).tiny)
    rounding = grouping * len(A) * np.finfo(np.float64).eps
    left = list(range(len(A)))
    for k in range(len(A), 1, -1):
        radius = size * rounding ** (1 / k)
        for seed in list(left):
            if seed not in left or len(left) < k:
                continue
            group = sorted(left, key=lambda i: abs(computed[i] - computed[seed]))[:k]
            mean = computed[group].mean()
            deviations = computed[group] - mean
            symmetric = np.abs(np.poly(deviations)[2:])
            allowed = rounding * size ** np.arange(2.0, k + 1)
            if np.abs(deviations).max() <= radius and (symmetric <= allowed).all():
                grouped[group] = mean if abs(mean.imag) > radius else mean.real
                left = [i for i in left if i not in group]
    return computed, grouped


def balanced_matrix(A: Matrix) -> Matrix:
    """Return D^-1 A D with D a diagonal of powers of two that evens out the norms of rows and columns."""
    return np.asarray(scipy.linalg.lapack.dgebal(A, scale=1, permute=0)[0])


def forgets(A: Matrix) -> bool:
    """Return whether every eigenvalue lies inside the unit circle, by more than rounding."""
    return bool((np.abs(distinct_eigenvalues(A)[1]) < 1 - UNIT_TOLERANCE).all())
