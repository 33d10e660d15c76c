"""The error of each size of a sweep against the horizon, its growth laws and exact theory: one row for each system.

It shows the longest runs of one learner, at most three noise factors, over all seeds.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ergoscope.analysis import best_errors, each_run, innovation_covariances, scan_curves, swept_systems

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", nargs="?", default="runs/experiment", type=Path, help="folder of ergoscope sweep")
parser.add_argument("--learner", default="ladder", help="a learner of the sweep")
asked = parser.parse_args()
try:
    plants = swept_systems(asked.folder)  # without those that vary in time: they have no exact theory
    curves = scan_curves(asked.folder).filter(pl.col("system").is_in([*plants]))
except ValueError as exc:
    parser.error(f"{exc} For the example: ergoscope sweep examples/experiment.toml")

longest = curves.select(pl.col("steps").max()).collect().item()
curves = curves.filter(metric="error", learner=asked.learner, lookahead=1, steps=longest)
if curves.head(1).collect().is_empty():
    parser.error(f"{str(asked.folder)!r} holds no runs of {asked.learner!r} over {longest} samples, one ahead.")
mean = (pl.col("value") * pl.col("samples")).sum() / pl.col("samples").sum()
errors = curves.group_by("system", "noise", "size", "horizon").agg(mean).sort("horizon").collect(engine="streaming")
pooled = curves.with_columns(run=pl.col("noise").cast(pl.String), group=pl.col("group") + 64 * pl.col("seed"))
laws = each_run(pooled)  # over the replicates of all seeds

systems, noises, sizes = (errors[word].unique().sort().to_list() for word in ("system", "noise", "size"))
noises = [noises[k] for k in sorted({0, len(noises) // 2, len(noises) - 1})]
shown = sorted({*sizes[:4], sizes[len(sizes) // 2], sizes[-1]})
colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.9, len(shown)))
figure = Figure(figsize=(3.4 * len(noises) + 1, 2.7 * len(systems) + 1), layout="constrained")
panels = figure.subplots(len(systems), len(noises), squeeze=False, sharex="row", sharey="row")
for name, line in zip(systems, panels, strict=True):
    for noise, axes in zip(noises, line, strict=True):
        part, plant = errors.filter(system=name, noise=noise), plants[name].replace(R=noise * plants[name].R)
        end = part["horizon"].max()
        times = np.unique(np.geomspace(8, end, 60).astype(int))
        exact = best_errors(plant, shown, times)
        for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
            curve = part.filter(size=size)
            style = dict(marker="os^DvP"[k], ms=5, lw=1.2, markevery=(2 * k, 16), color=colour)
            axes.loglog(curve["horizon"], curve["value"], **style, label=f"size {size}")
            axes.loglog(times, exact[:, k], ":", color=colour, lw=1.2)
        kalman = np.trace(innovation_covariances(plant, times), axis1=1, axis2=2)
        axes.loglog(times, kalman, "--", color="0.3", lw=1.2, label="Kalman predictor")
        axes.loglog([], [], ":", color="0.3", lw=1.2, label="exact, the best filter")
        law = laws.filter(pl.col("size").is_in(shown), system=name, run=str(noise), verdict="growing").sort("size")
        powers = [
            f"$e^{{{row['rate']:.2g}t}}$" if row["law"] == "exponential" else f"$t^{{{row['exponent']:.2f}}}$"
            for row in law.to_dicts()
        ]
        grows = (
            f"growing, size {', '.join(map(str, law['size']))}: {', '.join(powers)}" if powers else "none is growing"
        )
        axes.set_title(f"{name}, R x {noise:g}\n{grows}", loc="left", fontsize=9)
    seen = errors.filter(pl.col("system") == name, pl.col("horizon") > 16, pl.col("size").is_in(shown))["value"]
    line[0].set(ylabel="mean squared error (unit²)", ylim=(seen.min() / 2, 3 * seen.max()), xlim=(8, None))
for axes in panels[-1]:
    axes.set_xlabel("horizon t (samples)")
figure.legend(*axes.get_legend_handles_labels(), ncols=5, loc="outside lower center", frameon=False)
figure.savefig(asked.folder / "growth.png", dpi=120)
print(asked.folder / "growth.png")
