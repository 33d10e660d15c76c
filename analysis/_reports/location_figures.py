"""The figure of a location by size: the error, and below it its growth or what each size costs. Written as PNG.

The figures can be read without colours: the colour map is readable in grey, and each size has a marker. The critical
size is drawn thick. The figures are narrow, with the legend below: letters stay readable on a phone.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..._core.text import spaced
from ...simulator import LinearSystem
from .._exact.filter_errors import best_errors
from .._growth.bootstrap import resample_counts
from .._growth.laws import BORDER, DRAWS, FEWEST_GROUPS, UNSURE
from .._location.advice import Advice
from .._location.location import Location
from .style import (
    BEST,
    EXPECTED,
    FOUND,
    MARKERS,
    VERDICTS,
    canvas,
    error_label,
    legend,
    shades,
    size_axis_label,
    title,
)  # fmt: skip


def size_figure(location: Location, system: LinearSystem | None = None, ax: Axes | None = None) -> Figure:
    """Draw the error at three horizons against the size, and below it the growth exponent, for each look-ahead.

    Bars are 95 % intervals, crosses exact theory. Marked are the critical size found and that of theory; for a
    recording the size to use, and the sizes that are not told apart from the best. If there are too few runs to judge
    growth, the further error of each size is below. On ``ax``, axes of your own, the error of the first look-ahead is
    drawn alone; the figure returned is theirs.
    """
    figure, panels = canvas(len(location.each), below=True, ax=ax)
    if ax is not None:
        _draw_sizes(ax, location, with_theory(system, location), alone=True)
        return figure
    for upper, lower, part in zip(panels[::2], panels[1::2], location.each, strict=True):
        upper.sharex(lower)
        _draw_sizes(upper, part, with_theory(system, part))
        if part.judged or part.advice is None:
            _draw_exponents(lower, part)
        else:
            _draw_costs(lower, part, part.advice)
    level_axes(panels[::2])
    level_axes(panels[1::2])
    return figure


def _draw_sizes(axes: Axes, location: Location, system: LinearSystem | None, alone: bool = False) -> None:
    sizes = location.rungs["size"].to_numpy()
    errors = np.array(location.rungs["errors"].to_list(), dtype=float)
    colours = shades(len(location.horizons), 0.7, 0.0)
    for k, (horizon, colour) in enumerate(zip(location.horizons, colours, strict=True)):
        spread = _interval(location, horizon)
        bars = None if spread is None else np.clip([errors[:, k] - spread[0], spread[1] - errors[:, k]], 0, None)
        axes.errorbar(sizes, errors[:, k], bars, fmt=f"{MARKERS[k]}-", color=colour, ms=5, lw=1.4, capsize=3,
                      label=f"t = {spaced(horizon)}")  # fmt: skip
        if system is not None and fits_filters(location):
            stretch = np.unique(np.linspace(horizon / np.sqrt(2), horizon, 8).astype(int))
            exact = best_errors(system, sizes.tolist(), stretch, lookahead=location.lookahead).mean(axis=0)
            label = f"exact, best {filter_words(location)}" if k == len(colours) - 1 else None
            axes.plot(sizes, exact, "x", color=colour, ms=7, label=label)
    _thresholds(axes, location)
    if location.recorded:
        alike = np.isin(sizes, location.best.alike)
        axes.plot(sizes[alike], errors[alike, -1], "o", mfc="none", color=BEST, ms=11, label="alike the best")
    axes.set(yscale="log", ylabel=error_label(location))
    title(axes, location.subject, f"error by {location.settings['size_label']}")
    legend(axes, 3, below=-0.16 if alone else -0.04)
    axes.tick_params(labelbottom=alone)
    if alone:
        axes.set_xlabel(size_axis_label(location))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_exponents(axes: Axes, location: Location) -> None:
    """Draw the growth exponent with its interval, and the border between bounded and growing."""
    rows = location.rungs.filter(pl.col("exponent").is_not_null())
    top = max(2.0, *(row["high"] or row["exponent"] for row in rows.to_dicts() if row["law"] != "exponential"), 0.0)
    for verdict, (marker, colour) in VERDICTS.items():
        part = rows.filter(pl.col("verdict") == verdict)
        if part.is_empty():
            continue
        fast = part["law"] == "exponential"
        exponent = np.where(fast, top, part["exponent"].to_numpy())
        low, high = (np.where(fast, top, part[side].fill_null(part["exponent"]).to_numpy()) for side in ("low", "high"))
        bars = np.clip([exponent - low, high - exponent], 0, None)
        axes.errorbar(part["size"], exponent, bars, fmt=marker, color=colour, ms=6, capsize=3, label=verdict)
        for size in part.filter(fast)["size"]:
            axes.annotate("exp", (size, top), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8)
    axes.axhspan(*UNSURE, color="0.5", alpha=0.15, lw=0)
    axes.axhline(BORDER, color="0.3", lw=1, ls="--", label="border")
    _thresholds(axes, location, named=False)
    axes.set(xlabel=size_axis_label(location), ylabel="growth exponent")
    axes.set_ylim(top=top + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes, 4, below=-0.3)


def _draw_costs(axes: Axes, location: Location, advice: Advice) -> None:
    """Draw how far the error of each size lies above that of the size to use, in percent, with its interval."""
    rows = advice.costs
    above, low, high = (100 * rows[word].to_numpy() for word in ("above", "low", "high"))
    axes.errorbar(rows["size"], above, np.clip([above - low, high - above], 0, None), fmt="s", color="0.45", ms=6,
                  capsize=3, label=f"more error than size {advice.size}")  # fmt: skip
    axes.plot([advice.size], [0.0], "o", color=BEST, ms=6, label="size to use")
    axes.axhline(0, color="0.3", lw=1, ls="--")
    _thresholds(axes, location, named=False)
    axes.set_yscale("symlog", linthresh=10)
    axes.set(xlabel=size_axis_label(location), ylabel="more error (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes, 4, below=-0.3)


def _thresholds(axes: Axes, location: Location, named: bool = True) -> None:
    """Mark the critical size found, its interval and that of theory; if none was found, the size to use or the best."""

    def label(words: str) -> str:
        return words if named else "_"

    if location.critical_size is not None:
        found = label(f"critical size {location.critical_size}")
        axes.axvline(location.critical_size, color=FOUND, lw=7, alpha=0.3, zorder=0, label=found)
    else:
        size = location.best.size if location.advice is None else location.advice.size
        best = label(f"best here {size}" if location.advice is None else f"size to use {size}")
        axes.axvline(size, color=BEST, lw=7, alpha=0.25, zorder=0, label=best)
    if location.interval is not None and location.interval[0] != location.interval[1]:
        low, high = location.interval
        sizes = location.rungs["size"].to_list()
        begin, end = sizes[0] if low is None else low, sizes[-1] if high is None else high
        axes.axvspan(begin, end, color=FOUND, alpha=0.12, lw=0, zorder=0, label=label("its 95 % interval"))
    if location.theory is not None and location.theory.critical_size is not None:
        expected = label(f"theory {location.theory.critical_size}")
        axes.axvline(location.theory.critical_size, color=EXPECTED, lw=1.2, ls="-.", zorder=1, label=expected)


def _interval(location: Location, horizon: int) -> NDArray[np.float64] | None:
    """Return the 95 % interval ``(2, size)`` of the error at a horizon, by the bootstrap over groups of replicates."""
    ahead = location.curves.filter((pl.col("lookahead") == location.lookahead) & (pl.col("metric") == "error"))
    if ahead["group"].n_unique() < FEWEST_GROUPS:
        return None
    stretch = ahead.filter((pl.col("last") <= horizon) & (pl.col("last") > horizon / np.sqrt(2)))
    samples = pl.col("samples").sum()
    sums = stretch.group_by("size", "group").agg(total=(pl.col("value") * pl.col("samples")).sum(), samples=samples)
    sums = sums.sort("size", "group")
    totals, counts = (
        sums.pivot("group", index="size", values=word).drop("size").fill_null(0.0).to_numpy()
        for word in ("total", "samples")
    )
    if len(totals) < location.rungs.height:  # an interval without samples
        return None
    groups = totals.shape[1]
    weights = resample_counts(groups, DRAWS, 0)
    drawn = (totals @ weights.T) / np.maximum(counts @ weights.T, 1)
    return np.asarray(np.quantile(drawn, [0.025, 0.975], axis=1))


def level_axes(panels: list[Axes]) -> None:
    """Give all panels the same axis limits."""
    heights, widths = [axes.get_ylim() for axes in panels], [axes.get_xlim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in heights), max(high for _, high in heights))
        axes.set_xlim(min(left for left, _ in widths), max(right for _, right in widths))


def with_theory(system: LinearSystem | None, location: Location) -> LinearSystem | None:
    """Return the system if exact theory exists for it: if it does not vary in time.

    The errors of several outputs are in units of the noise of each, and so are the outputs of the system that is
    returned.
    """
    if system is None or system.time_varying or location.outputs["noise"].null_count():
        return None
    if location.outputs.is_empty():
        return system
    units = 1.0 / location.outputs["noise"].to_numpy()
    C, D, R = units[:, None] * system.C, units[:, None] * system.D, units[:, None] * system.R * units
    return system.replace(C=C, D=D, R=R)


def fits_filters(location: Location) -> bool:
    """Return whether the learner fits the filters of exact theory: filters of the outputs alone."""
    settings = location.settings
    return settings["tends_to"] in ("filters", "direct filters") and settings["inputs"] == "zero"


def filter_words(location: Location) -> str:
    return "filter" if location.lookahead == 1 else "direct filter"
