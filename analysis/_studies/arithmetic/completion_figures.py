"""The figures of completion, each drawn from the tables of the study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..._emergence.shares import share_interval
from ..._exact.completion import determined_share, no_empty_line, no_empty_line_exactly
from ..._reports.style import BLUE, MARKERS, ORANGE, legend, plain_log, shades
from .excluded_study import ALL, SOME

Tables = Mapping[str, pl.DataFrame]
BARS: dict[str, Any] = dict(ms=5, capsize=3, lw=1.2, ls="none")


def share_figure(tables: Tables) -> Figure | None:
    """Draw the share that is determined against the load, and the load at which each run has determined half."""
    figure, (left, right) = _panels()
    load = np.linspace(0, 5, 501)
    left.plot(load, determined_share(load), color=ORANGE, lw=2, label="exact, many numbers")
    shares, passages, medians = (tables[f"completion-{word}"] for word in ("shares", "passages", "medians"))
    sizes = shares["size"].unique().sort().to_list()
    for size, colour, marker in zip(sizes, shades(len(sizes), 0.0, 0.6), MARKERS, strict=False):
        one = shares.filter(size=size)
        label = f"n = {size}, mean of {one['runs'][0]} runs"
        left.errorbar(one["load"], one["share"], 1.96 * one["error"], fmt=marker, color=colour, label=label, **BARS)
    left.set(xlabel="samples for each number, m / n", ylabel="share of the pairs determined", ylim=(-0.03, 1.03))
    generator = np.random.default_rng(0)
    for place, row in enumerate(medians.iter_rows(named=True)):
        loads = passages.filter(size=row["size"])["load"].to_numpy()
        beside = place + generator.uniform(-0.25, 0.25, len(loads))
        right.plot(beside, loads, ".", color="0.6", ms=4, label="" if place else "a run")
        ends = [[row["median"] - row["low"]], [row["high"] - row["median"]]]
        label = "" if place else "median, 95 % interval"
        right.errorbar([place], [row["median"]], ends, fmt="o", color=BLUE, label=label, zorder=3, **BARS)
    exact = medians["exact"][0]
    right.axhline(exact, color=ORANGE, lw=2, label=f"exact, many numbers: {exact:.3f}")
    right.set_xticks(range(medians.height), [f"n = {size}" for size in medians["size"]])
    right.set(xlabel="numbers", ylabel="m / n with which half of the pairs are determined")
    return _finished(figure)


def all_figure(tables: Tables) -> Figure | None:
    """Draw how often all is determined at n log(2n) samples, and how often by each number of samples for one n."""
    figure, (left, right) = _panels()
    complete, blocks = tables["completion-all"], tables["completion-blocks"]
    sizes = complete["size"].to_numpy()
    _shares(left, sizes, complete, "complete", "o", BLUE, f"measured, {complete['runs'][0]} runs")
    left.plot(sizes, complete["product"], "--", color=ORANGE, lw=1.5, label="no empty row or column, nearly")
    left.plot(sizes, complete["exact"], "D", color=ORANGE, mfc="none", ms=9, label="the same, exactly")
    left.axhline(np.exp(-1), color="0.25", lw=1.2, ls=":", label="exp(-1), many numbers")
    left.set(xlabel="numbers, n", ylabel="share of the runs in which all is determined", ylim=(0.3, 0.7))
    plain_log(left, sizes)
    size = blocks["size"][0]
    samples = np.unique(np.geomspace(2 * size, blocks["samples"].to_numpy().max(), 80).round().astype(int))
    exact = [no_empty_line(int(count), size) for count in samples]
    right.plot(samples, exact, color=ORANGE, lw=2, label="all links, no empty row or column")
    _shares(right, blocks["samples"], blocks, "filled", "s", BLUE, f"contiguous 2 x 2 blocks, {blocks['runs'][0]} runs")
    right.set(xlabel=f"samples, of {size**2} pairs of {size} numbers", ylabel="share of the runs in which all is found")
    return _finished(figure)


def limits_figure(tables: Tables) -> Figure | None:
    """Draw what a map of unknown form takes, and what is found of pairs with numbers that never come."""
    figure, (left, right) = _panels()
    low_rank, excluded = tables["completion-low-rank"], tables["completion-excluded"]
    size, freedom = low_rank["size"][0], low_rank["freedom"][0]
    share = low_rank["samples"].to_numpy() / freedom
    label = f"{low_rank['runs'][0]} runs each"
    _shares(left, share - 0.01, low_rank, "recovered", "o", BLUE, f"the map is found, {label}")
    _shares(left, share + 0.01, low_rank, "determined", "s", "0.25", "and is said to be determined")
    samples = np.arange(int(share.min() * freedom), int(share.max() * freedom) + 1, 4)
    exact = [no_empty_line_exactly(int(count), size) for count in samples]
    left.plot(samples / freedom, exact, color=ORANGE, lw=2, label="if it is known to be a sum, exactly")
    left.axvline(1, color="0.25", lw=1.2, ls=":", label=f"{freedom} degrees of freedom of rank 2")
    left.set(xlabel=f"samples over 4 n - 4, n = {size}", ylabel="share of the runs")
    for given, marker, colour, words in ((ALL, "s", "0.25", "all of these"), (SOME, "o", BLUE, SOME + " of these")):
        one = excluded.filter(given=given)
        right.errorbar(
            one["excluded"], one["others"], 1.96 * one["error"], fmt=marker, color=colour,
            label=f"pairs of the others, given {words}", **BARS,
        )  # fmt: skip
    right.plot(one["excluded"], one["exact"], color=ORANGE, lw=2, label="exact, many numbers")
    label = "pairs with an excluded number, in both"
    right.plot(one["excluded"], one["touching"], "v", color=ORANGE, ms=7, label=label)
    right.set(
        xlabel=f"numbers that never come, of {excluded['size'][0]}", ylabel="share determined", ylim=(-0.05, 1.05)
    )
    return _finished(figure)


def _panels() -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(11.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    return figure, (left, right)


def _shares(axes: Axes, x: ArrayLike, table: pl.DataFrame, column: str, marker: str, colour: str, label: str) -> None:
    """Draw shares of runs with their 95 % intervals."""
    share, runs = table[column].to_numpy(), table["runs"].to_numpy()
    low, high = share_interval(np.round(share * runs), runs)
    axes.errorbar(x, share, [share - low, high - share], fmt=marker, color=colour, label=label, **BARS)


def _finished(figure: Figure) -> Figure:
    for axes in figure.axes:
        axes.grid(which="major", alpha=0.25)
        legend(axes, 2)
    return figure


COMPLETION_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "completion-share": share_figure,
    "completion-all": all_figure,
    "completion-limits": limits_figure,
}
