"""A permutation of the numbers below a bound, made for the places that are asked for alone."""

from __future__ import annotations

from math import isqrt

from ...._core.jax_later import Array, jax, jnp

ROUNDS = 8
LARGEST = 2**31 - 1


def shuffled(key: Array, places: Array, domain: int) -> Array:
    """Return where the permutation of ``0 .. domain - 1`` that belongs to a key sends some places.

    A number n = s l + r, s = ceil(sqrt(domain)), passes through eight rounds of a Feistel network, in which (l, r)
    becomes (r, (l + f_i(r)) mod s); f_i is a hash with two random words of round i. This permutes the numbers below
    s^2. A number that leaves the domain goes through again until it is back. It does come back: its path is a circle
    that holds the place, which is in the domain. So the numbers below the bound are permuted, and the cost is that of
    the places, not of the domain. Few numbers leave it: s^2 is at most 2 sqrt(domain) + 1 above the bound.

    Args:
        key: Of the permutation.
        places: Whole numbers from 0 below the bound, of any shape.
        domain: The bound, up to 2^31 - 1.

    Returns:
        int32, the shape of the places.

    References:
        J. Black, P. Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002.
    """
    side = jnp.uint32(isqrt(domain - 1) + 1)
    words = jax.random.bits(key, (ROUNDS, 2), "uint32")

    def once(number: Array) -> Array:
        def round(i: int, halves: tuple[Array, Array]) -> tuple[Array, Array]:
            left, right = halves
            return right, (left + _hashed(right, words[i, 0], words[i, 1]) % side) % side

        left, right = jax.lax.fori_loop(0, ROUNDS, round, (number // side, number % side))
        joined: Array = left * side + right
        return joined

    def again(carried: tuple[Array, Array]) -> tuple[Array, Array]:
        number, out = carried
        number = jnp.where(out, once(number), number)
        return number, number >= jnp.uint32(domain)

    first = places.astype("uint32")
    if isqrt(domain) ** 2 == domain:
        return once(first).astype("int32")
    state = first, jnp.ones(first.shape, bool)
    found: Array = jax.lax.while_loop(lambda carried: carried[1].any(), again, state)[0]
    return found.astype("int32")


def _hashed(number: Array, first: Array, second: Array) -> Array:
    """Return 32 bits of which each depends on all bits of a number and of two words."""
    number = (number ^ first) * jnp.uint32(0x9E3779B1)
    number = (number ^ (number >> jnp.uint32(16))) * jnp.uint32(0x85EBCA6B)
    number = (number ^ (number >> jnp.uint32(13)) ^ second) * jnp.uint32(0xC2B2AE35)
    mixed: Array = number ^ (number >> jnp.uint32(16))
    return mixed
