"""The pairs of numbers that lines are about: which ones are to learn from, and which ones are for the exam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...._core.jax_later import Array, jax, jnp
from ..process import one_kind
from .bijection import shuffled

SAMPLE = 100_000  # pairs that stand for an endless domain where frequencies are counted

Numbers = NDArray[np.int32]
Unpacked = Callable[[Any], tuple[Any, Any]]


class Pairs(NamedTuple):
    """Where the numbers of lines come from.

    Attributes:
        domain: Different pairs to be divided into a set and an exam; None where repeats are rare.
        kinds, frequency: As in ``Process``.
        draw: ``draw(key, rows, lines)``: the first and the second numbers of a set, each ``(row, line)``.
        exam: ``exam(key, rows, lines)``: those of an exam, and the kind of each row, ``(row,)``.
        counted: All pairs of the domain, or a fixed sample of an endless one, each ``(pair,)``: for frequencies.
        fewest, most: Pairs of a set; most is None where there is no limit but the domain.
    """

    domain: int | None
    kinds: tuple[str, ...]
    frequency: tuple[float, ...]
    draw: Callable[[Array, int, int], tuple[Array, Array]]
    exam: Callable[[Array, int, int], tuple[Array, Array, Array]]
    counted: Callable[[], tuple[Numbers, Numbers]]
    fewest: int = 1
    most: int | None = None


def square(side: int) -> Unpacked:
    """Return the map of ``0 .. side^2 - 1`` to all pairs of numbers below ``side``."""
    return lambda place: (place // side, place % side)


def folded(side: int) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return the map of a row below ``side / 2`` and a column up to ``side`` to the pairs a >= b below an even side.

    a has a + 1 pairs: those of ``side - 1 - row`` and those of ``row``, one behind the other, are ``side + 1``.
    """

    def unpacked(row: Any, column: Any) -> tuple[Any, Any]:
        xp = np if isinstance(row, np.ndarray) else jnp
        longer = column < side - row
        return xp.where(longer, side - 1 - row, row), xp.where(longer, column, column - (side - row))

    return unpacked


def falling(side: int) -> Unpacked:
    """Return the map of ``0 .. side (side + 1) / 2 - 1`` to all pairs of numbers a >= b below an even ``side``."""
    return lambda place: folded(side)(place // (side + 1), place % (side + 1))


def finite(domain: int, unpacked: Unpacked) -> Pairs:
    """Return all pairs of a finite domain, in the order of a permutation: the set is its begin, the exam its end."""

    def taken(key: Array, rows: int, lines: int, first: int) -> tuple[Array, Array]:
        a, b = unpacked(shuffled(key, first + _places(rows, lines), domain))
        return a, b

    return Pairs(
        domain,
        ("all",),
        (1.0,),
        lambda key, rows, lines: taken(key, rows, lines, 0),
        lambda key, rows, lines: (*taken(key, rows, lines, domain - rows * lines), one_kind(rows)),
        lambda: unpacked(np.arange(domain, dtype=np.int32)),
    )


def endless(sides: tuple[int, int], unpacked: Callable[[Any, Any], tuple[Any, Any]]) -> Pairs:
    """Return pairs that are drawn anew each time: two independent numbers below ``sides``, mapped to a pair."""

    def drawn(key: Array, rows: int, lines: int) -> tuple[Array, Array]:
        keys = jax.random.split(key)
        a, b = (jax.random.randint(one, (rows, lines), 0, side, "int32") for one, side in zip(keys, sides, strict=True))
        return unpacked(a, b)

    def counted() -> tuple[Numbers, Numbers]:
        generator = np.random.default_rng(0)
        a, b = (generator.integers(0, side, SAMPLE, dtype=np.int32) for side in sides)
        return unpacked(a, b)

    return Pairs(
        None,
        ("all",),
        (1.0,),
        lambda key, rows, lines: drawn(jax.random.fold_in(key, 0), rows, lines),
        lambda key, rows, lines: (*drawn(jax.random.fold_in(key, 1), rows, lines), one_kind(rows)),
        counted,
    )


def without(known: Numbers, unknown: Numbers, kinds: tuple[str, str]) -> Pairs:
    """Return pairs of known numbers to learn from; in every second row of the exam a number is unknown.

    The rows of the first kind, the even ones, are the end of the permutation of all pairs of known numbers. Those of
    the second kind begin another permutation, that of all pairs with an unknown number, first or second; an exam that
    needs more of them than there are shows some again.

    Args:
        known: The numbers of training lines.
        unknown: The others.
        kinds: Names of the two kinds of rows.
    """
    every = np.concatenate([known, unknown])
    domain, first = len(known) ** 2, len(unknown) * len(every)
    others = first + len(known) * len(unknown)

    def known_pair(place: Any) -> tuple[Any, Any]:
        xp = np if isinstance(place, np.ndarray) else jnp
        table = xp.asarray(known)
        return table[place // len(known)], table[place % len(known)]

    def unknown_pair(place: Array) -> tuple[Array, Array]:
        table, strange = jnp.asarray(every), jnp.asarray(unknown)
        one, rest = place // len(every) % len(unknown), jnp.maximum(place - first, 0)
        begins = place < first
        a = jnp.where(begins, strange[one], table[rest // len(unknown)])
        return a, jnp.where(begins, table[place % len(every)], strange[rest % len(unknown)])

    def draw(key: Array, rows: int, lines: int) -> tuple[Array, Array]:
        return known_pair(shuffled(jax.random.fold_in(key, 0), _places(rows, lines), domain))

    def exam(key: Array, rows: int, lines: int) -> tuple[Array, Array, Array]:
        kind = jnp.arange(rows, dtype="int32") % 2
        places = (_places(rows, lines) // lines // 2) * lines + jnp.arange(lines, dtype="int32")[None]
        same = known_pair(shuffled(jax.random.fold_in(key, 0), domain - 1 - places, domain))
        new = unknown_pair(shuffled(jax.random.fold_in(key, 1), places % others, others))
        a, b = (jnp.where(kind[:, None] == 1, one, other) for one, other in zip(new, same, strict=True))
        return a, b, kind

    return Pairs(domain, kinds, (1.0, 0.0), draw, exam, lambda: known_pair(np.arange(domain, dtype=np.int32)))


def _places(rows: int, lines: int) -> Array:
    return jnp.arange(rows * lines, dtype="int32").reshape(rows, lines)
