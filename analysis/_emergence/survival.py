"""How long passages take when some runs end before theirs: Kaplan-Meier, and the median with its interval."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtri

CONFIDENCE = 0.95
HALF = 0.5 + 1e-12  # a product of fractions may miss 1/2 by rounding
FEWEST_FOR_INTERVAL = 6  # of five runs even the first and the last passage hold the median in 93.8 % only


class Median(NamedTuple):
    """The median passage and its 95 % interval, in steps; None where the runs do not reach it."""

    value: float | None
    low: float | None
    high: float | None


def survival(times: ArrayLike, passed: ArrayLike) -> pl.DataFrame:
    """Return the share of runs that have not passed yet, by Kaplan and Meier.

    S(t) = prod over passages at s <= t of (1 - d_s / n_s), with d_s passages among the n_s runs that have neither
    passed nor ended before s. The 95 % interval at each step is that of log(-log S), with Greenwood's variance.

    Args:
        times: The step of the passage, or the last step of a run that has not passed, ``(run,)``.
        passed: Whether it is a passage, ``(run,)``.

    Returns:
        One row for each step with a passage: ``steps``, ``runs`` n_s, ``passed`` d_s, ``survival, low, high``.

    References:
        E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, 1958.
        J. D. Kalbfleisch and R. L. Prentice, The statistical analysis of failure time data, 1980 (the interval).
    """
    return pl.DataFrame(_survival(np.asarray(times, float), np.asarray(passed, bool)))


def _survival(t: NDArray[np.float64], d: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    steps, deaths = np.unique(t[d], return_counts=True)
    runs = (t[:, None] >= steps).sum(axis=0)
    left = np.cumprod(1 - deaths / runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.sqrt(np.cumsum(deaths / (runs * (runs - deaths))))
        spread = np.exp(ndtri((1 + CONFIDENCE) / 2) * greenwood / np.abs(np.log(left)))
        low, high = left**spread, left ** (1 / spread)
    if len(left) and left[-1] < 1e-12:  # all have passed: the formula has no value
        low[-1], high[-1] = 0.0, high[-2] if len(left) > 1 else 1.0
    return dict(steps=steps, runs=runs, passed=deaths, survival=left, low=low, high=high)


def median_passage(times: ArrayLike, passed: ArrayLike) -> Median:
    """Return the first step by which half of the runs have passed, with its 95 % interval.

    The arguments are those of ``survival``. There are two intervals, and the data choose:

    * No run ended before the last passage: the passages that are missing are later than all others, so the order
      of all is known. Their number before the median is binomial, whatever their law. The interval lies between
      two pairs of neighbouring passages, one pair that covers more than 95 % and one that covers less, interpolated
      so that it covers 95 %.
    * Else the interval of Brookmeyer and Crowley: the steps at which the interval of log(-log S) holds 1/2. It is
      approximate, but knows of runs that ended early.

    References:
        T. P. Hettmansperger and S. J. Sheather, Confidence intervals based on interpolated order statistics, 1986.
        R. Brookmeyer and J. Crowley, A confidence interval for the median survival time, 1982.
    """
    t, d = np.asarray(times, float), np.asarray(passed, bool)
    curve = _survival(t, d)
    value = _first(curve, "survival")
    if not d.all() and d.any() and t[~d].min() < t[d].max():
        return Median(value, _first(curve, "low"), _first(curve, "high"))
    return Median(value, *_order_interval(np.sort(np.where(d, t, np.inf))))


def _first(curve: dict[str, NDArray[Any]], name: str) -> float | None:
    """Return the first step at which a column is 1/2 or less."""
    steps = curve["steps"][curve[name] <= HALF]
    return float(steps[0]) if len(steps) else None


def _order_interval(ordered: NDArray[np.float64]) -> tuple[float | None, float | None]:
    n = len(ordered)
    if n < FEWEST_FOR_INTERVAL:
        return None, None
    depth, weight = _depth(n)

    def between(outer: float, inner: float) -> float | None:
        return float(outer + weight * (inner - outer)) if np.isfinite(outer) and np.isfinite(inner) else None

    return between(ordered[depth - 1], ordered[depth]), between(ordered[n - depth], ordered[n - depth - 1])


@lru_cache
def _depth(n: int) -> tuple[int, float]:
    """Return the deepest of n passages that still covers enough, and how far the end lies towards the next one."""
    covered = 1 - 2 * bdtr(np.arange(n), n, 0.5)  # between the passages k + 1 from either end
    depth = int((covered >= CONFIDENCE).sum())
    covers, less = covered[depth - 1], covered[depth]
    part = (covers - CONFIDENCE) / (covers - less)
    return depth, float((n - depth) * part / (depth + (n - 2 * depth) * part))
