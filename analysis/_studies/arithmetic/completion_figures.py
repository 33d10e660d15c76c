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
from .completion_study import BLOCK_SIZE
from .excluded_study import ALL, SOME

Tables = Mapping[str, pl.DataFrame]
BARS: dict[str, Any] = dict(ms=5, capsize=3, lw=1.2, ls="none")


def share_figure(tables: Tables) -> Figure | None:
    """Draw the share that is determined against the load, and the load at which each run has determined half."""
    figure, (left, right) = _panels()
    load = np.linspace(0, 5, 501)
    left.plot(load, determined_share(load), color=ORANGE, lw=2, label="theory, many numbers")
    shares, passages, medians = (tables[f"completion-{word}"] for word in ("shares", "passages", "medians"))
    sizes = shares["size"].unique().sort().to_list()
    for size, colour, marker in zip(sizes, shades(len(sizes), 0.0, 0.6), MARKERS, strict=False):
        one = shares.filter(size=size)
        label = f"n = {size}, mean of {one['runs'][0]} runs"
        hollow = dict(mfc="none", ms=9) if size < sizes[-1] else {}
        left.errorbar(
            one["load"], one["share"], 1.96 * one["error"], fmt=marker, color=colour, label=label, **(BARS | hollow)
        )
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
    right.axhline(exact, color=ORANGE, lw=2, label=f"theory, many numbers: {exact:.3f}")
    right.set_xticks(range(medians.height), [str(size) for size in medians["size"]])
    right.set(xlabel="numbers, n", ylabel="m / n with which half of the pairs are determined")
    return _finished(figure)


def all_figure(tables: Tables) -> Figure | None:
    """Draw how often all is determined at n log(2n) samples, and how often by each number of samples for one n."""
    figure, (left, right) = _panels(5.2)
    complete, blocks = tables["completion-all"], tables["completion-blocks"].filter(size=BLOCK_SIZE)
    sizes = complete["size"].to_numpy()
    _shares(left, sizes, complete, "complete", "o", BLUE, f"measured, {complete['runs'][0]} runs")
    left.plot(sizes, complete["product"], "--", color=ORANGE, lw=1.5, label="no empty row or column, Poisson")
    left.plot(sizes, complete["exact"], "D", color=ORANGE, mfc="none", ms=9, label="the same, exactly, up to n = 100")
    left.axhline(np.exp(-1), color="0.25", lw=1.2, ls=":", label="exp(-1), many numbers")
    left.set(xlabel="numbers, n", ylabel="share of the runs in which all is determined", ylim=(0.3, 0.7))
    plain_log(left, sizes)
    size = BLOCK_SIZE
    samples = np.unique(np.geomspace(2 * size, blocks["samples"].to_numpy().max(), 80).round().astype(int))
    exact = [no_empty_line(int(count), size) for count in samples]
    right.plot(samples, exact, color=ORANGE, lw=2, label="all links used: no empty row or column, Poisson")
    one = complete.filter(size=size)
    _shares(right, one["samples"], one, "complete", "o", BLUE, f"all links used, measured, {complete['runs'][0]} runs")
    _shares(
        right,
        blocks["samples"],
        blocks,
        "filled",
        "s",
        "0.25",
        f"contiguous 2 x 2 blocks only, {blocks['runs'][0]} runs",
    )
    right.set(xlabel=f"samples, of {size**2} pairs of {size} numbers", ylabel="share of the runs in which all is found")
    return _finished(figure, 1)


def limits_figure(tables: Tables) -> Figure | None:
    """Draw what a map of unknown form takes, and what is found of pairs with numbers that never come."""
    figure, (left, right) = _panels(5.2)
    low_rank, excluded = tables["completion-low-rank"], tables["completion-excluded"]
    size, freedom = low_rank["size"][0], low_rank["freedom"][0]
    share = low_rank["samples"].to_numpy() / freedom
    each = f"{low_rank['runs'][0]} runs each"
    _shares(left, share - 0.015, low_rank, "recovered", "o", BLUE, f"rank 2 known: the map is found, {each}")
    _shares(left, share + 0.015, low_rank, "determined", "s", "0.25", "rank 2 known: it is said to be the only one")
    samples = np.arange(int(share.min() * freedom), int(share.max() * freedom) + 1, 4)
    exact = [no_empty_line_exactly(int(count), size) for count in samples]
    left.plot(samples / freedom, exact, color=ORANGE, lw=2, label="known to be a sum: no empty row or column, exactly")
    left.axvline(1, color="0.25", lw=1.2, ls=":", label=f"{freedom} degrees of freedom of rank 2")
    left.set(xlabel=f"samples / (4 n - 4), n = {size}", ylabel="share of the runs in which all is found")
    for given, marker, colour in ((ALL, "s", "0.25"), (SOME, "o", BLUE)):
        one, label = excluded.filter(given=given), f"pairs of the other numbers, from {given}"
        right.errorbar(
            one["excluded"], one["others"], 1.96 * one["error"], fmt=marker, color=colour, label=label, **BARS
        )
    right.plot(one["excluded"], one["exact"], color=ORANGE, lw=1.5, label=f"theory of {SOME}, many numbers")
    label = "pairs with a number that never came, from both"
    right.plot(one["excluded"], one["touching"], "v", color="black", ms=7, label=label)
    plain_log(right, one["excluded"].to_numpy())
    size = excluded["size"][0]
    right.set(xlabel=f"numbers that never come, of {size}", ylabel="share of such pairs determined", ylim=(-0.05, 1.05))
    return _finished(figure, 1)


def _panels(height: float = 4.6) -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(11.5, height), layout="constrained")
    left, right = figure.subplots(1, 2)
    return figure, (left, right)


def _shares(axes: Axes, x: ArrayLike, table: pl.DataFrame, column: str, marker: str, colour: str, label: str) -> None:
    """Draw shares of runs with their 95 % intervals."""
    share, runs = table[column].to_numpy(), table["runs"].to_numpy()
    low, high = share_interval(np.round(share * runs), runs)
    axes.errorbar(x, share, [share - low, high - share], fmt=marker, color=colour, label=label, **BARS)


def _finished(figure: Figure, columns: int = 2) -> Figure:
    for axes in figure.axes:
        axes.grid(which="major", alpha=0.25)
        legend(axes, columns)
    return figure


COMPLETION_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "completion-share": share_figure,
    "completion-all": all_figure,
    "completion-limits": limits_figure,
}
