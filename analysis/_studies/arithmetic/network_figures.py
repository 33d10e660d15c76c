"""The figures of the networks of the study, each drawn from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..._reports.style import plain_log, shades
from .cells import FORMATS, PARAMETERS

Tables = Mapping[str, pl.DataFrame]
COLOURS = dict(zip(FORMATS, shades(len(FORMATS)), strict=True))


def lines_figure(tables: Tables) -> Figure | None:
    """Draw the share of answers that are right over the lines, beside the source."""
    figure = Figure(figsize=(11.5, 4.2), layout="constrained")
    ours, source = figure.subplots(1, 2, sharey=True)
    _accuracy(ours, tables["answers"], f"this study, {PARAMETERS:_} parameters".replace("_", " "))
    _accuracy(source, tables["published"], "the source, 10.6 million parameters")
    ours.set_ylabel("whole answers right")
    source.legend(fontsize=9, frameon=False)
    return figure


def _accuracy(axes: Axes, table: pl.DataFrame, title: str) -> None:
    for name, colour in COLOURS.items():
        part = table.filter(format=name)
        if part.is_empty():
            continue
        median = part.group_by("lines").agg(pl.col("accuracy").median()).sort("lines")
        if len(part) > len(median):
            axes.plot(part["lines"], part["accuracy"], "o", color=colour, ms=3.5, alpha=0.5)
        axes.plot(median["lines"], median["accuracy"], "o-", color=colour, ms=4, lw=1.6, label=name)
    axes.axhline(0.5, color="0.6", lw=0.8, ls=":")
    axes.set_xscale("log")
    plain_log(axes, np.array(sorted(table["lines"].unique().to_list()), float))
    axes.set(xlabel="lines learned", ylim=(-0.03, 1.03))
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(which="major", alpha=0.25)


def steps_figure(tables: Tables) -> Figure | None:
    """Draw the share of answers that are right over the updates: the jump in time."""
    figure = Figure(figsize=(11.5, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    curves = tables["curves"].filter(pl.col("step") > 0)
    for axes, name in zip(panels, ("plain", "reverse"), strict=True):
        part = curves.filter(format=name)
        sets = sorted(part["lines"].unique().to_list())
        for lines, colour in zip(sets, shades(len(sets)), strict=True):
            for _, run in part.filter(lines=lines).group_by("seed", maintain_order=True):
                axes.plot(run["step"], run["accuracy"], color=colour, lw=1.2, alpha=0.8)
            axes.plot([], [], color=colour, lw=2, label=str(lines))
        axes.set(xscale="log", xlabel="updates", xlim=(50, curves["step"].max()))
        axes.set_title(name, loc="left", fontsize=11)
        axes.grid(which="major", alpha=0.25)
        axes.legend(fontsize=8, frameon=False, title="lines", title_fontsize=8)
    panels[0].set_ylabel("whole answers right")
    return figure


def beyond_figure(tables: Tables) -> Figure | None:
    """Draw what is answered of lines that are unlike all that were learned, and with examples before the question."""
    if "beyond" not in tables:
        return None
    figure = Figure(figsize=(11.5, 3.6), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    titles = {"longer": "longer numbers", "excluded": "numbers in no line"}
    for axes, (part, title) in zip(panels, titles.items(), strict=False):
        _dots(axes, tables["beyond"].filter(part=part), "kind", title)
    _dots(panels[2], tables["prompts"], "what", "rows of two lines, with and without text")
    panels[0].set_ylabel("whole answers right")
    return figure


def _dots(axes: Axes, table: pl.DataFrame, column: str, title: str) -> None:
    """Draw the networks as dots and their medians as dashes, for each word of a column."""
    words = table[column].unique(maintain_order=True).to_list()
    for place, word in enumerate(words):
        values = table.filter(pl.col(column) == word)["accuracy"]
        axes.plot(np.full(len(values), place), values, "o", ms=5, alpha=0.6, color=COLOURS["reverse"])
        axes.plot([place - 0.2, place + 0.2], [float(np.median(values))] * 2, "-", lw=2, color="0.2")
    axes.set_xticks(range(len(words)), words, fontsize=8)
    axes.set(xlim=(-0.5, len(words) - 0.5), ylim=(-0.03, 1.03))
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(axis="y", alpha=0.25)


NETWORK_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "lines": lines_figure,
    "steps": steps_figure,
    "beyond": beyond_figure,
}
