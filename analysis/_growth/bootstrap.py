"""Bootstrap draws: replicates, groups of replicates or blocks of samples, drawn with replacement."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SMALL = 2**18  # multiplications in one product


@lru_cache(maxsize=2)  # many runs use the same draws
def resample_counts(units: int, draws: int, seed: int) -> NDArray[np.float64]:
    """Return how often each unit is drawn, ``(draw, unit)``. Each row is whole numbers and sums to ``units``.

    References:
        B. Efron, Bootstrap methods: another look at the jackknife, 1979.
    """
    counts = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=draws).astype(np.float64)
    counts.flags.writeable = False
    return counts


def threadless_product(counts: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``counts @ values``, ``(draw, column)``, in parts too small for OpenBLAS to start threads.

    In a small product, threads spend more time waiting than computing. Values of more than 16 384 numbers gain from
    threads.
    """
    rows = max(SMALL // values.size, 16)
    return np.concatenate([part @ values for part in np.array_split(counts, -(-len(counts) // rows))])
