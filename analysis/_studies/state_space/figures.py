"""Figures of the studies: measured points on exact curves. The colour map is readable in grey."""

from __future__ import annotations

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..._reports.style import FOUND, MARKERS, canvas, legend
from .horizon_scaling import collapsed
from .regret_bounds import LENGTH

MARKS = "osD^vP"
LIKE_LOG = ("square-root-rls", "vovk")


def hidden_random_walk_figure(table: pl.DataFrame) -> Figure:
    """Draw the excess of learned filters over their length, and of truncated filters over time."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(12.0, 7.6), layout="constrained")
    panels = figure.subplots(2, len(systems), sharey="row", squeeze=False)
    for upper, lower, system in zip(*panels, systems, strict=True):
        part = table.filter(pl.col("system") == system)
        _draw_learned(upper, part.filter(pl.col("filter") == "learned"))
        _draw_truncated(lower, part.filter(pl.col("filter") == "truncated"))
        upper.set_title(f"{system}: learned", loc="left", fontsize=11)
        lower.set_title(f"{system}: truncated Kalman", loc="left", fontsize=11)
    for row in panels:
        row[0].set_ylabel("excess over the Kalman predictor\n(squared unit of the output)")
        row[-1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    figure.suptitle("points: measured, bars: limits around exact theory; lines: exact theory", fontsize=10)
    return figure


def _draw_learned(axes: Axes, part: pl.DataFrame) -> None:
    stretches = part.select("first", "last").unique().sort("last").rows()
    shown = [stretches[0], stretches[-1]]
    for (first, last), colour, mark in zip(shown, _colours(len(shown)), MARKS, strict=False):
        row = part.filter(pl.col("last") == last).sort("size")
        axes.plot(row["size"], row["exact"], "-", color=colour, lw=1.4)
        _points(axes, row, "size", colour, mark, f"t = {first} .. {last}")
    axes.plot(row["size"], row["best"], "--", color="0.2", lw=1.2, label="best filter, $P_h - P_\\infty$")
    floor = float(part["measured"].min()) / 30  # type: ignore[arg-type]
    axes.set(xscale="log", yscale="log", xlabel="filter length h (samples)", ylim=(floor, None))
    _ticks(axes, row["size"].to_list())


def _draw_truncated(axes: Axes, part: pl.DataFrame) -> None:
    sizes = part["size"].unique().sort().to_list()
    for size, colour, mark in zip(sizes, _colours(len(sizes)), MARKS, strict=False):
        row = part.filter(pl.col("size") == size).sort("last")
        row = row.with_columns(time=(pl.col("first") * pl.col("last")).sqrt())
        axes.plot(row["time"], row["exact"], "-", color=colour, lw=1.4)
        _points(axes, row, "time", colour, mark, f"h = {size}")
    axes.set(xscale="log", yscale="log", xlabel="time t (samples)", ylim=(1e-6, None))
    _ticks(axes, [int(time) for time in part["last"].unique().sort()])


def theorem_2_figure(table: pl.DataFrame) -> Figure:
    """Draw the growth exponent over the number of parameters: a panel for each system, a line for each family."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(12.0, 7.6), layout="constrained")
    panels = figure.subplots(2, -(-len(systems) // 2), squeeze=False).ravel()
    families = table["family"].unique(maintain_order=True).to_list()
    for axes, system in zip(panels, systems, strict=True):
        for family, colour, mark in zip(families, _colours(len(families)), MARKS, strict=False):
            part = table.filter((pl.col("system") == system) & (pl.col("family") == family))
            axes.plot(part["size"], part["exponent"], mark + "-", color=colour, lw=1.2, ms=5, label=family)
            axes.plot(part["size"], part["exact"], ":", color=colour, lw=1.4)
            axes.plot(part["size"], part["measured"], "x", color=colour, ms=6, mew=1.2)
            axes.axvline(part["threshold"][0], color=colour, lw=6, alpha=0.2, zorder=0)
        axes.set_title(system, loc="left", fontsize=11)
        axes.set(
            xlabel="parameters free, or rank",
            ylabel="growth exponent of the error",
            ylim=(-0.2, max(1.2, axes.get_ylim()[1])),
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[len(systems) // 2 - 1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    figure.suptitle(
        "lines with marks: exact, t = 100 000 .. 400 000; crosses: fitted to simulated runs, t = 200 .. 800, "
        "exact values dotted; bands: theory's numbers n m, $\\Sigma m_i^2$, m",
        fontsize=10,
    )
    return figure


def growth_laws_figure(table: pl.DataFrame) -> Figure:
    """Draw the growth exponent over the filter length, a panel for each system; for exponential growth, the rate."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(12.0, 9.0), layout="constrained")
    panels = figure.subplots(3, -(-len(systems) // 3), squeeze=False)
    dark, light = _colours(2)
    for axes, system in zip(panels.ravel(), systems, strict=True):
        part = table.filter(pl.col("system") == system)
        grows = part.filter(pl.col("law") == "exponential")
        if grows.height:
            axes.plot(grows["size"], grows["exact_rate"], "x", color="0.3", ms=9, label="best filter, exact")
            axes.plot(grows["size"], grows["rate"], "o", color=dark, ms=5, label="learned, measured")
            rest = part.filter(pl.col("law") != "exponential")["size"]
            axes.plot(rest, [0] * len(rest), "_", color=light, ms=16, mew=3, label="bounded")
            axes.set(ylabel="rate of growth (1 / sample)", ylim=(-0.02, None))
        else:
            axes.hlines(part["theory"], part["size"] - 0.3, part["size"] + 0.3, color=light, lw=5, label="theory")
            axes.plot(part["size"], part["exact"], "x", color="0.3", ms=9, label="best filter, exact")
            bars = np.abs(np.stack([part["low"], part["high"]]) - part["exponent"].to_numpy())
            axes.errorbar(part["size"], part["exponent"], bars, fmt="o", color=dark, ms=5, label="learned, measured")
            axes.set(ylabel="growth exponent of the error", ylim=(-0.5, max(1.5, part["theory"][0] + 0.5)))
        axes.set_title(system, loc="left", fontsize=11)
        axes.set(xlabel="filter length h (samples)", xlim=(-0.5, len(part) - 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (panels[0, -1], panels[-1, -1]):
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def horizon_scaling_figure(table: pl.DataFrame) -> Figure:
    """Draw the length of least regret over the horizon, and all regrets collapsed onto one curve."""
    figure = Figure(figsize=(12.0, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    systems = table["system"].unique(maintain_order=True).to_list()
    for system, colour, mark in zip(systems, _colours(len(systems)), MARKS, strict=False):
        best = table.filter((pl.col("system") == system) & (pl.col("quantity") == "best size"))
        left.plot(best["horizon"], best["exact"], "-", color=colour, lw=1.4)
        _points(left, best, "horizon", colour, mark, system)
        needed = table.filter((pl.col("system") == system) & (pl.col("quantity") == "fitted size"))
        left.plot(needed["horizon"], needed["measured"], "--", color=colour, lw=1.2)
        x, y = collapsed(table.filter(pl.col("system") == system))
        right.plot(x, y, mark, color=colour, ms=4, alpha=0.7, label=system)
    left.set(xscale="log", xlabel="horizon T (samples)", ylabel="filter length h of least regret (samples)")
    left.set_title("lines: exact functional; dashed: exactly fitted filters, slope tau/2", loc="left", fontsize=10)
    left.legend(fontsize=9, frameon=False)
    x = np.linspace(-2.5, 5.0, 200)
    right.plot(x, np.exp(-x) - 1 + x, "-", color="0.2", lw=1.4, label="$e^{-x} - 1 + x$")
    right.set(xlabel="x = (2 / tau) (h - h at least regret)", xlim=(-2.6, 5.1), ylim=(-0.3, 9.0))
    right.set_ylabel("(regret - least regret) / (S (tau / 2) log(T / T$_0$))")
    right.set_title("all lengths, horizons and systems, measured, on one curve", loc="left", fontsize=10)
    right.legend(fontsize=9, frameon=False)
    return figure


def networks_on_plants_figure(table: pl.DataFrame) -> Figure:
    """Draw the late error over the parameters: a panel for each system, a line for each learner."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(12.0, 7.6), layout="constrained")
    panels = figure.subplots(2, -(-len(systems) // 2), squeeze=False)
    learners = table["learner"].unique(maintain_order=True).to_list()
    for axes, system in zip(panels.ravel(), systems, strict=True):
        for learner, colour, mark in zip(learners, _colours(len(learners)), MARKS + "X", strict=False):
            part = table.filter((pl.col("system") == system) & (pl.col("learner") == learner) & (pl.col("size") > 0))
            axes.plot(part["parameters"], part["ratio"], "-", color=colour, lw=1.2)
            for row in part.iter_rows(named=True):
                face = colour if row["verdict"] == "bounded" else "white"
                label = learner if row["size"] == part["size"].max() else None
                axes.plot(row["parameters"], row["ratio"], mark, color=colour, mfc=face, ms=6, label=label)
        axes.axhline(1, color="0.3", ls="--", lw=1)
        axes.set_title(system, loc="left", fontsize=11)
        axes.set(xscale="log", yscale="log", xlabel="parameters")
    for row_of_axes in panels:
        row_of_axes[0].set_ylabel("error of the second half\nover that of the Kalman predictor")
    panels[0, -1].legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def power_figure(table: pl.DataFrame) -> Figure:
    """Draw the shares of the verdicts over the number of runs: a row for each horizon, a column for each system."""
    systems, horizons = (table[word].unique(maintain_order=True).to_list() for word in ("system", "horizon"))
    figure = Figure(figsize=(12.0, 2.4 * len(horizons) + 1.2), layout="constrained")
    panels = figure.subplots(len(horizons), len(systems), sharex=True, sharey=True, squeeze=False)
    shades = (("right", "#1b4f72", ""), ("not visible yet", "#5dade2", "//"), ("undecided", "#eceff1", ""))
    for row, horizon in zip(panels, horizons, strict=True):
        for axes, system in zip(row, systems, strict=True):
            part = table.filter((pl.col("system") == system) & (pl.col("horizon") == horizon)).sort("replicates")
            places, below = np.arange(part.height), np.zeros(part.height)
            for word, colour, hatch in (*shades, ("wrong", "#d35400", "xx")):
                share = 100 * part[word].to_numpy()
                look = dict(color=colour, hatch=hatch, edgecolor="0.25", linewidth=0.6)
                axes.bar(places, share, 0.8, below, label=word, **look)
                below += share
            axes.set_xticks(places, [str(runs) for runs in part["replicates"]])
            exact = "undecided" if part["exact"][0] is None else f"bounded at {part['exact'][0]}"
            axes.set_title(f"T = {horizon}; exact error {exact}", loc="left", fontsize=9)
    for axes, system, part in zip(panels[0], systems, (table.filter(system=name) for name in systems), strict=True):
        title = axes.get_title(loc="left")
        axes.set_title(f"{system}, h* = {part['critical'][0]}\n{title}", loc="left", fontsize=9)
    for axes in panels[-1]:
        axes.set_xlabel("runs")
    for row in panels:
        row[0].set(ylabel="seeds (%)", ylim=(0.0, 100.0))
    panels[0, -1].legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    figure.suptitle(f"verdict on the critical length over {table['seeds'][0]} seeds, horizon T in samples", fontsize=10)
    return figure


def regret_bounds_figure(table: pl.DataFrame) -> Figure:
    """Draw regrets and bounds over the horizon: all on log axes, those like log T, and those of the mixture."""
    figure = Figure(figsize=(14.0, 5.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    mixed = table.filter(learner="length-mixture")
    streams = table.filter(pl.col("learner") != "length-mixture")
    learners = streams["learner"].unique(maintain_order=True).to_list()
    _regrets(left, streams, "learner", learners)
    left.set(yscale="log", ylabel="regret (variances of the innovations)")
    left.set_title("over the best fixed weights", loc="left", fontsize=10)
    _regrets(middle, streams.filter(pl.col("learner").is_in(LIKE_LOG)), "learner", learners, bounds=False)
    T = np.array(sorted(set(streams["horizon"])), dtype=float)
    first = streams.filter(learner=LIKE_LOG[0]).sort("horizon")["measured"][0]
    middle.plot(T, first + LENGTH * np.log(T / T[0]), ":", color="0.2", lw=2, label="gain of S d log T", zorder=5)
    middle.set(ylim=(0, None))
    middle.set_title("the same, those that gain S d log T", loc="left", fontsize=10)
    _regrets(right, mixed, "system", mixed["system"].unique(maintain_order=True).to_list())
    right.set(ylim=(0, None))
    right.set_title("length mixture over the best length, after its settling", loc="left", fontsize=10)
    for axes in (left, middle, right):
        axes.set(xscale="log", xlabel="horizon T (samples)")
        axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncol=3)
    figure.suptitle("marks: measured, mean over the runs; dashed: the bound; dotted: theory", fontsize=10)
    return figure


def _regrets(axes: Axes, table: pl.DataFrame, by: str, names: list[str], bounds: bool = True) -> None:
    for name, colour, mark in zip(names, _colours(len(names)), MARKS, strict=False):
        row = table.filter(pl.col(by) == name).sort("horizon")
        if row.is_empty():  # its colour and mark stay unused
            continue
        axes.plot(row["horizon"], row["measured"], mark + "-", color=colour, lw=1.2, ms=5, label=name)
        if bounds:
            axes.plot(row["horizon"], row["bound"], mark + "--", color=colour, lw=1.0, ms=3, mfc="white")


def _points(axes: Axes, row: pl.DataFrame, over: str, colour: object, mark: str, label: str) -> None:
    """Draw measured points, and their limits around the exact value as bars."""
    axes.vlines(row[over], np.maximum(row["low"], 1e-12), row["high"], color="0.6", lw=3, alpha=0.6, zorder=1)
    axes.plot(row[over], row["measured"], mark, color=colour, ms=5, label=label, zorder=3)


def _ticks(axes: Axes, values: list[int]) -> None:
    """Label a log axis with these numbers only."""
    axes.set_xticks(values, [str(value) for value in values])
    axes.minorticks_off()


def _colours(count: int) -> list[object]:
    return list(matplotlib.colormaps["viridis"](np.linspace(0.0, 0.85, count)))


def figure_1_figure(table: pl.DataFrame) -> Figure:
    """Draw Figure 1: log(1 + risk) over k, a line for each horizon, a panel for each system; crosses are exact."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure, panels = canvas(len(systems))
    for axes, system in zip(panels, systems, strict=True):
        part = table.filter(pl.col("system") == system)
        horizons = part["horizon"].unique().sort().to_list()
        colours = matplotlib.colormaps["viridis"](np.linspace(0.8, 0.0, len(horizons)))
        for k, (horizon, colour) in enumerate(zip(horizons, colours, strict=True)):
            row = part.filter(pl.col("horizon") == horizon).sort("size")
            line = f"{MARKERS[k % len(MARKERS)]}-"
            axes.plot(row["size"], row["measured"], line, ms=5, lw=1.4, color=colour, label=f"T = {horizon}")
            axes.plot(row["size"], row["exact"], "x", ms=8, color=colour)
        axes.plot([], [], "x", ms=8, color="0.2", label="exact")
        axes.axvline(4, color=FOUND, lw=7, alpha=0.3, zorder=0, label="k = 4")
        axes.set_title(f"{system}", loc="left", fontsize=11)
        axes.set(xlabel="k (states; the top-left k x k block is fitted)", ylabel="log(1 + mean squared error)")
    legend(panels[-1], 5, title="horizon T (samples)")
    return figure
