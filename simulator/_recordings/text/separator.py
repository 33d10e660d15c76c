"""What separates the columns of a text: the mark under which all rows are equally wide and most cells are data."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ..dialect import SEPARATORS, Dialect
from .cells import is_datum, is_missing
from .lines import Row, blank_cells


class Top(NamedTuple):
    """The first lines of a text."""

    numbered: list[tuple[int, str]]  # the table's, with their numbers, without comments
    whole: bool  # whether they are all lines
    comment: str
    title: tuple[int, str] | None  # the last comment above the table
    separator: str | None  # of a line sep=;


class Records(NamedTuple):
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


def candidates(top: Top) -> list[str]:
    """Return the separators that occur, and the comma."""
    text = "".join(line for _, line in top.numbered)
    found = [mark for mark in SEPARATORS if mark in text or (mark == " " and "\t" in text)]
    return found if "," in found else [",", *found]


def records_with(file: Path, top: Top, separator: str) -> Records:
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
    return Records(rows, ends)


def find_separator(file: Path, readings: dict[str, Records], dialect: Dialect) -> str:
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
    if several == [" "] and len(readings[" "].rows[0]) < min(map(len, readings[" "].rows[1:]), default=0):
        return " "  # rows of more cells than names, which are refused later
    if not several or several == [" "]:
        _refuse_preamble(file, readings)
        return ";" if dialect.decimal == "," else ","  # of one column: any mark that no cell has
    ranked = sorted(several, key=lambda mark: readings[mark].known, reverse=True)
    if ranked[:2] != ["\t", " "] and len(ranked) > 1 and readings[ranked[0]].known == readings[ranked[1]].known:
        raise ValueError(
            f"{file}: the rows are of different length, whether {SEPARATORS[ranked[0]]} or {SEPARATORS[ranked[1]]} "
            "separate the columns: give the --separator."
        )
    return ranked[0]


def _unquoted(commas: Records) -> bool:
    """Return whether no cell between commas holds one."""
    return not any("," in cell for row in commas.rows[1:] for cell in row)


def _refuse_preamble(file: Path, readings: dict[str, Records]) -> None:
    """Refuse a file whose first lines are narrower than all others: they are no table."""
    for mark, (rows, ends) in readings.items():
        usual, count = Counter(len(row) for row in rows).most_common(1)[0]
        start = next(k for k, row in enumerate(rows) if len(row) == usual)
        if mark != " " and usual > 1 and start and count >= max(2, 0.9 * (len(rows) - start)):
            line = ends[start]
            raise ValueError(
                f"{file}: the first line has no {SEPARATORS[mark]}, and the lines from {line} on have {usual} cells: "
                f"give the number of the line that holds the column names, --header {line} for instance, or --header 0."
                + " If a comma is the decimal mark: --decimal ','."
                * (mark == ",")
            )
