"""The layout of a text: what separates the columns, where their names stand, and the first rows."""

from __future__ import annotations

import csv
import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..dialect import Dialect
from .cells import is_missing, is_number
from .header import has_header, has_units_row, unit_in_name
from .lines import COMMENTS, Row, blank_cells, find_encoding, lines
from .separator import Top, candidates, find_separator, records_with

PREVIEW = 1000
SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # as Excel reads it


class Layout(NamedTuple):
    """How a text is laid out.

    Attributes:
        dialect: With the separator, the encoding, the header, the units row and the comment that were found or given.
        names: Of the columns.
        units: Of columns, where the file has them.
        rows: The first 1000 rows.
        skip: Number of lines above the first row.
        width: Cells of a row; one more than there are columns where every row ends in a separator.
    """

    dialect: Dialect
    names: list[str]
    units: dict[str, str]
    rows: list[Row]
    skip: int
    width: int


def find_layout(file: Path, dialect: Dialect) -> Layout:
    """Return the layout of a text; what ``dialect`` says is not guessed.

    Raises:
        ValueError: The file is empty, or the separator or the header is not certain; the message names the option.
    """
    encoding = dialect.encoding or find_encoding(file)
    top = _top(file, encoding, dialect)
    if not top.numbered:
        raise ValueError(f"{file} is empty: expected a line of column names and at least two rows.")
    told = dialect.separator or top.separator
    readings = {mark: records_with(file, top, mark) for mark in ([told] if told else candidates(top))}
    separator = told or find_separator(file, readings, dialect)
    rows, ends = readings[separator] if separator in readings else records_with(file, top, separator)
    title = [] if top.title is None else _title_cells(top.title[1], separator)
    line, header = top.numbered[0][0], dialect.header
    if header is None:
        if has_header(str(file), rows, line):
            header = line
        else:
            named = len(title) == len(rows[0]) and not any(is_number(name) for name in title)
            header = top.title[0] if named and top.title is not None else 0
    if header == 0 or (top.title is not None and header == top.title[0]):
        above, cells = 0, title if header else [str(k) for k in range(1, len(rows[0]) + 1)]
    else:
        above, cells = 1, rows[0]
    units_row = dialect.units_row
    if units_row is None:
        units_row = bool(header) and has_units_row(rows[above:])
    first = above + units_row
    names, width = _names(file, cells, rows[first:])
    units = {name: unit for name in names if (unit := unit_in_name(name))}
    if units_row and len(rows) > above:
        told_units = zip(names, (cell.strip(" []()") for cell in rows[above]), strict=False)
        units |= {name: unit for name, unit in told_units if not is_missing(unit)}
    skip = ends[first - 1] if first else line - 1
    found = replace(
        dialect, separator=separator, encoding=encoding, header=header, units_row=units_row, comment=top.comment
    )
    return Layout(found, names, units, rows[first:], skip, width)


def _title_cells(text: str, separator: str) -> Row:
    return blank_cells(text) if separator == " " else next(csv.reader([text], delimiter=separator), [])


def _top(file: Path, encoding: str, dialect: Dialect) -> Top:
    """Return the first lines of the table, and what stands above it: a line sep=;, comments, blank lines.

    Raises:
        ValueError: The file is not in the encoding.
    """
    marks = COMMENTS if dialect.comment is None else tuple(dialect.comment.split())
    found, title, separator = "" if dialect.comment is None else dialect.comment, None, None
    numbered: list[tuple[int, str]] = []
    text = enumerate(lines(file, encoding), 1)
    for number, line in text:
        written = line.strip()
        if number == 1 and (told := SEP_LINE.fullmatch(line.strip("\r\n"))):
            separator = told[1]
            continue
        mark = next((mark for mark in marks if written.startswith(mark)), "")
        if mark:
            title = (number, written.lstrip(mark).strip())
            found = found if mark in found.split() else f"{found} {mark}".strip()
        if not mark and number >= (dialect.header or 0) and (written or numbered):
            numbered.append((number, line))
            break
    marks = tuple(found.split())
    for number, line in text:
        if len(numbered) > PREVIEW:
            return Top(numbered, False, found, title, separator)
        if not line.lstrip().startswith(marks):
            numbered.append((number, line))
    return Top(numbered, True, found, title, separator)


def _names(file: Path, cells: Row, rows: list[Row]) -> tuple[list[str], int]:
    """Return column names, and the cells of a row. A column without a name is called by its number."""
    longest = max((len(row) for row in rows), default=len(cells))
    names, width = [cell.strip() for cell in cells], len(cells)
    if longest == width + 1 and all(len(row) == longest and not row[-1].strip() for row in rows):
        width = longest
    elif names and not names[-1] and longest == width - 1:
        names, width = names[:-1], longest
    refuse_long_rows(file, width, rows)
    return [name or (str(k) if str(k) not in names else "") for k, name in enumerate(names, 1)], width


def refuse_long_rows(file: Path, width: int, rows: list[Row], start: int = 1) -> None:
    """Raise ValueError if a row has more cells than there are column names."""
    for number, row in enumerate(rows, start):
        if len(row) > width:
            raise ValueError(
                f"{file}: row {number} has {len(row)} cells under {width} column names; is a comma used as the "
                "decimal mark? Then give --decimal ',' (or do the names stand further down? Then --header LINE)."
            )


def first_rows(layout: Layout, place: int) -> list[str]:
    """Return the cells of a column among the first rows."""
    return [row[place] if place < len(row) else "" for row in itertools.islice(layout.rows, PREVIEW)]
