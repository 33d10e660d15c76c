"""The numbers of a scorecard, each from squared errors, ``(batch, time)``; NaN where a reading does not count.

Intervals are over the runs, which are independent; from one run there is none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

RECOVERED = 1.5  # times the error before the fault
POOLED = 256  # squared errors in a running mean
SURE = 0.999  # level of the interval that a coverage or a leak is judged by

Squares = Float[np.ndarray, "batch time"]


class Estimate(NamedTuple):
    """A number and its interval; the ends are None where there is none."""

    value: float
    low: float | None
    high: float | None


def mean_over_runs(values: NDArray[np.float64], level: float = 0.95) -> Estimate:
    """Return the mean of one number a run, with Student's interval."""
    mean, runs = float(values.mean()), len(values)
    if runs < 2:
        return Estimate(mean, None, None)
    half = float(stdtrit(runs - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(runs))
    return Estimate(mean, mean - half, mean + half)


def share_above(loss: Squares, reference: Squares, stretch: slice) -> Estimate | None:
    """Return sum(loss) / sum(reference) over a stretch, both where both are known, with its 95 % interval.

    The reference is summed over all runs, so that each run gives one number and their mean is the ratio. None where
    nothing is known, or the reference makes no error.
    """
    known = np.isfinite(loss[:, stretch]) & np.isfinite(reference[:, stretch])
    above, below = (np.where(known, part[:, stretch], 0.0) for part in (loss, reference))
    total = below.sum()
    if not known.any() or total <= 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        each = above.sum(axis=1) * len(loss) / total
    return mean_over_runs(each) if np.isfinite(each).all() else Estimate(float("inf"), None, None)


def recovery_time(error: Squares, oracle: Squares, begin: int, since: int) -> int | None:
    """Return how many readings after ``since`` the error is back, or None where it is not by the end.

        r[t] = sum_{t-w<i<=t} error[i] / sum_{t-w<i<=t} oracle[i],   before = the same over begin/2 <= i < begin

    both summed over the runs, w = max(32, 256 / runs) readings. The error is back at the first reading from which
    r[t] <= 1.5 before holds up to the end: there is one threshold, no second one for the return. A fault without
    effect has a recovery time of 0; the window delays every other recovery time by at most w.

    Args:
        error: Of the predictor.
        oracle: Of the reference.
        begin: First reading of the fault.
        since: Reading to count from.
    """
    window = max(32, -(-POOLED // len(error)))
    above, below = (np.cumsum(np.nansum(part, axis=0)) for part in (error, oracle))
    before = (above[begin - 1] - above[begin // 2 - 1]) / max(below[begin - 1] - below[begin // 2 - 1], 1e-300)
    running = (above[window:] - above[:-window]) / np.maximum(below[window:] - below[:-window], 1e-300)
    late = ~(running[since - window :] <= RECOVERED * before)  # NaN is late
    if not late.any():
        return 0
    last = int(np.flatnonzero(late)[-1])
    return None if last >= len(late) - window else last + 1


def coverage(inside: Bool[np.ndarray, "batch time"]) -> Estimate:
    """Return the share of readings that lie inside their interval, with exact bounds of 99.9 %.

    Clopper and Pearson's bounds for the effective number of independent readings: their number divided by
    tau = 1 + 2 sum_k rho[k], the autocorrelation of hits and misses, pooled over the runs and summed to the first that
    is not positive.

    References:
        C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
        1934. C. J. Geyer, Practical Markov chain Monte Carlo, 1992 (initial positive sequence).
    """
    hits = inside - inside.mean()
    variance, correlated = float((hits**2).mean()), 1.0
    if variance > 0:
        for k in range(1, min(500, hits.shape[1] // 4)):
            rho = float((hits[:, k:] * hits[:, :-k]).mean()) / variance
            if rho <= 0:
                break
            correlated += 2 * rho
    count = inside.size / correlated
    hit, tail = inside.mean() * count, (1 - SURE) / 2
    low = float(betaincinv(hit, count - hit + 1, tail)) if hit > 0 else 0.0
    high = float(betaincinv(hit + 1, count - hit, 1 - tail)) if hit < count else 1.0
    return Estimate(float(inside.mean()), low, high)


def memory_slope(looks: list[NDArray[np.float64]]) -> Estimate | None:
    """Return the bytes that memory grows by at each step, with an interval of 99.9 % over the runs.

    The least-squares slope over the second half of each run, (step, bytes) a look; None where no run has four looks
    there.
    """
    halves = [look[len(look) // 2 :] for look in looks]
    slopes = [np.polyfit(half[:, 0] - half[:, 0].mean(), half[:, 1], 1)[0] for half in halves if len(half) >= 4]
    return mean_over_runs(np.array(slopes), SURE) if slopes else None
