"""Tables: named columns of a file or a frame as numbers, times and run names, checked.

Rows are counted from 1, the header not counted, in every message.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.files import PATTERN_MARKS, RECORDING_SUFFIXES
from ..._core.text import did_you_mean
from .columns import refuse_unknown, time_columns
from .dialect import Dialect
from .opened import Opened
from .stamps import Times, read_stamps
from .text.cells import MINUS, is_number, plain_minus, remedy
from .text.decimal_mark import find_decimal, with_points, without_missing
from .time_units import unit_of_time


class Table(NamedTuple):
    """The columns of one file, in the order of its rows."""

    values: NDArray[np.float64]  # (row, column), NaN where missing
    runs: pl.Series | None  # text
    times: Times | None
    rows: NDArray[np.int64]  # number of each row in the file
    dialect: Dialect  # with all that was found


def find_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files of a path, a folder or a pattern, sorted by name.

    The name of a file or folder that exists is never a pattern. A pattern has ``*`` or ``?``; brackets are part of a
    name, as in ``run[1].csv``.

    Raises:
        FileNotFoundError: There is none.
    """
    text = os.path.expanduser(os.fspath(path))
    if os.path.isdir(text):
        there = [file for file in Path(text).iterdir() if file.is_file() and file.name[0] != "."]
        found = [file for file in there if file.suffix.lower() in RECORDING_SUFFIXES]
        if not found:
            raise FileNotFoundError(
                f"the folder {text!r} holds no .csv, .parquet or other recording: give a pattern, such as "
                f"{os.path.join(text, '*.txt')}."
            )
        return sorted(found)
    if os.path.exists(text):
        return [Path(text)]
    if not any(mark in text for mark in PATTERN_MARKS):
        hint = did_you_mean(os.path.basename(text), _neighbours(text))
        raise FileNotFoundError(f"no file or folder is called {text!r}{hint}")
    pattern = text.replace("[", "[[]")
    matched = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if os.path.isfile(name))
    if not matched:
        raise FileNotFoundError(f"no file matches {text!r}.")
    return matched


def table_of(
    where: str,
    opened: Opened,
    numbers: Sequence[str],
    by: str | None,
    time: str | None,
) -> Table:
    """Return the named columns; rows without any value are left out where they are no samples.

    Args:
        where: The file or frame, for messages.
        opened: Its columns.
        numbers: Columns of numbers.
        by: Column that names the run.
        time: Column of seconds or of dates; or two, with a comma between them: date and time of day.

    Raises:
        ValueError: There is no such column, or a cell is not what its column should hold; the message says where.
    """
    stamped = time_columns(time, opened.names)
    wanted = [*numbers, *stamped, *([by] if by is not None else [])]
    refuse_unknown(where, wanted, opened.names)
    frame, rows = opened.read(wanted, numbers)
    if frame.height == 0:
        raise ValueError(f"{where}: a header and no rows; at least two samples are needed.")
    # Rows without any value at the end of a file are no samples, and nowhere are they where a column tells the place.
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    if empty.all():
        raise ValueError(f"{where}: every cell of {', '.join(wanted)} is empty.")
    if empty.any():
        last = int(np.flatnonzero(~empty)[-1])
        keep = ~empty if by is not None or time is not None else np.arange(len(empty)) <= last
        frame, rows = frame.filter(keep), rows[keep]
    dialect = opened.dialect
    runs = None if by is None else _labels(where, frame[by], rows)
    stamps = None if time is None else _one_column(time, [frame[name] for name in stamped])
    if dialect.sort and stamps is not None:
        unit = unit_of_time(stamps.name, opened.units)
        order = _order(read_stamps(where, stamps, rows, dialect.time_format, unit), runs)
        frame, rows, stamps = frame[order], rows[order], stamps.gather(order)
        runs = None if runs is None else runs.gather(order)
    values = np.empty((frame.height, len(numbers)))
    others = [without_missing(pl.Series(name, cells), dialect.missing)[0] for name, cells in opened.others.items()]
    dialect, stamps = _fill(where, values, frame.select(numbers), stamps, rows, dialect, others)
    frame = frame.clear()  # a long file then takes less memory
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise ValueError(
            f"{where}: column {numbers[column]!r} holds {values[row, column]} in row {rows[row]}; leave the cell empty "
            "if the sample is missing."
        )
    if stamps is None:
        return Table(values, runs, None, rows, dialect)
    times = read_stamps(where, stamps, rows, dialect.time_format, unit_of_time(stamps.name, opened.units))
    return Table(values, runs, times, rows, replace(dialect, time_format=times.format))


def _one_column(time: str, columns: list[pl.Series]) -> pl.Series:
    """Return the time column; a date and a time of day become one text."""
    if len(columns) == 1:
        return columns[0]
    date, clock = (column.cast(pl.String).str.strip_chars() for column in columns)
    return (date + " " + clock).alias(time)


def _order(times: Times, runs: pl.Series | None) -> NDArray[np.int64]:
    """Return the order of rows by run, in the order of their first rows, then by time."""
    if runs is None:
        return np.argsort(times.seconds, kind="stable")
    first = {run: k for k, run in enumerate(runs.unique(maintain_order=True))}
    return np.lexsort((times.seconds, np.array([first[run] for run in runs])))


def _fill(
    where: str,
    values: NDArray[np.float64],
    frame: pl.DataFrame,
    stamps: pl.Series | None,
    rows: NDArray[np.int64],
    dialect: Dialect,
    others: Sequence[pl.Series],
) -> tuple[Dialect, pl.Series | None]:
    """Write the numbers of a frame into ``values``, NaN where missing; ``others`` have the same decimal mark.

    Returns:
        The dialect with the decimal mark and the words for missing that were found; and the time column, with points.

    Raises:
        ValueError: A cell is no number, or the decimal mark is not certain.
    """
    words = [word for word in dialect.missing if not is_number(word)]
    text: dict[str, pl.Series] = {}
    said: set[str] = set()
    for name in frame.columns:
        column = frame[name]
        if column.dtype == pl.String:
            text[name], found = without_missing(column, words)
            said |= set(found)
        elif not (column.dtype.is_numeric() or column.dtype == pl.Null):
            raise ValueError(f"{where}: column {name!r} must hold numbers; it holds values of type {column.dtype}.")
    counted = stamps is not None and stamps.dtype == pl.String and is_number(str(stamps[0]))
    if stamps is not None and counted and not text and dialect.decimal != "," and dialect.separator != ";":
        counted = bool(stamps.cast(pl.Float64, strict=False).null_count())  # else all have a decimal point
    timed = (
        [stamps.str.strip_chars().str.replace_all(MINUS, "-", literal=True)] if stamps is not None and counted else []
    )
    decimal: str | None = None
    if text or timed or dialect.separator:  # numbers in text
        columns = [*text.values(), *timed]
        decimal = dialect.decimal or find_decimal(where, columns, dialect.separator, others)
    for i, name in enumerate(frame.columns):
        number = frame[name]
        if name in text:
            plain = with_points(where, text[name], rows, decimal or ".", dialect.decimal is not None)
            number = plain.cast(pl.Float64, strict=False)
            _refuse_words(where, frame[name], (text[name].is_not_null() & number.is_null()).arg_true(), rows)
        values[:, i] = number.cast(pl.Float64).to_numpy()
    for word in dialect.missing:
        if is_number(word):
            values[values == float(plain_minus(word).replace(",", "."))] = np.nan
    for column in timed:
        stamps = with_points(where, column, rows, decimal or ".", dialect.decimal is not None)
    return replace(dialect, decimal=decimal, missing=tuple(dict.fromkeys([*dialect.missing, *sorted(said)]))), stamps


def _refuse_words(where: str, column: pl.Series, bad: pl.Series, rows: NDArray[np.int64]) -> None:
    if len(bad):
        cell, row = column[int(bad[0])], rows[int(bad[0])]
        raise ValueError(
            f"{where}: column {column.name!r} holds {cell!r} in row {row}, which is not a number; "
            f"{remedy(cell, column.name)}."
        )


def _labels(where: str, column: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
    text = column.cast(pl.String).str.strip_chars()
    empty = (text.is_null() | (text == "")).arg_true()
    if len(empty):
        raise ValueError(
            f"{where}: column {column.name!r}, which names the run, is empty in row {rows[int(empty[0])]}."
        )
    return text


def _neighbours(path: str) -> list[str]:
    folder = os.path.dirname(path) or "."
    return os.listdir(folder) if os.path.isdir(folder) else []
