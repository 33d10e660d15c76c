"""The figures of the study of grokking, each drawn from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..._reports.emergence_figures import region_figure
from ..._reports.style import BLUE, MARKERS, ORANGE, shades
from .cells import DEMO_DECAY, DEMO_ROWS, MIDDLE
from .five_neurons import five_neurons

Tables = Mapping[str, pl.DataFrame]
LOOKS = {"accuracy": (BLUE, "-", "on the set"), "exam accuracy": (ORANGE, "--", "on the exam")}
LOSSES = {"loss": (BLUE, "-", "on the set"), "exam loss": (ORANGE, "--", "on the exam")}
TITLES = {"addition-small": "small network", "addition": "source's network", "unfactored": "unfactored, decay 1 or 0.1"}


def curves_figure(tables: Tables) -> Figure | None:
    """Draw accuracies, losses and the norms of weights of networks on parity, over time, for three sets."""
    if "curves" not in tables:
        return None
    demo = tables["curves"].filter((pl.col("part") == "parity") & (pl.col("size") == 64))
    demo = demo.filter((pl.col("decay") == DEMO_DECAY) & (pl.col("step") > 0))
    figure = Figure(figsize=(11.5, 8.6), layout="constrained")
    panels = figure.subplots(3, len(DEMO_ROWS), sharex=True, sharey="row")
    for column, rows in enumerate(DEMO_ROWS):
        part = demo.filter(rows=rows)
        _lines(panels[0, column], part, LOOKS)
        _lines(panels[1, column], part, LOSSES)
        _lines(panels[2, column], part, {"distractor ratio": ("0.25", "-", "each network")})
        panels[0, column].set_title(f"{rows} rows, {part['run'].n_unique()} networks", loc="left", fontsize=11)
        panels[1, column].set_yscale("log")
        panels[2, column].axhline(1.0, color="0.6", lw=1, ls=":")
        panels[2, column].set(xscale="log", xlabel="step")
    panels[0, 0].set_ylabel("accuracy (share of rows)")
    panels[1, 0].set_ylabel("cross-entropy (nat)")
    panels[2, 0].set(ylabel="norm of weights from distractors\nover norm of those from the signal", ylim=(0, None))
    for row in panels:
        _legend_beside(row[-1])
    return figure


def axes_figure(tables: Tables) -> Figure | None:
    """Draw passages over the rows of the set, and the share that generalises over rows and over decay."""
    if "axes" not in tables:
        return None
    names = tables["axes"]["axis"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(3.9 * (1 + len(names)) + 0.5, 3.9), layout="constrained")
    first, *others = figure.subplots(1, 1 + len(names), squeeze=False)[0]
    runs = tables["runs"].filter((pl.col("size") == 64) & (pl.col("decay") == DEMO_DECAY))
    last = float(tables["passages"]["last"].max())  # type: ignore[arg-type]
    for word, colour, mark, shift in (("memorised", BLUE, "o", -12), ("generalised", ORANGE, "^", 12)):
        did = runs.filter(pl.col(word).is_not_null())
        first.plot(did["rows"] + shift, did[word], mark, color=colour, ms=5, alpha=0.7, label=word)
    did_not = runs.filter(pl.col("generalised").is_null())
    look = dict(color=ORANGE, mfc="none", ms=8, ls="", label=f"not by step {last:.0f}")
    first.plot(did_not["rows"] + 12, [last] * did_not.height, "^", **look)
    first.set(xlabel="rows of the set", ylabel="step", yscale="log", xticks=runs["rows"].unique().sort().to_list())
    first.tick_params(axis="x", labelrotation=45)
    first.set_title(f"decay {DEMO_DECAY}, width 64", loc="left", fontsize=11)
    first.legend(fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.27), ncols=2)
    for axes, name in zip(others, names, strict=True):
        _shares(axes, tables["axes"].filter(axis=name), name)
    return figure


def _shares(axes: Axes, table: pl.DataFrame, name: str) -> None:
    """Draw the share of networks that generalise over an axis, with 95 % intervals, and bands for the half-points."""
    share = table["share"].to_numpy()
    bars = np.abs(np.stack([table["low"], table["high"]]) - share)
    axes.errorbar(table["value"], share, bars, fmt="o-", color="0.2", ms=5, lw=1, capsize=2, label="share, 95 %")
    ends = [table[f"half_{word}"][0] for word in ("value", "low", "high", "end", "end_low", "end_high")]
    for (value, low, high), label in zip((ends[:3], ends[3:]), ("half, 95 %", None), strict=True):
        if None not in (value, low, high):
            axes.axvspan(low, high, color=ORANGE, alpha=0.2, lw=0, label=label)
            axes.axvline(value, color=ORANGE, lw=1.5)
    axes.axhline(0.5, color="0.6", lw=1, ls=":")
    words = {"rows": "rows of the set", "decay": f"weight decay, {MIDDLE} rows"}
    axes.set(xscale="log", xlabel=words.get(name, name), ylabel="share of networks that generalise", ylim=(-0.03, 1.03))
    axes.set_xticks(table["value"].to_list(), [f"{value:g}" for value in table["value"]])
    axes.minorticks_off()
    axes.tick_params(axis="x", labelrotation=45)
    axes.legend(fontsize=9, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.27), ncols=2)


def regions_figure(tables: Tables) -> Figure | None:
    """Draw the map of regions of parity."""
    return map_figure(tables["regions"]) if "regions" in tables else None


def map_figure(table: pl.DataFrame) -> Figure:
    """Draw the map of regions, a panel for each width: ``region_maps`` gives the table."""
    sizes = table["size"].unique().sort().to_list()
    figure = Figure(figsize=(0.6 + 5.0 * len(sizes), 1.9 + 0.5 * table["rows"].n_unique()), layout="constrained")
    for axes, size in zip(figure.subplots(1, len(sizes), squeeze=False)[0], sizes, strict=True):
        region_figure(table.filter(size=size).drop("size"), ax=axes)
        axes.set_title(f"width {size}", loc="left", fontsize=11)
        axes.set(xlabel="weight decay", ylabel="rows of the set")
        if size != sizes[len(sizes) // 2]:
            axes.get_legend().remove()
    return figure


def weights_figure(tables: Tables) -> Figure | None:
    """Draw the input weights of one network on parity as heat maps, one for each step kept."""
    if "weights" not in tables:
        return None
    table = tables["weights"]
    steps = table["step"].unique().sort().to_list()
    grids = [_grid(table.filter(step=step)) for step in steps]
    signal = int(table.filter("signal")["input"].n_unique())
    order = np.argsort(-np.linalg.norm(grids[-1][:signal], axis=0))
    limit = max(float(np.quantile(np.abs(grid), 0.995)) for grid in grids)
    figure = Figure(figsize=(12.0, 6.6), layout="constrained")
    panels = figure.subplots(2, -(-len(steps) // 2), sharex=True, sharey=True, squeeze=False)
    for axes, step, grid in zip(panels.ravel(), steps, grids, strict=False):
        shown = axes.imshow(grid[:, order], aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="none")
        axes.axhline(signal - 0.5, color="0.1", lw=1)
        axes.set_title(f"step {step}", loc="left", fontsize=11)
    for axes in panels.ravel()[len(steps) :]:
        axes.set_axis_off()
    for axes in panels[-1]:
        axes.set_xlabel("hidden unit, strongest on the signal first")
    for row in panels:
        row[0].set_ylabel(f"input: {signal} signal above the line,\n{len(grids[0]) - signal} distractors below")
    rows, seed = table["rows"][0], table["seed"][0]
    figure.suptitle(f"input weights of one network: {rows} rows, decay {DEMO_DECAY}, seed {seed}", fontsize=11)
    figure.colorbar(shown, ax=panels, label="weight", shrink=0.7)
    return figure


def addition_figure(tables: Tables) -> Figure | None:
    """Draw accuracy, share of the strongest frequency and norm of networks on modular addition, over time."""
    if "curves" not in tables:
        return None
    names = [name for name in TITLES if name in tables["curves"]["part"].unique().to_list()]
    figure = Figure(figsize=(11.5, 2.9 * len(names) + 0.4), layout="constrained")
    panels = figure.subplots(len(names), 3, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        part = tables["curves"].filter((pl.col("part") == name) & (pl.col("step") > 0))
        _lines(row[0], part, LOOKS)
        _lines(row[1], part, {"frequency share": ("0.25", "-", "each network")})
        _lines(row[2], part, {"norm": ("0.25", "-", "each network")})
        row[0].set(ylabel="accuracy (share of pairs)", ylim=(-0.03, 1.03))
        row[1].set(ylabel="share of power at a neuron's\nstrongest frequency", ylim=(0, 1.03))
        row[2].set(ylabel="norm of all weights", ylim=(0, None))
        row[0].set_title(f"{TITLES[name]}, {part['run'].n_unique()} networks", loc="left", fontsize=11)
        for axes in row:
            axes.set(xscale="log", xlabel="step" if name == names[-1] else None)
    panels[0, 0].legend(fontsize=9, frameon=False, loc="upper left")
    return figure


def circles_figure(tables: Tables) -> Figure | None:
    """Draw each neuron of a network that generalised as a point of its frequency's circle, and the doubled angle."""
    if "circles" not in tables:
        return None
    names = tables["circles"]["part"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(11.5, 3.7 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 3, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        part = tables["circles"].filter(part=name)
        used = part.with_columns(power=pl.col("input_real") ** 2 + pl.col("input_imag") ** 2)
        part = used.filter(pl.col("power") >= 0.01 * pl.col("power").max())
        frequencies = part["frequency"].unique().sort().to_list()
        for frequency, colour, mark in zip(frequencies, shades(len(frequencies)), MARKERS * 4, strict=False):
            of = part.filter(frequency=frequency)
            look = dict(marker=mark, ls="", color=colour, ms=6)
            row[0].plot(of["input_real"], of["input_imag"], **look, label=f"{frequency}")
            row[1].plot(of["output_real"], of["output_imag"], **look)
            angles = [np.arctan2(of[f"{side}_imag"], of[f"{side}_real"]) for side in ("input", "output")]
            row[2].plot(np.degrees(2 * angles[0]) % 360, np.degrees(angles[1]) % 360, **look)
        row[2].plot([0, 360], [0, 360], ":", color="0.4", lw=1.2, zorder=0)
        for axes, side in zip(row, ("input", "output"), strict=False):
            axes.axhline(0, color="0.8", lw=0.8, zorder=0)
            axes.axvline(0, color="0.8", lw=0.8, zorder=0)
            axes.set(xlabel="cosine part of the transform", ylabel="sine part of the transform", aspect="equal")
            axes.set_title(f"{side} weights", loc="left", fontsize=11)
            axes.margins(0.1)
        row[0].set_title(f"{TITLES[name]}: input weights", loc="left", fontsize=11)
        row[2].set(
            xlabel="twice the angle of the input weights (degrees)", ylabel="angle of the output weights (degrees)"
        )
        row[2].set(xlim=(0, 360), ylim=(0, 360), aspect="equal", xticks=range(0, 361, 90), yticks=range(0, 361, 90))
        row[2].set_title("dotted: the constructed network", loc="left", fontsize=11)
        row[2].legend(*row[0].get_legend_handles_labels(), title="frequency", fontsize=9, frameon=False,
                      loc="upper left", bbox_to_anchor=(1.01, 1.0))  # fmt: skip
    return figure


def constructed_figure(tables: Tables) -> Figure | None:
    """Draw the five neurons and their accuracy over the number of neurons."""
    if "constructed" not in tables:
        return None
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.7))
    net = five_neurons(67, 5, "relu")
    for points, colour, mark, label, beside in (
        (net.inputs.T, BLUE, "o", "input weights H", -14),
        (1.25 * net.outputs, ORANGE, "^", "output weights O (drawn larger)", 14),
    ):
        left.plot(points[:, 0], points[:, 1], mark, color=colour, ms=8, label=label)
        for i, (x, y) in enumerate(points):
            place = (beside * x / np.hypot(x, y), beside * y / np.hypot(x, y))
            look = dict(xytext=place, textcoords="offset points", ha="center", va="center", fontsize=9, color=colour)
            left.annotate(str(i + 1), (x, y), **look)
    left.set(xlabel="cosine part", ylabel="sine part", aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 2.4))
    left.set_title("five neurons: outputs at twice the angle", loc="left", fontsize=11)
    left.legend(fontsize=9, frameon=False, loc="upper left")
    for name, colour, mark, shift in (("square", BLUE, "o", -0.12), ("relu", ORANGE, "^", 0.12)):
        part = tables["constructed"].filter(activation=name)
        right.vlines(part["neurons"] + shift, 0, part["accuracy"], color=colour, lw=2, alpha=0.5)
        label = {"square": "$z^2$", "relu": "ReLU"}[name]
        right.plot(part["neurons"] + shift, part["accuracy"], mark, color=colour, ms=8, label=label)
    right.set(xlabel="neurons N", ylabel="share of all 67$^2$ pairs answered right", ylim=(-0.04, 1.22))
    right.set_xticks(tables["constructed"]["neurons"].unique().sort().to_list())
    right.legend(fontsize=9, frameon=False, loc="upper right", ncols=2)
    return figure


def other_ways_figure(tables: Tables) -> Figure | None:
    """Draw how many networks memorise and generalise without decay, by what is done instead."""
    if "other-ways" not in tables:
        return None
    table = tables["other-ways"].reverse()
    figure = Figure(figsize=(8.0, 3.8), layout="constrained")
    axes = figure.subplots()
    places = np.arange(table.height)
    axes.barh(places + 0.2, table["memorised"], 0.36, color=BLUE, label="memorise")
    axes.barh(places - 0.2, table["generalised"], 0.36, color=ORANGE, hatch="//", edgecolor="0.2", label="generalise")
    axes.set_yticks(places, table["way"].to_list())
    axes.set(xlabel=f"networks, of {table['runs'][0]}", ylabel="instead of weight decay", xlim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def _lines(axes: Axes, table: pl.DataFrame, looks: Mapping[str, tuple[str, str, str]]) -> None:
    """Draw a thin line for each run, in the look of its metric."""
    for metric, (colour, style, label) in looks.items():
        named: str | None = label
        for _, run in table.filter(metric=metric).sort("run", "step").group_by("run", maintain_order=True):
            axes.plot(run["step"], run["value"], style, color=colour, lw=1.0, alpha=0.75, label=named)
            named = None
    axes.grid(alpha=0.25)


def _legend_beside(axes: Axes) -> None:
    axes.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def _grid(table: pl.DataFrame) -> np.ndarray:
    """Return the weights ``(input, unit)``."""
    ordered = table.sort("input", "unit")
    return ordered["weight"].to_numpy().reshape(ordered["input"].n_unique(), -1)


GROKKING_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "curves": curves_figure,
    "axis": axes_figure,
    "map": regions_figure,
    "weights": weights_figure,
    "addition": addition_figure,
    "circles": circles_figure,
    "constructed": constructed_figure,
    "other-ways": other_ways_figure,
}
