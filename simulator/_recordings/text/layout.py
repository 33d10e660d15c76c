"""The layout of a text: what separates the columns, where their names stand, and the first rows."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..dialect import SEPARATORS, Dialect
from .cells import is_datum, is_missing, is_number
from .header import has_header, has_units_row, unit_in_name
from .lines import COMMENTS, Row, blank_cells, find_encoding, lines

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


class _Top(NamedTuple):
    """The first lines of a text."""

    numbered: list[tuple[int, str]]  # the table's, with their numbers, without comments
    whole: bool  # whether they are all lines
    comment: str
    title: tuple[int, str] | None  # the last comment above the table
    separator: str | None  # of a line sep=;


class _Reading(NamedTuple):
    """Records under one separator, blank ones left out where there are several columns, and the line each ends at."""

    rows: list[Row]
    ends: list[int]

    @property
    def width(self) -> int | None:
        """Cells of every row, None if they differ. A separator may end the header only, or the rows only."""
        head, *rest = (len(row) for row in self.rows)
        if len(set(rest)) > 1:
            return None
        width = rest[0] if rest else head
        more = self.rows[:1] if head > width else self.rows[1:]
        fits = width == head or (abs(width - head) == 1 and not any(row[-1].strip() for row in more))
        return width if fits else None

    @property
    def known(self) -> float:
        """Share of the cells under the first row that are numbers or dates."""
        cells = [cell for row in self.rows[1:] for cell in row if not is_missing(cell)]
        return sum(map(is_datum, cells)) / max(len(cells), 1)


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
    readings = {mark: _reading(file, top, mark) for mark in ([told] if told else _candidates(top))}
    separator = told or _separator(file, readings, dialect)
    rows, ends = readings[separator] if separator in readings else _reading(file, top, separator)
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


def _candidates(top: _Top) -> list[str]:
    """Return the separators that occur, and the comma."""
    text = "".join(line for _, line in top.numbered)
    found = [mark for mark in SEPARATORS if mark in text or (mark == " " and "\t" in text)]
    return found if "," in found else [",", *found]


def _title_cells(text: str, separator: str) -> Row:
    return blank_cells(text) if separator == " " else next(csv.reader([text], delimiter=separator), [])


def _top(file: Path, encoding: str, dialect: Dialect) -> _Top:
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
            return _Top(numbered, False, found, title, separator)
        if not line.lstrip().startswith(marks):
            numbered.append((number, line))
    return _Top(numbered, True, found, title, separator)


def _reading(file: Path, top: _Top, separator: str) -> _Reading:
    """Return the records of the first lines under a separator; one that the last line may cut short is left out."""
    numbers, text = zip(*top.numbered, strict=True)
    if separator == " ":
        rows, ends = [blank_cells(line) for line in text], list(numbers)
        below = next((len(row) for row in rows[1:] if row), 0)
        wide = re.split(r"\s{2,}|\t", text[0].strip())
        if len(rows[0]) != below == len(wide):  # names with single blanks in them
            rows[0] = wide
    else:
        reader, rows, ends = csv.reader(text, delimiter=separator), [], []
        try:
            for row in reader:
                rows.append(row)
                ends.append(numbers[reader.line_num - 1])
        except csv.Error as exc:
            raise ValueError(f"{file} cannot be read as CSV: {exc}.") from exc
        if not top.whole and len(rows) > 1:
            rows, ends = rows[:-1], ends[:-1]
    if any(len(row) > 1 for row in rows):
        kept = [k for k, row in enumerate(rows) if k == 0 or len(row) > 1 or "".join(row).strip()]
        rows, ends = [rows[k] for k in kept], [ends[k] for k in kept]
    return _Reading(rows, ends)


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
                "decimal mark? Then give --decimal ,"
            )


def _separator(file: Path, readings: dict[str, _Reading], dialect: Dialect) -> str:
    """Return the separator under which all rows are equally wide; of several, that with most cells of numbers."""
    fitting = {mark: reading.known for mark, reading in readings.items() if (reading.width or 0) > 1}
    if dialect.decimal == "," and "," in fitting and _unquoted(readings[","]):
        del fitting[","]  # a comma is no separator where it is the decimal mark, except between quoted cells
    if fitting:
        best = max(fitting.values())
        equal = [mark for mark, share in fitting.items() if share == best]
        if len(equal) > 1 and equal != ["\t", " "]:  # blanks are tabs, too
            raise ValueError(
                f"{file}: both {SEPARATORS[equal[0]]} and {SEPARATORS[equal[1]]} separate the header and the rows into "
                "columns: give the --separator."
            )
        better = [mark for mark, reading in readings.items() if mark not in fitting and reading.known > best]
        if better and not (dialect.decimal == "," and better == [","]):
            raise ValueError(
                f"{file}: more cells are numbers if {SEPARATORS[better[0]]} separate them than with "
                f"{SEPARATORS[equal[0]]}, but the rows are then of different length: give the --separator."
            )
        return equal[0]
    if dialect.decimal == ",":
        readings = {mark: reading for mark, reading in readings.items() if mark != ","}
    several = [mark for mark, reading in readings.items() if len(reading.rows[0]) > 1]
    if not several or several == [" "]:
        _refuse_preamble(file, readings)
        return ";" if dialect.decimal == "," else ","  # of one column: any mark that no cell has
    ranked = sorted(several, key=lambda mark: readings[mark].known, reverse=True)
    if len(ranked) > 1 and readings[ranked[0]].known == readings[ranked[1]].known:
        raise ValueError(
            f"{file}: the rows are of different length, whether {SEPARATORS[ranked[0]]} or {SEPARATORS[ranked[1]]} "
            "separate the columns: give the --separator."
        )
    return ranked[0]


def _unquoted(commas: _Reading) -> bool:
    """Return whether no cell between commas holds one."""
    return not any("," in cell for row in commas.rows[1:] for cell in row)


def _refuse_preamble(file: Path, readings: dict[str, _Reading]) -> None:
    """Refuse a file whose first lines are narrower than all others: they are no table."""
    for mark, (rows, ends) in readings.items():
        usual, count = Counter(len(row) for row in rows).most_common(1)[0]
        start = next(k for k, row in enumerate(rows) if len(row) == usual)
        if mark != " " and usual > 1 and start and count >= max(2, 0.9 * (len(rows) - start)):
            line = ends[start]
            raise ValueError(
                f"{file}: the first line has no {SEPARATORS[mark]}, and the lines from {line} on have {usual} cells: "
                f"give the number of the line that holds the column names, --header {line} for instance, or --header 0."
                + " If a comma is the decimal mark: --decimal ,."
                * (mark == ",")
            )


def first_rows(layout: Layout, place: int) -> list[str]:
    """Return the cells of a column among the first rows."""
    return [row[place] if place < len(row) else "" for row in itertools.islice(layout.rows, PREVIEW)]
