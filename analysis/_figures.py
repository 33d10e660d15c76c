"""Figures of a location: error against the horizon, error against the size. Written as PNG.

Colours: the sizes run through a map that is readable in grey; what stops growing is drawn thick, the threshold marked.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..simulator import LinearSystem
from ._curves import curve_array
from ._errors import best_errors
from ._growth import FEWEST_GROUPS
from ._kalman import innovation_covariances
from ._location import SIZE_WORDS, Location, spaced

MOST_LINES = 9
SIZE = (8.0, 5.0)


def growth_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error against the horizon, one line a size and one panel a look-ahead; exact theory beside it.

    Where the system is known and does not vary in time, dotted: the exact error of the best filter of that length
    (ladder and qr-array); dashed: the Kalman predictor, both at the panel's look-ahead.
    """
    figure, panels = _canvas(len(location.each))
    for axes, part in zip(panels, location.each, strict=True):
        _draw_growth(axes, part, _with_theory(system))
    _level(panels)
    return figure


def _draw_growth(axes: Axes, location: Location, system: LinearSystem | None) -> None:
    horizon, sizes, values = curve_array(location.curves.filter(pl.col("lookahead") == location.lookahead))
    mean = _mean(values)
    if values.shape[2] < FEWEST_GROUPS:
        horizon, mean = _half_octaves(horizon, mean)
    shown = _shown(sizes, location.critical_size)
    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.9, len(shown)))
    times = np.unique(np.geomspace(1 + location.lookahead, location.horizon, 60).astype(int))
    exact = None
    if system is not None and location.rungs.height and _fits_filters(location):
        exact = best_errors(system, shown, times, lookahead=location.lookahead)
    for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
        critical = size == location.critical_size
        label = f"{size}" + (" (critical)" if critical else "")
        axes.plot(
            horizon,
            mean[:, sizes.index(size)],
            color=colour,
            lw=3.0 if critical else 1.4,
            label=label,
            zorder=3 + critical,
        )
        if exact is not None:
            axes.plot(times, exact[:, k], ":", color=colour, lw=1.2, zorder=2)
    if system is not None:
        covariances = innovation_covariances(system, times, lookahead=location.lookahead)
        oracle = np.trace(covariances, axis1=1, axis2=2)
        axes.plot(times, oracle, "--", color="0.2", lw=1.2, label="Kalman", zorder=2)
    axes.set(xscale="log", yscale="log", xlabel="horizon t (samples)", ylabel=_error_label(location))
    axes.set_xlim(left=min(5.0, location.horizon / 20))
    _limit(axes, mean[horizon > min(16 * location.lookahead, max(16, location.horizon / 4))])
    word = SIZE_WORDS.get(location.settings["learner"], "size")
    note = f"  (dotted: exact theory of the best {_filter(location)})" if exact is not None else ""
    _title(axes, location, f"error growth by {word}{note}")
    axes.legend(title=word, fontsize=8, title_fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    if location.trust_horizon is not None and location.trust_horizon <= 2 * location.horizon:
        axes.axvline(location.trust_horizon, color="0.6", lw=1)
        axes.annotate("rounding reaches the noise", (location.trust_horizon, axes.get_ylim()[1]), fontsize=8,
        rotation=90,
                      ha="right", va="top", color="0.4")  # fmt: skip


def size_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error against the size at three horizons, one panel a look-ahead; crosses are exact theory.

    The critical size is marked.
    """
    figure, panels = _canvas(len(location.each))
    for axes, part in zip(panels, location.each, strict=True):
        _draw_sizes(axes, part, _with_theory(system))
    _level(panels)
    return figure


def _draw_sizes(axes: Axes, location: Location, system: LinearSystem | None) -> None:
    sizes = location.rungs["size"].to_numpy()
    errors = np.array(location.rungs["errors"].to_list(), dtype=float)
    colours = matplotlib.colormaps["viridis"](np.linspace(0.75, 0.0, len(location.horizons)))
    for k, (horizon, colour) in enumerate(zip(location.horizons, colours, strict=True)):
        axes.plot(sizes, errors[:, k], "o-", color=colour, ms=4, lw=1.4, label=f"t = {spaced(horizon)}")
        if system is not None and _fits_filters(location):
            stretch = np.unique(np.linspace(horizon / np.sqrt(2), horizon, 8).astype(int))
            exact = best_errors(system, sizes.tolist(), stretch, lookahead=location.lookahead).mean(axis=0)
            label = f"exact, best {_filter(location)}" if k == len(colours) - 1 else None
            axes.plot(sizes, exact, "x", color=colour, ms=7, label=label)
    if location.critical_size is not None:
        axes.axvline(location.critical_size, color="#d55e00", lw=6, alpha=0.25, zorder=0)
        axes.annotate(f"critical size {location.critical_size}", (location.critical_size, 0.97), rotation=90,
        fontsize=9,
                      xycoords=("data", "axes fraction"), ha="right", va="top", color="#a04000")  # fmt: skip
    else:
        axes.axvline(location.best.size, color="#0072b2", lw=6, alpha=0.2, zorder=0)
        axes.annotate(f"best here {location.best.size}", (location.best.size, 0.97), rotation=90, fontsize=9,
                      xycoords=("data", "axes fraction"), ha="right", va="top", color="#004c7a")  # fmt: skip
    word = SIZE_WORDS.get(location.settings["learner"], "size")
    axes.set(yscale="log", xlabel=word, ylabel=_error_label(location))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _title(axes, location, f"error by {word}")
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def figure_1_figure(table: pl.DataFrame) -> Figure:
    """Draw the paper's Figure 1: log(1 + risk) against k, one line a horizon, one panel a system; crosses are exact."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for axes, system in zip(figure.subplots(1, len(systems), squeeze=False)[0], systems, strict=True):
        part = table.filter(pl.col("system") == system)
        horizons = part["horizon"].unique().sort().to_list()
        for horizon, colour in zip(
            horizons, matplotlib.colormaps["viridis"](np.linspace(0.85, 0.0, len(horizons))), strict=True
        ):
            row = part.filter(pl.col("horizon") == horizon).sort("size")
            axes.plot(row["size"], row["measured"], "o-", ms=4, lw=1.4, color=colour, label=f"T = {horizon}")
            axes.plot(row["size"], row["exact"], "x", ms=7, color=colour)
        axes.axvline(4, color="#d55e00", lw=6, alpha=0.25, zorder=0)
        axes.set_title(f"{system}", loc="left", fontsize=11)
        axes.set(xlabel="k (the top-left k x k block is fitted)", ylabel="log(1 + mean squared prediction error)")
        axes.grid(alpha=0.2)
    axes.legend(fontsize=8, frameon=False, title="circles measured\ncrosses exact", title_fontsize=8)
    return figure


def _canvas(panels: int) -> tuple[Figure, list[Axes]]:
    width, height = SIZE
    figure = Figure(figsize=(width, height if panels == 1 else 0.8 * height * panels), layout="constrained")
    column = figure.subplots(panels, squeeze=False)[:, 0]
    for axes in column:
        axes.grid(which="major", alpha=0.2)
    return figure, list(column)


def _level(panels: list[Axes]) -> None:
    """Give all panels the same axes, so that they can be compared."""
    heights, widths = [axes.get_ylim() for axes in panels], [axes.get_xlim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in heights), max(high for _, high in heights))
        axes.set_xlim(min(left for left, _ in widths), max(right for _, right in widths))


def _title(axes: Axes, location: Location, what: str) -> None:
    """Set the title; where a look-ahead was asked for, it takes a line of its own."""
    between = ": " if location.subject == location.system else "\n"
    axes.set_title(f"{location.subject}{between}{what}", loc="left", fontsize=11)


def _mean(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.nanmean(values, axis=2))


def _half_octaves(
    horizon: NDArray[np.float64], mean: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """Average over half octaves: the error of a single run is too rough to read otherwise."""
    half = np.floor(2 * np.log2(horizon)).astype(int)
    starts = np.unique(half, return_index=True)[1]
    counts = np.diff(np.append(starts, len(half)))
    return np.exp(np.add.reduceat(np.log(horizon), starts) / counts), np.add.reduceat(mean, starts) / counts[:, None]


def _shown(sizes: Sequence[int], critical: int | None) -> list[int]:
    """Choose the sizes to draw: all around the threshold, the rest thinned out."""
    if len(sizes) <= MOST_LINES:
        return list(sizes)
    near = [size for size in sizes if size <= (critical or 0) + 2][-5:]
    far = [size for size in sizes if size not in near]
    spread = np.unique(np.round(np.geomspace(1, len(far), MOST_LINES - len(near))).astype(int)) - 1
    return sorted({*near, *(far[k] for k in spread)})


def _with_theory(system: LinearSystem | None) -> LinearSystem | None:
    """Return the system if exact theory speaks of it: of one that does not vary in time."""
    return None if system is None or system.time_varying else system


def _fits_filters(location: Location) -> bool:
    """Return whether the learner fits the filters that exact theory speaks of: of the outputs alone."""
    settings = location.settings
    return bool(settings["learner"] == "ladder" or (settings["learner"] == "qr-array" and settings["inputs"] == "zero"))


def _filter(location: Location) -> str:
    return "filter" if location.lookahead == 1 else f"direct filter {location.lookahead} ahead"


def _error_label(location: Location) -> str:
    between = "\n" if len(location.settings["lookaheads"]) > 1 else " "  # a panel of several is low
    unit = f"{between}(squared unit of the output)" if location.recorded else ""
    return f"mean squared prediction error{unit}"


def _limit(axes: Axes, values: NDArray[np.floating]) -> None:
    """Keep the first samples, where nothing is learned yet, from stretching the axis."""
    finite = values[np.isfinite(values) & (values > 0)]
    if finite.size:
        axes.set_ylim(finite.min() / 2, finite.max() * 2)
