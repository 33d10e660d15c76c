"""How the located sizes depend on the horizon: horizons cut from one run of each plant, beside the slope of theory."""

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ergoscope import locate
from ergoscope.analysis import each_run, kalman_gain, scaling
from ergoscope.simulator import LinearSystem

horizons = [2**k for k in range(8, 14)]
walks, parts = {}, []
for q in (1.0, 0.1):
    name = f"q = {q}"
    walks[name] = LinearSystem(A=[[1.0]], C=[[1.0]], Q=[[q]], R=[[1.0]], name="random walk")
    curves = locate(walks[name], horizon=horizons[-1], sizes=range(17)).curves
    parts.append(curves.with_columns(run=pl.lit(name)))

table = each_run(pl.concat(parts), partial(scaling, horizons=horizons))
with pl.Config(tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
    print(table.select("run", "horizon", "critical_size", "regret_size", "best_size", "best_low", "best_high"))

figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for name, walk in walks.items():
    rows, half = table.filter(pl.col("run") == name), kalman_gain(walk).memory / 2
    T, best = (rows[word].to_numpy() for word in ("horizon", "best_size"))
    reach = np.stack([best - rows["best_low"].to_numpy(), rows["best_high"].to_numpy() - best])
    mark = axes.errorbar(
        T, best, reach, fmt="o", capsize=3, label=f"{name}: best size, and sizes not significantly different"
    )
    axes.plot(T, best[-1] + half * np.log(T / T[-1]), ":", color=mark[0].get_color())
axes.set(xlabel="horizon in samples", ylabel="filter length")
axes.set_xscale("log", base=2)
axes.set_title("dotted: (tau/2) log T, the slope that exactly fitted filters need", loc="left", fontsize=10)
axes.legend()
folder = Path("runs/scaling")
folder.mkdir(parents=True, exist_ok=True)
figure.savefig(folder / "scaling.png", dpi=120)
print(folder / "scaling.png")
