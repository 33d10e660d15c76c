"""My own sweep, my own plot: the error of each length against the noise ratio, beside exact theory."""

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ergoscope import locate, zoo
from ergoscope.analysis import check_folder, diffuse_errors, kalman_gain

sizes = range(1, 13)
parts = []
for q in (1.0, 0.1, 0.01):
    system = zoo("random-walk").replace(Q=[[q]], name=f"random walk, q = {q}")
    found = locate(system, sizes=sizes, horizon=4000, replicates=32)
    print(found)
    exact = diffuse_errors(system, list(sizes)) - kalman_gain(system).innovation[0, 0]
    parts.append(found.rungs.select("size", "excess").with_columns(q=pl.lit(q), exact=exact))
table = pl.concat(parts)

figure = Figure(figsize=(7, 4), layout="constrained")
axes = figure.subplots()
for (q,), part in table.group_by("q", maintain_order=True):
    (line,) = axes.plot(part["size"], part["excess"], "o-", label=f"learned, q = {q}")
    axes.plot(part["size"], np.maximum(part["exact"], 1e-12), ":", color=line.get_color())
axes.set(xlabel="filter length", ylabel="excess over the Kalman predictor", yscale="log", ylim=(1e-5, None))
axes.set_title("dotted: exact theory of the best filter; the gap is the cost of learning", loc="left", fontsize=10)
axes.legend()
folder = check_folder("runs/sweep")
folder.mkdir(parents=True, exist_ok=True)
figure.savefig(folder / "excess.png", dpi=120)
print(folder / "excess.png")
