"""Plateaus: the long stretches of a curve on which it hardly changes."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray


def plateaus(steps: ArrayLike, values: ArrayLike, tolerance: float, shortest: float = 2.0) -> pl.DataFrame:
    """Return the plateaus of a curve, on a log scale of steps.

    The longest stretch of log steps is sought on which all values lie within a band of height 2 tolerance. It is a
    plateau if its last step is at least ``shortest`` times its first. Then what lies before it and what lies after it
    are searched in the same way. A rise so slow that it stays within the band is a plateau, too.

    Args:
        steps: Rising, above 0, ``(edge,)``; also computation, data or parameters.
        values: The curve, ``(edge,)``. A value that is not finite is in no plateau.
        tolerance: Half of the height of the band, in the unit of the values: more than half of the range of the noise.
        shortest: Least ratio of the last step to the first.

    Returns:
        One row for each plateau, by rising step: ``first, last`` (its steps) and ``height``, the median of its values,
        each weighted with its share of log steps.

    Raises:
        ValueError: The lengths differ, the steps do not rise from above 0, the tolerance is not above 0, or
            ``shortest`` is not above 1.

    Examples:
        >>> plateaus([1, 2, 4, 8, 16, 32], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 0.1).rows()
        [(1.0, 4.0, 0.0), (8.0, 32.0, 1.0)]
    """
    t, y = np.asarray(steps, float), np.asarray(values, float)
    if t.ndim != 1 or t.shape != y.shape:
        raise ValueError(f"expected as many values as steps, in vectors; got {y.shape} and {t.shape}.")
    if not np.isfinite(t).all() or (t <= 0).any() or (np.diff(t) <= 0).any():
        raise ValueError("steps must rise from above 0, because plateaus are long on a log scale: sort them, drop 0.")
    if not (tolerance > 0 and shortest > 1):
        raise ValueError(f"tolerance must be above 0 and shortest above 1, got {tolerance} and {shortest}.")
    found = _search(np.log(t), y, 0, len(t), 2 * tolerance, np.log(shortest) - 1e-12)
    rows = [dict(first=t[a], last=t[b], height=_height(np.log(t[a : b + 1]), y[a : b + 1])) for a, b in found]
    return pl.DataFrame(rows, schema=dict.fromkeys(("first", "last", "height"), pl.Float64))


def _search(
    x: NDArray[np.float64], y: NDArray[np.float64], start: int, stop: int, band: float, least: float
) -> list[tuple[int, int]]:
    longest, best = -1.0, (0, 0)
    for a in range(start, stop):
        part = y[a:stop]
        inside = np.maximum.accumulate(part) - np.minimum.accumulate(part) <= band if np.isfinite(y[a]) else [False]
        b = a + int(np.argmin(np.append(inside, False))) - 1
        if b > a and x[b] - x[a] > longest + 1e-12:
            longest, best = x[b] - x[a], (a, b)
    if longest < least:
        return []
    before = _search(x, y, start, best[0], band, least)
    return [*before, best, *_search(x, y, best[1] + 1, stop, band, least)]


def _height(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    weight, order = np.gradient(x), np.argsort(y)
    mass = np.cumsum(weight[order])
    return float(y[order][np.searchsorted(mass, mass[-1] / 2)])
