"""The loss of a learner that knows how often each character stands at each place of an answer, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layouts import Line

BLOCK = 100_000  # lines counted at once
CODES = 128


def counted_chance(line: Callable[[Any, Any], Line], a: NDArray[np.int32], b: NDArray[np.int32]) -> float:
    """Return the mean entropy, in nats, of the characters that are asked for in the answers of some lines.

    The k-th character of an answer has the entropy of its own frequencies among the lines that have so many; these
    entropies are averaged with the number of those lines.

    Args:
        line: The lines of two arrays of numbers.
        a: First numbers, ``(pair,)``.
        b: Second numbers, ``(pair,)``.
    """
    counts = sum(_counts(line(a[i : i + BLOCK], b[i : i + BLOCK])) for i in range(0, len(a), BLOCK))
    return entropy(np.asarray(counts, float))


def entropy(counts: NDArray[np.float64]) -> float:
    """Return the mean entropy of the rows of a table of counts, in nats, weighted with the sums of the rows."""
    totals = counts.sum(axis=1, keepdims=True)
    return float(-(counts * np.log(np.where(counts > 0, counts / np.maximum(totals, 1), 1))).sum() / totals.sum())


def sum_chance(digits: int, ends: bool) -> float:
    """Return the same for padded sums of uniform numbers, plain or reverse, in closed form.

    The first digit is 1 if the last column carries: with probability p_d, p_0 = 0, p_k = .45 + .1 p_(k-1). Each other
    digit is uniform, whatever comes in.

    Args:
        digits: d, of the two numbers.
        ends: Whether the answer ends with a ``$`` that is asked for.
    """
    p = 0.0
    for _ in range(digits):
        p = 0.45 + 0.1 * p
    return (digits * log(10) - p * log(p) - (1 - p) * log(1 - p)) / (digits + 1 + ends)


def _counts(line: Line) -> NDArray[np.int64]:
    """Return how often each code is the k-th character of an answer, ``(k, code)``."""
    rest = line.columns[line.question :]
    size = max(np.size(column.code) for column in line.columns)
    place: Any = 0
    counts = np.zeros(len(rest) * CODES, np.int64)
    for column in rest:
        cell = np.broadcast_to(place * CODES + column.code, size)
        counts += np.bincount(cell if column.there is True else cell[column.there], minlength=len(counts))
        place = place + (1 if column.there is True else column.there.astype(np.int32))
    return counts.reshape(-1, CODES)
