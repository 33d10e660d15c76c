"""Addition modulo a number."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..._core.jax_later import Array, jnp
from .process import Examples, Process, one_kind, permuted

MOST = 2000  # two million pairs


@lru_cache
def modular_addition(p: int = 67, share: float = 0.4) -> Process:
    """Return the task: c = (a + b) mod p, for the p (p + 1) / 2 pairs a <= b.

    Args:
        p: The modulus. For a prime p all frequencies 1 .. (p - 1)/2 of the Fourier transform are alike, which analyses
            of frequencies need; see ``is_prime``.
        share: Share of the pairs that a set usually has.

    Raises:
        ValueError: p is below 2 or above 2000, or the share leaves no pair to learn from or for the exam.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR explorables, 2023. N. Nanda et al.,
        Progress measures for grokking via mechanistic interpretability, ICLR 2023.
    """
    if not 2 <= p <= MOST:
        raise ValueError(f"modular addition needs a modulus p of at least 2 and at most {MOST}, got {p}.")
    pairs = p * (p + 1) // 2
    rows = int(share * pairs) if 0 < share < 1 else 0
    if not 1 <= rows < pairs:
        raise ValueError(
            f"share is the part of the {pairs} pairs to learn from, above 0 and below 1, a pair left on both sides; "
            f"got {share}."
        )
    first, second = (part.astype(np.int32) for part in np.triu_indices(p))
    shares = np.bincount((first + second) % p) / pairs  # for an even p some sums are more frequent

    def chosen(key: Array, rows: int, last: bool) -> Examples:
        order = permuted(key, pairs, rows, last)
        a, b = jnp.asarray(first)[order], jnp.asarray(second)[order]
        return Examples(jnp.stack([a, b], axis=1), (a + b) % jnp.int32(p), one_kind(rows))

    return Process(
        name=f"modular-addition:p={p},share={share:g}",
        about=f"a + b modulo {p}, of {pairs} pairs a <= b",
        theory="five hidden ReLU neurons on one frequency answer every pair"
        if p % 2 and p > 2
        else "the network that is built on one frequency needs an odd modulus",
        inputs=2,
        symbols=p,
        classes=p,
        kinds=("all",),
        frequency=(1.0,),
        chance=float(-(shares * np.log(shares)).sum()),
        domain=pairs,
        rows=rows,
        draw=lambda key, rows: chosen(key, rows, False),
        exam=lambda key, rows: chosen(key, rows, True),
    )


def is_prime(p: int) -> bool:
    """Return whether a number is prime."""
    return p > 1 and all(p % k for k in range(2, int(p**0.5) + 1))
