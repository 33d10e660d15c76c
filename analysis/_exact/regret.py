"""Exact regret: the excess error of a filter over the Kalman filter, summed since the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_whole
from ...simulator import LinearSystem
from .filter_errors import best_errors, truncated_excess
from .riccati import innovation_covariances

_EVERY = 512  # up to this sample the excess is summed sample by sample
_NODES = 9  # of the interpolation in log t after it
_STEEP = 10.0  # largest growth of the excess within one interpolation


def regrets(
    system: LinearSystem,
    sizes: ArrayLike,
    horizons: ArrayLike,
    filters: Literal["best", "truncated"] = "best",
    initial_covariance: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return the exact regret R_T = sum_{t<T} (E|e_t|^2 - tr S_t) of the filter of each length.

    ``"best"`` fits its taps for each time (``best_errors``), and R_T is about T (tr S_h - tr S_inf). ``"truncated"`` is
    the steady Kalman filter cut off after h samples, compared with the whole filter (``truncated_excess``). From sample
    512 on a polynomial of degree 8 in log t interpolates the excess, over at most an octave, or less where the excess
    grows tenfold.

    Args:
        system: Time-invariant.
        sizes: Lengths h, whole numbers ``(size,)``.
        horizons: T, whole numbers ``(horizon,)``.
        filters: ``"best"`` or ``"truncated"``.
        initial_covariance: P_0 = E x_0 x_0', ``(state, state)``; None means zero.

    Returns:
        ``(horizon, size)``, in squared units of the output; infinite where it overflows.

    Raises:
        ValueError: The system is time-varying, a size or horizon is not a whole number of at least 0, ``filters`` is
            unknown, or ``initial_covariance`` is not a covariance.
    """
    lengths, ends = check_whole("sizes", sizes), check_whole("horizons", horizons)
    if filters not in ("best", "truncated"):
        raise ValueError(f"filters must be 'best' or 'truncated', got {filters!r}.")

    def excess(times: NDArray[np.int64]) -> NDArray[np.float64]:
        if filters == "truncated":
            return truncated_excess(system, lengths, times, initial_covariance)
        least = np.trace(innovation_covariances(system, times, initial_covariance), axis1=1, axis2=2)
        errors = best_errors(system, lengths, times, initial_covariance) - least[:, None]
        return np.where(errors > 1e-13 * least[:, None], errors, 0.0)  # smaller differences are rounding

    result, total, now = np.zeros((len(ends), len(lengths))), np.zeros(len(lengths)), 0
    with np.errstate(over="ignore", invalid="ignore"):
        for place in np.argsort(ends, kind="stable"):
            while now < ends[place]:
                stop = min(int(ends[place]), _EVERY if now < _EVERY else 2 * now)
                total, now = total + _sum(excess, now, stop), stop
            result[place] = total
    return np.where(np.isnan(result), np.inf, result)


def _sum(excess: Callable[[NDArray[np.int64]], NDArray[np.float64]], first: int, stop: int) -> NDArray[np.float64]:
    """Return the sum of the excess over first <= t < stop."""
    if stop <= _EVERY or stop - first <= 2 * _NODES:
        return np.asarray(excess(np.arange(first, stop)).sum(axis=0))
    angle = np.pi * (np.arange(_NODES) + 0.5) / _NODES
    low, high = np.log(first), np.log(stop - 1)
    times = np.unique(np.round(np.exp((low + high) / 2 - (high - low) / 2 * np.cos(angle))).astype(np.int64))
    values = excess(times)
    if (values[-1] > _STEEP * values[0] + 1e-300).any():
        middle = (first + stop) // 2
        return _sum(excess, first, middle) + _sum(excess, middle, stop)

    def powers(t: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.polynomial.chebyshev.chebvander((2 * np.log(t) - low - high) / (high - low), len(times) - 1)

    weights = np.linalg.solve(powers(times).T, powers(np.arange(first, stop)).sum(axis=0))
    return np.asarray(weights @ values)
