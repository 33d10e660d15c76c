"""The page of a sweep of tasks: how many networks of each cell learn and generalise, and the map of regions."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from ..._core.text import counted, spaced
from .._emergence.passages import first_passages
from .._emergence.regions import region_map
from .._emergence.shares import run_times, within
from .._emergence.survival import median_passage
from .._sweeps.task_reader import task_curves
from .emergence_figures import region_figure
from .html import DASH, facts, figure, number, table, words

LEVEL = 0.99  # share of right answers
CELL = ("task", "learner", "size", "rows", "decay")
MOST_MAPS = 12
METRICS = dict(learned="accuracy", generalises="exam accuracy")


def task_cells(folder: str | Path) -> pl.DataFrame:
    """Return one row for each cell of the grid of a sweep of tasks.

    The columns are ``task, learner, size, rows, decay``, ``runs``, ``learned`` and ``generalises``, the runs that
    answer 99 % of their own set and of the exam right, and stay there; ``median, median_low, median_high``, the step
    by which half of the runs generalise, with its 95 % interval, null where they do not; ``diverged``.

    Args:
        folder: The folder of a ``sweep`` of tasks, complete or not.

    Raises:
        ValueError: There is no point yet, or the folder is of a sweep of systems.
    """
    return _cells(task_curves(folder))


def _cells(curves: pl.DataFrame) -> pl.DataFrame:
    alike = curves.filter(pl.col("kind") == "all")
    own, exam = (first_passages(alike, metric, LEVEL, below=False) for metric in METRICS.values())
    learned = own.filter(~pl.col("censored")).partition_by(CELL, as_dict=True)
    rows: list[dict[str, Any]] = []
    for key, part in exam.partition_by(CELL, as_dict=True, maintain_order=True).items():
        times, passed = run_times(part, within(part))
        median = median_passage(times, passed)._asdict()
        rows.append(
            dict(zip(CELL, key, strict=True))
            | dict(runs=len(part), learned=len(learned.get(key, ())), generalises=int(passed.sum()))
            | dict(median=median["value"], median_low=median["low"], median_high=median["high"])
            | dict(diverged=int(part["diverged"].sum()))
        )
    ends = dict.fromkeys(("median", "median_low", "median_high"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=ends).sort(CELL)


def task_parts(record: dict[str, Any], folder: Path, most: int) -> str:
    """Return the facts, the table and the maps of a sweep of tasks as HTML, with at most ``most`` cells."""
    curves = task_curves(folder)
    cells = _cells(curves)
    points = math.prod(len(values) for values in record["grid"].values())
    body = facts(
        {
            "points done": f"{number(curves['run'].n_unique())} of {number(points)}",
            "updates of each": number(record["settings"]["steps"]),
        }
    )
    heads = [" task", " learner", "size", "rows", "decay", "runs", "learn their set", "generalise", " by step (median)"]
    rows = []
    for cell in cells.head(most).iter_rows(named=True):
        named = [words(cell["task"]), words(cell["learner"]), *(number(cell[word]) for word in ("size", "rows"))]
        counts = [number(cell[word]) for word in ("runs", "learned", "generalises")]
        rows.append([*named, f"{cell['decay']:g}", *counts, _median(cell)])
    cut = f": {most} of {spaced(len(cells))} cells" if len(cells) > most else ""
    body += "<section>\n<h2>Who learns and who generalises</h2>\n"
    body += table("Runs of each cell of the grid" + cut, heads, rows)
    lost = int(cells["diverged"].sum())
    note = (
        f"A run learns its set, or generalises, once it answers {LEVEL:.0%} of its set, or of the exam, right and "
        "stays there to its last step. In brackets: 95 % interval of the median. "
        f"{counted(lost, 'run')} diverged and count as not passed. Longer runs may move these numbers."
    )
    body += f'<p class="note">{words(note)}</p>\n</section>\n'
    maps = list(_maps(curves))
    if maps:
        body += "<section>\n<h2>Map of regions</h2>\n" + "".join(maps[:MOST_MAPS])
        more = f" {MOST_MAPS} of {len(maps)} maps are shown." if len(maps) > MOST_MAPS else ""
        rule = (
            "N: the training loss never falls below 1e-5; M: it does, and the loss on the exam does not; T: both do, "
            "and never lie far apart; G, grokking: the loss on the exam was once 50 000 times that of training or more."
        )
        body += f'<p class="note">{rule}{more}</p>\n</section>\n'
    return body


def _median(cell: dict[str, Any]) -> str:
    value, low, high = (number(cell[word]) for word in ("median", "median_low", "median_high"))
    return DASH if cell["median"] is None else f"{value} ({low} to {high})"


def _maps(curves: pl.DataFrame) -> Iterator[str]:
    """Yield a map over the first two axes with several values, for each setting of the others."""
    axes = [name for name in ("rows", "decay", "size") if curves[name].n_unique() > 1]
    if len(axes) < 2:
        return
    x, y, *others = axes
    fixed = ["task", "learner", *others]
    for key, part in sorted(curves.partition_by(fixed, as_dict=True).items()):
        named = dict(zip(fixed, key, strict=True))
        what = ", ".join([f"{named['learner']} on {named['task']}", *(f"{word} {named[word]}" for word in others)])
        drawn = io.BytesIO()
        region_figure(region_map(part, x, y)).savefig(drawn, format="png", dpi=110)
        yield figure(drawn.getvalue(), f"map of regions: {what}", what)
