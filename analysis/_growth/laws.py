"""How the error grows with the horizon: a law for each size, and whether the error is bounded.

A bounded error that still rises to its limit has a small positive exponent. Enough replicates make that exponent
significant, so a test of "exponent = 0" would be wrong. Exponents are quantised (0, 1, 2, 3, ..): the verdict is a
classification with the border at 1/2.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .bootstrap import resample_counts, threadless_product
from .curves import curve_array
from .lack_of_fit import input_reason, jump_reason, level_reason, power_arrays

BORDER = 0.5
UNSURE = (0.2, 0.8)  # exponents that weak modes and roots near one show at a short horizon
SETTLING = 16  # samples for each coefficient until a filter counts as fitted
SETTLED = -0.2  # the lowest exponent of a level error
FEWEST_GROUPS = 8
DRAWS = 1000


def growth_laws(
    curves: pl.DataFrame,
    seed: int = 0,
    draws: int = DRAWS,
    inputs: pl.DataFrame | None = None,
    steady: bool = False,
) -> pl.DataFrame:
    """Fit error ~ t^exponent for each size and decide whether the error is bounded.

    The mean over the replicates is fitted on a log-log scale over t > T/20 with stretches equally spaced in log t, and
    a second time over t > T/4. A filter of length h with look-ahead H first gets 16 (h + 1) + H - 1 samples to learn,
    but never more than T/4.
    The replicates are drawn with replacement; the interval holds 95 % of the draws. There is a verdict only if

    * 95 % of the draws lie on one side of 1/2, and the fit over t > T/4 lies on the same side,
    * the exponent is not between 0.2 and 0.8,
    * it does not move into that range from T/20 to T/4 by more than 0.1 in 95 % of the draws,
    * there are at least 8 groups of replicates,
    * a bounded error has settled: it does not fall faster than t^-0.2 over t > T/4 in 95 % of the draws, which is a
      quarter less in two octaves. What still falls at the horizon is not yet a law: growth may hide behind what is
      not learned. (The learning cost of least squares is an excess of the order of log t / t over a level, and falls
      more slowly.) And
    * the power law fits. It does not if, in 95 % of the draws, a law with one jump has its exponent on the other side
      of 1/2 and fits better than a curved one; if growth has ended before T/2; or if the power of an input grows and
      the error over it does not.

    Everything else is undecided. A law is exponential if log error is closer to a line in t than in log t.

    Args:
        curves: Error curves (``SCHEMA``) of one learner, lookahead and system.
        seed: Seed of the draws.
        draws: Number of draws.
        inputs: Power of the inputs (``input_power``), if there are any.
        steady: Whether noise and plant are known not to change, as in a simulation; then only the power of the inputs
            is tested. A path of the inputs that all runs share moves their error together, which no draw of runs shows.

    Returns:
        One row for each size: ``size, law, exponent, low, high, late, rate, verdict, reason``. ``exponent`` with
        ``low`` and ``high`` for t > T/20, ``late`` for t > T/4, ``rate`` per sample if the law is exponential. ``law``
        is ``bounded``, ``t^1``, ``t^2``, .., ``exponential`` or ``undecided``; ``verdict`` is ``bounded``, ``growing``
        or ``undecided`` with its ``reason``.

    Raises:
        ValueError: A column is missing, or there are fewer than four stretches with t > T/4.
    """
    horizon, sizes, values = curve_array(curves, "error")
    lookahead, late, weights = int(curves["lookahead"][0]), _late(horizon), _weights(values, seed, draws)
    powers = {} if inputs is None else power_arrays(inputs, horizon, values.shape[2])
    rows = []
    for k, size in enumerate(sizes):
        whole = fitted_stretches(horizon, size, lookahead - 1)
        row = {"size": size} | _law(horizon, values[:, k], whole, late, weights, powers, steady)
        rows.append(row)
    words, numbers = ("law", "verdict", "reason"), ("exponent", "low", "high", "late", "rate")
    kinds: dict[str, type[pl.DataType]] = {"size": pl.Int64}
    kinds |= dict.fromkeys(words, pl.String) | dict.fromkeys(numbers, pl.Float64)
    return pl.DataFrame(rows, schema_overrides=kinds).select(
        "size", "law", "exponent", "low", "high", "late", "rate", "verdict", "reason"
    )


def critical_interval(curves: pl.DataFrame, seed: int = 0, draws: int = DRAWS) -> tuple[int | None, int | None]:
    """Return the 95 % bootstrap interval of the smallest size whose exponent is below 1/2.

    The arguments are those of ``growth_laws``. All sizes use the same draws. The lower end is the size after the last
    one tried below it; None means that it is open, below the smallest size tried. An upper end of None means above the
    largest size tried.
    """
    horizon, sizes, values = curve_array(curves, "error")
    lookahead, weights = int(curves["lookahead"][0]), _weights(values, seed, draws)
    windows = [fitted_stretches(horizon, size, lookahead - 1) for size in sizes]
    with np.errstate(invalid="ignore"):  # an infinite error counts as growing
        slopes = [
            _slopes(np.log(horizon[window]), _log_means(values[window, k], weights))[1:]
            for k, window in enumerate(windows)
        ]
    bounded = np.stack(slopes) < BORDER
    places = np.where(bounded.any(axis=0), bounded.argmax(axis=0), len(sizes))
    low, high = np.quantile(places, [0.025, 0.975], method="inverted_cdf").astype(int)
    first = 0 if sizes[0] == 0 else None
    return sizes[low - 1] + 1 if low else first, sizes[high] if high < len(sizes) else None


def _late(horizon: NDArray[np.float64]) -> NDArray[np.bool_]:
    late: NDArray[np.bool_] = horizon > horizon[-1] / 4
    if late.sum() < 4:
        raise ValueError(f"a growth law needs a longer horizon than {horizon[-1]:.0f} samples.")
    return late


def fitted_stretches(horizon: NDArray[np.float64], size: int, unfitted: int = 0) -> NDArray[np.bool_]:
    """Return the stretches that a growth law is fitted to: t > T/20 after the size has learned, and always t > T/4."""
    settled = max(horizon[-1] / 20, SETTLING * (size + 1) + unfitted)
    return np.asarray((horizon > horizon[-1] / 4) | (horizon > settled))


def _weights(values: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    """Return the weight of each group of replicates in each draw, ``(draw, group)``."""
    groups = values.shape[2]
    return np.asarray(resample_counts(groups, draws, seed) / groups)


def _law(
    horizon: NDArray[np.float64],
    values: NDArray[np.float64],
    whole: NDArray[np.bool_],
    late: NDArray[np.bool_],
    weights: NDArray[np.float64],
    powers: dict[str, NDArray[np.float64]],
    steady: bool,
) -> dict[str, object]:
    groups = values.shape[1]
    enough = groups >= FEWEST_GROUPS
    unusable = ~np.isfinite(values[whole]).all() or (values[whole].mean(axis=1) <= 0).any()
    if unusable:
        reason = "the error is exactly zero, infinite or not observed somewhere in the last 95 % of the horizon"
        nothing = dict.fromkeys(("exponent", "low", "high", "late", "rate"))
        return nothing | dict(law="undecided", verdict="undecided", reason=reason)
    means, axis, late = _log_means(values[whole], weights), np.log(horizon[whole]), late[whole]
    slopes, late_slopes = _slopes(axis, means), _slopes(axis[late], means[:, late])
    exponent, late_exponent = float(slopes[0]), float(late_slopes[0])
    low, high = np.quantile(slopes[1:], [0.025, 0.975]) if enough else (None, None)
    rate = None
    verdict, reason = _verdict(slopes, late_slopes) if enough else ("undecided", "")
    if verdict != "undecided":
        logs = {name: _log_means(power[whole], weights) for name, power in powers.items()}
        misfit = _lack_of_fit(axis, means, verdict, logs, steady)
        misfit = misfit or (_still_falls(late_slopes) if verdict == "bounded" else "")
        verdict, reason = ("undecided", misfit) if misfit else (verdict, reason)
    if not enough:
        few = f"{groups} replicate{'s' * (groups > 1)}"
        reason = f"{few}, and one path does not average: at least {FEWEST_GROUPS} are needed"
    law = {"bounded": "bounded", "undecided": "undecided"}.get(verdict) or f"t^{max(round(exponent), 1)}"
    if verdict == "growing" and _misfit(horizon, values, whole) < _misfit(np.log(horizon), values, whole):
        law, rate = "exponential", float(_slopes(horizon[whole], means[:1])[0])
    return dict(
        law=law, exponent=exponent, low=low, high=high, late=late_exponent, rate=rate, verdict=verdict, reason=reason
    )  # fmt: skip


def _verdict(slopes: NDArray[np.float64], late_slopes: NDArray[np.float64]) -> tuple[str, str]:
    exponent, draws, late, late_draws = slopes[0], slopes[1:], late_slopes[0], late_slopes[1:]
    side = "bounded" if exponent < BORDER else "growing"
    agree = np.mean((draws < BORDER) == (side == "bounded"))
    moved = np.maximum(late_draws, 0) - np.maximum(draws, 0) if side == "bounded" else draws - late_draws
    if agree < 0.95:
        return "undecided", f"only {100 * agree:.0f} % of the draws agree; more runs or longer ones would decide it"
    if UNSURE[0] < exponent < UNSURE[1]:
        return "undecided", f"the exponent {exponent:.2f} fits no class yet; more runs or longer ones would decide it"
    on_its_way = UNSURE[0] < late < UNSURE[1] and np.quantile(moved, 0.05) > 0.1
    if (late < BORDER) != (side == "bounded") or on_its_way:
        return (
            "undecided",
            f"the exponent still changes, from {exponent:.2f} to {late:.2f}; more runs or longer ones would decide it",
        )
    return side, ""


def _still_falls(late_slopes: NDArray[np.float64]) -> str:
    """Return the reason why an error has not settled, empty if it has."""
    late, draws = late_slopes[0], late_slopes[1:]
    if late < SETTLED and np.quantile(draws, 0.95) < SETTLED:
        return f"the error still falls like t^{late:.1f} at the horizon: not settled"
    return ""


def _lack_of_fit(
    axis: NDArray[np.float64],
    means: NDArray[np.float64],
    verdict: str,
    powers: dict[str, NDArray[np.float64]],
    steady: bool,
) -> str | None:
    """Return why the power law does not fit; None if it does."""
    if verdict == "bounded":
        return None if steady else jump_reason(axis, means, True, BORDER)
    explained = input_reason(axis, means, powers, BORDER)
    if steady:
        return explained
    return explained or jump_reason(axis, means, False, BORDER) or level_reason(axis, means, BORDER)


def _log_means(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log means of values ``(time, group)``: over all replicates, then over each draw; ``(1 + draw, time)``."""
    mean = np.vstack([values.mean(axis=1), threadless_product(weights, values.T)])
    return np.asarray(np.log(np.maximum(mean, np.finfo(float).tiny)))


def _slopes(axis: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least-squares slope of each row against an axis."""
    x = axis - axis.mean()
    return np.asarray(means @ x / (x @ x))


def _misfit(axis: NDArray[np.float64], values: NDArray[np.float64], window: NDArray[np.bool_]) -> float:
    x, y = axis[window], np.log(values[window].mean(axis=1))
    return float(np.sum((y - np.polyval(np.polyfit(x - x.mean(), y, 1), x - x.mean())) ** 2))
