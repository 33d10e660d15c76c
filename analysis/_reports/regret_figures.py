"""Figures of what a location costs: regret against the size, error against the look-ahead."""

from __future__ import annotations

import matplotlib
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...simulator import LinearSystem
from .._exact.filter_errors import best_errors
from .._exact.regret import learning_cost
from .._exact.riccati import innovation_covariances
from .._growth.bootstrap import resample_counts
from .._growth.laws import DRAWS
from .._growth.regret_size import late_regrets
from .._location.location import Location
from .location_figures import fits_filters, with_theory
from .style import FOUND, MARKERS, canvas, legend, shown_sizes, size_axis_label, title


def regret_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the regret of each size with its interval, what theory says of it, and the limit that a size must keep.

    Crosses: the exact excess of the best filter and the first order of what learning it costs, summed over the same
    samples (learners that fit filters, one sample ahead, from the critical length on).
    """
    figure, (axes,) = canvas(1)
    sizes, sums = late_regrets(location.curves.filter(pl.col("lookahead") == location.lookahead))
    groups = sums.shape[1]
    weights = resample_counts(groups, DRAWS, 0) / groups
    mean, (low, high) = sums.mean(axis=1), np.quantile(sums @ weights.T, [0.025, 0.975], axis=1)
    bars = np.clip([mean - low, high - mean], 0, None)
    axes.errorbar(sizes, mean, bars, fmt="o-", color="#0072b2", ms=6, lw=1.4, capsize=3, label="measured")
    system = with_theory(system)
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
    axes.set(yscale="log", xlabel=size_axis_label(location), ylabel="regret since T/20 (output unit² x samples)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    title(axes, location, f"regret to T = {location.horizon}")
    legend(axes, 2)
    return figure


def ahead_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error at the horizon against the look-ahead, one line a size, the Kalman forecast as the limit below."""
    figure, (axes,) = canvas(1)
    ahead = [part.lookahead for part in location.each]
    shown = shown_sizes(location.rungs["size"].to_list(), location.critical_size)
    errors = {part.lookahead: dict(zip(part.rungs["size"], part.rungs["error"], strict=True)) for part in location.each}
    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.85, len(shown)))
    for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
        values = [errors[steps][size] for steps in ahead]
        axes.plot(ahead, values, f"{MARKERS[k % len(MARKERS)]}-", color=colour, ms=6, lw=1.4, label=str(size))
    system = with_theory(system)
    if system is not None:
        least = [float(np.trace(innovation_covariances(system, [location.horizon], lookahead=H)[0])) for H in ahead]
        axes.plot(ahead, least, "--", color="0.2", label="Kalman")
    axes.set(yscale="log", xlabel="look-ahead H (samples)", ylabel="mean squared error (output unit²)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    forecasts = location.settings["forecasts"] or "forecasts"
    axes.set_title(f"{location.system}: {forecasts}, t = {location.horizon}", loc="left", fontsize=11)
    legend(axes, 5, title=size_axis_label(location))
    return figure
