"""Figures of a predictor on a recording: its error among those of the sizes, by size and over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ..._core.text import printable
from .._reports.style import BLUE, MARKERS, ORANGE, canvas, legend, shades, shown_sizes, title
from .comparison import ALIKE
from .figures import plain_ticks
from .recording_score import RecordingScore

OWN = ORANGE
VERDICTS: dict[str, tuple[str, str]] = {"better": ("v", BLUE), "alike": ("o", "0.45"), "worse": ("^", ORANGE)}
LARGEST = 50.0  # of a ratio that is drawn


def beside_sizes_figure(score: RecordingScore) -> Figure:
    """Draw the error by size with the line of the predictor, and below the predictor's error in units of each size's.

    Raises:
        ValueError: Too few samples were compared: there is nothing to draw.
    """
    if score.comparison is None:
        raise ValueError("too few samples were compared: there is nothing to draw.")
    found, word = score.comparison, score.comparison.size_label
    figure, (above, below) = canvas(1, below=True)
    sizes, error = found.sizes["size"].to_numpy(), found.sizes["error"].to_numpy()
    above.plot(sizes, error, "o-", color=BLUE, ms=5, lw=1.2, label=f"each {word}, learned online")
    above.axhline(found.error, color=OWN, lw=2, ls="--", label=printable(score.short_name))
    if found.as_good_as is not None:
        above.axvline(found.as_good_as, color=OWN, lw=1, alpha=0.6)
    above.set(yscale="log", ylabel="mean squared error")
    title(above, score.source, found.standing)
    legend(above, 2)
    for verdict, (marker, colour) in VERDICTS.items():
        part = found.sizes.filter(pl.col("verdict") == verdict)
        if part.height:
            ratio, low, high = (
                np.clip(part[name].to_numpy(), 1 / LARGEST, LARGEST) for name in ("ratio", "low", "high")
            )
            spread: Any = np.maximum([ratio - low, high - ratio], 0)
            below.errorbar(
                part["size"], ratio, spread, fmt=marker, color=colour, ms=5, lw=1.2, label=f"it is {verdict}"
            )
    below.axhspan(1 - ALIKE, 1 + ALIKE, color="0.88", lw=0)
    below.axhline(1, color="0.2", lw=1)
    below.set(yscale="log", xlabel=word, ylabel="its error / the size's")
    legend(below, 3, -0.28)
    for axes in (above, below):
        plain_ticks(axes.yaxis)
    return figure


def beside_growth_figure(score: RecordingScore) -> Figure:
    """Draw the mean squared error over time of some sizes and of the predictor."""
    figure, (axes,) = canvas(1)
    curves = _half_octaves(score.curves)
    tried = curves["size"].drop_nulls().unique().sort().to_list()
    shown = shown_sizes(tried, None if score.comparison is None else score.comparison.use)
    for k, (size, colour) in enumerate(zip(shown, shades(len(shown)), strict=True)):
        part = curves.filter(pl.col("size") == size)
        marks: dict[str, Any] = dict(marker=MARKERS[k % len(MARKERS)], markevery=(k % 3, 3), ms=5)
        axes.plot(part["stop"], part["error"], color=colour, lw=1.2, label=str(size), **marks)
    own = curves.filter(pl.col("size").is_null())
    axes.plot(own["stop"], own["error"], color=OWN, lw=2.4, ls="--", label=printable(score.short_name, 24))
    axes.set(xscale="log", yscale="log", xlabel="samples so far", ylabel="mean squared error")
    late = curves.filter(pl.col("stop") > pl.col("stop").max().clip(0, 128) // 2)["error"]
    late = late.filter(late.is_finite() & (late > 0))
    if late.len():
        axes.set_ylim(float(late.min()) / 1.5, float(late.max()) * 1.5)  # type: ignore[arg-type]
    plain_ticks(axes.yaxis)
    title(axes, score.source, "mean squared error as the recording grows longer")
    legend(axes, 4, title="size")
    return figure


def _half_octaves(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the mean over half octaves, because the error of a single run is too rough to read."""
    known = curves.filter(pl.col("error").is_finite()).with_columns(
        half=(2 * (pl.col("last") + 1).log(2.0)).floor(), samples=pl.col("last") - pl.col("first") + 1
    )
    mean = (pl.col("error") * pl.col("samples")).sum() / pl.col("samples").sum()
    return known.group_by("size", "half").agg(error=mean, stop=pl.col("last").max() + 1).sort("size", "half")
