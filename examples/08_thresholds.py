"""The sizes that a sweep has located: a table with one row for each cell of its grid, over the seeds, and a figure."""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ergoscope.analysis import thresholds

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", default="runs/experiment", type=Path, help="folder of ergoscope sweep")
folder = parser.parse_args().folder
try:
    found = thresholds(folder)  # one row for each point: system, learner, noise, steps, lookahead, seed
except ValueError as exc:
    parser.error(f"{exc} For the example: ergoscope sweep examples/experiment.toml")

KINDS = {"critical_size": "critical size", "best_size": "best size", "regret_size": "size of regret"}
CELL = ["system", "learner", "noise", "steps", "lookahead"]
size = pl.col("size")
cells = (
    found.unpivot([*KINDS], index=[*CELL, "seed"], variable_name="kind", value_name="size")
    .group_by(*CELL, "kind", maintain_order=True)
    .agg(size.median(), low=size.min(), high=size.max(), located=size.count(), seeds=pl.len())
)
cells.write_csv(folder / "thresholds.csv")

cells = cells.filter(pl.col("lookahead") == pl.col("lookahead").min())
rows = cells.select("system", "learner").unique(maintain_order=True).rows()
figure = Figure(figsize=(10, 2.3 * len(rows) + 1), layout="constrained")
panels = figure.subplots(len(rows), len(KINDS), squeeze=False, sharex=True, sharey="row")
horizons = cells["steps"].unique().sort().to_list()
colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.8, len(horizons)))
for line, (system, learner) in zip(panels, rows, strict=True):
    line[0].set_ylabel(f"{system}\n{learner}\n\nsize")
    for axes, kind in zip(line, KINDS, strict=True):
        for k, (horizon, colour) in enumerate(zip(horizons, colours, strict=True)):
            part = cells.filter(system=system, learner=learner, kind=kind, steps=horizon)
            noise = part["noise"] * 1.2 ** (k - (len(horizons) - 1) / 2)  # side by side
            bars = [part["size"] - part["low"], part["high"] - part["size"]]
            line_of = dict(color=colour, fmt="os^DvP<X>"[k % 9] + "-", capsize=3, label=f"T = {horizon}")
            axes.errorbar(noise, part["size"], bars, **line_of)
            some = (part["located"] < part["seeds"]).to_numpy()
            axes.plot(noise.filter(some), part["size"].filter(some), "o", ms=3, color="white", zorder=5)
        axes.set_xscale("log")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=2))
        axes.grid(alpha=0.25)
    line[0].set_ylim(-0.5, max(2, axes.get_ylim()[1]) + 0.5)
for axes, kind in zip(panels[0], KINDS.values(), strict=True):
    axes.set_title(kind, loc="left", fontsize=11)
for axes in panels[-1]:
    axes.set_xlabel("factor on the measurement noise R")
title = "samples of each run; median over the seeds, bars from smallest to largest, white dot: not located for all"
figure.legend(*axes.get_legend_handles_labels(), title=title, ncols=5, loc="outside lower center", frameon=False)
figure.savefig(folder / "thresholds.png", dpi=120)
print(f"{cells.height} rows: {folder / 'thresholds.csv'}")
print(folder / "thresholds.png")
