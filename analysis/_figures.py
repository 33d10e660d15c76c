"""Figures of a location: error against the horizon, error against the size. Written as PNG.

Colours: the sizes run through a map that is readable in grey; what stops growing is drawn thick, the threshold marked.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..simulator import LinearSystem
from ._curves import curve_array
from ._errors import best_errors
from ._growth import FEWEST_GROUPS
from ._kalman import innovation_covariances
from ._location import SIZE_WORDS, Location, spaced

MOST_LINES = 9
SIZE = (8.0, 5.0)


def growth_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error against the horizon, one line a size; where the system is known, exact theory beside it.

    Dotted: the exact error of the best filter of that length (ladder only). Dashed: the Kalman predictor.
    """
    horizon, sizes, values = curve_array(location.curves)
    mean = _mean(values)
    if values.shape[2] < FEWEST_GROUPS:
        horizon, mean = _half_octaves(horizon, mean)
    figure, axes = _canvas()
    shown = _shown(sizes, location.critical_size)
    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.9, len(shown)))
    times = np.unique(np.geomspace(2, location.horizon, 60).astype(int))
    exact = (
        best_errors(system, shown, times)
        if system is not None and location.rungs.height and _is_ladder(location)
        else None
    )
    for k, (size, colour) in enumerate(zip(shown, colours, strict=True)):
        critical = size == location.critical_size
        label = f"{size}" + (" (critical)" if critical else "")
        axes.plot(
            horizon,
            mean[:, sizes.index(size)],
            color=colour,
            lw=3.0 if critical else 1.4,
            label=label,
            zorder=3 + critical,
        )
        if exact is not None:
            axes.plot(times, exact[:, k], ":", color=colour, lw=1.2, zorder=2)
    if system is not None:
        oracle = np.trace(innovation_covariances(system, times), axis1=1, axis2=2)
        axes.plot(times, oracle, "--", color="0.2", lw=1.2, label="Kalman", zorder=2)
    axes.set(xscale="log", yscale="log", xlabel="horizon t (samples)", ylabel=_error_label(location))
    axes.set_xlim(left=min(5.0, location.horizon / 20))
    _limit(axes, mean[horizon > 16])
    word = SIZE_WORDS.get(location.settings["learner"], "size")
    note = "  (dotted: exact theory of the best filter)" if exact is not None else ""
    axes.set_title(f"{location.system}: error growth by {word}{note}", loc="left", fontsize=11)
    axes.legend(title=word, fontsize=8, title_fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    if location.trust_horizon is not None and location.trust_horizon <= 2 * location.horizon:
        axes.axvline(location.trust_horizon, color="0.6", lw=1)
        axes.annotate("rounding reaches the noise", (location.trust_horizon, axes.get_ylim()[1]), fontsize=8,
        rotation=90,
                      ha="right", va="top", color="0.4")  # fmt: skip
    return figure


def size_figure(location: Location, system: LinearSystem | None = None) -> Figure:
    """Draw the error against the size at three horizons, the critical size marked; crosses are exact theory."""
    figure, axes = _canvas()
    sizes = location.rungs["size"].to_numpy()
    errors = np.array(location.rungs["errors"].to_list(), dtype=float)
    colours = matplotlib.colormaps["viridis"](np.linspace(0.75, 0.0, len(location.horizons)))
    for k, (horizon, colour) in enumerate(zip(location.horizons, colours, strict=True)):
        axes.plot(sizes, errors[:, k], "o-", color=colour, ms=4, lw=1.4, label=f"t = {spaced(horizon)}")
        if system is not None and _is_ladder(location):
            stretch = np.unique(np.linspace(horizon / np.sqrt(2), horizon, 8).astype(int))
            exact = best_errors(system, sizes.tolist(), stretch).mean(axis=0)
            axes.plot(
                sizes, exact, "x", color=colour, ms=7, label="exact, best filter" if k == len(colours) - 1 else None
            )
    if location.critical_size is not None:
        axes.axvline(location.critical_size, color="#d55e00", lw=6, alpha=0.25, zorder=0)
        axes.annotate(f"critical size {location.critical_size}", (location.critical_size, 0.97), rotation=90,
        fontsize=9,
                      xycoords=("data", "axes fraction"), ha="right", va="top", color="#a04000")  # fmt: skip
    elif location.best is not None:
        axes.axvline(location.best.size, color="#0072b2", lw=6, alpha=0.2, zorder=0)
        axes.annotate(f"best here {location.best.size}", (location.best.size, 0.97), rotation=90, fontsize=9,
                      xycoords=("data", "axes fraction"), ha="right", va="top", color="#004c7a")  # fmt: skip
    word = SIZE_WORDS.get(location.settings["learner"], "size")
    axes.set(yscale="log", xlabel=word, ylabel=_error_label(location))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_title(f"{location.system}: error by {word}", loc="left", fontsize=11)
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return figure


def figure_1_figure(table: pl.DataFrame) -> Figure:
    """Draw the paper's Figure 1: log(1 + risk) against k, one line a horizon, one panel a system; crosses are exact."""
    systems = table["system"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    for axes, system in zip(figure.subplots(1, len(systems), squeeze=False)[0], systems, strict=True):
        part = table.filter(pl.col("system") == system)
        horizons = part["horizon"].unique().sort().to_list()
        for horizon, colour in zip(
            horizons, matplotlib.colormaps["viridis"](np.linspace(0.85, 0.0, len(horizons))), strict=True
        ):
            row = part.filter(pl.col("horizon") == horizon).sort("size")
            axes.plot(row["size"], row["measured"], "o-", ms=4, lw=1.4, color=colour, label=f"T = {horizon}")
            axes.plot(row["size"], row["exact"], "x", ms=7, color=colour)
        axes.axvline(4, color="#d55e00", lw=6, alpha=0.25, zorder=0)
        axes.set_title(f"{system}", loc="left", fontsize=11)
        axes.set(xlabel="k (the top-left k x k block is fitted)", ylabel="log(1 + mean squared prediction error)")
        axes.grid(alpha=0.2)
    axes.legend(fontsize=8, frameon=False, title="circles measured\ncrosses exact", title_fontsize=8)
    return figure


def _canvas() -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.grid(which="major", alpha=0.2)
    return figure, axes


def _mean(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.nanmean(values, axis=2))


def _half_octaves(
    horizon: NDArray[np.float64], mean: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
    """Average over half octaves: the error of a single run is too rough to read otherwise."""
    half = np.floor(2 * np.log2(horizon)).astype(int)
    starts = np.unique(half, return_index=True)[1]
    counts = np.diff(np.append(starts, len(half)))
    return np.exp(np.add.reduceat(np.log(horizon), starts) / counts), np.add.reduceat(mean, starts) / counts[:, None]


def _shown(sizes: Sequence[int], critical: int | None) -> list[int]:
    """Choose the sizes to draw: all around the threshold, the rest thinned out."""
    if len(sizes) <= MOST_LINES:
        return list(sizes)
    near = [size for size in sizes if size <= (critical or 0) + 2][-5:]
    far = [size for size in sizes if size not in near]
    spread = np.unique(np.round(np.geomspace(1, len(far), MOST_LINES - len(near))).astype(int)) - 1
    return sorted({*near, *(far[k] for k in spread)})


def _is_ladder(location: Location) -> bool:
    return bool(location.settings["learner"] == "ladder")


def _error_label(location: Location) -> str:
    unit = " (squared unit of the output)" if location.theory is None else ""
    return f"mean squared prediction error{unit}"


def _limit(axes: Axes, values: NDArray[np.floating]) -> None:
    """Keep the first samples, where nothing is learned yet, from stretching the axis."""
    finite = values[np.isfinite(values) & (values > 0)]
    if finite.size:
        axes.set_ylim(finite.min() / 2, finite.max() * 2)
