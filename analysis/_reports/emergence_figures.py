"""The figures of emergence: shares along an axis, passages over steps, and the map of regions."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter

from .._emergence.axis import Axis, window_parts
from .._emergence.emergence import Emergence
from .._emergence.half_point import half_point, share_curve
from .._emergence.isotonic import falling_fit, rising_fit, window_fit
from .._emergence.regions import REGIONS
from .._emergence.shares import check_axis, run_times, within
from .._emergence.survival import survival
from .style import BLUE, EXPECTED, FOUND, MARKERS, canvas, legend, plain_log, shades, title

LINES = ("-", "--", "-.", ":")
COLOURS = dict(zip(REGIONS, ("0.88", "#f0b27a", "#0072b2", "#9ecae1"), strict=True))
INKS = dict(zip(REGIONS, ("0.2", "black", "white", "black"), strict=True))
SHORT = dict(zip(REGIONS, ("N", "M", "G", "T"), strict=True))


def passage_figure(emergence: Emergence, ax: Axes | None = None, word: str = "steps") -> Figure:
    """Draw the share of runs that pass against the axis, with the half-point, its interval and the isotonic fit.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs. ``word``: what the steps are.

    Raises:
        ValueError: The axis of the answer is ``steps``: draw ``survival_figure``.
    """
    if emergence.axis == "steps":
        raise ValueError("expected an answer along an axis of settings, got steps: draw survival_figure(passages).")
    figure, (axes,) = canvas(1, ax=ax)
    shares, values = emergence.shares, emergence.shares[emergence.axis].to_numpy()
    share, low, high = (shares[word].to_numpy() for word in ("share", "low", "high"))
    axes.axhline(0.5, color="0.6", lw=1, zorder=1)
    edges = [(emergence.value, emergence.low, emergence.high)]
    edges += [(emergence.end, emergence.end_low, emergence.end_high)] if emergence.end is not None else []
    for k, (value, bottom, top) in enumerate(edges):
        if value is None or bottom is None or top is None:
            continue
        axes.axvspan(bottom, top, color=FOUND, alpha=0.15, lw=0, label="" if k else "95 % interval")
        axes.axvline(value, color=FOUND, lw=2, label="" if k else "half-point")
    if emergence.exact is not None:
        axes.axvline(emergence.exact, color=EXPECTED, lw=1.6, ls=":", label="theory")
    axis = Axis.of(shares, emergence.axis)
    weights = axis.runs.astype(float)
    window = emergence.end is not None
    fit = (window_fit if window else rising_fit if emergence.rising else falling_fit)(share, weights)
    axes.plot(values, fit, "--", color=BLUE, lw=1.4, label="isotonic fit", zorder=2)
    _draw_curves(axes, emergence, axis)
    axes.errorbar(
        values, share, np.stack([share - low, high - share]), fmt="o", color="black", ms=6, lw=1.2, capsize=3, zorder=4,
        label="share of runs, 95 %",
    )  # fmt: skip
    for value, passed, runs, at in zip(values, axis.passed, axis.runs, high, strict=True):
        axes.annotate(f"{passed}/{runs}", (value, at), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set(xlabel=emergence.axis, ylabel=f"share within {emergence.within} {word}", ylim=(-0.04, 1.12))
    if emergence.logarithmic:
        plain_log(axes, values)
    title(axes, emergence.ability, f"share of runs by {emergence.axis}")
    legend(axes, 3)
    return figure


def survival_figure(
    passages: pl.DataFrame, axis: str | None = None, ax: Axes | None = None, word: str = "steps"
) -> Figure:
    """Draw the share of runs that have passed against steps: one line for each value of an axis, by Kaplan and Meier.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs. With one line only, its 95 %
    interval is shaded. A line that does not reach 1 at the right has runs that did not pass.

    Args:
        passages: The frame of ``first_passages``, of one kind.
        axis: The label whose values get lines; all other settings must be alike. None if all settings are.
        ax: Axes of your own.
        word: What the steps of the passages are.

    Raises:
        ValueError: ``emergence`` raises it for the same passages.
    """
    check_axis(passages, axis or "steps")
    figure, (axes,) = canvas(1, ax=ax)
    horizon = within(passages)
    groups = [("all runs", passages)]
    if axis is not None:
        groups = [(f"{key[0]:g}", part) for key, part in sorted(passages.group_by(axis), key=lambda pair: pair[0])]
    first = float(passages["high"].drop_nulls().min() or horizon) / 1.5  # type: ignore[arg-type]
    every = len(groups)
    for k, ((name, part), colour) in enumerate(zip(groups, shades(every), strict=True)):
        times, passed = run_times(part, horizon)
        curve = survival(times, passed)
        steps = np.concatenate([[first], curve["steps"], [horizon]])
        gone = [1 - np.concatenate([[1.0], curve[word], curve[word][-1:] if len(curve) else [1.0]])
                for word in ("survival", "low", "high")]  # fmt: skip
        label = f"{name}: {passed.sum()} of {len(part)}"
        axes.step(
            steps, gone[0], where="post", color=colour, lw=1.8, ls=LINES[k % len(LINES)], label=label, ms=6,
            mec="white", mew=0.7, marker=MARKERS[k % len(MARKERS)], markevery=(1, max(len(steps) // 4, 1)),
        )  # fmt: skip
        if every == 1:
            axes.fill_between(
                steps, gone[2], gone[1], step="post", color=colour, alpha=0.15, lw=0, label="95 % interval"
            )
    axes.axhline(0.5, color="0.6", lw=1, zorder=1)
    scale = "log" if horizon >= 10 * first else "linear"  # less than a decade has hardly a tick
    axes.set(xscale=scale, xlabel=word, ylabel="share of runs that have passed", ylim=(-0.04, 1.06))
    axes.set_xlim(first, horizon)
    axes.xaxis.set_minor_formatter(NullFormatter())
    title(axes, "first passages", f"runs by {axis}" if axis else f"{len(passages)} runs")
    legend(axes, 3, title=f"{axis}: runs that passed" if axis else None)
    return figure


def region_figure(regions: pl.DataFrame, ax: Axes | None = None) -> Figure:
    """Draw the map of regions: each cell has the colour of its most frequent region, and its counts as letters.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs. ``G8 M1`` are eight runs that grok
    and one that memorises.

    Args:
        regions: The frame of ``region_map``; its first two columns are the axes.
        ax: Axes of your own.
    """
    x, y = regions.columns[:2]
    across, up = (regions[name].unique().sort().to_list() for name in (x, y))
    figure, (axes,) = canvas(1, ax=ax)
    for row in regions.iter_rows(named=True):
        counts = {name: row[name] for name in REGIONS if row[name]}
        most = max(counts, key=lambda name: counts[name])
        place = across.index(row[x]), up.index(row[y])
        axes.add_patch(_cell(place, COLOURS[most]))
        words = " ".join(f"{SHORT[name]}{counts[name]}" for name in sorted(counts, key=lambda name: -counts[name]))
        axes.annotate(words, place, ha="center", va="center", fontsize=9, color=INKS[most])
    for name in REGIONS:
        axes.scatter([], [], s=90, marker="s", color=COLOURS[name], edgecolors="0.5", label=f"{SHORT[name]}: {name}")
    axes.set_xticks(range(len(across)), [f"{value:g}" for value in across])
    axes.set_yticks(range(len(up)), [f"{value:g}" for value in up])
    axes.set(xlim=(-0.5, len(across) - 0.5), ylim=(-0.5, len(up) - 0.5), xlabel=x, ylabel=y)
    axes.grid(visible=False)
    title(axes, f"{y} against {x}", "number of runs in each region")
    legend(axes, 2)
    return figure


def _draw_curves(axes: Axes, emergence: Emergence, axis: Axis) -> None:
    """Draw the S-shaped curve of each half-point over the values that it was fitted to."""
    parts = [(slice(None), emergence.rising)]
    if emergence.end is not None:
        parts = [(part, k == 0) for k, part in enumerate(window_parts(axis))]
    for part, rising in parts:
        x = axis.x[part]
        sign = 1 if rising else -1
        half = half_point(*((sign * x)[::sign], axis.passed[part][::sign], axis.runs[part][::sign]))
        fine = np.linspace(x[0], x[-1], 200)
        curve = share_curve(sign * fine, half.value, half.width)
        label = "S-shaped curve" if part.start is None else ""
        axes.plot(np.exp(fine) if axis.logarithmic else fine, curve, color=FOUND, lw=1.4, label=label, zorder=3)


def _cell(place: tuple[int, int], colour: str) -> Rectangle:
    return Rectangle((place[0] - 0.5, place[1] - 0.5), 1, 1, facecolor=colour, edgecolor="white", lw=1.5)
