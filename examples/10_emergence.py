"""How the error of a sweep drops at the critical size: excess over the Kalman predictor, and growth exponent.

It shows the longest runs of one learner, at most three noise factors, over all seeds; one row for each system.
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ergoscope.analysis import best_errors, each_run, innovation_covariances, scan_curves, swept_systems, theory

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
curves = curves.filter(learner=asked.learner, lookahead=1, steps=longest)
if curves.head(1).collect().is_empty():
    parser.error(f"{str(asked.folder)!r} holds no runs of {asked.learner!r} over {longest} samples, one ahead.")
excess, errors = (curves.filter(metric=metric) for metric in ("excess", "error"))
runs = excess.group_by("system", "noise").agg(end=pl.col("last").max())  # rounding may end them earlier
octave = excess.join(runs, on=["system", "noise"]).filter(pl.col("last") > pl.col("end") / 2)
average = (pl.col("value") * pl.col("samples")).sum() / pl.col("samples").sum()
seeds = octave.group_by("system", "noise", "size", "seed", "end").agg(average, start=pl.col("first").min())
ends = seeds.collect(engine="streaming")
pooled = errors.with_columns(run=pl.col("noise").cast(pl.String), group=pl.col("group") + 64 * pl.col("seed"))
laws = each_run(pooled)  # over the replicates of all seeds

systems, noises, sizes = (ends[word].unique().sort().to_list() for word in ("system", "noise", "size"))
noises = [noises[k] for k in sorted({0, len(noises) // 2, len(noises) - 1})]
colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.8, len(noises)))
figure = Figure(figsize=(9, 2.8 * len(systems) + 1), layout="constrained")
panels = figure.subplots(len(systems), 2, squeeze=False, sharex="row")
for name, (left, right) in zip(systems, panels, strict=True):
    least = np.inf
    for k, (noise, colour) in enumerate(zip(noises, colours, strict=True)):
        part, law = ends.filter(system=name, noise=noise), laws.filter(system=name, run=str(noise)).drop_nulls("low")
        plant, end = plants[name].replace(R=noise * plants[name].R), part["end"][0]
        times = np.linspace(part["start"].min(), end, 16).astype(int)
        kalman = np.trace(innovation_covariances(plant, [end])[0])
        exact = best_errors(plant, sizes, times).mean(axis=0) / kalman - 1
        over = part.group_by("size").agg(pl.col("value").mean(), low=pl.min("value"), high=pl.max("value")).sort("size")
        mean, low, high = (over[word].to_numpy() / kalman for word in ("value", "low", "high"))
        style = dict(fmt="os^"[k] + "-", color=colour, ms=5, lw=1.2, capsize=3)
        left.errorbar(over["size"], mean, [mean - low, high - mean], **style)
        least = min(least, mean.min())
        left.plot(sizes, exact, ":", color=colour, lw=1.2)
        bars = [law["exponent"] - law["low"], law["high"] - law["exponent"]]
        right.errorbar(law["size"], law["exponent"], bars, **style, label=f"R x {noise:g}")
    right.plot([], [], ":", color="0.3", lw=1.2, label="exact, the best filter")
    right.axhline(0.5, ls="--", color="0.3", lw=1, label="bounded below, growing above")
    for axes, what in ((left, "excess / error of the Kalman predictor"), (right, "growth exponent")):
        axes.axvline(
            theory(plants[name]).critical_size, color="#d55e00", lw=7, alpha=0.3, label="critical size, theory"
        )
        axes.set_title(f"{name}: {what}", loc="left", fontsize=10)
        axes.grid(alpha=0.25)
    left.set(yscale="log", ylabel=f"ratio at t = {end // 2} .. {end}", ylim=(least / 3, None))
    right.set_ylabel("exponent")
for axes in panels[-1]:
    axes.set_xlabel("size (past samples)")
figure.legend(*right.get_legend_handles_labels(), ncols=3, loc="outside lower center", frameon=False)
figure.savefig(asked.folder / "emergence.png", dpi=120)
print(asked.folder / "emergence.png")
