"""The figures of discovery from gradients: the similarity of examples, and the sizes of clusters by rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .._discovery.envelope import Envelope
from .style import EXPECTED, FOUND, canvas, legend, shades, title

NAMED = 0.03  # share of the examples that a group has at least if its number stands at the axes


def similarity_figure(
    matrix: NDArray[np.floating[Any]],
    labels: Mapping[str, ArrayLike],
    order: str,
    groups: str | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Draw the similarity of all pairs of examples, sorted by labels.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs. The colours span the values of 98 %
    of the pairs.

    Args:
        matrix: Similarities ``(example, example)``, as in ``Discovery``.
        labels: Labels ``(example,)``, by name.
        order: Name of the labels that the examples are sorted by, such as task and pattern.
        groups: Name of coarser labels, such as tasks, between which lines are drawn; None: no lines.
        ax: Axes of your own.

    Raises:
        ValueError: There are no labels of such a name.
    """
    coarse = _labels(labels, groups or order)
    places = np.lexsort((_labels(labels, order), coarse))
    matrix = matrix[np.ix_(places, places)]
    figure, (axes,) = canvas(1, ax=ax)
    low, high = np.percentile(matrix[~np.eye(len(matrix), dtype=bool)], [1, 99])
    image = axes.imshow(matrix, cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
    figure.colorbar(image, ax=axes, label="angular similarity of gradients", extend="both", shrink=0.8)
    axes.grid(visible=False)
    if groups is None:
        axes.set(xticks=[], yticks=[], xlabel="example", ylabel="example")
    else:
        _mark_groups(axes, coarse[places], groups)
    title(axes, f"{len(matrix)} examples", f"sorted by {order}")
    return figure


def envelope_figure(law: Envelope, true: float | None = None, ax: Axes | None = None) -> Figure:
    """Draw the sizes of clusters by rank, one line for each number of clusters, their envelope and its slope.

    On ``ax``, axes of your own, it is drawn there; the figure returned is theirs.

    Args:
        law: The sizes, as in ``Discovery.envelope``.
        true: Slope that the frequencies have; it is drawn through the middle of the ranks of the fit.
        ax: Axes of your own.
    """
    figure, (axes,) = canvas(1, ax=ax)
    numbers = law.sizes["clusters"].unique().sort().to_list()
    for number, colour in zip(numbers, shades(len(numbers)), strict=True):
        part = law.sizes.filter(clusters=number)
        axes.plot(part["rank"], part["size"], color=colour, lw=1, alpha=0.8, label=f"{number} clusters")
    rank, size = law.curve["rank"].to_numpy(), law.curve["size"].to_numpy()
    axes.plot(rank, size, "o", color="black", ms=3.5, label="envelope", zorder=3)
    inside = (rank >= law.ranks[0]) & (rank <= law.ranks[1])
    middle = np.log(rank[inside]).mean(), np.log(size[inside]).mean()
    for slope, look, word in ((law.slope, (FOUND, "-"), "fit"), (true, (EXPECTED, "--"), "frequencies")):
        if slope is not None:
            line = np.exp(middle[1] + slope * (np.log(rank[inside]) - middle[0]))
            axes.plot(rank[inside], line, look[1], color=look[0], lw=2, label=f"{word}: slope {slope:.2f}", zorder=4)
    axes.set(xscale="log", yscale="log", xlabel="rank of the cluster", ylabel="size (examples)", ylim=(0.8, None))
    title(axes, "sizes of clusters", f"largest over {len(numbers)} numbers of clusters")
    legend(axes, 3)
    return figure


def _labels(labels: Mapping[str, ArrayLike], name: str) -> NDArray[np.int64]:
    if name not in labels:
        raise ValueError(f"expected the name of labels, one of {', '.join(labels)}; got {name!r}.")
    return np.asarray(labels[name])


def _mark_groups(axes: Axes, sorted_labels: NDArray[np.int64], name: str) -> None:
    """Draw a line between groups, and write the numbers of the groups at the axes, from 1."""
    edges = np.flatnonzero(np.diff(sorted_labels)) + 1
    for edge in edges:
        axes.axhline(edge - 0.5, color="white", lw=0.8)
        axes.axvline(edge - 0.5, color="white", lw=0.8)
    starts = np.concatenate([[0], edges, [len(sorted_labels)]])
    wide = np.diff(starts) >= NAMED * len(sorted_labels)
    middles = (starts[:-1] + starts[1:] - 1)[wide] / 2
    named = (sorted_labels[starts[:-1]][wide] + 1).tolist()
    axes.set_xticks(middles, named)
    axes.set_yticks(middles, named)
    axes.set(xlabel=name, ylabel=name)
