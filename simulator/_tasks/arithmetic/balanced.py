"""Sums of three digits, with as many lines of each number of carries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...._core.jax_later import Array, jax, jnp
from ..process import one_kind
from .bijection import shuffled
from .pairs import Pairs, square

SIDE = 1000
HALF = SIDE**2 // 2  # places of the permutation that training lines come from; the others are for the exam
FEWEST = 217  # the 55 one-digit sums without a carry are then a quarter of the lines, and no more
MOST = 40_000  # 3600 of them are of two digits; some 4950 lie in the first half of the permutation, give or take 50


def balanced() -> Pairs:
    """Return pairs of up to three digits in these shares, all different.

    Of n lines there are all 100 pairs of one digit, floor(.09 n) of numbers below 100, and the rest of numbers below
    1000. No number of carries, 0 to 3, has more than ceil(n / 4) lines:

        carries = (s(a) + s(b) - s(a + b)) / 9,    s(a): the sum of the digits of a

    Lines come in the order of a permutation of all pairs, and one whose number of carries has its share is left out.
    They are from the first half of the permutation; the exam is the end of the second half, without pairs of one digit.
    """

    def draw(key: Array, rows: int, lines: int) -> tuple[Array, Array]:
        count = rows * lines
        place = shuffled(jax.random.fold_in(key, 0), jnp.arange(HALF, dtype="int32"), SIDE**2)
        a, b = square(SIDE)(place)
        carried, largest = carries(a, b), jnp.maximum(a, b)
        free = -(-count // 4) - jnp.array([55, 45, 0, 0], "int32")  # the one-digit pairs come first
        two = _first(carried, (largest >= 10) & (largest < 100), free, count * 9 // 100)
        free = free - (jax.nn.one_hot(carried, 4, dtype="int32") * two[:, None].astype("int32")).sum(axis=0)
        three = _first(carried, (largest >= 10) & ~two, free, count - 100 - count * 9 // 100)
        (chosen,) = jnp.nonzero(two | three, size=count - 100)
        ones = jnp.arange(100, dtype="int32")
        place = jnp.concatenate([ones // 10 * SIDE + ones % 10, place[chosen]])
        order = shuffled(jax.random.fold_in(key, 1), jnp.arange(count, dtype="int32"), count)
        return square(SIDE)(place[order].reshape(rows, lines))

    def exam(key: Array, rows: int, lines: int) -> tuple[Array, Array, Array]:
        count = rows * lines
        if count > HALF - 100:
            raise ValueError(f"the exam of balanced sums has at most {HALF - 100} lines, got {count}: ask for fewer.")
        # A hundred more, for those of one digit that lie among them.
        last = SIDE**2 - 1 - jnp.arange(count + 100, dtype="int32")
        a, b = square(SIDE)(shuffled(jax.random.fold_in(key, 0), last, SIDE**2))
        (chosen,) = jnp.nonzero(jnp.maximum(a, b) >= 10, size=count)
        return a[chosen].reshape(rows, lines), b[chosen].reshape(rows, lines), one_kind(rows)

    return Pairs(
        SIDE**2,
        ("all",),
        (1.0,),
        draw,
        exam,
        lambda: square(SIDE)(np.arange(SIDE**2, dtype=np.int32)),
        FEWEST,
        MOST,
    )


def carries(a: Any, b: Any) -> Any:
    """Return how many columns of each sum carry, of numbers of up to four digits."""
    of = [sum(number // 10**k % 10 for k in range(5)) for number in (a, b, a + b)]
    return (of[0] + of[1] - of[2]) // 9


def _first(carried: Array, wanted: Array, free: Array, count: int) -> Array:
    """Return the first pairs that are wanted, so many, of each number of carries at most those that are free."""
    each = (carried[:, None] == jnp.arange(4, dtype="int32")[None]) & wanted[:, None]
    rank = jnp.cumsum(each, axis=0, dtype="int32")
    allowed = (each & (rank <= free[None])).any(axis=1)
    return allowed & (jnp.cumsum(allowed, dtype="int32") <= count)
