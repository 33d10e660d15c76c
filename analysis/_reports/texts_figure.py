"""The figure of learning from texts: what each stream has taught by each text."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._emergence.emerged_texts import EmergedTexts
from .style import EXPECTED, canvas, legend, shades, title

MOST_VALUES = 8


def texts_figure(emerged: EmergedTexts, ax: Axes | None = None) -> Figure:
    """Draw the share of the concepts that each stream has taught against the texts, up to its passage.

    On ``ax``, axes of your own, the figure returned is theirs.
    """
    figure, (axes,) = canvas(1, ax=ax)
    settings = emerged.settings
    values = settings["values"]
    if len(values) > MOST_VALUES:
        values = [values[i] for i in np.unique(np.linspace(0, len(values) - 1, MOST_VALUES).round().astype(int))]
    for slots, colour in zip(values, shades(len(values)), strict=True):
        for k, (_, run) in enumerate(emerged.curves.filter(slots=slots).group_by("run", maintain_order=True)):
            ended = emerged.passages.filter(run=run["run"][0])
            x, y = run["texts"].to_list(), run["learned"].to_list()
            if (text := ended["high"][0]) is not None and text > x[-1]:
                x, y = [*x, text], [*y, y[-1]]
            axes.plot(x, y, color=colour, lw=0.9, alpha=0.8, label="" if k else f"{slots} slots")
    axes.axhline(settings["level"], color="0.5", lw=0.8)
    if emerged.emergence.exact is not None and settings["along"] == "texts":
        axes.axvline(emerged.emergence.exact, color=EXPECTED, lw=1.6, ls=":", label="theory, many concepts")
    furthest = pl.concat([emerged.curves["texts"], emerged.passages["high"].drop_nulls()]).max()
    axes.set(xlabel="texts", ylabel="share of the concepts learned", ylim=(-0.03, 1.03), xlim=(0, furthest))
    title(axes, settings["task"], "concepts learned")
    legend(axes, 3)
    return figure
