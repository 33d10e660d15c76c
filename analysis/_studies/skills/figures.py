"""The figures of the study of skills, each drawn from its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..._exact.compute_split import CHINCHILLA, as_language_model, split_limit
from ..._exact.giant_component import giant_component
from ..._reports.style import BLUE, ORANGE, legend, shades
from .peeling_study import MEAN

Tables = Mapping[str, pl.DataFrame]
LINKS = "exact"  # the law of links that is drawn


def curves_figure(tables: Tables) -> Figure | None:
    """Draw the share that streams learn against the load, and how many have learned half over (T / R - c*) sqrt(R)."""
    figure = Figure(figsize=(11.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    curves, passages = tables["curves"], tables["passages"]
    sizes = curves["concepts"].unique().sort().to_list()
    for size, colour in zip(sizes, shades(len(sizes)), strict=True):
        for k, (_, one) in enumerate(curves.filter(concepts=size).group_by("seed", maintain_order=True)):
            label = "" if k else f"R = {size}"
            left.plot(one["load"], one["learned"], color=colour, lw=0.9, alpha=0.8, label=label)
    exact = curves.unique("load").sort("load")
    left.plot(exact["load"], exact["exact"], "--", color=ORANGE, lw=2, label="density evolution, many concepts")
    left.set(xlabel="texts for each concept, T / R", ylabel="share of the concepts learned")
    jump = tables["thresholds"].filter(mean=MEAN).row(0, named=True)
    sizes = passages["concepts"].unique().sort().to_list()
    for size, colour in zip(sizes, shades(len(sizes)), strict=True):
        loads = passages.filter(concepts=size)["load"].sort().to_numpy()
        share = np.arange(1, len(loads) + 1) / len(loads)
        scaled = (loads - jump["load"]) * np.sqrt(size)
        right.step(scaled, share, where="post", color=colour, lw=1.6, label=f"R = {size}")
    x = np.linspace(-40, 60, 401)
    for column, word, colour, style in (
        ("spread", "exact width", ORANGE, "--"),
        ("published", "published signs", "0.45", ":"),
    ):
        right.plot(x, ndtr(x / jump[column]), style, color=colour, lw=2, label=f"{word}, {jump[column]:.1f}")
    right.set(
        xlabel="(T / R - threshold) sqrt(R)", ylabel="share of the streams that have learned half", xlim=(-40, 60)
    )
    for axes in (left, right):
        axes.grid(which="major", alpha=0.25)
        legend(axes, 3)
    return figure


def split_figure(tables: Tables) -> Figure | None:
    """Draw R* and T* against the budget, and both as parameters and tokens beside the marker of Chinchilla."""
    figure = Figure(figsize=(11.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    best = tables["split"].filter(signs="derived")
    limit = split_limit(MEAN)
    root = np.sqrt(best["compute"].to_numpy())
    for column, value, word, colour in (
        ("texts", 1 / limit, "texts T*", ORANGE),
        ("concepts", limit, "concepts R*", BLUE),
    ):
        left.plot(best["compute"], best[column], color=colour, lw=2, label=f"{word}, best split")
        left.plot(best["compute"], value * root, ":", color="black", lw=1.2, label=f"{word} = {value:.3f} sqrt(C)")
    left.set(xscale="log", yscale="log", xlabel="budget C = R T", ylabel="number")
    for column, word, colour in (("tokens", "tokens", ORANGE), ("parameters", "parameters", BLUE)):
        right.plot(best["flops"], best[column], color=colour, lw=2, label=f"{word}, best split")
        at = getattr(CHINCHILLA, column)
        right.plot(CHINCHILLA.flops, at, "*", color=colour, mec="black", ms=14, label=f"Chinchilla, {word}")
    right.set(xscale="log", yscale="log", xlabel="floating-point operations, 6 N D", ylabel="number")
    for axes in (left, right):
        _finish(axes)
    return figure


def giant_figure(tables: Tables) -> Figure | None:
    """Draw the share of the largest component of sampled graphs beside the exact one."""
    figure = Figure(figsize=(5.8, 4.2), layout="constrained")
    axes = figure.subplots()
    degrees, found = np.linspace(0, 4, 401), tables["giant"]
    axes.plot(degrees, giant_component(degrees), color=ORANGE, lw=2, label="exact, many nodes")
    label = f"sampled, {found['nodes'][0]} nodes, mean of {found['graphs'][0]}"
    axes.plot(found["degree"], found["share"], "o", color=BLUE, ms=7, label=label)
    axes.set(xlabel="mean degree", ylabel="share of the nodes in the largest component")
    _finish(axes)
    return figure


def levels_figure(tables: Tables) -> Figure | None:
    """Draw how the skills of each tenth level are acquired with the budget."""
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    axes = figure.subplots()
    acquired = tables["acquired"].filter(links=LINKS)
    levels = acquired["level"].unique().sort().to_list()
    for level, colour in zip(levels, shades(len(levels)), strict=True):
        one = acquired.filter(level=level)
        axes.plot(one["compute"], one["acquired"], color=colour, lw=1.8, label=f"level {level}")
    axes.set(xscale="log", xlabel="budget C = R T", ylabel="share of the skills acquired")
    axes.grid(which="major", alpha=0.25)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def plateaus_figure(tables: Tables) -> Figure | None:
    """Draw the accuracy of tasks of one level and of several against the budget, and mark the plateaus."""
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    axes = figure.subplots()
    accuracy = tables["accuracy"].filter(links=LINKS)
    for tasks, words, colour, style in (
        ("one", "tasks of one level", "0.35", "--"),
        ("several", "tasks of several levels", BLUE, "-"),
    ):
        one = accuracy.filter(tasks=tasks)
        axes.plot(one["compute"], one["accuracy"], style, color=colour, lw=2, label=words)
    for k, row in enumerate(tables["plateaus"].filter(links=LINKS).iter_rows(named=True)):
        label = "" if k else "plateau"
        axes.plot([row["first"], row["last"]], [row["height"]] * 2, color=ORANGE, lw=6, alpha=0.5, label=label)
        middle = np.sqrt(row["first"] * row["last"]), row["height"]
        words = f"{row['height']:.2f}, {row['decades']:.2f} decades"
        axes.annotate(words, middle, (0, -14), textcoords="offset points", ha="center", fontsize=9)
    axes.set(xscale="log", xlabel="budget C = R T", ylabel="share of the tasks solved", ylim=(-0.03, 1.05))
    _finish(axes)
    top = axes.secondary_xaxis("top", functions=(_parameters, _budget))
    top.set_xlabel("parameters of a language model, at R = .47 sqrt(C)")
    return figure


def _parameters(compute: ArrayLike) -> NDArray[np.float64]:
    concepts = split_limit(MEAN) * np.sqrt(np.maximum(compute, 0.0))
    return np.asarray(as_language_model(concepts, concepts).parameters)


def _budget(parameters: ArrayLike) -> NDArray[np.float64]:
    return np.square(np.asarray(parameters, float) / _parameters(1.0))


def _finish(axes: Axes) -> None:
    axes.grid(which="major", alpha=0.25)
    axes.legend(fontsize=8, frameon=False, loc="upper left")


SKILLS_FIGURES: dict[str, Callable[[Tables], Figure | None]] = {
    "curves": curves_figure,
    "split": split_figure,
    "giant": giant_figure,
    "levels": levels_figure,
    "plateaus": plateaus_figure,
}
