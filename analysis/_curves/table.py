"""A table of errors that somebody else measured: its columns by name, checked, as one tidy frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ..._core.text import counted, did_you_mean, spaced
from ...simulator import Dialect
from ...simulator._recordings.columns import refuse_unknown
from ...simulator._recordings.formats.open_file import open_file
from ...simulator._recordings.frames import column_of, frame_of, is_frame
from ...simulator._recordings.opened import Opened, of_frame
from ...simulator._recordings.tables import find_files, table_of
from .._emergence.passages import CURVE
from .._growth.curves import SCHEMA

ROLES = ("size", "along", "error")
USUAL = {
    "locate": dict(size="size", along="horizon", error="value", run="group"),
    "emerge": dict(along="step", error="value", run="run"),
}  # columns of the tables that the commands write
MOST_ROWS = 5_000_000


class ErrorTable(NamedTuple):
    """One row for each size, place along the axis and run.

    Attributes:
        frame: ``size, along, run, error``, sorted; a missing error has no row. ``run`` is text.
        raw: The rows of the table with all its columns as they are; empty for text files.
        names: Name of the column of each role; ``run`` is None where there is none.
        kind: ``"locate"`` or ``"emerge"`` if the table is one that the command has written; else empty.
        notes: What was done with the rows, as clauses.
    """

    frame: pl.DataFrame
    raw: pl.DataFrame
    names: dict[str, str | None]
    kind: str
    notes: tuple[str, ...]


def read_table(
    source: Any,
    size: str | None,
    along: str | None,
    error: str | None,
    run: str | None,
    where: Mapping[str, Any],
    average: bool,
    dialect: Dialect | None,
) -> ErrorTable:
    """Return the table of a file, a frame or a dict of columns; the arguments are those of ``locate_curves``."""
    label, opened = _opened(source, dialect)
    kind = _kind(opened.names)
    usual = USUAL.get(kind, {})
    given = dict(size=size, along=along, error=error)
    names = {role: given[role] or usual.get(role) for role in ROLES}
    lacking = [role for role, name in names.items() if name is None]
    if lacking:
        raise ValueError(
            f"{label}: which columns hold the {', the '.join(lacking)}? Name them, such as size='params', "
            f"along='tokens', error='loss' (--size, --along, --error); there are {', '.join(opened.names)}."
        )
    run = run or usual.get("run")
    columns = [str(name) for name in names.values()]
    _refuse_wide(label, columns, opened)
    refuse_unknown(label, [*columns, *([run] if run else []), *where], opened.names)
    if len({*columns, *([run] if run else [])}) < len(columns) + bool(run):
        raise ValueError(f"{label}: size, along, error and run must be different columns, got {', '.join(columns)}.")
    wanted = list(dict.fromkeys([*columns, *([run] if run else []), *where]))
    whole, rows = opened.read(wanted if not kind else opened.names, columns)
    if whole.height > MOST_ROWS:
        raise ValueError(f"{label}: at most {spaced(MOST_ROWS)} rows are taken, got {spaced(whole.height)}: thin them.")
    kept = _chosen(label, whole, where)
    raw = whole.filter(kept)
    if kind == "locate" and "metric" not in where:  # the excess over the oracle stays in raw
        kept &= whole["metric"].to_numpy() == "error"
    part, numbers = whole.filter(kept), rows[kept]
    if part.is_empty():
        raise ValueError(f"{label}: no row is left; check {', '.join(f'{k}={v}' for k, v in where.items())}.")
    _refuse_mixed(label, kind, part, columns, run)
    if kind and part[columns[2]].dtype.is_float():  # what has diverged has no place in a mean
        part = part.with_columns(pl.when(pl.col(columns[2]).is_finite()).then(pl.col(columns[2])).alias(columns[2]))
    held = opened._replace(read=lambda names, _: (part.select(names), numbers))
    read = table_of(label, held, columns, run, None)
    frame = pl.DataFrame(dict(zip(ROLES, read.values.T, strict=True)))
    frame = frame.with_columns(run=pl.lit("") if read.runs is None else read.runs)
    frame, notes = _present(label, frame, names)
    frame, averaged = _single(label, frame, run, average)
    return ErrorTable(
        frame.select("size", "along", "run", "error").sort("size", "along", "run"),
        raw if kind else pl.DataFrame(),
        names | dict(run=run),
        kind,
        (*notes, *averaged),
    )


def _opened(source: Any, dialect: Dialect | None) -> tuple[str, Opened]:
    """Return a name for messages, and the columns."""
    dialect = dialect or Dialect()
    if isinstance(source, (str, os.PathLike)):
        files = find_files(source)
        if len(files) > 1:
            raise ValueError(f"{source} holds {len(files)} files, and one table is read: name it.")
        return str(files[0]), open_file(files[0], dialect)
    if isinstance(source, pl.LazyFrame):
        raise ValueError("the table must be a frame, got a LazyFrame: call collect() on it.")
    if isinstance(source, Mapping):
        source = frame_of(source)
    if not is_frame(source):
        raise ValueError(f"expected a file, a data frame or a dict of columns, got {type(source).__name__}.")
    if not isinstance(source, pl.DataFrame):
        source = pl.DataFrame([column_of(source, str(name), True) for name in source.columns])
    return "the frame", of_frame("", source, dialect)


def _kind(names: list[str]) -> str:
    if set(SCHEMA) <= set(names):
        return "locate"
    return "emerge" if set(CURVE) <= set(names) else ""


def _refuse_wide(label: str, columns: list[str], opened: Opened) -> None:
    """Refuse a table with one column for each size or run, with the remedy."""
    absent = [name for name in columns if name not in opened.names]
    others = [name for name in opened.numeric if name not in columns]
    free = [name for name in opened.names if name not in columns]
    if absent and len(others) > 1 and not did_you_mean(absent[0], free).startswith(";"):
        raise ValueError(
            f"{label}: there is no column {absent[0]!r}, but {len(others)} of numbers: {', '.join(others[:6])}. "
            "If each of them is a size or a run, the table is wide: make it long, with one row for each error, by "
            "frame.unpivot(index=.., variable_name='size', value_name='error') in polars."
        )


def _chosen(label: str, frame: pl.DataFrame, where: Mapping[str, Any]) -> Any:
    """Return which rows have the values asked for; numbers are compared as numbers."""
    kept = np.ones(frame.height, bool)
    for name, value in where.items():
        column, text = frame[name], str(value)
        same = column.cast(pl.String).str.strip_chars() == text
        if column.dtype.is_numeric():
            try:
                same = column == float(text)
            except ValueError:
                raise ValueError(f"{label}: column {name!r} holds numbers, and {text!r} is none.") from None
        if not same.fill_null(False).any():
            there = [str(one) for one in column.drop_nulls().unique().sort().head(8)]
            raise ValueError(f"{label}: column {name!r} never is {text!r}{did_you_mean(text, there)} It is {there}.")
        kept &= same.fill_null(False).to_numpy()
    return kept


def _refuse_mixed(label: str, kind: str, part: pl.DataFrame, columns: list[str], run: str | None) -> None:
    """Refuse rows that differ in a column that an analysis of these curves needs alike."""
    keys = dict(locate=("run", "system", "learner", "lookahead", "metric"), emerge=("metric", "kind")).get(kind, ())
    for name in keys:
        if name in (*columns, run):
            continue
        values = part[name].unique().sort().to_list()
        if len(values) > 1:
            shown = ", ".join(str(value) for value in values[:8])
            raise ValueError(
                f"{label}: {name} has {len(values)} values, {shown}: choose one, such as "
                f"where={{'{name}': '{values[0]}'}} (--where '{name}={values[0]}')."
            )


def _present(label: str, frame: pl.DataFrame, names: Mapping[str, str | None]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the rows that have an error; every one of them must have a size and a place."""
    missing = frame["error"].is_nan()
    kept = frame.filter(~missing)
    if kept.is_empty():
        raise ValueError(f"{label}: the column {names['error']!r} has no number.")
    for role in ("size", "along"):
        if kept[role].is_nan().any():
            raise ValueError(
                f"{label}: {counted(int(kept[role].is_nan().sum()), 'row')} with an error and no {names[role]!r}: fill "
                "the cells, or drop the rows."
            )
    return kept, (f"{counted(int(missing.sum()), 'row')} without an error left out",) * bool(missing.any())


def _single(label: str, frame: pl.DataFrame, run: str | None, average: bool) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return one row for each size, place and run."""
    keys = ["size", "along", "run"]
    alike = frame.select(keys).is_duplicated()
    if not alike.any():
        return frame, ()
    if not average:
        one = frame.filter(alike).row(0, named=True)
        place = f"size {one['size']:g} at {one['along']:g}"
        remedy = "--average takes their mean (average=True)"
        if run is None:
            remedy = f"if they are runs, name the column that tells them apart (--run); else {remedy}"
        in_run = f", run {one['run']}" if run else ""
        raise ValueError(f"{label}: several rows for {place}{in_run}: {remedy}.")
    merged = frame.group_by(keys).agg(pl.col("error").mean())
    return merged, (f"{spaced(frame.height)} rows averaged to {spaced(merged.height)}",)
