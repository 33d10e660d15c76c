"""``locate_curves``: from a table of errors to verdicts, thresholds and exponents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ..._core.checks import check_seed
from ..._core.progress import Progress, no_progress
from ..._core.text import counted, spaced, versions
from ...simulator import Dialect
from .._growth.laws import growth_laws
from .._growth.summary import located
from .budgets import budget_table
from .growth import GROWS, Threshold, growth_threshold, size_laws, threshold_words
from .level import level_passages
from .located_curves import LocatedCurves
from .scaling_law import DRAWS, FEWEST_VALUES, ScalingLaw, scaling_law
from .table import ErrorTable, read_table
from .words import listed, place, short

MOST_LAW_ROWS = 5000  # of a joint law


def locate_curves(
    source: Any,
    *,
    size: str | None = None,
    along: str | None = None,
    error: str | None = None,
    run: str | None = None,
    where: Mapping[str, Any] | None = None,
    level: float | None = None,
    higher_is_better: bool = False,
    average: bool = False,
    law: bool = True,
    draws: int = DRAWS,
    seed: int = 0,
    dialect: Dialect | None = None,
    name: str | None = None,
    progress: Progress = no_progress,
) -> LocatedCurves:
    """Say what a table of errors shows: a sweep of language models, of forecasts, or curves that ergoscope has written.

    A row is the error of one run of one size at one place along an axis: steps, tokens, examples, time. The answer has

    * for each size the exponent of its error along the axis, with an interval over the runs, and what it does: grows,
      is bounded, falls, falls to a floor (``size_laws``); and from which size on it does not grow;
    * at each place along the axis the smallest size that no larger one is shown to beat, and the sizes that are not
      told apart from the best (``budget_table``);
    * with ``level`` where the runs pass it, and from which size on half of the runs do (``emergence``);
    * the joint law L(N, D) = E + A / N^alpha + B / D^beta with bootstrap intervals (``scaling_law``), if there are 3
      sizes and 3 places or more, every number is above 0, and no size grows.

    An interval over runs needs three runs of a size; a level four. With fewer the answer has the numbers and says that
    they have no interval. The bootstrap of the joint law draws runs, and each row is a run where no column names it.

    The curves that ``locate`` has written (``curves.parquet``) are known by their columns, and give the critical size,
    the growth laws and the sizes of least error and regret of the command. Those of ``emerge`` need the name of their
    axis, the metric and the level: ``size="rows", where={"metric": "exam accuracy"}, level=0.99,
    higher_is_better=True``.

    Args:
        source: A file that ``read_recording`` reads (CSV in any dialect, Parquet, Excel, ..), a data frame of polars or
            pandas, or a dict of columns. One row for each error; a row without one is left out and counted.
        size, along, error: Columns of numbers.
        run: Column that names the run: a seed, or a name. Rows of one run and size are one training run.
        where: Values of columns; all other rows are left out.
        level: A run passes it if its error is at or below it from some place on, up to the last one.
        higher_is_better: Whether the column is a score such as an accuracy: then the largest is best, and a run passes
            at or above the level.
        average: Whether several rows of one size, place and run are averaged; else they are refused.
        law: Whether to fit the joint law.
        draws: Bootstrap draws of the joint law.
        seed: Seed of the draws.
        dialect: How a file is written, if that is not to be found.
        name: Of the table in the answer.
        progress: Called with the draws done and the draws in all.

    Raises:
        ValueError: A column is missing, rows are repeated, the table is wide, or a number is none. The message says
            what to do.

    Examples:
        >>> table = dict(size=[1, 1, 1, 2, 2, 2], step=[1, 2, 4] * 2, loss=[1.0, 2.0, 4.0, 3.0, 3.0, 3.0])
        >>> locate_curves(table, size="size", along="step", error="loss").sizes["exponent"].round(3).to_list()
        [1.0, 0.0]
    """
    check_seed(seed)
    table = read_table(source, size, along, error, run, dict(where or {}), average, dialect)
    name = name or (table_name(source) if isinstance(source, (str, os.PathLike)) else "curves")
    size_name, along_name = str(table.names["size"]), str(table.names["along"])
    summary = None
    if table.kind == "locate":
        laws = growth_laws(table.raw, seed)
        summary = located(table.raw, seed)
        critical = summary.row(0, named=True)
        threshold = Threshold(critical["verdict"], critical["critical_size"], None)
    else:
        laws = size_laws(table.frame)
        threshold = growth_threshold(laws)
    budgets = budget_table(table.frame, higher_is_better)
    passed = None if level is None else level_passages(table, float(level), not higher_is_better, seed)
    no_law = _no_law(table, laws, law, higher_is_better)
    joint = None if no_law else _joint(table, draws, seed, progress)
    settings: dict[str, Any] = dict(
        columns=table.names, where=dict(where or {}), level=level, higher_is_better=higher_is_better
    )
    settings |= dict(average=average, law=law, draws=draws, seed=seed, rows=table.frame.height)
    settings |= dict(notes=list(table.notes), versions=versions())
    roles = size_name, along_name, str(table.names["error"])
    grows = threshold_words(threshold, laws, *roles) if summary is None else _locate_words(summary)
    parts = [_budget_words(budgets, *roles, higher_is_better)] if budgets.height else []
    parts += [] if passed is None else [passed.words(size_name, roles[2])]
    parts += [] if joint is None else [joint.sentence.rstrip(".")]
    if not (higher_is_better and parts):  # a score that rises does not grow for ever
        parts.insert(0 if threshold.verdict != "undecided" else len(parts), grows)  # what is known comes first
    parts.append(_holds(table, along_name))
    first, *others = parts
    words = " ".join(f"{part}." for part in (f"{name}: {first}", *(part[:1].upper() + part[1:] for part in others)))
    return LocatedCurves(
        name, laws, threshold, summary, budgets, passed, joint, no_law, table.frame, table.names, table.kind, words,
        settings,
    )  # fmt: skip


def table_name(source: str | os.PathLike[str]) -> str:
    """Return the name of a file of curves, or of its folder if it is called curves, as those of the commands are."""
    path = Path(source)
    return path.parent.name if path.stem == "curves" and path.parent.name else path.stem


def _no_law(table: ErrorTable, laws: pl.DataFrame, asked: bool, score: bool) -> str:
    """Return why there is no joint law; empty if there is one."""
    frame = table.frame
    if not asked:
        return "not asked for"
    if table.kind == "locate":
        return "a stream that is learned online has no set of data of its own"
    if score:
        return "a score does not fall to a floor"
    counts = frame["size"].n_unique(), frame["along"].n_unique()
    if min(counts) < FEWEST_VALUES or frame.height < 8:
        return f"it needs {FEWEST_VALUES} sizes, {FEWEST_VALUES} places along the axis and 8 rows"
    if (frame["size"] <= 0).any() or (frame["along"] <= 0).any() or (frame["error"] <= 0).any():
        return "it needs numbers above 0"
    if GROWS in laws["verdict"].to_list():
        return "the error of a size grows"
    return ""


def _joint(table: ErrorTable, draws: int, seed: int, progress: Progress) -> ScalingLaw:
    """Return the law of the rows; of very many rows every k-th place along the axis is taken."""
    frame = table.frame
    if frame.height > MOST_LAW_ROWS:
        places = frame["along"].unique().sort()
        frame = frame.filter(pl.col("along").is_in(places.gather_every(-(-frame.height // MOST_LAW_ROWS)).implode()))
    units = None
    if table.names["run"] is not None:
        units = frame.select(pl.struct("size", "run").rank("dense")).to_series().to_numpy()
    return scaling_law(frame["size"], frame["along"], frame["error"], units, draws=draws, seed=seed, progress=progress)


def _locate_words(summary: pl.DataFrame) -> str:
    """Return the sizes of ``located`` as a clause."""
    row = summary.row(0, named=True)
    if row["critical_size"] is not None:
        text = f"the critical size is {row['critical_size']}, with the 95 % interval {_ends(row['low'], row['high'])}"
    else:
        text = f"the critical size is {row['verdict']}: {row['reason'].rstrip('.')}"
    return f"{text}; the least error is that of {row['best_size']} ({_ends(row['best_low'], row['best_high'])} alike)"


def _ends(low: int | None, high: int | None) -> str:
    return f"{'..' if low is None else low} to {'..' if high is None else high}"


def _budget_words(budgets: pl.DataFrame, size: str, along: str, error: str, score: bool) -> str:
    """Return the comparison at the last place that most sizes share."""
    row = budgets.filter(pl.col("sizes") == budgets["sizes"].max()).tail(1).row(0, named=True)
    text = f"at {place(along, row['along'])}, of {row['sizes']} sizes"
    edge = ", the largest there," * row["at_edge"]
    best = f"the {'largest' if score else 'least'} {error} is that of"
    if row["alike"] is None:
        return f"{text}, {best} {size} {short(row['least'])}{edge or ','} without an interval"
    if len(row["alike"]) == 1:
        return f"{text}, {size} {short(row['least'])}{edge} is better than every other"
    text = f"{text}, no larger one is shown to beat {size} {short(row['size'])}"
    others = listed([value for value in row["alike"] if value != row["least"]])
    return f"{text}; {best} {short(row['least'])}{edge or ','} not told apart from {others}"


def _holds(table: ErrorTable, along: str) -> str:
    """Return what the answer holds for, and how little a few runs show."""
    frame = table.frame
    runs = frame.group_by("size").agg(pl.col("run").n_unique())["run"]
    few, many = int(runs.min()), int(runs.max())  # type: ignore[arg-type]
    sizes = counted(len(runs), "size")
    first, last = (short(end) for end in frame.select(low=pl.min("along"), high=pl.max("along")).row(0))
    each = counted(few, "run") if few == many else f"{few} to {many} runs"
    text = f"this holds for {sizes} of {each} each, {along} from {first} to {last}, {spaced(frame.height)} rows"
    if table.names["run"] is None:
        text += (
            "; no column names the run, so each row counts as a run of its own: intervals are too narrow if several "
        )
        text += "rows are of one training run"
    elif few < 3:
        text += "; fewer than three runs of a size have no interval"
    return text + "".join(f"; {note}" for note in table.notes)
