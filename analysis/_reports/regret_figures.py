"""Figures of regret against the size, and of the error against the look-ahead."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...simulator import LinearSystem
from .._exact.filter_errors import best_errors
from .._exact.learning_cost import learning_cost
from .._exact.riccati import innovation_covariances
from .._growth.bootstrap import resample_counts
from .._growth.laws import DRAWS
from .._growth.regret_size import late_regrets
from .._location.location import Location
from .location_figures import fits_filters, with_theory
from .style import BEST, FOUND, MARKERS, canvas, error_label, legend, shades, shown_sizes, size_axis_label, title


def regret_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the regret of each size with its interval, that of theory, and the limit for the regret size.

    Crosses: the exact excess of the best filter plus the first-order cost of learning it, summed over the same samples
    (learners that fit filters, one sample ahead, from the critical length on).
    """
    figure, (axes,) = canvas(1)
    sizes, sums = late_regrets(location.curves.filter(pl.col("lookahead") == location.lookahead))
    groups = sums.shape[1]
    weights = resample_counts(groups, DRAWS, 0) / groups
    mean, (low, high) = sums.mean(axis=1), np.quantile(sums @ weights.T, [0.025, 0.975], axis=1)
    bars = np.clip([mean - low, high - mean], 0, None)
    axes.errorbar(sizes, mean, bars, fmt="o-", color=BEST, ms=6, lw=1.4, capsize=3, label="measured")
    system = with_theory(system, location)
    if system is not None and fits_filters(location) and location.lookahead == 1 and location.theory is not None:
        long_enough = [size for size in sizes if size >= max(location.theory.critical_size or 0, 1)]
        times = np.unique(np.geomspace(max(location.horizon // 20, 1), location.horizon - 1, 40).astype(int))
        least = np.trace(innovation_covariances(system, times), axis1=1, axis2=2)
        excess = best_errors(system, long_enough, times) - least[:, None]
        excess += [learning_cost(system, long_enough, int(t)) for t in times]
        exact = np.trapezoid(excess, times, axis=0)
        axes.plot(long_enough, exact, "x", color="0.2", ms=8, label="theory, first order of learning")
    if location.regret is not None:
        word = f"{location.regret.factor:g} times the least: from {location.regret.size} on"
        axes.axhline(location.regret.factor * mean.min(), color=FOUND, lw=1.2, ls="--", label=word)
    axes.set(yscale="log", xlabel=size_axis_label(location))
    axes.set_ylabel(f"regret since T/20 ({location.settings['unit']} x samples)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    title(axes, location.subject, f"regret to T = {location.horizon}")
    legend(axes, 2)
    return figure


def ahead_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error at the horizon against the look-ahead: one line for each size, and the Kalman forecast."""
    figure, (axes,) = canvas(1)
    ahead = [part.lookahead for part in location.each]
    shown = shown_sizes(location.rungs["size"].to_list(), location.critical_size)
    errors = {part.lookahead: dict(zip(part.rungs["size"], part.rungs["error"], strict=True)) for part in location.each}
    colours = shades(len(shown))
    for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
        values = [errors[steps][size] for steps in ahead]
        axes.plot(ahead, values, f"{MARKERS[k % len(MARKERS)]}-", color=colour, ms=6, lw=1.4, label=str(size))
    system = with_theory(system, location)
    if system is not None and location.outputs.is_empty():  # several outputs have other units at each look-ahead
        least = [float(np.trace(innovation_covariances(system, [location.horizon], lookahead=H)[0])) for H in ahead]
        axes.plot(ahead, least, "--", color="0.2", label="Kalman")
    axes.set(yscale="log", xlabel="look-ahead H (samples)", ylabel=error_label(location))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    forecasts = location.settings["forecasts"] or "forecasts"
    title(axes, location.system, f"{forecasts}, t = {location.horizon}")
    legend(axes, 5, title=size_axis_label(location))
    return figure
