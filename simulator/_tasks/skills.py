"""Texts that name a few of many concepts each."""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

import numpy as np

from ..._core.checks import check_seed
from ..._core.ranges import check_count
from .texts import Texts, TextStream, joined

BLOCK = 1024  # texts drawn with one counter; it is part of what a seed stands for
MOST_CONCEPTS = 2**31 - 1
MOST_NAMED = 10_000


@lru_cache
def skills(concepts: int = 1000, mean: float = 6.0) -> TextStream:
    """Return the stream of texts in which the concepts of a text are independent and uniform.

        n ~ Poisson(d),    text = (c_1, .., c_n),    c_i uniform on 0 .. R-1

    A concept then stands Poisson(d / R) times in a text, independently of all others: whether a text names it has
    probability 1 - exp(-d / R). Repeats are left in.

    Block b of 1024 texts is made with NumPy's ``Generator(Philox(key=[seed, R], counter=[0, 0, b, 0]))``: all n, then
    all c_i. A text depends neither on what was drawn before nor on how many are drawn at once.

    Args:
        concepts: R.
        mean: d, the mean number of concepts of a text.

    Raises:
        ValueError: There is no concept, there are 2^31 or more, or the mean is not above 0 or is above 10 000.

    References:
        A. Nayak, L. Varshney, An information theory of compute-optimal size scaling, emergence, and plateaus in
        language models, 2024 (arXiv 2410.01243).
    """
    check_count("concepts", concepts, 1)
    if concepts > MOST_CONCEPTS:
        raise ValueError(f"skills takes at most 2^31 - 1 concepts, got {concepts}: they are numbered in 32 bits.")
    if not (isfinite(mean) and 0 < mean <= MOST_NAMED):
        raise ValueError(f"the mean number of concepts of a text must be above 0 and at most {MOST_NAMED}, got {mean}.")

    def draw(seed: int, start: int, stop: int) -> Texts:
        check_seed(seed)
        if not 0 <= start <= stop:
            raise ValueError(f"texts are drawn from start to stop, 0 <= start <= stop; got {start} and {stop}.")
        first = start // BLOCK
        blocks = [_block(seed, concepts, mean, block) for block in range(first, -(-stop // BLOCK))]
        return joined(blocks).between(start - first * BLOCK, stop - first * BLOCK)

    return TextStream(
        name=f"skills:concepts={concepts},mean={mean:g}",
        about=f"texts that name {mean:g} of {concepts} concepts on average",
        theory="if texts name more than e concepts, most are learned at once when T / R passes a threshold",
        concepts=concepts,
        mean=mean,
        of_size=lambda number: skills(number, mean),
        draw=draw,
    )


def _block(seed: int, concepts: int, mean: float, block: int) -> Texts:
    key = np.array([seed, concepts], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, block, 0], np.uint64)))
    lengths = generator.poisson(mean, BLOCK)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return Texts(indptr, generator.integers(0, concepts, indptr[-1], dtype=np.int32))
