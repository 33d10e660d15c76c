"""Least squares on the top-left k x k block of a matrix, for every k at once, pooled over the replicates."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner, check_sizes
from .._learner_factory import learner_factory
from .._linalg.prefix_sums import choose, prefix_sums
from .pooled import PooledState, pooled_learner


@learner_factory
def submatrix(sizes: Iterable[int] = range(1, 8), ridge: float = 1e-12) -> Learner[PooledState]:
    """Fit x[t+1] = M x[t] with M zero outside its top-left k x k block, for every k at once.

        M_k = argmin sum over replicates and s < t of |x[s+1] - M x[s]|^2

    The leading blocks of one triangular factor of all regressors serve every k.

    A sample with a missing entry is neither a target nor a regressor. Cost per step: O(state^2 (state + replicates)).

    Args:
        sizes: Values of k, rising, from 0 on.
        ridge: In units of the mean square of the first nonzero samples, positive; it only defines the start.

    Returns:
        A pooled learner for streams whose outputs are the whole state. Parameters of size k: k^2.

    Raises:
        ValueError: Sizes not rising, or beyond the number of outputs.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity*, L4DC 2025, Figure 1.
    """
    sizes = tuple(sizes)
    rungs = np.array(sizes)

    def family(factor: Array, target: Array, v: Array) -> Float[Array, "size state lane"]:
        del factor  # its leading blocks give the same v
        rows = jnp.concatenate([jnp.zeros_like(v)[None], prefix_sums(target[:, :, None] * v[:, None])])
        inside = np.arange(len(v)) < rungs[:, None]
        return choose(rows, sizes) * jnp.asarray(inside, v.dtype)[..., None]

    return pooled_learner(
        "submatrix",
        family,
        sizes,
        tuple(k * k for k in sizes),
        ridge,
        lambda states: states,
        size_label="block size",
        tends_to="blocks",
    )


def submatrices(state: PooledState, sizes: Iterable[int]) -> Float[Array, "size state state"]:
    """Return the fitted matrices M_k of a submatrix learner's state, zero outside their blocks."""
    n = len(state.factor)
    matrices = []
    for k in check_sizes(sizes):
        M = jax.scipy.linalg.solve_triangular(state.factor[:k, :k], state.target[:k, :k]).T
        matrices.append(jnp.pad(M, (0, n - k)))
    return jnp.stack(matrices)
