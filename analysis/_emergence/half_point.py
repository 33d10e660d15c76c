"""The value of an axis at which half of the runs pass: an S-shaped curve through the shares.

A logistic curve alone is not honest: where passages are early or late more often than it says, its interval holds the
true half-point less often than it says, and more runs make it worse. Three curves with a free slope are averaged;
``tests/analysis/_emergence`` holds their coverage.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = 24  # places of the half-point tried between two values; fewer where the values are many
SLOPES = 90
STEEPEST = 1000  # slope, in 1 / least distance of values: a jump
RESOLVED = 20  # steepest slope that counts for the width
BEYOND = 2  # how far beyond the values tried a half-point may lie, in mean distances of values
LOG2 = np.log(2)
DECADES = (2 * np.log(9), np.log(np.log(10) / np.log(10 / 9)))  # from 10 % to 90 %, in 1 / slope


class HalfPoint(NamedTuple):
    """The half-point on the axis x, its 95 % interval, and the distance from 10 % to 90 %."""

    value: float
    low: float
    high: float
    width: float


def half_point(x: NDArray[np.float64], passed: NDArray[np.int64], runs: NDArray[np.int64]) -> HalfPoint:
    """Return where a rising share of passes crosses 1/2.

    The share at x is g(b (x - c)) with half-point c, slope b > 0 and one of three forms: logistic
    1 / (1 + e^-z), early 2^(-e^-z) and late 1 - 2^(-e^z), each 1/2 at z = 0. The passes are binomial. At each c the
    likelihood is that of the best slope, from one that spans all values to a jump, and is averaged over the forms. With
    c flat on the axis, to two mean distances beyond the values, that is the law of c: the value is its median, the
    interval its central 95 %. The width is the median of its law, from the likelihood averaged over c and the forms,
    with a flat log b up to 20 / (least distance of values): what is steeper cannot be told from it.

    So the answer is finite where every value passes whole or fails whole: then the interval holds 95 % of the gap
    between them, as it must where the truth is a jump at any place of the gap.

    Args:
        x: The values on the axis, rising, at least two, ``(value,)``.
        passed: Runs that passed, ``(value,)``.
        runs: All runs, ``(value,)``.

    References:
        R. L. Prentice, A generalization of the probit and logit methods for dose response curves, 1976.
        A. Racine et al., Bayesian methods in practice: experiences in the pharmaceutical industry, 1986.
    """
    edges, slopes, passes, fails = _tables(tuple(x.tolist()))
    log_likelihood = passes @ passed.astype(float) + fails @ (runs - passed).astype(float)  # (form, place, slope)
    weight = np.exp(log_likelihood - log_likelihood.max()) * np.diff(edges)[:, None]
    below = np.concatenate([[0.0], np.cumsum(weight.max(axis=2).sum(axis=0))])
    low, value, high = np.interp(np.array([0.025, 0.5, 0.975]) * below[-1], below, edges).tolist()
    resolved = slopes <= RESOLVED / np.diff(x).min()
    widths = np.array([DECADES[0], DECADES[1], DECADES[1]])[:, None] / slopes[resolved]
    order = np.argsort(widths, axis=None)
    mass = np.cumsum(weight.sum(axis=1)[:, resolved].ravel()[order])
    width = widths.ravel()[order][np.searchsorted(mass, mass[-1] / 2)]
    return HalfPoint(value, low, high, float(width))


def share_curve(x: NDArray[np.float64], value: float, width: float) -> NDArray[np.float64]:
    """Return the rising logistic curve with a half-point and width at places x, for figures."""
    return np.asarray(1 / (1 + np.exp(-DECADES[0] * (x - value) / width)))


@lru_cache(maxsize=1)  # many answers have the same values
def _tables(
    values: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges of the places, the slopes, and log shares of passes and of fails (form, place, slope, value)."""
    x = np.array(values)
    mean = (x[-1] - x[0]) / (len(x) - 1)
    bounds = np.concatenate([[x[0] - BEYOND * mean, x[0] - mean], x, [x[-1] + mean, x[-1] + BEYOND * mean]])
    cells = max(min(CELLS, 400 // len(x)), 6)
    edges = np.concatenate([*np.linspace(bounds[:-1], bounds[1:], cells, endpoint=False).T, bounds[-1:]])
    slopes = np.geomspace(1 / (x[-1] - x[0]), STEEPEST / np.diff(x).min(), SLOPES)
    z = slopes[:, None] * (x - (edges[1:, None, None] + edges[:-1, None, None]) / 2)
    early, late = _early(z), _early(-z)
    logistic = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    return (
        edges,
        slopes,
        np.stack([logistic[0], early[0], late[1]]),
        np.stack([logistic[1], early[1], late[0]]),
    )


def _early(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    passes = -LOG2 * np.exp(np.clip(-z, -600, 30))
    return passes, np.log(-np.expm1(passes))
