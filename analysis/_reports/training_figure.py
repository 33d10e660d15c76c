"""The figure of training: right answers on the own examples and on the exam, over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._emergence.emerged import Emerged
from .style import canvas, legend, shades, title

MOST_VALUES = 8
EXAM, OWN = "exam accuracy", "accuracy"


def training_figure(emerged: Emerged, ax: Axes | None = None) -> Figure:
    """Draw the share of right answers over the steps, one colour for each value of the axis.

    Thin lines are the exam of single runs, thick lines its median; dashed is the median on the runs' own examples. On
    ``ax``, axes of your own, the figure returned is theirs.
    """
    figure, (axes,) = canvas(1, ax=ax)
    along = emerged.settings["along"]
    values = [None] if along == "steps" else emerged.settings["values"]
    if len(values) > MOST_VALUES:
        values = [values[i] for i in np.unique(np.linspace(0, len(values) - 1, MOST_VALUES).round().astype(int))]
    for value, colour in zip(values, shades(len(values)), strict=True):
        part = emerged.curves if value is None else emerged.curves.filter(pl.col(along) == value)
        label = "exam" if value is None else f"{along} {value:g}"
        _draw(axes, part, colour, label)
    axes.plot([], [], "--", color="0.3", label="own examples")
    if emerged.settings["metric"] == "accuracy":
        axes.axhline(emerged.settings["level"], color="0.5", lw=0.8)
    axes.set(xlabel="updates (log scale from 1 on)", ylabel="share of right answers", ylim=(-0.03, 1.03))
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)
    axes.set_xlim(0, emerged.settings["steps"])
    title(axes, emerged.settings["task"], "right answers on the exam, and on their own examples")
    legend(axes, 3)
    return figure


def _draw(axes: Axes, part: pl.DataFrame, colour: Any, label: str) -> None:
    exam = part.filter(pl.col("metric") == EXAM)
    for _, run in exam.group_by("run", maintain_order=True):
        axes.plot(run["step"], run["value"], color=colour, lw=0.5, alpha=0.5)
    for metric, style in ((EXAM, "-"), (OWN, "--")):
        median = part.filter(pl.col("metric") == metric).group_by("step").agg(pl.col("value").median()).sort("step")
        axes.plot(
            median["step"], median["value"], style, color=colour, lw=2.2 if style == "-" else 1.2,
            label=label if style == "-" else None,
        )  # fmt: skip
