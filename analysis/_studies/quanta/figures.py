"""The figures of the study of the quantization model, each drawn from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from ..._discovery.envelope import envelope_of
from ..._reports.discovery_figures import envelope_figure, similarity_figure
from ..._reports.kind_figures import kind_losses_figure
from ..._reports.style import BLUE, ORANGE, plain_log, shades
from .cells import ALPHA
from .ideal_study import ALPHAS, FEW, MANY, PUBLISHED

Tables = Mapping[str, pl.DataFrame]
FIRST = {"steps": 100.0, "parameters": 0.0, "rows": 0.0}  # of the axis drawn: before it nothing happens
LIMITS = {"steps": ALPHA / (ALPHA + 1), "parameters": ALPHA, "rows": ALPHA / (ALPHA + 1)}
AXES = {"steps": "updates", "parameters": "parameters", "rows": "rows of the set"}


def losses_figure(tables: Tables) -> Figure | None:
    """Draw the loss of each task over the steps, and the mean."""
    return kind_losses_figure(tables["curves"], "steps", "sparse parity")


def scaling_figure(tables: Tables) -> Figure | None:
    """Draw the mean loss along steps, parameters and rows, and its local exponents with and without the tail."""
    figure = Figure(figsize=(11.5, 6.6), layout="constrained")
    panels = figure.subplots(2, len(AXES), sharex="col")
    for (upper, lower), (axis, label) in zip(panels.T, AXES.items(), strict=True):
        points = tables["scaling"].filter((pl.col("axis") == axis) & (pl.col("x") >= FIRST[axis]))
        for _, run in points.group_by("run", maintain_order=True):
            upper.plot(run["x"], run["loss"], color="0.6", lw=0.8)
        mean = points.group_by("x").agg(pl.col("loss").mean()).sort("x")
        upper.plot(mean["x"], mean["loss"], "o-", color=BLUE, ms=3, lw=1.6, label="mean loss")
        for row in tables["exponents"].filter(axis=axis).iter_rows(named=True):
            if row["tail"]:
                upper.plot([], [], " ", label=f"missing tail added: {row['exponent']:.2f}")
                continue
            _line(upper, mean, row, row["exponent"], ORANGE, "-", f"exponent {row['exponent']:.2f}")
            if row["exact"] is not None:
                _line(upper, mean, row, row["exact"], "black", ":", f"exact for these passages {row['exact']:.2f}")
        for tail, style, word in ((False, "-", "mean loss"), (True, "--", "missing tail added")):
            local = tables["local"].filter(pl.col("axis") == axis, pl.col("tail") == tail, pl.col("x") >= FIRST[axis])
            lower.plot(local["x"], local["exponent"], style, color=ORANGE if tail else BLUE, lw=1.6, label=word)
        lower.axhline(LIMITS[axis], color="0.4", lw=1, ls=":", label=f"endless tasks: {LIMITS[axis]:.3f}")
        upper.set(xscale="log", yscale="log")
        lower.set(ylim=(0, 1), xlabel=label)
        if axis != "steps":
            plain_log(lower, mean["x"].to_numpy())
        upper.yaxis.set_major_formatter(ScalarFormatter())
        upper.yaxis.set_minor_formatter(ScalarFormatter())
        for axes in (upper, lower):
            axes.grid(which="major", alpha=0.25)
            axes.legend(fontsize=8, frameon=False)
    panels[0, 0].set_ylabel("mean loss on the exam (bits)")
    panels[1, 0].set_ylabel("local exponent")
    return figure


def _line(axes: Axes, mean: pl.DataFrame, row: Mapping[str, float], exponent: float, *look: str) -> None:
    """Draw a power law through the middle of the window."""
    colour, style, label = look
    inside = mean.filter(pl.col("x").is_between(row["first"], row["last"]))
    x, y = inside["x"].to_numpy(), inside["loss"].to_numpy()
    middle = np.exp(np.log(x).mean()), np.exp(np.log(y).mean())
    axes.plot(x, middle[1] * (x / middle[0]) ** -exponent, style, color=colour, lw=1.4, label=label)


def order_figure(tables: Tables) -> Figure | None:
    """Draw the passage of each task against its frequency, and how many tasks each width and each set teaches."""
    figure = Figure(figsize=(11.5, 3.9), layout="constrained")
    first, *others = figure.subplots(1, 3)
    found = tables["order"].filter(pl.col("step").is_not_null())
    falls = tables["falls"].join(found.select("kind", "frequency"), on="kind")
    first.plot(falls["frequency"], falls["learned"], "o", color=BLUE, ms=5, alpha=0.6, label="at 0.1 bit, each network")
    first.plot(falls["frequency"], falls["before"], "s", color="0.5", ms=4, alpha=0.6, label="at 0.9 bit")
    for power, style in ((1.0, ":"), (0.81, "--")):
        p = np.array([found["frequency"][0], found["frequency"][-1]])
        line = found["step"][0] * (p / p[0]) ** -power
        first.plot(p, line, style, color=ORANGE, lw=1.2, label=f"frequency^-{power:g}")
    first.set(yscale="log", xlabel="frequency of the task", ylabel="updates")
    first.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    first.yaxis.set_major_formatter(ScalarFormatter())
    first.yaxis.set_minor_formatter(NullFormatter())
    plain_log(first, found["frequency"].to_numpy().round(3))
    first.legend(fontsize=8, frameon=False)
    for axes, (name, label) in zip(others, (("size", "width"), ("rows", "rows of the set")), strict=True):
        learned = tables["sizes" if name == "size" else "rows"]
        median = learned.group_by(name).agg(pl.col("learned").median()).sort(name)
        axes.plot(learned[name], learned["learned"], "o", color=BLUE, ms=5, alpha=0.5, label="each network")
        axes.plot(median[name], median["learned"], "-", color=ORANGE, lw=1.4, label="median")
        axes.set(xlabel=label, ylabel="tasks learned", ylim=(-0.3, None))
        plain_log(axes, median[name].to_numpy())
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=8, frameon=False)
    return figure


def ideal_figure(tables: Tables) -> Figure | None:
    """Draw the exact loss along the steps and its local exponent, for few and for many tasks."""
    figure = Figure(figsize=(11.5, 6.4), layout="constrained")
    panels = figure.subplots(2, len(ALPHAS), sharex=True, sharey="row")
    looks = {(MANY, False): "-", (FEW, False): "--", (FEW, True): ":"}
    for column, alpha in enumerate(ALPHAS):
        upper, lower = panels[:, column]
        for ((tasks, tail), style), colour in zip(looks.items(), shades(3), strict=True):
            part = tables["ideal"].filter(
                (pl.col("alpha") == alpha) & (pl.col("tasks") == tasks) & (pl.col("tail") == tail)
            )
            label = f"{tasks} tasks{', missing tail added' if tail else ''}"
            upper.plot(part["steps"], part["loss"], style, color=colour, lw=1.8, label=label)
            lower.plot(part["steps"], part["local"], style, color=colour, lw=1.8)
        lower.axhline(alpha / (alpha + 1), color="0.4", lw=1, label="alpha / (alpha + 1)")
        if alpha == ALPHAS[0]:
            lower.axhline(PUBLISHED, color=ORANGE, lw=1, ls="-.", label="measured by the source, 500 tasks")
        upper.set(xscale="log", yscale="log", ylim=(1e-2, 1.1))
        upper.set_title(f"alpha {alpha}", loc="left", fontsize=11)
        lower.set(xlabel="steps, in those of the most frequent task", ylim=(0, 1.2))
        for axes in (upper, lower):
            axes.legend(fontsize=8, frameon=False)
            axes.grid(which="major", alpha=0.25)
    panels[0, 0].set_ylabel("loss over that of who knows nothing")
    panels[1, 0].set_ylabel("local exponent")
    return figure


def similarities_figure(tables: Tables) -> Figure | None:
    """Draw the similarity of the gradients of examples, sorted by task and pattern."""
    table = tables["similarity"]
    count = int(np.sqrt(len(table)))
    task = table.filter(pl.col("column") == 0)["task"].to_numpy()
    labels = {"task": task, "task and pattern": np.arange(count)}
    return similarity_figure(table["similarity"].to_numpy().reshape(count, count), labels, "task and pattern", "task")


def sizes_figure(tables: Tables) -> Figure | None:
    """Draw the sizes of clusters by rank, and their envelope, beside the law of the tasks."""
    if "envelope" not in tables:
        return None
    return envelope_figure(envelope_of(tables["envelope"]), -(ALPHA + 1))


QUANTA_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "losses": losses_figure,
    "scaling": scaling_figure,
    "order": order_figure,
    "ideal": ideal_figure,
    "similarity": similarities_figure,
    "envelope": sizes_figure,
}
