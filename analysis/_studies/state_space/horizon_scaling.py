"""Horizon scaling: the filter length of least regret on the hidden random walk as a function of the horizon.

Time: the regret to T sums the excess over the Kalman predictor from sample T_0 to T, T_0 = 512.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from ...._core.progress import Progress, no_progress
from ....learners import kalman, ladder
from ....simulator import LinearSystem, zoo
from ..._exact.filter_errors import diffuse_errors
from ..._exact.riccati import kalman_gain
from ..._growth.bootstrap import resample_counts
from ..study import FALSE_ALARM, StudyResult, mean_limits, simulated_scores
from .hidden_random_walk import WALKS, exact_excess

SIZES = range(1, 41)
START = 512  # T_0: twelve samples for each coefficient of the longest filter
DRAWS = 400
FITTED = np.geomspace(1e4, 1e8, 9)  # horizons of the exactly fitted filters


def reproduce_horizon_scaling(
    replicates: int = 512, seed: int = 0, octaves: int = 7, progress: Progress = no_progress
) -> StudyResult:
    """Sum the excess of learned filters on three random walks and find the length of least regret at each horizon.

        regret_h(T) = sum over t = T_0 .. T of P_h - P_inf + S_h (h + 1) / t, about T c rho^(2h) + S (h + 1) log(T/T_0)

    The minimiser is interpolated between whole lengths by the same form. It grows with log T, with a slope below tau/2
    in this range. It is compared with the minimiser of the exact functional at each T, and the slopes are compared too.
    Without learning, the length that exactly fitted filters need, T (P_h - P_inf) = S_inf, has the slope tau/2, up to
    rho^(2h).

    Limits: for a regret those of ``mean_limits``; for a minimiser and a slope the normal law with the deviation of a
    bootstrap over the runs. All are wider by the terms that the functional neglects (``reproduce_hidden_random_walk``).

    Args:
        replicates: Simulated runs.
        seed: Seed of the simulation and the bootstrap.
        octaves: The longest horizon is 512 * 2^octaves samples; at least 3.
        progress: Called with the samples done and the samples in all.

    Returns:
        A table ``system, quantity, horizon, size, measured, exact, low, high``: the *regret* of each size, the *best
        size* at each horizon, its *slope* against log T, and the *fitted slope*, both in units of tau/2. The *fitted
        size* is the length that exactly fitted filters need at that horizon.

    Raises:
        ValueError: There are too few octaves for a slope.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity, Theorem 4.
    """
    if octaves < 3:
        raise ValueError(f"octaves must be at least 3, because a slope needs a range of horizons; got {octaves}.")
    edges = [0, *np.round(START * 2.0 ** np.arange(0, octaves + 0.25, 0.5)).astype(int).tolist()]
    learner, parts = ladder(range(SIZES[-1] + 1)), []
    entries = len(WALKS) * (len(SIZES) + 1) * (len(edges) - 3) + 2 * len(WALKS)
    for place, name in enumerate(WALKS):

        def done(samples: int, begun: int = place * edges[-1]) -> None:
            progress(begun + samples, len(WALKS) * edges[-1])

        system = zoo(name)
        sums = simulated_scores(system, learner, edges, replicates, seed, kalman(system), done)
        regrets = sums.excess[1:, 0, SIZES[0] :, 0].cumsum(axis=0)[1:]
        exact = exact_excess(system, SIZES, edges[1:])
        steps = np.diff(edges[1:])[:, None]
        expected, neglected = ((part * steps).cumsum(axis=0)[1:] for part in (exact.learned, exact.neglected))
        parts.append(_rows(system, np.array(edges[3:]), regrets, expected, neglected, entries, seed))
    table = pl.concat(parts)
    return StudyResult(table, *_verdict(table, replicates))


def best_sizes(regrets: NDArray[np.float64], rho: float) -> NDArray[np.float64]:
    """Return the minimiser over ``SIZES``, ``(.., size)`` to ``(..)``, between whole sizes.

    It is the minimiser of a + b h + c rho^(2h) through the least regret and its neighbours at a distance of tau/2:
    rho^(2h) = b tau / (2 c).
    """
    tau = -1 / np.log(rho)
    step = max(round(tau / 2), 1)
    least = np.clip(regrets.argmin(axis=-1), step, regrets.shape[-1] - 1 - step)
    before, at, after = (np.take_along_axis(regrets, least[..., None] + k, -1)[..., 0] for k in (-step, 0, step))
    falls = rho ** (2 * step)
    c = (before - 2 * at + after) * falls / (1 - falls) ** 2  # in units of rho^(2h) at the least regret
    b = (after - at + c * (1 - falls)) / step
    return np.asarray(np.array(SIZES)[least] + tau / 2 * np.log(2 * c / (tau * b)))


def fitted_sizes(system: LinearSystem, horizons: NDArray[Any]) -> NDArray[np.float64]:
    """Return the length that exactly fitted filters need at each horizon: T (P_h - P_inf) = S_inf.

    It is interpolated log-linearly between whole lengths; P_h - P_inf is log-linear up to rho^(2h).
    """
    steady = kalman_gain(system)
    S = float(steady.innovation[0, 0])
    lengths = np.arange(1, int(steady.memory * 10) + 8)
    excess = diffuse_errors(system, lengths) - S
    kept = excess > 1e-11 * S  # a smaller difference is rounding
    return np.asarray(np.interp(np.log(horizons), -np.log(excess[kept] / S), lengths[kept]))


def collapsed(table: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x = (2/tau) (h - h*) and (regret_h - regret_h*) / (S (tau/2) log(T/T_0)) of the measured regrets.

    At the minimiser h* of T c rho^(2h) + S (h + 1) log(T/T_0) the two slopes cancel. The second value is therefore
    e^-x - 1 + x for every system and horizon.

    Args:
        table: The rows of one system in the table of ``reproduce_horizon_scaling``.
    """
    steady = kalman_gain(zoo(table["system"][0]))
    rows = table.filter(pl.col("quantity") == "regret").sort("horizon", "size")
    regrets = rows["measured"].to_numpy().reshape(-1, len(SIZES))
    horizons, h = rows["horizon"].to_numpy().reshape(-1, len(SIZES))[:, :1], np.array(SIZES)
    least = best_sizes(regrets, steady.rho)[:, None]
    x = (h - least) * 2 / steady.memory
    # the minimum lies between whole lengths, e^-x - 1 + x below the regret of the nearest whole length
    unit = steady.innovation[0, 0] * steady.memory / 2 * np.log(horizons / START)
    nearest = regrets.argmin(axis=1)[:, None]
    gap = np.take_along_axis(x, nearest, 1)
    y = (regrets - np.take_along_axis(regrets, nearest, 1)) / unit + np.exp(-gap) - 1 + gap
    return x.ravel(), y.ravel()


def _slopes(system: LinearSystem, horizons: NDArray[Any], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slopes of sizes ``(.., time)`` against log T, in units of tau/2."""
    x = np.log(horizons) - np.log(horizons).mean()
    return np.asarray(sizes @ x / (x @ x) / (kalman_gain(system).memory / 2))


def _rows(
    system: LinearSystem,
    horizons: NDArray[np.int64],
    regrets: NDArray[np.float64],
    expected: NDArray[np.float64],
    neglected: NDArray[np.float64],
    entries: int,
    seed: int,
) -> pl.DataFrame:
    """Return the entries of one system; regrets are ``(time, size, batch)``, the other two ``(time, size)``."""
    runs, z = regrets.shape[-1], -ndtri(FALSE_ALARM / entries / 2)
    low, high = mean_limits(expected, regrets, entries)
    columns = [regrets.mean(axis=-1), expected, low - neglected, high + neglected]
    rows: list[tuple[object, ...]] = []
    for k, horizon in enumerate(horizons.tolist()):
        for j, size in enumerate(SIZES):
            rows.append((system.name, "regret", horizon, size, *(float(column[k, j]) for column in columns)))
    weights = resample_counts(runs, DRAWS, seed) / runs
    rho = kalman_gain(system).rho
    drawn = best_sizes(np.moveaxis(regrets @ weights.T, -1, 0), rho)
    theories = np.stack([best_sizes(expected + sign * neglected, rho) for sign in (-1, 0, 1)])
    measured = best_sizes(columns[0], rho)
    for word, count, few, spread, theory in (
        ("best size", horizons.tolist(), measured, drawn.std(axis=0, ddof=1), theories),
        (
            "slope",
            [None],
            _slopes(system, horizons, measured)[None],
            _slopes(system, horizons, drawn).std(ddof=1)[None],
            _slopes(system, horizons, theories)[:, None],
        ),
    ):
        bounds = theory.min(axis=0) - z * spread, theory.max(axis=0) + z * spread
        for k, horizon in enumerate(count):
            entry = (float(value[k]) for value in (few, theory[1], *bounds))
            rows.append((system.name, word, horizon, None, *entry))
    needed = fitted_sizes(system, FITTED)
    fitted, error = float(_slopes(system, FITTED, needed)), float(rho ** (2 * needed[0]))
    rows.append((system.name, "fitted slope", None, None, fitted, 1.0, 1 - error, 1 + error))
    for horizon, size in zip(horizons.tolist(), fitted_sizes(system, horizons).tolist(), strict=True):
        rows.append((system.name, "fitted size", horizon, None, size, None, None, None))
    kinds = dict(system=pl.String, quantity=pl.String, horizon=pl.Int64, size=pl.Int64) | dict.fromkeys(
        ("measured", "exact", "low", "high"), pl.Float64
    )
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _verdict(table: pl.DataFrame, replicates: int) -> tuple[bool, str]:
    outside = table.filter((pl.col("measured") < pl.col("low")) | (pl.col("measured") > pl.col("high")))
    sentence = f"horizon scaling: measured on {replicates} runs, exact theory beside: "
    if outside.height:
        return False, f"{sentence}{outside.height} of {table.height} entries beyond their limits"
    sizes = table.filter(pl.col("quantity") == "best size")
    gap = float(np.abs(sizes["measured"].to_numpy() - sizes["exact"].to_numpy()).max())
    slopes = {
        word: ", ".join(f"{value:.2f}" for value in table.filter(pl.col("quantity") == quantity)[column])
        for word, quantity, column in (
            ("measured", "slope", "measured"),
            ("exact", "slope", "exact"),
            ("fitted", "fitted slope", "measured"),
        )
    }
    return True, (
        f"{sentence}agree within {gap:.1f} samples of the length of least regret. Its slope against log T is "
        f"{slopes['measured']} of tau/2 ({slopes['exact']} in theory) on {', '.join(WALKS)}; that of exactly fitted "
        f"filters is {slopes['fitted']}"
    )
