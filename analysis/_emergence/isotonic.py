"""Fits that only know the direction: shares that rise, or that rise and then fall."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

DRAWS = 1000
WINDOW_DRAWS = 500
LEVEL = 0.05  # of the test of a window against a monotone curve


class Crossing(NamedTuple):
    """Where a fit crosses 1/2, and its 95 % interval; None beyond the values tried."""

    value: float | None
    low: float | None
    high: float | None


def rising_fit(shares: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rising curve of least weighted squares, which for shares of runs is that of most likelihood.

    f_i = max over a <= i of min over b >= i of the weighted mean of the shares a..b.

    Args:
        shares: ``(.., value)``.
        weights: Numbers of runs, all positive, ``(value,)``.

    References:
        R. E. Barlow et al., Statistical inference under order restrictions, 1972.
    """
    start = np.zeros((*shares.shape[:-1], 1))
    sums = np.concatenate([start, np.cumsum(shares * weights, axis=-1)], axis=-1)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    place = np.arange(shares.shape[-1])
    inside = place >= place[:, None]
    length = np.where(inside, total[1:] - total[:-1, None], 1.0)
    mean = np.where(inside, (sums[..., None, 1:] - sums[..., :-1, None]) / length, np.inf)
    least = np.minimum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.where(inside, least, -np.inf).max(axis=-2))


def falling_fit(shares: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the falling curve of least weighted squares; the arguments are those of ``rising_fit``."""
    return rising_fit(shares[..., ::-1], weights[::-1])[..., ::-1]


def window_fit(shares: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the most likely curve that rises and then falls; the arguments are those of ``rising_fit``."""
    best, most = np.array(shares), np.full(shares.shape[:-1], -np.inf)
    for top in range(1, shares.shape[-1] + 1):
        rise, fall = shares[..., :top], shares[..., top:]
        fit = rising_fit(rise, weights[:top])
        if fall.shape[-1]:
            fit = np.concatenate([fit, falling_fit(fall, weights[top:])], axis=-1)
        likelihood = log_likelihood(fit, shares, weights)
        better = likelihood > most + 1e-12
        best, most = np.where(better[..., None], fit, best), np.where(better, likelihood, most)
    return best


def log_likelihood(
    fit: NDArray[np.float64], shares: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the binomial log likelihood of fitted shares, without its constant."""
    return np.asarray((weights * (xlogy(shares, fit) + xlogy(1 - shares, 1 - fit))).sum(axis=-1))


def isotonic_crossing(
    x: NDArray[np.float64], passed: NDArray[np.int64], runs: NDArray[np.int64], seed: int = 0
) -> Crossing:
    """Return where the rising fit, drawn as straight lines between the values, crosses 1/2.

    Runs are drawn again within each value. Where all runs pass, or none, runs drawn with replacement would all be
    alike and the interval would have no width. So the share of each value is drawn from the beta law with passed + 1/2
    and failed + 1/2, which is what Jeffreys' prior leaves after the runs were seen. The fit to a draw tells between
    which two values it crosses 1/2, and nothing tells where between them: the place is drawn, too. The interval holds
    95 % of the draws. It is at least nearly as wide as the distance of two values.

    Args:
        x: The values on the axis, rising, ``(value,)``.
        passed: Runs that passed, ``(value,)``.
        runs: All runs, ``(value,)``.
        seed: Seed of the draws.

    References:
        D. B. Rubin, The Bayesian bootstrap, 1981.
    """
    weights = runs.astype(float)
    random = np.random.default_rng(seed)
    fits = rising_fit(random.beta(passed + 0.5, runs - passed + 0.5, size=(DRAWS, len(x))), weights)
    gap, bounds = (fits < 0.5).sum(axis=1), np.concatenate([[-np.inf], x, [np.inf]])
    with np.errstate(invalid="ignore"):
        places = bounds[gap] + random.uniform(size=DRAWS) * (bounds[gap + 1] - bounds[gap])
    places = np.where(gap == 0, -np.inf, places)
    ends = np.quantile(places, [0.025, 0.975], method="inverted_cdf")
    fit = rising_fit(passed / weights, weights)
    with np.errstate(invalid="ignore"):  # the middle of a flat 1/2; NaN if it is flat all along
        value = (_crossings(x, fit[None]) - _crossings(-x[::-1], 1 - fit[None, ::-1]))[0] / 2
    return Crossing(*(float(one) if np.isfinite(one) else None for one in (value, *ends)))


def _crossings(x: NDArray[np.float64], fits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where rising curves first reach 1/2: -inf before the first value, inf after the last, ``(draw,)``."""
    there = fits >= 0.5
    last = np.where(there.any(axis=1), there.argmax(axis=1), len(x))
    places = np.where(last == 0, -np.inf, np.inf)
    rows = np.flatnonzero((last > 0) & (last < len(x)))
    k = last[rows]
    before, after = fits[rows, k - 1], fits[rows, k]
    places[rows] = x[k - 1] + (0.5 - before) / (after - before) * (x[k] - x[k - 1])
    return places


def is_window(passed: NDArray[np.int64], runs: NDArray[np.int64], seed: int = 0) -> bool:
    """Return whether the shares rise through 1/2 and fall through it again.

    They do if the most likely curve that rises and falls crosses 1/2 twice, and if no monotone curve explains the
    shares: twice the log likelihood that it lacks is more than in 95 % of draws from the better monotone fit.
    """
    weights = runs.astype(float)
    shares = passed / weights
    fit = window_fit(shares, weights)
    top = int(fit.argmax())
    if fit[top] < 0.5 or fit[0] >= 0.5 or fit[-1] >= 0.5:
        return False
    fits = rising_fit(shares, weights), falling_fit(shares, weights)
    monotone = max(fits, key=lambda one: float(log_likelihood(one, shares, weights)))
    drawn = np.random.default_rng(seed).binomial(runs, monotone, size=(WINDOW_DRAWS, len(runs))) / weights
    lacks = _lack(np.vstack([shares, drawn]), weights)
    return bool(np.mean(lacks[1:] >= lacks[0] - 1e-9) < LEVEL)


def _lack(shares: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    window = log_likelihood(window_fit(shares, weights), shares, weights)
    monotone = (log_likelihood(fit(shares, weights), shares, weights) for fit in (rising_fit, falling_fit))
    return np.asarray(2 * (window - np.maximum(*monotone)))
