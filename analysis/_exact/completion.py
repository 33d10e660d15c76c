"""Completion of an additive map from random entries: how much is determined, and when all is.

n rows and n columns are the nodes of a bipartite graph, and m entries that are seen are its edges.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array
from ..._core.ranges import check_count
from .giant_component import giant_component

LARGEST = 100  # n up to which the exact sum takes a fraction of a second


def determined_share(load: ArrayLike) -> Any:
    """Return the share of the entries of an additive map that are determined, for many rows and columns.

        x^2    with    x = 1 - exp(-c x)

    Both ends of such an entry lie in the giant component, which holds a share x of the rows and of the columns.

    Args:
        load: c = m / n, entries seen for each row, at least 0; a number or an array.

    Returns:
        The share, in the shape of c; 0 for c <= 1.

    Raises:
        ValueError: A load is below 0 or not a number.

    Examples:
        >>> [round(float(share), 3) for share in determined_share([1.0, 1.5, 2.0, 2.64, 4.0])]
        [0.0, 0.34, 0.635, 0.827, 0.961]

    References:
        P. Erdos, A. Renyi, On the evolution of random graphs, 1960. B. Bollobas, Random graphs, 2001.
    """
    return giant_component(load) ** 2


def determining_load(share: ArrayLike) -> Any:
    """Return the load c = m / n at which that share is determined: -log(1 - x) / x with x the root of the share.

    Raises:
        ValueError: A share is not above 0 and below 1.
    """
    x = np.sqrt(real_array("the share determined", share))
    if not ((x > 0) & (x < 1)).all():
        raise ValueError(f"the share determined must be above 0 and below 1, got {share!r}.")
    return (-np.log1p(-x) / x)[()]


def all_determined(excess: ArrayLike) -> Any:
    """Return the probability that all entries are determined at m = n log(2n) + c n, for many rows and columns.

        exp(-exp(-c))

    The last lines to be linked are empty ones, and their number is Poisson with mean exp(-c).

    Args:
        excess: c; a number or an array.

    References:
        P. Erdos, A. Renyi, On random matrices, 1964. B. Bollobas, Random graphs, 2001, chapter 7.
    """
    return np.exp(-np.exp(-real_array("the excess", excess)))[()]


def no_empty_line(samples: int, size: int) -> float:
    """Return the probability that m different entries of an n x n map leave no row and no column empty, nearly.

        exp(-2 n p)    with    p = C(n^2 - n, m) / C(n^2, m), the probability that a given line is empty

    p is exact for entries drawn without replacement, about (1 - m / n^2)^n; the number of empty lines is taken to be
    Poisson.

    Raises:
        ValueError: m is not a whole number from 0 to n^2, or n is below 1.
    """
    n, m = _checked(samples, size)
    return float(np.exp(-2 * n * _unseen(n, m, n * n)))


def no_empty_line_exactly(samples: int, size: int) -> float:
    """Return the same probability by inclusion and exclusion in whole numbers, so that nothing cancels.

        sum over a, b of (-1)^(a + b) C(n, a) C(n, b) C((n - a)(n - b), m) / C(n^2, m)

    Args:
        samples: m.
        size: n, at most 100: there are n^2 terms of thousands of digits.

    Raises:
        ValueError: m is not a whole number from 0 to n^2, or n is not from 1 to 100.
    """
    n, m = _checked(samples, size)
    if n > LARGEST:
        raise ValueError(f"the exact sum takes at most {LARGEST} rows, got {n}: no_empty_line is close for many.")
    signed = [(-1) ** a * comb(n, a) for a in range(n + 1)]
    total = 0
    for a in range(n + 1):
        for b in range(a, n + 1):
            if (cells := (n - a) * (n - b)) < m:
                break
            total += (1 if a == b else 2) * signed[a] * signed[b] * comb(cells, m)
    return total / comb(n * n, m)


def isolated_pairs(samples: int, size: int) -> float:
    """Return the expected number of entries seen that are alone in their row and in their column.

        m C((n - 1)^2, m - 1) / C(n^2 - 1, m - 1)

    With empty lines they are what leaves entries undetermined once most are: each is a component of its own.

    Raises:
        ValueError: m is not a whole number from 0 to n^2, or n is below 1.
    """
    n, m = _checked(samples, size)
    return m * _unseen(2 * n - 2, m - 1, n * n - 1) if m else 0.0


def addition_singular_values(size: int) -> NDArray[np.float64]:
    """Return the two singular values of the map M_ij = i + j, 0 <= i, j < n, that are not 0.

        sqrt(n q) + s, sqrt(n q) - s    with    s = sum of i = n (n - 1) / 2,    q = sum of i^2 = (n - 1) n (2n - 1) / 6

    M = u 1' + 1 u' with u_i = i has rank 2 for n >= 2, and the eigenvalues s +- sqrt(n q).

    Raises:
        ValueError: n is no whole number of at least 2.
    """
    n = check_count("the size of the map", size, 2)
    s, q = n * (n - 1) / 2, (n - 1) * n * (2 * n - 1) / 6
    return np.array([np.sqrt(n * q) + s, np.sqrt(n * q) - s])


def _unseen(cells: int, samples: int, of: int) -> float:
    """Return the probability that none of some cells is among so many samples of all, drawn without replacement."""
    if samples > of - cells:
        return 0.0
    return float(np.exp(np.log1p(-samples / (of - np.arange(cells))).sum()))


def _checked(samples: int, size: int) -> tuple[int, int]:
    n = check_count("the size of the map", size, 1)
    m = check_count("the number of entries seen", samples, 0)
    if m > n * n:
        raise ValueError(f"a map of size {n} has {n * n} entries, got {m} that are seen: they are all different.")
    return n, m
