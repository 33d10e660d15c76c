"""The map of regions: what networks of a cell do, by the source's rule."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

LOW = 1e-5  # a loss that has been below it is low
APART = 5e4  # exam loss over training loss: grokking from here on

# The letters of the source, and what they stand for.
REGIONS = {"M": "memorise", "G": "grok", "T": "drop together", "N": "never low"}
COLOURS = {"M": "#f0b860", "G": "#7fb3e0", "T": "#b5deb0", "N": "#dddddd"}


def regions(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the region of each run: ``run``, its settings, and ``region``, one of the letters of ``REGIONS``.

        N  the least training loss is above 1e-5
        M  else: the least loss on the exam is above 1e-5
        T  else: the exam loss is never 5e4 times the training loss or more
        G  else

    Args:
        curves: As ``train_runs`` returns them.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR explorables, 2023 (its code).
    """
    labels = [name for name in curves.columns if name not in ("step", "metric", "kind", "value")]
    both = curves.filter(pl.col("metric").is_in(["loss", "exam loss"])).pivot(
        "metric", index=[*labels, "step"], values="value"
    )
    loss, exam = pl.col("loss"), pl.col("exam loss")
    return both.group_by("run", maintain_order=True).agg(
        *(pl.col(name).first() for name in labels if name != "run"),
        region=pl.when(loss.min() > LOW)
        .then(pl.lit("N"))
        .when(exam.min() > LOW)
        .then(pl.lit("M"))
        .when((exam / loss).max() < APART)
        .then(pl.lit("T"))
        .otherwise(pl.lit("G")),
    )


def counts_words(found: pl.DataFrame) -> str:
    """Return the regions of a cell in words, the most frequent first: ``G7 M2``."""
    counts = found["region"].value_counts(sort=True, name="runs").sort(["runs", "region"], descending=[True, False])
    return " ".join(f"{row['region']}{row['runs']}" for row in counts.iter_rows(named=True))


def map_figure(found: pl.DataFrame) -> Figure:
    """Draw the map of regions: a panel for each width, rows over decay; the colour is that of most networks."""
    sizes, rows, decays = (found[name].unique().sort().to_list() for name in ("size", "rows", "decay"))
    figure = Figure(figsize=(1.6 + 3.4 * len(sizes), 1.5 + 0.55 * len(rows)), layout="constrained")
    panels = figure.subplots(1, len(sizes), sharey=True, squeeze=False)[0]
    for axes, size in zip(panels, sizes, strict=True):
        for (many, decay), cell in found.filter(size=size).group_by("rows", "decay"):
            _cell(axes, decays.index(decay), rows.index(many), cell)
        axes.set_xticks(range(len(decays)), [f"{decay:g}" for decay in decays])
        axes.set(xlim=(-0.5, len(decays) - 0.5), ylim=(-0.5, len(rows) - 0.5), xlabel="weight decay")
        axes.set_yticks(range(len(rows)), [str(many) for many in rows])
        axes.set_title(f"width {size}", loc="left", fontsize=11)
    panels[0].set_ylabel("rows of the set")
    known = [Patch(color=colour, label=f"{letter}: {REGIONS[letter]}") for letter, colour in COLOURS.items()]
    panels[-1].legend(handles=known, fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def _cell(axes: Axes, x: int, y: int, cell: pl.DataFrame) -> None:
    words = counts_words(cell)
    axes.bar(x, 1, 1, y - 0.5, color=COLOURS[words[0]], edgecolor="white", linewidth=1)
    axes.text(x, y, words.replace(" ", "\n"), ha="center", va="center", fontsize=8, linespacing=0.95)
