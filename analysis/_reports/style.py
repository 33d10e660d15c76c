"""What all figures share: width, colours, markers, titles, legends."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..._core.files import atomic_path
from ..._core.text import printable
from .._location.location import Location

MOST_LINES = 9
WIDTH, HEIGHT = 5.8, 4.8  # inches
MARKERS = "os^DvP<X>"
ORANGE, BLUE = "#d55e00", "#0072b2"  # told apart by readers who do not see red or green
FOUND, EXPECTED, BEST = ORANGE, "0.25", BLUE  # threshold measured, threshold of theory, best size of a recording
VERDICTS = {"bounded": ("o", BLUE), "growing": ("^", ORANGE), "undecided": ("s", "0.45")}


def canvas(panels: int, below: bool = False, ax: Axes | None = None) -> tuple[Figure, list[Axes]]:
    """Return a figure and its panels from the top down; with ``below``, each has a lower panel of the same width.

    Where ``ax`` is given, that is the one panel, and its figure the figure.
    """
    if ax is not None:
        return ax.get_figure(root=True), [ax]  # type: ignore[return-value]
    height = HEIGHT * (1.2 if below else 1.0) * (panels if panels == 1 else 0.85 * panels)
    ratios = [5.0, 3.0] * panels if below else [1.0] * panels
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    column = figure.subplots(len(ratios), squeeze=False, gridspec_kw=dict(height_ratios=ratios))[:, 0]
    for axes in column:
        axes.grid(which="major", alpha=0.25)
    return figure, list(column)


def shades(count: int, first: float = 0.0, last: float = 0.85) -> NDArray[np.float64]:
    """Return colours ``(count, 4)`` from dark, 0, to light, 1; their order is readable in grey."""
    return np.asarray(matplotlib.colormaps["viridis"](np.linspace(first, last, count)))


def title(axes: Axes, subject: str, what: str) -> None:
    """Set the title of a panel, in lines of 60 characters. A name with $ is no formula."""
    text = textwrap.fill(f"{printable(subject, None)}: {what}", 60)
    axes.set_title(text, loc="left", fontsize=11, parse_math=False)


def legend(axes: Axes, columns: int, below: float = -0.16, title: str | None = None) -> None:
    """Put the legend below a panel, in columns."""
    axes.legend(fontsize=9, title=title, title_fontsize=9, ncols=columns, frameon=False, loc="upper center",
                bbox_to_anchor=(0.5, below))  # fmt: skip


def plain_log(axes: Axes, values: NDArray[np.float64]) -> None:
    """Set a log axis of x with the values tried as its ticks; a 1-2-5 ladder would leave short axes without any."""
    shown = values if len(values) <= 8 else values[:: -(-len(values) // 8)]
    axes.set_xscale("log")
    axes.set_xticks(shown, [f"{value:g}" for value in shown])
    axes.minorticks_off()


def shown_sizes(sizes: Sequence[int], critical: int | None) -> list[int]:
    """Choose the sizes to draw: all near the threshold, some of the others."""
    if len(sizes) <= MOST_LINES:
        return list(sizes)
    near = [size for size in sizes if size <= (critical or 0) + 2][-5:]
    far = [size for size in sizes if size not in near]
    spread = np.unique(np.round(np.geomspace(1, len(far), MOST_LINES - len(near))).astype(int)) - 1
    return sorted({*near, *(far[k] for k in spread)})


def error_label(location: Location) -> str:
    """Return the label of an axis of errors, with the unit."""
    return f"mean squared error ({location.settings['unit']})"


def size_axis_label(location: Location) -> str:
    """Return the label of an axis of sizes, with the unit."""
    word: str = location.settings["size_label"]
    return word + {"length": " (samples)", "block size": " (states)"}.get("length" if "length" in word else word, "")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=140, format="png", metadata={"Software": "ergoscope"})
