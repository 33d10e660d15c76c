"""The figure of the error against the horizon: a rising line is an error that grows. Written as PNG.

Each size has a marker, and the critical size is drawn thick.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ...simulator import LinearSystem
from .._exact.filter_errors import best_errors
from .._exact.riccati import innovation_covariances
from .._growth.curves import curve_array
from .._growth.laws import FEWEST_GROUPS
from .._location.location import Location
from .location_figures import filter_words, fits_filters, level_axes, with_theory
from .style import MARKERS, canvas, error_label, legend, shades, shown_sizes, title


def growth_figure(location: Location, system: LinearSystem | None = None, ax: Axes | None = None) -> Figure:
    """Draw the error against the horizon: one line for each size, one panel for each look-ahead, and exact theory.

    On ``ax``, axes of your own, the first look-ahead is drawn; the figure returned is theirs.

    For a known system that does not vary in time, at the look-ahead of the panel: dotted, the exact error of the best
    filter of each length (learners that fit filters); dashed, the Kalman predictor.
    """
    figure, panels = canvas(len(location.each), ax=ax)
    for axes, part in zip(panels, location.each, strict=ax is None):
        _draw_growth(axes, part, with_theory(system, part))
    level_axes(panels)
    return figure


def _draw_growth(axes: Axes, location: Location, system: LinearSystem | None) -> None:
    horizon, sizes, values = curve_array(location.curves.filter(pl.col("lookahead") == location.lookahead))
    mean = _mean(values)
    if values.shape[2] < FEWEST_GROUPS:
        horizon, mean = _half_octaves(horizon, mean)
    shown = shown_sizes(sizes, location.critical_size)
    colours = shades(len(shown))
    times = np.unique(np.geomspace(1 + location.lookahead, location.horizon, 60).astype(int))
    exact = None
    if system is not None and location.rungs.height and fits_filters(location):
        exact = best_errors(system, shown, times, lookahead=location.lookahead)
    every = max(len(horizon) // 7, 1)
    for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
        critical = size == location.critical_size
        axes.plot(
            horizon,
            mean[:, sizes.index(size)],
            color=colour,
            lw=3.0 if critical else 1.4,
            marker=MARKERS[k % len(MARKERS)],
            markevery=(k * every // len(shown), every),
            ms=8 if critical else 6,
            mec="white",
            mew=0.7,
            label=f"{size}" + (" (critical)" if critical else ""),
            zorder=3 + critical,
        )
        if exact is not None:
            axes.plot(times, exact[:, k], ":", color=colour, lw=1.2, zorder=2)
    if exact is not None:
        axes.plot([], [], ":", color="0.2", lw=1.2, label=f"exact, best {filter_words(location)}")
    if system is not None:
        covariances = innovation_covariances(system, times, lookahead=location.lookahead)
        oracle = np.trace(covariances, axis1=1, axis2=2)
        axes.plot(times, oracle, "--", color="0.2", lw=1.2, label="Kalman predictor", zorder=2)
    axes.set(xscale="log", yscale="log", xlabel="horizon t (samples)", ylabel=error_label(location))
    axes.set_xlim(left=min(5.0, location.horizon / 20))
    _limit(axes, mean[horizon > min(16 * location.lookahead, max(16, location.horizon / 4))])
    word = location.settings["size_label"]
    title(axes, location.subject, f"error growth by {word}")
    legend(axes, 4, title=word)
    if location.trust_horizon is not None and location.trust_horizon <= 2 * location.horizon:
        axes.axvline(location.trust_horizon, color="0.6", lw=1)
        axes.set_xlim(right=1.5 * location.trust_horizon)
        axes.annotate("rounding reaches the noise", (1.08 * location.trust_horizon, 0.5), rotation=90, va="center",
                      xycoords=("data", "axes fraction"), fontsize=9, color="0.3")  # fmt: skip


def _mean(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.nanmean(values, axis=2))


def _half_octaves(
    horizon: NDArray[np.float64], mean: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """Average over half octaves, because the error of a single run is too rough to read."""
    half = np.floor(2 * np.log2(horizon)).astype(int)
    starts = np.unique(half, return_index=True)[1]
    counts = np.diff(np.append(starts, len(half)))
    return np.exp(np.add.reduceat(np.log(horizon), starts) / counts), np.add.reduceat(mean, starts) / counts[:, None]


def _limit(axes: Axes, values: NDArray[np.floating]) -> None:
    """Limit the axis to the values after the first samples, in which nothing is learned yet."""
    finite = values[np.isfinite(values) & (values > 0)]
    if finite.size:
        axes.set_ylim(finite.min() / 2, finite.max() * 2)
