"""Square roots of covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def covariance_factor(P: Matrix) -> Matrix:
    """Return F with F F' = P, ``(state, rank)``.

    The rank is the number of eigenvalues of the correlation matrix above 1e-13, so it does not depend on units.
    """
    deviation = np.sqrt(np.maximum(np.diag(P), 0.0))
    scale = np.where(deviation > 0, deviation, 1.0)
    values, vectors = np.linalg.eigh((P + P.T) / 2 / scale[:, None] / scale)
    kept = values > 1e-13
    return np.asarray(deviation[:, None] * vectors[:, kept] * np.sqrt(values[kept]))


def factor_rounding(factor: Matrix) -> Matrix:
    """Return how far rounding may turn each column of a ``covariance_factor``, relative to its length, ``(rank,)``.

    An eigenvector of the correlation matrix to the eigenvalue w is exact to about n eps / w, and w is the squared
    length of its column in units of the deviations.
    """
    deviation = np.linalg.norm(factor, axis=1)
    unit = factor / np.where(deviation > 0, deviation, 1.0)[:, None]
    return np.asarray(len(factor) * np.finfo(np.float64).eps / np.maximum((unit**2).sum(axis=0), 1e-13))


def triangular(factor: Matrix) -> Matrix:
    """Return the square lower triangular L with L L' = F F', infinite where F is not finite.

    Args:
        factor: F, ``(state, any)``.
    """
    root = np.zeros((len(factor), len(factor)))
    if not np.isfinite(factor).all():
        root[:] = np.inf
    elif factor.size:
        upper: Matrix = np.asarray(np.linalg.qr(factor.T, mode="r"))
        root[:, : len(upper)] = upper.T
    return root
