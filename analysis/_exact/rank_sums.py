"""Sums of a smooth term over any number of ranks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

DIRECT = 4096  # terms that are added one by one
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def rank_sum(term: Callable[[NDArray[np.float64]], NDArray[np.float64]], last: float, width: float) -> float:
    """Return the sum of term(k) over k = 1 .. last, of a term that is smooth in log k.

    The first 4096 terms are added. The others are, by Euler and Maclaurin in the form for midpoints,

        sum_{k=m+1}^{n} f(k) = integral of f from m + 1/2 to n + 1/2 - (f'(n + 1/2) - f'(m + 1/2)) / 24 + ..

    The integral is that of Gauss and Legendre with 16 nodes on panels of equal length in log k.

    Args:
        term: From a vector of ranks, which need not be whole, to a vector of terms.
        last: Rank of the last term, a whole number.
        width: Longest panel in log k, within which the term is close to a polynomial.
    """
    m = min(last, DIRECT)
    total = float(term(np.arange(1.0, m + 1)).sum())
    if last <= DIRECT:
        return total
    start, stop = math.log(m + 0.5), math.log(last + 0.5)
    panels = math.ceil((stop - start) / width)
    half = (stop - start) / panels / 2
    k = np.exp(start + half * (2 * np.arange(panels) + 1)[:, None] + half * NODES)
    integral = half * float(((k * term(k.ravel()).reshape(k.shape)) @ WEIGHTS).sum())
    before, after, end, beyond = term(np.array([m, m + 1, last, last + 1], float)).tolist()
    return float(total + integral - ((beyond - end) - (after - before)) / 24)
