"""Zeros on the unit circle: what the Kalman filter knows in the end although noise drives it.

y_t = w_t - w_{t-1} has a zero at 1. Its filter never forgets its start, and yet its error converges, like 1/t.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
_NEAR = 1e-3  # how far rounding moves a multiple zero off the circle, at most
_SINGULAR = 1e-9  # least singular value of the pencil at a zero, relative to the pencil


def uncertain_basis(A: Matrix, C: Matrix, noise: Matrix, error: Matrix) -> tuple[Matrix, list[complex]]:
    """Return an orthonormal basis of the states whose steady covariance is not zero, and the zeros on the circle.

    A left null vector of the pencil at a zero z of modulus one, p' (A - z) = l' C, p' noise = 0, l' error = 0, makes
    p' x_{t+1} = z p' x_t + l' y_t: from the outputs alone the filter knows p' x in the end. The other states have a
    Riccati equation without that zero. It may have others (multiple zeros), so the step is repeated.

    Args:
        A: ``(state, state)``.
        C: ``(output, state)``.
        noise: A square root of Q, ``(state, any)``.
        error: A square root of R, ``(output, any)``. There is no zero to look for where R is regular.

    Returns:
        The basis ``(state, rank)``, and the zeros found, conjugates too.

    References:
        T. Kailath, A. H. Sayed, B. Hassibi, Linear Estimation (2000), section 8.3 and appendix E: the strong solution.
    """
    basis, zeros = np.eye(len(A)), []
    while basis.shape[1] and error.shape[1] < len(C):
        found = _known_directions(basis.T @ A @ basis, C @ basis, basis.T @ noise, error)
        if found is None:
            break
        basis = basis @ scipy.linalg.null_space(found[0].T)
        zeros += found[1]
    return basis, zeros


def _known_directions(A: Matrix, C: Matrix, noise: Matrix, error: Matrix) -> tuple[Matrix, list[complex]] | None:
    n, p = len(A), len(C)
    driven = scipy.linalg.block_diag(noise, error)
    system = np.vstack([A, C])
    # Random combinations of the noises make the pencil square. It keeps its zeros and gets others, which the check of
    # the whole pencil rejects.
    mixed = driven @ np.random.default_rng(0).standard_normal((driven.shape[1], p))
    square = np.hstack([system, mixed])
    with np.errstate(divide="ignore", invalid="ignore"):
        values = scipy.linalg.eigvals(square, scipy.linalg.block_diag(np.eye(n), np.zeros((p, p))))
    values = values[np.isfinite(values)]
    near = values[np.abs(np.abs(values) - 1) <= _NEAR]

    def pencil(z: complex) -> NDArray[np.complex128]:
        return np.hstack([system - z * np.eye(n + p, n), driven])

    size = float(np.linalg.norm(np.hstack([system, driven]), 2)) + 1
    if not len(near) or np.linalg.svd(pencil(0.3 + 1.1j), compute_uv=False)[n + p - 1 :].sum() <= _SINGULAR * size:
        return None  # where outputs are redundant the pencil is singular everywhere
    directions: list[Matrix] = []
    zeros: list[complex] = []
    for value in near:
        # A multiple zero is spread by rounding; its mean is exact.
        zero = complex(near[np.abs(near - value) <= _NEAR].mean())
        zero /= abs(zero)
        left, lengths, _ = np.linalg.svd(pencil(zero))
        null = left[:, : len(lengths)][:, lengths <= _SINGULAR * size]
        if null.shape[1] and all(abs(zero - other) > _NEAR for other in zeros):
            directions += [null[:n].real, null[:n].imag]
            zeros.append(zero)
    if not directions:
        return None
    left, lengths, _ = np.linalg.svd(np.hstack(directions), full_matrices=False)
    return np.asarray(left[:, lengths > 1e-6]), zeros
