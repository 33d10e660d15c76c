"""The families of matrices of Theorem 2 as learners of a measured state: every rank, random charts, block charts.

Time: as in ``pooled``; M is the fitted matrix, x[t+1] = M x[t].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.linalg import schur

from ..._core.jax_later import Array, jnp
from ...simulator import LinearSystem
from .._base import Learner
from .._learner_factory import learner_factory
from .._linalg.prefix_sums import choose, prefix_sums
from .pooled import PooledState, pooled_learner

ALIKE = 1e-3  # eigenvalues this near count as one, relatively: rounding spreads a chain of four by this much


@learner_factory
def rank(sizes: Iterable[int] = range(8), ridge: float = 1e-12) -> Learner[PooledState]:
    """Fit x[t+1] = M x[t] with M of rank r, for every r at once: reduced-rank regression by one SVD.

        M_r = argmin over rank M <= r of sum over replicates and s < t of |x[s+1] - M x[s]|^2 = V_r V_r' M,
        U S V' = factor M',   factor' factor = sum x x'

    Bounded from the number of eigenvalues with modulus at least one on. A sample with a missing entry is neither a
    target nor a regressor. Cost per step: O(state^2 (state + replicates)).

    Args:
        sizes: Ranks, rising, from 0 on.
        ridge: In units of the mean square of the first nonzero samples, positive; it only defines the start.

    Returns:
        A pooled learner for streams whose outputs are the whole state, n of them. Parameters of rank r: r (2 n - r),
        counted for as many states as the largest rank.

    Raises:
        ValueError: Sizes not rising, or beyond the number of outputs.

    References:
        C. Eckart, G. Young, The approximation of one matrix by another of lower rank, 1936. A. J. Izenman,
        Reduced-rank regression for the multivariate linear model, 1975.
    """
    sizes = tuple(sizes)

    def family(factor: Array, target: Array, v: Array) -> Float[Array, "size state lane"]:
        del factor
        _, _, right = jnp.linalg.svd(target)
        along = right @ (target.T @ v)  # of the full fit's forecast
        terms = right[:, :, None] * along[:, None]
        return choose(jnp.concatenate([jnp.zeros_like(v)[None], prefix_sums(terms)]), sizes)

    parameters = tuple(r * (2 * sizes[-1] - r) for r in sizes)
    return pooled_learner("rank", family, sizes, parameters, ridge, lambda states: states, size_label="rank")


@learner_factory
def random_chart(sizes: Iterable[int] = range(17), seed: int = 0, ridge: float = 1e-12) -> Learner[PooledState]:
    """Fit x[t+1] = M x[t] within a random chart of d parameters, for every d at once.

        M = sum_k c_k D_k,   the first d of the c_k fitted, the others fixed at random numbers,

    the D_k random n x n matrices. Bounded error needs (M - A) V = 0 on the m directions V that do not decay, n m
    equations: bounded from d = n m on. One triangularisation of all directions serves every d.

    A sample with a missing entry is neither a target nor a regressor. Cost per step: O(state^6) and O(replicates): for
    a few states.

    Args:
        sizes: Numbers of parameters, rising, from 0 to state^2.
        seed: Of the directions and of the fixed numbers.
        ridge: In units of the mean square of the first nonzero samples, positive; it only defines the start.

    Returns:
        A pooled learner for streams whose outputs are the whole state. Parameters of size d: d.

    Raises:
        ValueError: Sizes not rising, or beyond state^2.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity*, L4DC 2025, Theorem 2.
    """

    def drawn(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        random = np.random.default_rng([seed, n])
        return random.standard_normal((n * n, n, n)), random.standard_normal(n * n)

    return _chart("random-chart", drawn, tuple(sizes), ridge, lambda states: states * states)


def block_chart(
    sizes: Iterable[int] | None = None, seed: int = 0, ridge: float = 1e-12, *, system: LinearSystem
) -> Learner[PooledState]:
    """Fit x[t+1] = M x[t] with one free block for each distinct growing eigenvalue, in the basis of the system's A.

        M = sum_i V_i K_i W_i,   K_i any m_i x m_i matrix,   A V_i = V_i J_i,   W_i V_i = I,   W_i V_j = 0

    over the distinct eigenvalues with modulus at least one, m_i their multiplicities; the first d entries are fitted,
    the others fixed at random numbers. A complex pair has one complex block: two numbers an entry. Bounded from
    d*^2 = sum m_i^2 on (a pair counts twice), the number of Theorem 2.

    A sample with a missing entry is neither a target nor a regressor. Cost per step: O(state^2 d^2) and O(replicates).

    Args:
        sizes: Numbers of parameters, rising, from 0 to d*^2; None is all of them.
        seed: Of the fixed numbers.
        ridge: In units of the mean square of the first nonzero samples, positive; it only defines the start.
        system: Constant in time; its A gives the basis.

    Returns:
        A pooled learner for streams whose outputs are the whole state. Parameters of size d: d.

    Raises:
        ValueError: Sizes not rising, or beyond d*^2; a system that varies in time.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity*, L4DC 2025, Theorem 2.
    """
    if system.time_varying:
        raise ValueError("a block chart needs a system constant in time; pass one time slice of each matrix.")
    directions = _block_directions(system.A)
    rungs = range(len(directions) + 1) if sizes is None else sizes
    return _block_chart(rungs, seed, ridge, directions.tobytes(), system.states)


@learner_factory
def _block_chart(sizes: Iterable[int], seed: int, ridge: float, raw: bytes, states: int) -> Learner[PooledState]:
    directions = np.frombuffer(raw).reshape(-1, states, states)
    held = np.random.default_rng(seed).standard_normal(len(directions))
    return _chart("block-chart", lambda n: (directions, held), tuple(sizes), ridge, lambda n: len(directions))


def _chart(
    name: str,
    drawn: Callable[[int], tuple[NDArray[np.float64], NDArray[np.float64]]],
    sizes: tuple[int, ...],
    ridge: float,
    largest: Callable[[int], int],
) -> Learner[PooledState]:
    """Return the learner of a chart: ``drawn(states)`` gives its directions D_k and their fixed numbers."""

    def family(factor: Array, target: Array, v: Array) -> Float[Array, "size state lane"]:
        n = len(v)
        D, held = (jnp.asarray(array, v.dtype) for array in drawn(n))
        kept = len(D)
        columns = (factor[None] @ D.swapaxes(1, 2)).reshape(kept, n * n)  # factor D_k', one a row
        Q, upper = jnp.linalg.qr(columns.T)
        free = jnp.arange(kept, dtype=jnp.int32)[None] < jnp.asarray(sizes, jnp.int32)[:, None]
        rest = jnp.where(free, 0, held[None])  # (size, direction)
        along = (Q.T @ target.reshape(-1))[None] - rest @ upper.T
        fitted = jnp.where(free, along, 0) @ Q.T + rest @ columns  # factor M', one a row
        return fitted.reshape(len(sizes), n, n).swapaxes(1, 2) @ v[None]

    return pooled_learner(name, family, sizes, sizes, ridge, largest, size_label="parameters")


def _block_directions(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return V_i E W_i for every entry E of every free block, ``(direction, state, state)``."""
    left, bases = np.linalg.eigvals(A), []
    while len(left):
        near = np.abs(left - left[0]) <= ALIKE * max(abs(left[0]), 1)
        bases.append((complex(left[near].mean()), _invariant(A, complex(left[near].mean()))))
        left = left[~near]
    inverse = np.linalg.inv(np.hstack([V for _, V in bases]))
    directions, first = [], 0
    for value, V in bases:
        W = inverse[first : first + V.shape[1]]
        first += V.shape[1]
        if abs(value) < 1 - ALIKE or value.imag < -ALIKE:  # a pair has one block
            continue
        entries = [np.outer(V[:, i], W[j]) for i in range(V.shape[1]) for j in range(V.shape[1])]
        directions += [part for entry in entries for part in (entry.real, entry.imag)[: 1 + (value.imag > ALIKE)]]
    return np.array(directions, np.float64).reshape(-1, *A.shape)


def _invariant(A: NDArray[np.float64], value: complex) -> NDArray[np.complex128]:
    """Return an orthonormal basis of the invariant subspace of the eigenvalues near ``value``, real if it is real."""
    near = ALIKE * max(abs(value), 1)
    _, Z, count = schur(A.astype(np.complex128), output="complex", sort=lambda other: abs(other - value) <= near)
    V: NDArray[np.complex128] = Z[:, :count]
    if abs(value.imag) <= ALIKE:
        V = np.linalg.svd(np.hstack([V.real, V.imag]))[0][:, :count].astype(np.complex128)
    return V
