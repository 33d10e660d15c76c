"""CSV files: separator, header, first rows, chosen columns.

The rows are those that Python's csv module sees. A blank line is no row in a file of several columns; in a file of one
column it is a missing sample.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .csv_structure import scan
from .decimal_comma import refuse_decimal_commas

MISSING_WORDS = ("", "nan", "null", "na", "n/a")
PREVIEW = 1000
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}

Row = list[str]


class Preview(NamedTuple):
    """The separator, the column names and the first 1000 rows."""

    separator: str
    header: Row
    rows: list[Row]


class Columns(NamedTuple):
    """The chosen columns.

    Attributes:
        frame: The columns.
        rows: The number of each row in the file, from 1; blank lines count, the header does not.
        decimal_comma: Whether a comma may be the decimal mark: something else separates the columns.
    """

    frame: pl.DataFrame
    rows: NDArray[np.int64]
    decimal_comma: bool


def preview(file: Path) -> Preview:
    """Return the separator, the column names and the first 1000 rows.

    Raises:
        ValueError: The file has no header, two columns have one name, a row has more cells than the header, or the
            separator is not certain.
    """
    readings = {",": list(itertools.islice(_records(file, ","), PREVIEW + 1))}
    header = readings[","][0] if readings[","] else []
    if not any(cell.strip() for cell in header):
        raise ValueError(f"{file}: the first line must hold the column names, it is blank.")
    for mark in SEPARATORS:
        if any(mark in cell for cell in header):
            readings[mark] = list(itertools.islice(_records(file, mark), PREVIEW + 1))
    separator = _separator(file, readings)
    header, *rows = readings[separator]
    names = [name.strip() for name in header]
    doubled = [name for i, name in enumerate(names) if name and name in names[:i]]
    if doubled:
        raise ValueError(f"{file}: two columns are called {doubled[0]!r}; rename one.")
    _refuse_long_row(file, len(names), rows)
    return Preview(separator, names, rows)


def read_csv(file: Path, first: Preview, wanted: Sequence[str], numbers: Sequence[str]) -> Columns:
    """Return the wanted columns: numbers as Float64 where every cell parses, all else as text.

    Raises:
        ValueError: The file is not well formed, or a decimal comma may have split a number.
    """
    if first.separator == ",":
        refuse_decimal_commas(file, first.header, first.rows, wanted)
    structure = scan(file, first.separator, len(first.header))
    if structure.simple:
        frame = _fast(file, first, wanted, numbers)
        if frame is not None and frame.height == structure.records - 1:
            return Columns(frame, np.arange(1, frame.height + 1), first.separator != ",")
    return _careful(file, first, wanted)


def is_number(cell: str) -> bool:
    """Return whether a cell reads as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty or a word for a missing value."""
    return cell.strip().lower() in MISSING_WORDS


def _fast(file: Path, first: Preview, wanted: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame | None:
    raw = {name.strip(): name for name in next(_records(file, first.separator))}
    columns = [raw[name] for name in wanted]
    text: dict[str, pl.DataType] = {name: pl.String() for name in columns}
    # Only a comma-separated file is sure to have decimal points.
    parsed = {raw[name]: pl.Float64() for name in numbers} if first.separator == "," else {}
    for schema in (text | parsed, text):
        try:
            frame = pl.read_csv(file, columns=columns, separator=first.separator, schema_overrides=schema, glob=False)
            return frame.rename(dict(zip(columns, wanted, strict=True))).select(wanted)
        except (pl.exceptions.PolarsError, OSError):
            # A cell is no plain number: perhaps it has blanks around it, perhaps it is a word. Text takes more memory.
            continue
    return None


def _careful(file: Path, first: Preview, wanted: Sequence[str]) -> Columns:
    """Read with Python's csv module: slow, and right on every file."""
    width, places = len(first.header), [first.header.index(name) for name in wanted]
    several, longest = width > 1, 0
    cells: list[list[str | None]] = [[] for _ in places]
    numbers: list[int] = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, delimiter=first.separator)
            next(reader)
            line = reader.line_num
            for number, row in enumerate(reader, 1):
                longest, line = max(longest, reader.line_num - line), reader.line_num
                if len(row) > width:
                    _refuse_long_row(file, width, [row], number)
                if several and len(row) <= 1 and not "".join(row).strip():
                    continue
                numbers.append(number)
                for column, place in zip(cells, places, strict=True):
                    column.append(row[place] if place < len(row) else None)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise _not_csv(file, exc) from exc
    if longest > 1:
        _refuse_open_quote(file, first.separator)
    schema = dict.fromkeys(wanted, pl.String())
    frame = pl.DataFrame(dict(zip(wanted, cells, strict=True)), schema)
    return Columns(frame, np.array(numbers, np.int64), first.separator != ",")


def _separator(file: Path, readings: dict[str, list[Row]]) -> str:
    """Return the separator under which all rows are as wide as the header; of two, that with more cells of numbers."""
    commas = readings[","]
    others = [mark for mark in readings if mark != "," and _fits(readings[mark])]
    if not others:
        return ","
    mark = max(others, key=lambda other: _numeric(readings[other]))
    if not _fits(commas):
        return mark
    comma, other = _numeric(commas), _numeric(readings[mark])
    if comma == other:
        raise ValueError(
            f"{file}: both commas and {SEPARATORS[mark]} separate the header and the rows into columns. Write the file "
            "with one of them, or save it as Parquet."
        )
    return "," if comma > other else mark


def _fits(rows: list[Row]) -> bool:
    """Return whether there are several columns, and every row that is not blank has a cell for each."""
    width = len(rows[0]) if rows else 0
    return width > 1 and all(len(row) == width for row in rows if "".join(row).strip())


def _numeric(rows: list[Row]) -> float:
    """Return the share of cells that are numbers, with a decimal point or a decimal comma."""
    cells = [cell.strip() for row in rows[1:] for cell in row if not is_missing(cell)]
    return sum(is_number(cell.replace(",", ".", 1)) for cell in cells) / max(len(cells), 1)


def _refuse_long_row(file: Path, width: int, rows: Iterable[Sequence[str]], start: int = 1) -> None:
    for number, row in enumerate(rows, start):
        if len(row) > width:
            raise ValueError(
                f"{file}: row {number} has {len(row)} cells under {width} column names; is a comma used as the "
                "decimal mark?"
            )


def _refuse_open_quote(file: Path, separator: str) -> None:
    """Refuse a cell that starts with a quote mark, runs over lines, and does not end with one: it swallows rows."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            for _ in (reader := csv.reader(handle, delimiter=separator, strict=True)):
                pass
    except csv.Error as exc:
        raise ValueError(
            f"{file}: a quote mark opens a cell and is not closed at the end of that cell (found at line "
            f"{reader.line_num}), which joins rows. Remove the quote mark, or double it inside a quoted cell."
        ) from exc


def _records(file: Path, separator: str) -> Iterator[Row]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            yield from csv.reader(handle, delimiter=separator)
    except (UnicodeDecodeError, csv.Error) as exc:
        raise _not_csv(file, exc) from exc


def _not_csv(file: Path, exc: Exception) -> ValueError:
    if isinstance(exc, UnicodeDecodeError):
        return ValueError(f"{file} is not UTF-8 text, so not a CSV that can be read; save it as UTF-8.")
    return ValueError(f"{file} cannot be read as CSV: {exc}.")
