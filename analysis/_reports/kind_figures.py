"""The figures of a task of several kinds of examples: their losses, where each is learned, and how many are."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._emergence.emerged import Emerged
from .style import BLUE, FOUND, MARKERS, canvas, legend, plain_log, shades, title

MOST_KINDS = 11  # with a line of their own, beside that of the mean
LOSS = "exam loss"


def kind_losses_figure(
    curves: pl.DataFrame, along: str, subject: str, level: float | None = 0.1, ax: Axes | None = None
) -> Figure:
    """Draw the loss of each kind on the exam along an axis, the median over runs; thick is the mean over all kinds.

    Along the steps it is the loss on the way, along any other axis that at the last edge of each run. On ``ax``, axes
    of your own, it is drawn there; the figure returned is theirs.

    Args:
        curves: The curves of ``Emerged``, in nats.
        along: The axis: ``"steps"``, or a label of the runs.
        subject: What the title begins with.
        level: A line in bits; None: none.
        ax: Axes of your own.
    """
    figure, (axes,) = canvas(1, ax=ax)
    part = curves.filter(pl.col("metric") == LOSS)
    x = "step" if along == "steps" else along
    if along != "steps":
        part = part.filter(pl.col("step") == pl.col("step").max().over("run"))
    lines = part.group_by("kind", x, maintain_order=True).agg(value=pl.col("value").median() / np.log(2)).sort(x)
    kinds = [kind for kind in part["kind"].unique(maintain_order=True) if kind != "all"][:MOST_KINDS]
    for k, (kind, colour) in enumerate(zip(kinds, shades(len(kinds)), strict=True)):
        line = lines.filter(kind=kind)
        marker = "" if along == "steps" else MARKERS[k % len(MARKERS)]
        axes.plot(line[x], line["value"], color=colour, lw=1.2, marker=marker, ms=5, label=kind)
    mean = lines.filter(kind="all")
    axes.plot(mean[x], mean["value"], color="black", lw=2.8, label="mean")
    if level is not None:
        axes.axhline(level, color="0.6", lw=0.8)
    axes.set(xlabel="updates" if along == "steps" else along, ylabel="loss on the exam (bits)", ylim=(-0.03, None))
    if along == "steps":
        axes.set_xscale("symlog", linthresh=10, linscale=0.3)
        axes.set_xlim(0, float(lines[x].to_numpy().max()))
    elif lines[x].to_numpy().min() > 0:
        plain_log(axes, mean[x].to_numpy())
    title(axes, subject, "the loss of each kind, and the mean")
    legend(axes, 4)
    return figure


def kind_thresholds_figure(kinds: pl.DataFrame, along: str, subject: str, ax: Axes | None = None) -> Figure:
    """Draw from where on along an axis each kind is learned, with its 95 % interval, against its frequency.

    A kind of frequency 0, which is in no training set, is drawn a factor of ten left of the rarest other one. On
    ``ax``, axes of your own, it is drawn there; the figure returned is theirs.

    Args:
        kinds: The table ``Emerged.kinds``.
        along: The axis.
        subject: What the title begins with.
        ax: Axes of your own.
    """
    figure, (axes,) = canvas(1, ax=ax)
    shares = kinds["frequency"].to_numpy()
    never = bool((shares == 0).any())
    kinds = kinds.with_columns(frequency=np.where(shares > 0, shares, shares[shares > 0].min() / 10))
    found = kinds.filter(pl.col("value").is_not_null())
    value = found["value"].to_numpy()
    ends = [np.abs(found[word].fill_null(found["value"]).to_numpy() - value) for word in ("low", "high")]
    axes.errorbar(
        found["frequency"], value, np.stack(ends), fmt="o", color=FOUND, ms=6, lw=1.2, capsize=3,
        label="half of the runs learn it, 95 %",
    )  # fmt: skip
    places = axes.get_xaxis_transform()  # across by frequency, up by the part of the panel
    undecided = pl.col("value").is_null() & (pl.col("verdict") == "undecided") & ~pl.col("everywhere")
    for part, height, marker, words in (
        (pl.col("verdict") == "above", 0.97, "^", "at no value tried"),
        (undecided, 0.9, "x", "undecided"),
        (pl.col("value").is_null() & pl.col("everywhere"), 0.03, "v", "at every value tried"),
    ):
        others = kinds.filter(part)["frequency"]
        if len(others):
            heights = np.full(len(others), height)
            axes.plot(others, heights, marker, color=BLUE, ms=5, mfc="none", transform=places, label=words)
    axes.set_xlim(kinds["frequency"].to_numpy().min() / 1.3, kinds["frequency"].to_numpy().max() * 1.3)
    if len(value):
        axes.set_ylim(value.min() / 2.5, value.max() * 2.5)
    else:
        axes.set_yticks([])
    frequency = "frequency of the kind" + ", leftmost: in no training set" * never
    scale = "log" if len(value) else "linear"  # no kind has a place: nothing to scale
    axes.set(xscale="log", yscale=scale, xlabel=frequency, ylabel=f"{along} from which on it is learned")
    title(axes, subject, f"from which {along} on each kind is learned")
    legend(axes, 1)
    return figure


def learned_figure(emerged: Emerged, ax: Axes | None = None) -> Figure:
    """Draw how many kinds the runs have learned along the axis: each run a point, or a line, and their median.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs.
    """
    figure, (axes,) = canvas(1, ax=ax)
    along = emerged.settings["along"]
    if along == "steps":
        for _, run in emerged.passages.group_by("run", maintain_order=True):
            times = np.sort(run["high"].drop_nulls().to_numpy())
            count = np.arange(len(times) + 1)
            axes.step([*times, emerged.settings["steps"]], count, where="pre", color=BLUE, lw=1.2, alpha=0.7)
        axes.set(xscale="log", xlabel="updates")
    else:
        learned = emerged.learned
        median = learned.group_by(along).agg(pl.col("learned").median()).sort(along)
        axes.plot(learned[along], learned["learned"], "o", color=BLUE, ms=5, alpha=0.5, label="one run")
        axes.plot(median[along], median["learned"], "-", color=FOUND, lw=1.6, label="median")
        axes.set(xlabel=along)
        if learned[along].to_numpy().min() > 0:
            plain_log(axes, median[along].to_numpy())
        legend(axes, 2)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(ylabel=f"kinds learned, of {len(emerged.emergences)}", ylim=(-0.3, None))
    title(axes, emerged.settings["task"].partition(":")[0], f"kinds learned along {along}")
    return figure
