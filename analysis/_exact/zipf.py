"""Zipf's law with the exponent alpha + 1: frequencies, and sums of them and of their surprisals over the tail."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import zeta

DIRECT = 512  # rank from which on the series of log_power_tail is exact to rounding

Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class Zipf:
    """The law p_k = k^-s / H of ranks k = 1 .. K, H = sum k^-s; K may be infinite, s > 1.

    The sums over tails run over all ranks beyond n without an end, with the H of the K ranks.
    """

    s: float
    last: float

    @cached_property
    def norm(self) -> float:
        """H = zeta(s, 1) - zeta(s, K + 1)."""
        return self._within(power_tail)

    def frequency(self, k: Ranks) -> Ranks:
        """Return p_k; a rank need not be whole."""
        return np.asarray(k**-self.s / self.norm)

    def tail(self, n: Ranks) -> Ranks:
        """Return sum_{k>n} p_k."""
        return power_tail(self.s, n + 1) / self.norm

    def surprisal_tail(self, n: Ranks) -> Ranks:
        """Return sum_{k>n} -p_k log p_k, in nats."""
        logs = self.s * log_power_tail(self.s, n + 1) / self.norm
        return np.asarray(logs + math.log(self.norm) * self.tail(n))

    def entropy(self) -> float:
        """Return sum_{k<=K} -p_k log p_k, in nats."""
        return math.log(self.norm) + self.s * self._within(log_power_tail) / self.norm

    def _within(self, tail: Callable[[float, Ranks], Ranks]) -> float:
        beyond = tail(self.s, np.array(self.last + 1)) if math.isfinite(self.last) else 0.0
        return float(tail(self.s, np.array(1.0)) - beyond)


def power_tail(s: float, first: Ranks) -> Ranks:
    """Return sum k^-s over k >= first, s > 1: the zeta function of Hurwitz."""
    return np.asarray(zeta(s, first), np.float64)


def log_power_tail(s: float, first: Ranks) -> Ranks:
    """Return sum k^-s log k over k >= first, s > 1.

    Terms up to the 511th are added. From a = 512 on, the sum is minus the derivative by s of the series

        sum_{k>=a} k^-s = a^(1-s) / (s - 1) + a^-s / 2 + s a^(-s-1) / 12 - s (s + 1) (s + 2) a^(-s-3) / 720 + ..

    of Euler and Maclaurin.
    """
    k = np.arange(1.0, DIRECT)
    terms = np.append(np.cumsum((k**-s * np.log(k))[::-1])[::-1], 0.0)
    head = terms[(np.minimum(first, DIRECT) - 1).astype(np.int64)]
    a = np.maximum(first, DIRECT)
    log = np.log(a)
    cubic, slope = s * (s + 1) * (s + 2), 3 * s**2 + 6 * s + 2
    linear = a * (log + 1 / (s - 1)) / (s - 1) + log / 2 + (s * log - 1) / (12 * a)
    return np.asarray(head + a**-s * (linear - (cubic * log - slope) / (720 * a**3)))
