"""Tables: named columns of a CSV or Parquet file as numbers, checked.

Rows are counted from 1, the header not counted, in every message.
"""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.files import PATTERN_MARKS, TABLE_SUFFIXES, parquet_schema
from ..._core.text import did_you_mean
from .csv_file import MISSING_WORDS, Preview, is_missing, is_number, preview, read_csv
from .memory import refuse_large, refuse_packed
from .stamps import Times, read_stamps


class Table(NamedTuple):
    """The columns of one file, in the order of its rows."""

    values: NDArray[np.float64]  # (row, column), NaN where missing
    runs: pl.Series | None  # text
    times: Times | None
    rows: NDArray[np.int64]  # number of each row in the file


def find_files(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files of a path, a folder or a pattern, sorted by name.

    The name of a file or folder that exists is never a pattern. A pattern has ``*`` or ``?``; brackets are part of a
    name, as in ``run[1].csv``.

    Raises:
        FileNotFoundError: There is none.
    """
    text = os.path.expanduser(os.fspath(path))
    if os.path.isdir(text):
        found = [file for file in Path(text).iterdir() if file.suffix.lower() in TABLE_SUFFIXES and file.name[0] != "."]
        if not found:
            raise FileNotFoundError(f"the folder {text!r} holds no .csv or .parquet file.")
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


def numeric_columns(file: Path, but: Iterable[str]) -> list[str]:
    """Return the columns that hold numbers (judged by the first 1000 rows of a CSV), without those in ``but``."""
    skip = set(but)
    if _is_parquet(file):
        return [name for name, numeric in _parquet_columns(file).items() if numeric and name not in skip]
    separator, header, rows = preview(file)
    decimal = "." if separator == "," else ","
    if all(is_number(name) for name in header):
        raise ValueError(
            f"{file}: the first line, {','.join(header)}, holds numbers: put a line with the column names above it."
        )
    columns = itertools.zip_longest(*rows, fillvalue="")
    found = []
    for name, column in zip(header, columns, strict=False):
        written = [cell.replace(decimal, ".") for cell in column if not is_missing(cell)]
        if name not in skip and written and all(is_number(cell) for cell in written):
            found.append(name)
    return found


def read_table(file: Path, numbers: Sequence[str], by: str | None = None, time: str | None = None) -> Table:
    """Read the named columns of a CSV or Parquet file, and no others.

    Args:
        file: The file; what it is is seen from its content.
        numbers: Columns of numbers. Empty, null, NaN and NA are missing.
        by: Column that names the run.
        time: Column of seconds or of dates.

    Raises:
        ValueError: The file cannot be read, or a cell is not what its column should hold; the message says where.
    """
    first = None if _is_parquet(file) else preview(file)
    names = list(_parquet_columns(file)) if first is None else first.header
    wanted = [*numbers, *(name for name in (by, time) if name is not None)]
    refuse_unknown(str(file), wanted, names)
    frame, rows = _read_parquet(file, wanted) if first is None else _read_text(file, first, wanted, numbers, by)
    if frame.height == 0:
        raise ValueError(f"{file}: a header and no rows; at least two samples are needed.")
    return table_of(str(file), frame, rows, numbers, by, time)


def refuse_unknown(where: str, wanted: Iterable[str], names: Sequence[str]) -> None:
    """Raise ValueError if a wanted column is not there."""
    for name in wanted:
        if name not in names:
            shown = ", ".join(names[:20]) + (", .." if len(names) > 20 else "")
            hint = did_you_mean(name, names)
            raise ValueError(f"{where}: no column is called {name!r}{hint} The columns are: {shown}.")


def table_of(
    where: str, frame: pl.DataFrame, rows: NDArray[np.int64], numbers: Sequence[str], by: str | None, time: str | None
) -> Table:
    """Return the columns of a frame; rows without any value are left out where they are no samples.

    Args:
        where: The file or frame, for messages.
        frame: The named columns.
        rows: Number of each row, for messages.
        numbers, by, time: As in ``read_table``.

    Raises:
        ValueError: A cell is not what its column should hold; the message says where.
    """
    wanted = frame.columns
    # Rows without any value at the end of a file are no samples, and nowhere are they where a column tells the place.
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    if empty.all():
        raise ValueError(f"{where}: every cell of {', '.join(wanted)} is empty.")
    if empty.any():
        last = int(np.flatnonzero(~empty)[-1])
        keep = ~empty if by is not None or time is not None else np.arange(len(empty)) <= last
        frame, rows = frame.filter(keep), rows[keep]
    values = np.empty((frame.height, len(numbers)))
    for i, name in enumerate(numbers):
        values[:, i] = _numbers(where, frame[name], rows)
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise ValueError(
            f"{where}: column {numbers[column]!r} holds {values[row, column]} in row {rows[row]}; leave the cell empty "
            "if the sample is missing."
        )
    frame = frame.drop(name for name in numbers)  # a long file then takes less memory
    runs = None if by is None else _labels(where, frame[by], rows)
    times = None if time is None else read_stamps(where, frame[time], rows)
    return Table(values, runs, times, rows)


def _read_text(
    file: Path, first: Preview, wanted: Sequence[str], numbers: Sequence[str], by: str | None
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    frame, rows, decimal_comma = read_csv(file, first, wanted, numbers)
    if decimal_comma:
        frame = frame.with_columns([_with_decimal_points(file, frame[name]) for name in wanted if name != by])
    return frame, rows


def _with_decimal_points(file: Path, column: pl.Series) -> pl.Series:
    commas = column.str.contains(r"^\s*[+-]?\d*,\d")
    if not commas.any():
        return column
    points = column.str.contains(r"^\s*[+-]?\d*\.\d")
    if points.any():
        raise ValueError(
            f"{file}: column {column.name!r} holds {column.filter(commas)[0]!r} and {column.filter(points)[0]!r}: is a "
            "comma or a point the decimal mark? Write all numbers with one of them."
        )
    return column.str.replace(",", ".", literal=True)


def _read_parquet(file: Path, wanted: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    row = "__row__"
    while row in wanted:
        row += "_"
    try:
        count = pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
        refuse_packed(file, count, len(wanted))
        refuse_large(str(file), count, len(wanted))
        lazy = pl.scan_parquet(file, row_index_name=row, glob=False)
        frame = lazy.select([*wanted, row]).sort(row).drop(row).collect()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise ValueError(f"{file} cannot be read as Parquet: {str(exc).splitlines()[0]}.") from exc
    return frame, np.arange(1, frame.height + 1)


def _numbers(where: str, column: pl.Series, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    if column.dtype == pl.String:
        stripped = column.str.strip_chars()
        written = ~stripped.str.to_lowercase().is_in(MISSING_WORDS) & stripped.is_not_null()
        cast = stripped.cast(pl.Float64, strict=False)
        bad = (written & cast.is_null()).arg_true()
        if len(bad):
            at = int(bad[0])
            raise ValueError(
                f"{where}: column {column.name!r} holds {column[at]!r} in row {rows[at]}, which is not a number; "
                "correct it, or leave the cell empty if the sample is missing."
            )
        column = cast
    elif not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise ValueError(f"{where}: column {column.name!r} must hold numbers; it holds values of type {column.dtype}.")
    return column.cast(pl.Float64).to_numpy()


def _labels(where: str, column: pl.Series, rows: NDArray[np.int64]) -> pl.Series:
    text = column.cast(pl.String).str.strip_chars()
    empty = (text.is_null() | (text == "")).arg_true()
    if len(empty):
        raise ValueError(
            f"{where}: column {column.name!r}, which names the run, is empty in row {rows[int(empty[0])]}."
        )
    return text


def _is_parquet(file: Path) -> bool:
    try:
        with file.open("rb") as handle:
            head = handle.read(4096)
    except OSError as exc:
        raise ValueError(f"{file} cannot be opened: {exc.strerror}.") from exc
    if head[:4] == b"PAR1":
        return True
    if file.suffix.lower() == ".parquet":
        raise ValueError(f"{file} is not a Parquet file, whatever its name says.")
    if not head.strip():
        raise ValueError(f"{file} is empty: expected a line of column names and at least two rows.")
    if b"\0" in head:
        raise ValueError(
            f"{file} is neither CSV text (UTF-8) nor Parquet: it holds binary data. Export it as CSV or Parquet."
        )
    return False


def _parquet_columns(file: Path) -> dict[str, bool]:
    """Return the name of every column, and whether it holds numbers."""
    try:
        return {name: dtype.is_numeric() for name, dtype in parquet_schema(file).items()}
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise ValueError(f"{file} cannot be read as Parquet: {str(exc).splitlines()[0]}.") from exc


def _neighbours(path: str) -> list[str]:
    folder = os.path.dirname(path) or "."
    return os.listdir(folder) if os.path.isdir(folder) else []
