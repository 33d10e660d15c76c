"""The parity of a few of many random bits."""

from __future__ import annotations

from functools import lru_cache
from math import log

from ..._core.jax_later import Array, jax, jnp
from .process import Examples, Process, one_kind, permuted, random_bits

FINITE = 16  # bits of the largest domain that is divided into a set and an exam
MOST_BITS = 4096


@lru_cache
def parity(bits: int = 30, k: int = 3, coding: str = "signs") -> Process:
    """Return the task: the parity of the first k of independent fair bits.

        y = (b_1 + .. + b_k) mod 2

    Every subset of fewer than k bits says nothing about y, so that a learner must use all k at once. The other bits are
    distractors. Of up to 16 bits the domain is finite: a set and its exam share no example.

    Args:
        bits: Bits of an input, at most 4096.
        k: Bits that count.
        coding: ``"signs"``: a bit is given as -1 or 1; ``"bits"``: as 0 or 1, with a column of ones after the bits.

    Raises:
        ValueError: k is not between 1 and the number of bits, there are too many bits, or there is no such coding.

    References:
        A. Pearce, A. Ghandeharioun, N. Hussein, N. Thain, M. Wattenberg, L. Dixon, Do machine learning models memorize
        or generalize?, PAIR explorables, 2023. B. Barak et al., Hidden progress in deep learning: SGD learns parities
        near the computational limit, NeurIPS 2022.
    """
    if bits < 1 or not 1 <= k <= bits:
        raise ValueError(f"parity needs 1 <= k <= bits; got k={k}, bits={bits}.")
    if bits > MOST_BITS:
        raise ValueError(f"parity takes at most {MOST_BITS} bits, got {bits}.")
    if coding not in ("signs", "bits"):
        raise ValueError(f"the coding of parity must be signs or bits, got {coding!r}.")

    domain = 2**bits if bits <= FINITE else None

    def coded(given: Array) -> Examples:
        y = given[:, :k].sum(axis=1) % 2
        ones = jnp.ones((len(given), 1), "int8")
        x = 2 * given - jnp.int8(1) if coding == "signs" else jnp.concatenate([given, ones], axis=1)
        return Examples(x, y.astype("int32"), one_kind(len(y)))

    def chosen(key: Array, rows: int, last: bool) -> Examples:
        if domain is None:
            return coded(random_bits(jax.random.fold_in(key, 1) if last else key, rows, bits))
        numbers = permuted(key, domain, rows, last).astype("int32")
        return coded(jnp.asarray((numbers[:, None] >> jnp.arange(bits, dtype="int32")[None]) & 1, "int8"))

    options = f"bits={bits},k={k},coding={coding}"
    return Process(
        name=f"parity:{options}",
        about=f"the parity of the first {k} of {bits} random bits",
        theory=f"all {k} bits are needed at once: fewer say nothing about the label",
        inputs=bits + (coding == "bits"),
        symbols=None,
        classes=2,
        kinds=("all",),
        frequency=(1.0,),
        chance=log(2),
        domain=domain,
        rows=1000 if domain is None else min(1000, max(domain // 2, 1)),
        draw=lambda key, rows: chosen(key, rows, False),
        exam=lambda key, rows: chosen(key, rows, True),
        signal=tuple(range(k)),
        distractors=tuple(range(k, bits)),
    )
