"""Figures of a scorecard: the error against the reference's, case by case and over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from .._reports.style import BLUE, ORANGE, WIDTH
from .scorecard import Scorecard

OWN, LADDER, FAULT = ORANGE, BLUE, "0.88"
_RATIO = "mean squared error, in that of the reference"
SMALLEST, LARGEST = 0.5, 1e6  # of a ratio that is drawn


def against_figure(card: Scorecard) -> Figure:
    """Draw the error of the predictor and of the ladder in each case, in units of the reference's."""
    every = card.rows.iter_rows(named=True)
    rows = [row for row in every if row["verdict"] == "failed" or (row["error"] is not None and row["oracle"])]
    figure = Figure(figsize=(WIDTH, 1.3 + 0.24 * max(len(rows), 2)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        if row["error"] is None:
            axes.text(1.05, place, f"failed at step {row['failed_at']}", va="center", fontsize=8, color=OWN)
            continue
        own = _shown(row["error"] / row["oracle"])
        axes.plot([1, own], [place, place], color="0.75", lw=1, zorder=1)
        axes.plot(own, place, "o", color=OWN, ms=6, zorder=3, label=card.short_name)
        if row["against_ladder"] is not None and row["against_ladder"] > -100:
            ladder = _shown(row["error"] / row["oracle"] / (1 + row["against_ladder"] / 100))
            axes.plot(ladder, place, "d", mfc="none", color=LADDER, ms=7, label="ladder")
    names = [row["case"] + {"pass": "", "undecided": " ?"}.get(row["verdict"], " ✗") for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set(xscale="log", xlabel=_RATIO, ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlim(min(0.9, axes.get_xlim()[0]), max(2.2, axes.get_xlim()[1]))
    plain_ticks(axes.xaxis)
    axes.axvline(1, color="0.2", lw=1, ls="--")
    axes.grid(which="major", axis="x", alpha=0.2)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))  # one for each label
    if handles:
        where: dict[str, Any] = dict(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
        axes.legend(handles.values(), handles.keys(), fontsize=8, frameon=False, **where)
    return figure


def steady_figure(card: Scorecard) -> Figure:
    """Draw the error over time in the steady cases, in units of the reference's, with names where it does not pass."""
    rows = [row for row in card.rows.iter_rows(named=True) if row["kind"] != "stress"]
    figure = Figure(figsize=(WIDTH, 0.62 * WIDTH), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(sorted(rows, key=lambda row: row["kind"] == "plant")):
        time, own, _ = _ratios(card, row["case"])
        plant, named = row["kind"] == "plant", row["verdict"] != "pass"
        colour = OWN if plant else f"C{place % 8}" if named else "0.7"
        label = row["case"] + (f": {row['verdict']}" if named else "") if plant or named else None
        if not np.isfinite(own).any():
            axes.plot([], [], color=colour, label=f"{row['case']}: no forecast")
            continue
        axes.plot(time + 1, own, color=colour, lw=2.5 if plant else 1.2, ls="-" if plant else "--", label=label)
    axes.axhline(1, color="0.2", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="reading t", ylabel=_RATIO)
    axes.set_xlim(left=1)
    axes.set_ylim(min(0.8, axes.get_ylim()[0]), max(2.2, axes.get_ylim()[1]))
    plain_ticks(axes.yaxis)
    axes.grid(which="major", alpha=0.2)
    axes.legend(fontsize=8, frameon=False)
    return figure


def stress_figure(card: Scorecard) -> Figure:
    """Draw the error over time around each fault, in units of the reference's: a panel a case, the fault shaded."""
    rows = [row for row in card.rows.iter_rows(named=True) if row["kind"] == "stress"]
    lines = -(-len(rows) // 3)
    figure = Figure(figsize=(1.3 * WIDTH, 0.5 + 1.45 * lines), layout="constrained")
    panels = figure.subplots(lines, 3, sharex=True, squeeze=False).ravel()
    for axes, row in zip(panels, rows, strict=False):
        _stress_panel(axes, card, row)
    for axes in panels[len(rows) :]:
        axes.set_axis_off()
    figure.supxlabel("reading t", fontsize=9)
    figure.supylabel(_RATIO, fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, frameon=False, loc="outside upper center", ncols=3)
    return figure


def _stress_panel(axes: Axes, card: Scorecard, row: dict[str, Any]) -> None:
    time, own, ladder = _ratios(card, row["case"])
    axes.axvspan(row["begin"], row["end"] or row["steps"], color=FAULT, lw=0, label="fault")
    axes.plot(time, ladder, color=LADDER, lw=1, ls="--", label="ladder")
    axes.plot(time, own, color=OWN, lw=1.6, label=card.short_name)
    axes.set(yscale="log", xlim=(row["begin"] // 2, row["steps"]))
    late = time >= row["begin"] // 2
    seen = np.concatenate([own[late], ladder[late], [1.0]])
    seen = seen[np.isfinite(seen)]
    axes.set_ylim(0.7 * max(seen.min(), SMALLEST), 1.5 * max(seen.max(), 2.0))
    plain_ticks(axes.yaxis)
    mark = {"pass": f"back after {row['recovery']}", "failed": f"failed at {row['failed_at']}"}
    title = f"{row['case']}: {mark.get(row['verdict'], 'not recovered')}"
    axes.set_title(title, loc="left", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(which="major", alpha=0.2)


def _ratios(card: Scorecard, case: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    part = card.curves.filter(pl.col("case") == case)
    oracle = np.maximum(part["oracle"].to_numpy(), np.finfo(float).tiny)
    own, ladder = (_shown(part[word].to_numpy() / oracle) for word in ("error", "ladder"))
    return ((part["first"] + part["last"]) / 2).to_numpy(), own, ladder


def plain_ticks(axis: Axis) -> None:
    """Write 0.5, 1, 2, 5, 10 on a log axis; where it spans more than three decades, powers of ten alone."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 1000 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _shown(ratio: Any) -> Any:
    return np.clip(ratio, None, LARGEST)
