"""The smallest size of low regret on a recording, without an oracle.

Time: sums run over T/20 < t <= T.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...simulator import Trajectories
from .._growth.bootstrap import resample_counts
from .._growth.regret_size import FACTOR, RegretSize
from .lagged_regressors import columns, windows

SMALL = 2**13  # numbers in a matrix for which OpenBLAS starts no threads


def recorded_regret(
    losses: NDArray[np.float64],
    learning: NDArray[np.float64],
    sizes: list[int],
    runs: int = 1,
    seed: int = 0,
    factor: float = FACTOR,
    draws: int = 2000,
) -> RegretSize | None:
    """Locate the smallest size whose regret the recording shows to be within a factor of the least.

    For any oracle, the difference of the regrets of two sizes is the difference of their summed losses, up to noise:
    R(h) - R(g) = sum of loss_h - loss_g. A regret is at least the cost of learning, R(g) >= L(g). Size h is therefore
    within the factor of the least if

        sum of (loss_h - loss_g) <= (factor - 1) L(g)    for every size g tried.

    It counts as shown if the upper 95 % limit of each sum, from a paired block bootstrap, fulfils this. L does not
    contain the bias of size g, so the size can be larger than the one that an oracle gives.

    Args:
        losses: Sums of squared errors, ``(block, size)``.
        learning: L in the same unit, summed over all runs, ``(size,)``.
        sizes: Size of each column.
        runs: Number of runs of the recording.
        seed: Seed of the draws.
        factor: At least 1.
        draws: Number of draws.

    Returns:
        ``size``, which is also ``high``, is the size above; ``low`` is the smallest size whose lower limits fulfil the
        condition; ``regret`` is L of the best size plus the summed difference to it, for each run. None if no size is
        shown to be within the factor.

    References:
        H. R. Kuensch, The jackknife and the bootstrap for general stationary observations, 1989.
        C. Z. Wei, On predictive least squares principles, 1992: L.
    """
    if factor < 1:
        raise ValueError(f"the factor must be at least 1, got {factor}.")
    if not np.isfinite(learning).all() or len(losses) < 2:
        return None
    blocks = len(losses)
    counts = resample_counts(blocks, draws, seed)
    finite = np.isfinite(losses).all(axis=0)
    drawn = counts @ np.where(finite, losses, np.finfo(float).max / (8 * blocks))
    limit = (factor - 1) * learning[finite]
    shown, possible = (np.zeros(len(sizes), bool) for _ in range(2))
    for k in np.flatnonzero(finite):
        low, high = np.quantile(drawn[:, [k]] - drawn[:, finite], [0.025, 0.975], axis=0)
        shown[k], possible[k] = (high <= limit).all(), (low <= limit).all()
    if not shown.any():
        return None
    place, total = int(shown.argmax()), np.where(finite, losses, np.inf).sum(axis=0)
    best = int(total.argmin())
    regret = float(learning[best] + total[place] - total[best]) / runs
    return RegretSize(sizes[place], sizes[int(possible.argmax())], sizes[place], factor, max(regret, 0.0))


def learning_part(
    recording: Trajectories, sizes: list[int], center: str | ArrayLike, noise: float, intercept: bool = False
) -> NDArray[np.float64]:
    """Return the cost of learning each window over the recording, measured from the windows.

        L(h) = S sum over runs of (log det G_h(T) - log det G_h(T/20)),    G_h(t) = sum_{s<=t} z_s z_s'

    z is the window, behind a 1 for an intercept, and S the variance of the innovation. The cost is h log 20 S for a
    stable plant, and more for modes that do not decay (docs/theory.md). The windows are nested, so one triangular
    factor gives all sizes.

    Args:
        recording: One or many runs; rows with missing samples are left out.
        sizes: Lengths h, rising.
        center: What was subtracted from the outputs, as in ``Driver``.
        noise: S, summed over the outputs.
        intercept: Whether a constant is learned, too.

    Returns:
        ``(size,)``; not finite if the rows up to T/20 do not span the window.
    """
    _, _, outputs = recording.outputs.shape
    inputs = recording.inputs.shape[2]
    ends = np.array([columns(size, outputs, inputs) for size in sizes]) + intercept
    cost = np.zeros(len(sizes))
    for y, u, length in zip(recording.outputs, recording.inputs, recording.lengths.tolist(), strict=True):
        y, u = np.asarray(y[:length], float), np.asarray(u[:length], float)
        factor, before, count = np.zeros((0, ends[-1])), None, 0
        for rows in windows(y - _center(y, center), u, sizes[-1], _samples(int(ends[-1]))):
            index = count + np.arange(len(rows.times))
            regressors = np.concatenate([np.ones((len(index), int(intercept))), rows.regressors], axis=1)
            early = (rows.times < length // 20) | (index < 2 * ends[-1])  # fewer rows do not determine so many taps
            if before is None and not early.all():
                before = _with_rows(factor, regressors[early])
                factor = _with_rows(before, regressors[~early])
            else:
                factor = _with_rows(factor, regressors)
            count += len(index)
        if before is None:
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            risen = np.log(np.abs(np.diag(factor))) - np.log(np.abs(np.diag(before)))
            cost += np.append(0.0, 2 * np.cumsum(risen))[ends]
    return noise * cost


def _samples(columns: int) -> int:
    """Return how many rows to join to a factor at once: few enough for OpenBLAS to start no threads, where it can be.

    In a small factorisation, threads spend more time waiting than computing.
    """
    return SMALL // columns - columns if 0 < columns <= 64 else 4096


def _with_rows(factor: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the triangular factor of the rows behind a factor and some more."""
    return np.asarray(np.linalg.qr(np.concatenate([factor, rows]), mode="r")) if len(rows) else factor


def _center(outputs: NDArray[np.float64], center: str | ArrayLike) -> NDArray[np.float64]:
    if not isinstance(center, str):
        return np.asarray(center, float)
    if center == "none":
        return np.zeros(outputs.shape[1])
    seen = ~np.isnan(outputs)
    return np.asarray(np.where(seen.any(axis=0), outputs[seen.argmax(axis=0), np.arange(outputs.shape[1])], 0.0))
