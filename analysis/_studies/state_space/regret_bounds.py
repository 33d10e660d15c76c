"""Regret bounds: the regret of learners against the best fixed choice in hindsight, beside its bound.

Time: the regret at horizon T sums the losses of the first T samples; for the mixture it starts after the settling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.special import stdtrit

from ...._core.progress import Progress, no_progress
from ....learners import (
    gradient_descent,
    ladder,
    length_mixture,
    newton_step,
    replay,
    spectral_filter,
    square_root_rls,
    vovk,
)
from ....learners._engine.driver import Driver
from ....learners._state_space.spectral_filter import filter_bank
from ....simulator import LinearSystem, Trajectories, simulate, zoo
from ..._exact.riccati import kalman_gain
from ..study import FALSE_ALARM, StudyResult
from .online_bounds import Floats, Sums, descent_bound, least_squares_bound, newton_bound, sums_at, vovk_bound

AUTOREGRESSION = (1.0, -0.6, 0.3)
STREAM, LENGTH = "y[t] = 0.6 y[t-1] - 0.3 y[t-2] + e[t]", 4  # the true value of two of the four coefficients is zero
RIDGE, MARGIN, RADIUS = 1.0, 2.0, 1.0
MIXED, LONGEST = ("random-walk", "double-integrator", "two-tones"), 8
SETTLED = 16 * (LONGEST + 1)  # samples before the bound of the mixture starts
POLES = (1.0, 0.99, 0.9, 0.5, 0.0)  # of the driven symmetric system
FILTERS, WINDOW = 8, 64  # of the spectral filter
DRIVE = 0.1  # standard deviation of its input
ROUNDING = 1e-6


BOUNDS: dict[str, tuple[Any, Callable[[Sums], Floats]]] = {
    "square-root-rls": (square_root_rls([LENGTH], ridge=RIDGE), least_squares_bound),
    "vovk": (vovk([LENGTH], RIDGE), vovk_bound),
    "newton-step": (newton_step([LENGTH], MARGIN, RIDGE), partial(newton_bound, margin=MARGIN)),
    "gradient-descent": (gradient_descent([LENGTH], RADIUS), partial(descent_bound, radius=RADIUS)),
}


def reproduce_regret_bounds(
    replicates: int = 64, seed: int = 0, octaves: int = 8, progress: Progress = no_progress
) -> StudyResult:
    """Compare the regret of online learners with its bound, at every horizon and for every run.

    The first stream is a stable autoregression with uniform noise of variance one, which is bounded. The regret is
    against the best fixed weights of the same horizon:

        square-root-rls     ridge |v|^2 + max e^2 log det(I + G / ridge)                        like log T
        vovk                ridge |v|^2 + d Y^2 log(1 + T X^2 / (d ridge))                      like log T
        newton-step         ridge |v|^2 / 2 + 4 c^2 d log(1 + sum |g|^2 / (8 c^2 d ridge))      like log T
        gradient-descent    2 radius sqrt(2 sum |g|^2)                                          like sqrt(T)

    The second is a driven symmetric system with a pole at 1. Spectral filtering, which is least squares too, is
    compared with the best weights of its filters. Then, on three systems that do not decay, the length mixture is
    compared with the best single length: the bound is 2 Delta(T) + L_h(s) - min L(s), where Delta is the cost of
    mixing. The mean regret of least squares is also known: it gains S d log 2 in each octave, S being the variance of
    the innovations. For the learners on the bounded stream, the gain of an octave is also compared with the gain of the
    bound.

    A bound always holds: one run beyond it, by more than rounding, is a disagreement. The limits of the mean gain are
    Student's at 1e-4 / entries, plus a relative 2 d / T for the second order of the learning cost.

    Args:
        replicates: Simulated runs.
        seed: Seed of the simulation.
        octaves: The longest horizon is 144 * 2^octaves samples; at least 3.
        progress: Called with the parts done and the parts in all.

    Returns:
        A table ``system, learner, horizon, measured, bound, beyond, gain, low, high``, in units of the variance S of
        the innovations: mean regret and bound, the largest difference of regret and bound over the runs, and the gain
        of this octave with its limits.

    Raises:
        ValueError: There are too few octaves to distinguish the laws.

    References:
        See ``newton_step``, ``vovk``, ``gradient_descent`` and ``length_mixture``. Least squares: N. Cesa-Bianchi,
        G. Lugosi, *Prediction, Learning, and Games*, 2006, section 11.7.
    """
    if octaves < 3:
        raise ValueError(f"octaves must be at least 3, to distinguish log T from sqrt(T); got {octaves}.")
    horizons = SETTLED * 2 ** np.arange(1, octaves + 1)
    rows: list[pl.DataFrame] = []
    for part in (_bounded, _spectral, _mixed):
        for frame in part(replicates, seed, horizons):
            rows.append(frame)
            progress(len(rows), len(BOUNDS) + 1 + len(MIXED))
    table = pl.concat(rows)
    return StudyResult(table, *_verdict(table, replicates))


def bounded_stream(seed: int, steps: int, replicates: int) -> tuple[Floats, Floats]:
    """Return runs ``(run, time)``, each in the unit of its learner, and these units ``(run,)``."""
    from scipy.signal import lfilter  # here: the import takes a second

    random = np.random.default_rng(seed)
    y = lfilter([1.0], AUTOREGRESSION, random.uniform(-np.sqrt(3), np.sqrt(3), (replicates, steps + 100)))[:, 100:]
    units = np.abs(y[:, 0])
    return y / units[:, None], units


def _bounded(replicates: int, seed: int, horizons: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """Yield the rows of each learner on the bounded stream."""
    y, units = bounded_stream(seed, int(horizons[-1]), replicates)
    padded = np.pad(y, ((0, 0), (LENGTH, 0)))
    phi = np.stack([padded[:, LENGTH - k : -k] for k in range(1, LENGTH + 1)], axis=-1)
    scale = units**2  # the innovations have variance one
    for name, (learner, bound_of) in BOUNDS.items():
        made = replay(learner, _recording(y))[:, :, 0, 0, 0]
        sums = sums_at(y, phi, made, horizons, np.full((replicates, LENGTH), RIDGE))
        regret, bound = (value * scale for value in (sums.loss - sums.best, bound_of(sums)))
        gain = np.diff(regret, axis=0)
        low, high = np.full(len(gain), -np.inf), np.diff(bound.mean(axis=1))
        if name == "square-root-rls":
            expected, entries = LENGTH * np.log(2), len(gain)
            reach = -stdtrit(replicates - 1, FALSE_ALARM / entries / 2) * gain.std(axis=1, ddof=1)
            reach = reach / np.sqrt(replicates) + expected * 2 * LENGTH / horizons[:-1]
            low, high = expected - reach, expected + reach
        yield _rows(STREAM, name, horizons, regret, bound, regret - bound, low, high)


def _spectral(replicates: int, seed: int, horizons: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """Yield the rows of spectral filtering on the symmetric, marginally stable system."""
    from scipy.signal import lfilter  # here: the import takes a second

    random, steps = np.random.default_rng([seed, 1]), int(horizons[-1])
    u, y = np.array([[[DRIVE]], [[1.0]]]) * random.standard_normal((2, replicates, steps))
    for pole in POLES:  # A = diag(poles); all entries of B and C are one
        y += lfilter([0.0, 1.0], [1.0, -pole], u)
    learner = spectral_filter([FILTERS], WINDOW, ridge=RIDGE, inputs=1)
    made = replay(learner, _recording(y, u))[:, :, 0, 0, 0]
    channels = np.stack([u, y], axis=-1)[:, :-1]
    filtered = [lfilter(taps, 1.0, channels, axis=1) for taps in filter_bank(WINDOW, FILTERS)]
    phi = np.concatenate([channels, *filtered], axis=-1)  # from the second sample on: the first teaches nothing
    ridge = RIDGE * np.tile(channels[:, 0] ** 2, 1 + FILTERS)
    sums = sums_at(y[:, 1:], phi, made[:, 1:], horizons - 1, ridge)
    regret, bound = sums.loss - sums.best, least_squares_bound(sums)
    none = np.full(len(horizons) - 1, np.inf)
    yield _rows("symmetric, pole at 1", "spectral-filter", horizons, regret, bound, regret - bound, -none, none)


def _mixed(replicates: int, seed: int, horizons: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """Yield the rows of the length mixture on each system, against the best length of each horizon."""
    systems = [zoo(name) for name in MIXED]
    beside = LinearSystem(*(block_diag(*(getattr(one, word) for one in systems)) for word in "ACQR"))  # compiled once
    streams = simulate(seed, beside, int(horizons[-1]), replicates).outputs
    for place, system in enumerate(systems):
        S, y = float(kalman_gain(system).innovation[0, 0]), np.asarray(streams[..., place], np.float64)
        every = replay(ladder(range(LONGEST + 1)), _recording(y))[:, :, 0, :, 0]
        made, cost, start = mixture_run(y, horizons)
        own = ((y - made) ** 2)[:, SETTLED:].cumsum(axis=1)[:, horizons - SETTLED - 1].T
        each = ((y[..., None] - every) ** 2)[:, SETTLED:].cumsum(axis=1)[:, horizons - SETTLED - 1]
        each = np.moveaxis(each, 0, 1)  # (horizon, run, size)
        bound = 2 * cost[..., None] + start.T[None]
        regret = own[..., None] - each
        best = each.argmin(axis=-1)[..., None]
        own_best, bound_best = (np.take_along_axis(value, best, -1)[..., 0] / S for value in (regret, bound))
        beyond = (regret - bound).max(axis=-1) / S
        none = np.full(len(horizons) - 1, np.inf)
        yield _rows(system.name, "length-mixture", horizons, own_best, bound_best, beyond, -none, none)


def mixture_run(y: Floats, horizons: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return forecasts ``(run, time)``, Delta ``(horizon, run)``, and the lag of each length behind the best.

    The last is taken when all lengths have settled, ``(size, run)``.
    """
    runs, cost, made, start = len(y), [], [], np.zeros(0)
    driver = Driver(length_mixture(LONGEST), width=runs, block=SETTLED)
    lanes, record = driver.start(), driver.record()
    none, end = np.zeros((SETTLED + 1, 0, runs)), np.full(runs, SETTLED, np.int32)
    for now in range(0, int(horizons[-1]), SETTLED):
        rows = y.T[now : now + SETTLED, None]
        lanes, record = driver.advance(lanes, record, rows, none, np.int32(0), end)
        made.append(np.array(record)[:, 0, 0, 0])
        units = np.array(lanes.scale)[0] ** 2
        if now == 0:
            start = np.array(lanes.state.behind)[:, 0] * units
        if now + SETTLED in horizons:
            cost.append(np.array(lanes.state.cost)[0] * units)
    return np.concatenate(made).T, np.stack(cost), start


def _recording(y: Floats, u: Floats | None = None) -> Trajectories:
    runs, steps = y.shape
    names, inputs = tuple(str(run) for run in range(runs)), np.zeros((runs, steps, 0)) if u is None else u[..., None]
    words = ("u",) * inputs.shape[2]
    return Trajectories(y[..., None], inputs, np.full(runs, steps), 1.0, ("y",), words, names)


def _rows(
    system: str,
    learner: str,
    horizons: NDArray[np.int64],
    regret: Floats,
    bound: Floats,
    beyond: Floats,
    low: Floats,
    high: Floats,
) -> pl.DataFrame:
    mean, first = regret.mean(axis=1), [np.nan]
    columns = dict(
        system=[system] * len(horizons),
        learner=[learner] * len(horizons),
        horizon=horizons,
        measured=mean,
        bound=bound.mean(axis=1),
        beyond=(beyond - ROUNDING * (1 + np.abs(bound))).max(axis=1),
        gain=np.concatenate([first, np.diff(mean)]),
        low=np.concatenate([first, low]),
        high=np.concatenate([first, high]),
    )
    return pl.DataFrame(columns).fill_nan(None)


def growth(table: pl.DataFrame, learner: str) -> float:
    """Return the exponent of T in the regret of a learner over the last two octaves."""
    found = table.filter(pl.col("learner") == learner).sort("horizon")["measured"].to_numpy()[[-3, -1]]
    return float(np.log2(found[1] / found[0]) / 2)


def _verdict(table: pl.DataFrame, replicates: int) -> tuple[bool, str]:
    sentence = f"regret bounds: measured on {replicates} runs, theory beside: "
    outside = table.filter(
        (pl.col("beyond") > 0) | (pl.col("gain") < pl.col("low")) | (pl.col("gain") > pl.col("high"))
    )
    if outside.height:
        first = outside.row(0, named=True)
        return False, (
            f"{sentence}{outside.height} of {table.height} entries beyond their bounds (the first {first['learner']} "
            f"on {first['system']} at T = {first['horizon']})"
        )
    last, learned = table.filter(pl.col("horizon") == table["horizon"].max()), table.filter(system=STREAM)
    least = learned.filter(learner="square-root-rls")["gain"].drop_nulls().to_numpy() / (LENGTH * np.log(2))
    longest = int(last["horizon"][0])
    shares = ", ".join(
        f"{row['learner']} {row['measured']:.3g} of at most {row['bound']:.3g}"
        + (f" like T^{growth(learned, row['learner']):.2f}" if row["learner"] in BOUNDS else "")
        + (f" on {row['system']}" if row["learner"] == "length-mixture" else "")
        for row in last.to_dicts()
    )
    return True, (
        f"{sentence}agree within {100 * np.abs(least - 1).max():.0f} % on the gain of least squares in an octave, "
        f"S d log 2, and no run of the {table.height} entries is beyond its bound. Mean regret at T = "
        f"{longest}, in units of S: {shares}"
    )
