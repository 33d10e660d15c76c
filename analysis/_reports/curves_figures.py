"""The figures of a table of errors: the errors along the axis, and the exponent of each size."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from .._curves.growth import GROWS
from .._curves.located_curves import LocatedCurves
from .._curves.words import short
from .style import BLUE, MARKERS, MOST_LINES, ORANGE, canvas, legend, plain_log, shades, title

FEWEST_PLACES = 3  # of a line
BORDER = 0.2  # an exponent above it, with the whole interval, is growth
GREY = "0.45"
DECADE = 20  # range of errors whose ticks are plain numbers
MOST_TICKS = 6  # sizes that all get a tick


def own_curves_figure(found: LocatedCurves) -> Figure:
    """Draw the error against the axis, one line for each size, and the joint law if there is one.

    Args:
        found: What ``locate_curves`` returned.
    """
    figure, (axes,) = canvas(1)
    mean = found.frame.group_by("size", "along").agg(
        pl.col("error").mean(), low=pl.col("error").min(), high=pl.col("error").max()
    )
    mean = mean.sort("size", "along")
    sizes = _drawn(mean)
    others = mean.filter(~pl.col("size").is_in(sizes))
    axes.plot(others["along"], others["error"], ".", color="0.75", ms=4, zorder=1)
    first, last = mean.select(low=pl.min("along"), high=pl.max("along")).row(0)
    for k, (size, colour) in enumerate(zip(sizes, shades(len(sizes)), strict=True)):
        part = mean.filter(pl.col("size") == size)
        axes.plot(
            part["along"], part["error"], color=colour, lw=1.4 if found.law is None else 0, mec="white", mew=0.7, ms=6,
            marker=MARKERS[k % len(MARKERS)], label=short(size), zorder=3,
            markevery=max(len(part) // 10, 1),
        )  # fmt: skip
        if found.frame["run"].n_unique() > 1:
            axes.fill_between(part["along"], part["low"], part["high"], color=colour, alpha=0.15, lw=0)
        if found.law is not None:
            places = np.geomspace(first, last, 80)
            law = found.law.predict(np.full(80, size), places)
            axes.plot(places, law, ":", color=colour, lw=1.2, zorder=2)
    if found.law is not None:
        axes.plot([], [], ":", color="0.2", lw=1.2, label="joint law")
    axes.set(xlabel=found.columns["along"], ylabel=found.columns["error"])
    if (mean["along"] > 0).all():
        axes.set_xscale("log")
    if (mean["error"] > 0).all() and not found.settings["higher_is_better"]:
        axes.set_yscale("log")
        if mean["error"].max() < DECADE * mean["error"].min():  # type: ignore[operator]
            axes.yaxis.set_major_formatter(ScalarFormatter())
            axes.yaxis.set_minor_formatter(ScalarFormatter())
    title(axes, found.name, f"{found.columns['error']} by {found.columns['size']}")
    legend(axes, 4, title=found.columns["size"])
    return figure


def exponents_figure(found: LocatedCurves) -> Figure:
    """Draw the exponent of each size with its interval.

    Args:
        found: What ``locate_curves`` returned, with an exponent.
    """
    figure, (axes,) = canvas(1)
    rows = found.sizes.drop_nulls("exponent")
    looks = {GROWS: ("^", ORANGE, "growing"), "undecided": ("s", GREY, "undecided")}
    said = set()
    for row in rows.iter_rows(named=True):
        marker, colour, word = looks.get(row["verdict"], ("o", BLUE, "bounded or falling"))
        bars = None
        if row["low"] is not None:
            bars = [[row["exponent"] - row["low"]], [row["high"] - row["exponent"]]]
        label = "" if word in said else word
        said.add(word)
        axes.errorbar(
            row["size"], row["exponent"], bars, fmt=marker, color=colour, ms=7, mec="white", mew=0.7, capsize=3,
            label=label,
        )  # fmt: skip
    axes.axhline(0, color="0.6", lw=1, zorder=1)
    axes.axhline(BORDER, color="0.8", lw=4, zorder=0)
    if (rows["size"] > 0).all():
        axes.set_xscale("log")
        if rows.height <= MOST_TICKS:
            plain_log(axes, rows["size"].cast(pl.Float64).to_numpy())
            axes.set_xticks(rows["size"], [short(value) for value in rows["size"]])
    axes.set(
        xlabel=found.columns["size"], ylabel=f"exponent of {found.columns['error']} along {found.columns['along']}"
    )
    title(axes, found.name, "growth or fall of each size")
    legend(axes, 3)
    return figure


def _drawn(mean: pl.DataFrame) -> list[float]:
    """Return the sizes that get lines: of many, some of those with the most places, evenly spaced."""
    counts = mean.group_by("size").len().sort("size")
    long = counts.filter(pl.col("len") >= FEWEST_PLACES)
    sizes = (long if long.height else counts)["size"].to_list()
    if len(sizes) <= MOST_LINES:
        return sizes
    return [sizes[k] for k in np.unique(np.linspace(0, len(sizes) - 1, MOST_LINES).round().astype(int))]
