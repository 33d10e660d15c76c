"""The chosen columns of a text.

The rows are those that Python's csv module sees. A blank line is no row in a file of several columns; in a file of one
column it is a missing sample. polars reads where both readers agree.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dialect import Dialect
from ..opened import Opened
from .cells import column_holds
from .csv_structure import line_start, scan
from .decimal_comma import refuse_decimal_commas
from .layout import Layout, find_layout, first_rows, refuse_long_rows
from .lines import COMMENTS, lines, records

FAST = ",;\t|"  # separators that polars reads
POINTED = ",\t|"  # with them a number with one point has a decimal point


def open_text(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of a text.

    Raises:
        ValueError: The layout is not certain; the message names the option that tells it.
    """
    dialect.refuse(["table"], str(file), "names a part of a file that holds several, and this is a text")
    layout = find_layout(file, dialect)
    columns = [first_rows(layout, place) for place in range(len(layout.names))]
    named = list(zip(layout.names, columns, strict=True))
    numeric = [name for name, cells in named if column_holds(cells, "number", dialect.missing)]
    others = {name: cells for name, cells in named if name in numeric}
    if (layout.dialect.separator or ",") in POINTED and not any(
        "," in cell for cells in others.values() for cell in cells
    ):
        others = {}  # all numbers have points

    def read(wanted: Sequence[str], numbers: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        if layout.dialect.separator == "," and dialect.decimal != ".":
            unnamed = layout.dialect.header == 0 and dialect.separator is None
            refuse_decimal_commas(file, layout.names, layout.rows, wanted, unnamed)
        return _columns(file, layout, wanted, [] if others else numbers)

    return Opened(
        "CSV" if layout.dialect.separator == "," else "text",
        layout.names,
        numeric,
        [name for name, cells in named if column_holds(cells, "date", dialect.missing)],
        layout.units,
        layout.dialect,
        read,
        others=others,
    )


def _columns(
    file: Path, layout: Layout, wanted: Sequence[str], numbers: Sequence[str]
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the wanted columns, numbers as Float64 where every cell parses, all else as text; and their row numbers.

    Rows are counted from 1 under the header, blank lines too.

    Raises:
        ValueError: The file is not well formed.
    """
    dialect = layout.dialect
    if (dialect.separator or ",") in FAST and dialect.encoding == "utf-8":
        frame = _fast(file, layout, wanted, numbers)
        if frame is not None:
            return frame, np.arange(1, frame.height + 1)
    return _careful(file, layout, wanted)


def _fast(file: Path, layout: Layout, wanted: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame | None:
    """Read with polars; None where it would not see the records of csv."""
    start, separator = line_start(file, layout.skip), layout.dialect.separator or ","
    if start is None or (layout.dialect.comment and _commented(file, layout)):
        return None
    structure = scan(file, separator, layout.width, start)
    if not structure.simple:
        return None
    text: dict[str, pl.DataType] = {str(k): pl.String() for k in range(layout.width)}
    places = {name: layout.names.index(name) for name in wanted}
    pointed = separator in POINTED and layout.dialect.decimal != ","
    parsed = {str(places[name]): pl.Float64() for name in numbers} if pointed else {}
    for schema in (text | parsed, text):
        try:
            frame = pl.read_csv(
                file,
                has_header=False,
                skip_rows=layout.skip,
                columns=sorted(places.values()),
                separator=separator,
                schema=schema,
                glob=False,
            )
        except (pl.exceptions.PolarsError, OSError):
            # A cell is no plain number: perhaps it has blanks around it, perhaps it is a word. Text takes more memory.
            continue
        if frame.height != structure.records:
            return None
        return frame.select(pl.col(str(place)).alias(name) for name, place in places.items())
    return None


def _commented(file: Path, layout: Layout) -> bool:
    """Return whether there are comments below the first row."""
    marks = tuple((layout.dialect.comment or "").split())
    return any(line.lstrip().startswith(marks) for line in lines(file, "utf-8", skip=layout.skip))


def _careful(file: Path, layout: Layout, wanted: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Read with Python's csv module: slow, and right on every file."""
    width, places = layout.width, [layout.names.index(name) for name in wanted]
    several, joined = width > 1, False
    cells: list[list[str | None]] = [[] for _ in places]
    numbers: list[int] = []
    for number, row in enumerate(records(file, layout.dialect, layout.skip), 1):
        joined = joined or any("\n" in cell or "\r" in cell for cell in row)
        if len(row) > width:
            refuse_long_rows(file, width, [row], number)
        if several and len(row) <= 1 and not "".join(row).strip():
            continue
        if len(row) == 1 < width and row[0].lstrip().startswith(COMMENTS):
            mark = next(mark for mark in COMMENTS if row[0].lstrip().startswith(mark))
            raise ValueError(f"{file}: row {number} is {row[0].strip()!r}: if it is a comment, --comment {mark!r}.")
        numbers.append(number)
        for column, place in zip(cells, places, strict=True):
            column.append(row[place] if place < len(row) else None)
    if joined:
        _refuse_open_quote(file, layout)
    schema = dict.fromkeys(wanted, pl.String())
    return pl.DataFrame(dict(zip(wanted, cells, strict=True)), schema), np.array(numbers, np.int64)


def _refuse_open_quote(file: Path, layout: Layout) -> None:
    """Refuse a cell that starts with a quote mark, runs over lines, and does not end with one: it swallows rows."""
    text = lines(file, layout.dialect.encoding or "utf-8", layout.dialect.comment or "", layout.skip)
    reader = csv.reader(text, delimiter=layout.dialect.separator or ",", strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as exc:
        raise ValueError(
            f"{file}: a quote mark opens a cell and is not closed at the end of that cell (found at line "
            f"{reader.line_num + layout.skip}), which joins rows. Remove the quote mark, or double it inside a quoted "
            "cell."
        ) from exc
