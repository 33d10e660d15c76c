"""Sums over the first sizes of a ladder, and the choice of its reported rungs."""

from __future__ import annotations

from jaxtyping import Float

from ..._core.jax_later import Array, jnp


def prefix_sums(terms: Float[Array, "size *rest"]) -> Float[Array, "size *rest"]:
    """Return the inclusive prefix sums over the first axis in log4(size) passes over memory.

    Each pass joins four runs of terms, those that end 0, 1, 2 and 3 runs back. The order of the additions depends
    on the size alone; the bitwise laws of the driver need this.
    """
    size, run, total = terms.shape[0], 1, terms
    while run < size:
        padded = jnp.pad(total, [(3 * run, 0)] + [(0, 0)] * (total.ndim - 1))
        back = [padded[place : place + size] for place in (3 * run, 2 * run, run, 0)]
        total = (back[0] + back[1]) + (back[2] + back[3])
        run *= 4
    return total


def choose(ladder: Float[Array, "length *rest"], sizes: tuple[int, ...]) -> Float[Array, "size *rest"]:
    """Return the reported rows of a whole ladder by slices, which cost nothing; a gather would."""
    spans: list[list[int]] = []
    for size in sizes:
        if spans and size == spans[-1][1]:
            spans[-1][1] += 1
        else:
            spans.append([size, size + 1])
    return jnp.concatenate([ladder[first:stop] for first, stop in spans])
