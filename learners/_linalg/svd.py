"""Singular values and right singular vectors of many small matrices by one-sided Jacobi rotations of their rows.

It uses only rotations, in an order that depends on the shape alone: so on every device the numbers of a lane depend
on that lane alone.
"""

from __future__ import annotations

from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp

SWEEPS = 12  # convergence is quadratic from about the sixth on


def right_vectors(
    matrix: Float[Array, "row column lane"], carried: Float[Array, "row other lane"]
) -> tuple[Float[Array, "row lane"], Float[Array, "row column lane"], Float[Array, "row other lane"]]:
    """Return sigma, V' and Sigma^-1 U' carried of matrix = U Sigma V', sigma falling.

    Rows of pairs are rotated until they are orthogonal; the pairs of a step are disjoint, and a round robin brings each
    row together with every other once a sweep. Small singular values keep their digits beside large ones. Where sigma
    is zero, the rows of V' and of ``carried`` are zero, too.

    Args:
        matrix: The matrix to decompose.
        carried: Rows that are rotated in the same way.

    References:
        M. R. Hestenes, Inversion of matrices by biorthogonalization and related results, 1958. R. P. Brent, F. T. Luk,
        The solution of singular-value and symmetric eigenvalue problems on multiprocessor arrays, 1985.
    """
    rows, columns, _ = matrix.shape
    largest = jnp.max(jnp.abs(matrix), axis=(0, 1), keepdims=True)
    both = jnp.concatenate([matrix / jnp.where(largest > 0, largest, 1), carried], axis=1)
    both = jnp.pad(both, ((0, rows % 2), (0, 0), (0, 0)))
    half = len(both) // 2

    def turn(pair: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        upper, lower = pair
        a, b = upper[:, :columns], lower[:, :columns]
        alpha, beta, gamma = (jnp.sum(one * other, axis=1) for one, other in ((a, a), (b, b), (a, b)))
        zeta = (beta - alpha) / jnp.where(gamma == 0, 1, 2 * gamma)
        root = jnp.abs(zeta) + jnp.sqrt(1 + zeta * zeta)
        t = jnp.where(gamma == 0, 0, jnp.where(zeta < 0, -1, 1) / root)
        c = 1 / jnp.sqrt(1 + t * t)
        s = c * t
        upper, lower = c[:, None] * upper - s[:, None] * lower, s[:, None] * upper + c[:, None] * lower
        # The first row stays, the others move around: down on the right, back on the left.
        if half > 1:
            upper, lower = (
                jnp.concatenate([upper[:1], lower[:1], upper[1:-1]]),
                jnp.concatenate([lower[1:], upper[-1:]]),
            )
        return (upper, lower), None

    pair, _ = jax.lax.scan(turn, (both[:half], both[half:]), None, length=SWEEPS * max(2 * half - 1, 1))
    both = jnp.concatenate(pair)
    sigma = jnp.sqrt(jnp.sum(both[:, :columns] ** 2, axis=1))
    order = jnp.argsort(-sigma, axis=0)[:rows]
    sigma = jnp.take_along_axis(sigma, order, axis=0)
    both = jnp.take_along_axis(both, order[:, None], axis=0)
    inverse = jnp.where(sigma > 0, 1 / jnp.where(sigma > 0, sigma, 1), 0)[:, None]
    return (
        sigma * largest[0],
        both[:, :columns] * inverse,
        both[:, columns:] * inverse / jnp.where(largest > 0, largest, 1),
    )
