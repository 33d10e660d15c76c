"""An axis of settings: its values, the runs of each, and both half-points on it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .half_point import half_point
from .isotonic import (
    Crossing,
    falling_fit,
    is_window,
    isotonic_crossing,
    log_likelihood,
    rising_fit,
    window_fit,
)


class Axis(NamedTuple):
    """The values of an axis on the scale that they are fitted on, and the runs of each.

    Attributes:
        x: The values, rising, or their logarithms, ``(value,)``.
        passed: Runs that passed, ``(value,)``.
        runs: All runs, ``(value,)``.
        logarithmic: Whether x are logarithms, as they are if all values are above 0.
    """

    x: NDArray[np.float64]
    passed: NDArray[np.int64]
    runs: NDArray[np.int64]
    logarithmic: bool

    @classmethod
    def of(cls, shares: pl.DataFrame, name: str) -> Axis:
        """Return the axis of a table of shares."""
        values = shares[name].cast(pl.Float64).to_numpy()
        logarithmic = bool((values > 0).all())
        x = np.log(values) if logarithmic else values
        return cls(x, shares["passed"].to_numpy(), shares["runs"].to_numpy(), logarithmic)

    def value(self, place: float | None) -> float | None:
        """Return the value at a place; None for a place beyond the values tried."""
        if place is None or not self.x[0] <= place <= self.x[-1]:
            return None
        return math.exp(place) if self.logarithmic else float(place)


class Edge(NamedTuple):
    """One edge of an ability: its half-point by the S-shaped curve and by the isotonic fit, as values of the axis."""

    curve: Crossing
    isotonic: Crossing
    width: float


def edge(axis: Axis, rising: bool, seed: int, part: slice = slice(None)) -> Edge:
    """Return the edge at which the share of a part of the values rises, or falls."""
    x, passed, runs = axis.x[part], axis.passed[part], axis.runs[part]
    if not rising:
        x, passed, runs = -x[::-1], passed[::-1], runs[::-1]
    *places, width = half_point(x, passed, runs)

    def on_values(value: float | None, low: float | None, high: float | None) -> Crossing:
        ends = (value, low, high) if rising else [None if one is None else -one for one in (value, high, low)]
        return Crossing(*map(axis.value, ends))

    plain = isotonic_crossing(x, passed, runs, seed)
    return Edge(on_values(*places), on_values(*plain), math.exp(width) if axis.logarithmic else width)


def shape(axis: Axis, seed: int) -> tuple[slice, slice] | bool:
    """Return the two parts of a window; else whether the share rises."""
    if is_window(axis.passed, axis.runs, seed):
        return window_parts(axis)
    weights = axis.runs.astype(float)
    shares = axis.passed / weights
    rise, fall = (log_likelihood(fit(shares, weights), shares, weights) for fit in (rising_fit, falling_fit))
    return bool(rise >= fall)


def window_parts(axis: Axis) -> tuple[slice, slice]:
    """Return the values up to the end of the top of a window, and those from its beginning on."""
    weights = axis.runs.astype(float)
    fit = window_fit(axis.passed / weights, weights)
    top = np.flatnonzero(fit == fit.max())
    return slice(None, int(top[-1]) + 1), slice(int(top[0]), None)
