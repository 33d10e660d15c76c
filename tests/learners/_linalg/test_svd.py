"""One-sided Jacobi rotations against LAPACK."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from ergoscope._core.devices import Precision, computing
from ergoscope.learners._linalg.svd import right_vectors


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "columns"), [(5, 8), (16, 16), (1, 4), (7, 3)])
def test_it_is_the_decomposition_of_lapack(rows: int, columns: int, precision: Precision) -> None:
    rng = np.random.default_rng(rows)
    matrix = rng.standard_normal((rows, columns, 3)) * (0.3 ** np.arange(rows))[:, None, None]  # graded
    carried = rng.standard_normal((rows, 2, 3))
    with computing(precision):
        made = right_vectors(*(jnp.asarray(leaf, jnp.zeros(()).dtype) for leaf in (matrix, carried)))
        sigma, V, turned = (np.array(leaf, float) for leaf in made)
    for lane in range(3):
        U, expected, Vt = np.linalg.svd(matrix[..., lane], full_matrices=False)
        n, tolerance = len(expected), 1000 * np.finfo(precision).eps  # the gaps are about 0.7 of each value
        np.testing.assert_allclose(sigma[:n, lane], expected, rtol=tolerance)
        sign = np.sign((V[:n, :, lane] * Vt).sum(axis=1))[:, None]
        np.testing.assert_allclose(sign * V[:n, :, lane], Vt, atol=tolerance)
        limit = tolerance / expected[:, None]
        assert (np.abs(sign * turned[:n, :, lane] - U.T @ carried[..., lane] / expected[:, None]) <= limit).all()


def test_nothing_gives_nothing() -> None:
    with computing("float64"):
        assert all((np.array(leaf) == 0).all() for leaf in right_vectors(jnp.zeros((4, 4, 2)), jnp.ones((4, 1, 2))))
