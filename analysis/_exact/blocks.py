"""Decoupled blocks of a dynamics matrix, one for each rate of growth, whose powers stay exact for 1e9 steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ...simulator._systems.eigenvalues import UNIT_TOLERANCE, distinct_eigenvalues
from .subspaces import RANK_TOLERANCE, split

Matrix = NDArray[np.float64]
_COUPLING_LIMIT = 1e4


class Block(NamedTuple):
    """Consecutive states that do not act on the other states.

    Attributes:
        states: Number of states.
        modulus: Largest modulus of the block's eigenvalues.
    """

    states: int
    modulus: float


def decoupled_blocks(A: Matrix) -> tuple[Matrix, Matrix, Matrix, list[Block]]:
    """Decouple modes that grow at different rates, fastest first: x = T z.

    In these coordinates each state has its own scale, so the rounding of a fast mode does not cover a slow one. There
    is one block for each modulus above one, one for the unit circle and one for the rest. Two blocks stay together if
    their separation needs a coupling above 1e4. Each block is in real Schur form. Its zeros stay zeros in its powers;
    in a full matrix rounding couples the first state of a chain to the last, and squaring multiplies the error. A block
    that holds a multiple eigenvalue is cleaned by ``chain_form``.

    Args:
        A: ``(state, state)``.

    Returns:
        T, its inverse and T^-1 A T, all ``(state, state)``, and the blocks in order.
    """
    if len(A) == 0:
        return A, A, A, []
    computed, grouped = distinct_eigenvalues(A)
    modulus = np.abs(grouped)
    modulus = np.where(modulus > 1 + UNIT_TOLERANCE, modulus, np.where(modulus >= 1 - UNIT_TOLERANCE, 1.0, 0.0))
    T, inverse, blocks, contents = np.eye(len(A)), np.eye(len(A)), [], []
    start = 0
    order = np.argsort(-modulus, kind="stable")
    for edge in range(1, len(A) + 1):
        if edge < len(A) and modulus[order[edge - 1]] - modulus[order[edge]] <= UNIT_TOLERANCE * modulus[order[edge]]:
            continue
        if edge < len(A):
            rest = (inverse @ A @ T)[start:, start:]
            first = np.isin(order[start:], order[start:edge])
            step = split(rest, first, computed[order[start:]])
            if step is None or np.linalg.norm(step[0]) * np.linalg.norm(step[1]) > _COUPLING_LIMIT * len(A):
                continue
            T[:, start:], inverse[start:] = T[:, start:] @ step[0], step[1] @ inverse[start:]
        blocks.append(Block(edge - start, float(np.abs(grouped[order[start]]))))
        contents.append(grouped[order[start:edge]])
        start = edge
    dynamics, start = np.zeros_like(A), 0
    coupled = inverse @ A @ T
    for block, eigenvalues in zip(blocks, contents, strict=True):
        run = slice(start, start + block.states)
        growing = modulus[order[run]].min() >= 1
        form = chain_form(coupled[run, run], eigenvalues) if growing else None
        dynamics[run, run], basis = scipy.linalg.schur(coupled[run, run]) if form is None else form
        T[:, run], inverse[run] = T[:, run] @ basis, basis.T @ inverse[run]
        start += block.states
    return T, inverse, dynamics, blocks


def chain_form(D: Matrix, eigenvalues: NDArray[np.complex128]) -> tuple[Matrix, Matrix] | None:
    """Return an orthonormal basis U in which a block with multiple eigenvalues is upper triangular, and U' D U.

    Rounding of eps splits an eigenvalue of a chain of k by eps^(1/k). In the computed Schur form the powers of a chain
    then grow like (1 + eps^(1/k))^t instead of t^(k-1), which is wrong by the size of the result at t = 1e8. The basis
    follows the kernels of q(D)^j, with q(z) the product of z - lambda over the distinct eigenvalues: in it D is block
    triangular, and no diagonal block holds a chain. Entries below the diagonal are rounding and become zero; on the
    diagonal the eigenvalues get the moduli of their groups, exactly 1 on the unit circle.

    Args:
        D: ``(state, state)``.
        eigenvalues: Of D, each replaced by the mean of its group, ``(state,)``.

    Returns:
        U' D U and U, or None where no eigenvalue is multiple or rounding hides the chains.
    """
    distinct = unique(eigenvalues)
    if len(distinct) == len(eigenvalues):
        return None
    q = polynomial(D, distinct)
    size = max(1.0, float(np.linalg.norm(q, 2)))
    U, form, pairs = np.eye(len(D)), D, np.zeros(len(D), np.bool_)
    start = 0
    while start < len(D):
        rest = polynomial(form[start:, start:], distinct)
        _, lengths, right = np.linalg.svd(rest)
        kernel = int((lengths <= 100 * RANK_TOLERANCE * size).sum())
        if kernel == 0:
            return None
        step = np.vstack([right[len(right) - kernel :], right[: len(right) - kernel]]).T
        U[:, start:] = U[:, start:] @ step
        form = U.T @ D @ U
        layer = slice(start, start + kernel)
        triangle, inner = scipy.linalg.schur(form[layer, layer])
        pairs[start : start + kernel - 1] = np.diag(triangle, -1) != 0
        U[:, layer] = U[:, layer] @ inner
        form = U.T @ D @ U
        start += kernel
    return _exact_moduli(form, pairs, distinct), U


def unique(values: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return one of each group of equal eigenvalues."""
    kept: list[complex] = []
    for value in values:
        if all(abs(value - other) > UNIT_TOLERANCE for other in kept):
            kept.append(value)
    return np.asarray(kept, dtype=np.complex128)


def polynomial(A: Matrix, roots: NDArray[np.complex128]) -> Matrix:
    """Return q(A), q(z) the product of z - root; of a conjugate pair either root may be left out."""
    product = np.eye(len(A))
    for root in roots[roots.imag >= 0]:
        if root.imag > 0:
            product = product @ (A @ A - 2 * root.real * A + abs(root) ** 2 * np.eye(len(A)))
        else:
            product = product @ (A - root.real * np.eye(len(A)))
    return product


def _exact_moduli(form: Matrix, pairs: NDArray[np.bool_], eigenvalues: NDArray[np.complex128]) -> Matrix:
    # Zero below the diagonal, but for the conjugate pairs, and eigenvalues of the right modulus on it.
    form = np.triu(form) + np.diag(np.where(pairs[:-1], np.diag(form, -1), 0.0), -1)
    place = 0
    while place < len(form):
        width = 1 + int(pairs[place])
        run = slice(place, place + width)
        found = np.linalg.eigvals(form[run, run])
        meant = eigenvalues[np.argmin(np.abs(eigenvalues - found[0]))]
        modulus = 1.0 if abs(abs(meant) - 1) <= UNIT_TOLERANCE else abs(meant)
        if width == 1:
            form[place, place] = np.copysign(modulus, meant.real)
        else:
            form[run, run] *= modulus / np.sqrt(np.linalg.det(form[run, run]))
        place += width
    return form
