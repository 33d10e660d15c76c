"""Whether the first row of a text is a header, whether units follow it; what cannot be told is refused."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from .cells import column_holds, is_datum, is_missing, is_number
from .lines import Row

UNIT = re.compile(r"(?<=\S)\s*(?:\[([^\[\]]+)\]|\(([^()]+)\))\s*$")

YEARS = range(1900, 2101)


def has_header(where: str, rows: list[Row], line: int) -> bool:
    """Return whether the first row holds column names.

    A row of numbers, dates and missing values is no header. A row of words is one, also with numbers among them that
    count on. Other words beside numbers are not certain, nor are whole numbers that may be names: those that count the
    columns, years in a row, those with more digits than any number below, and those above decimal fractions only. They
    are a sample where a column goes on from them in equal steps; where they count the columns, where all columns do.

    Args:
        where: The file, for messages.
        rows: The first rows.
        line: Number of the line of the first one, for messages.

    Raises:
        ValueError: It is not certain.
    """
    first, below = rows[0], rows[1:]
    data = [is_datum(cell) for cell in first]
    words = [not (datum or is_missing(cell)) for datum, cell in zip(data, first, strict=True)]
    if not any(data):
        return any(words)
    if any(words) and _numbered(first, data, words, below):
        return True
    if any(words):
        raise ValueError(
            f"{where}: line {line}, {_shown(first)}, has words and numbers: --header {line} if they are names, "
            "--header 0 if it is a sample."
        )
    index_column = not first[0].strip() and len(first) > 1
    if index_column and _counts(first[1:]):
        return True  # as pandas writes an array with its index
    whole = all(re.fullmatch(r"\d+", cell.strip()) for cell in first) and len(set(first)) == len(first)
    if whole and _may_be_names(first, _columns(below)):
        raise ValueError(
            f"{where}: line {line}, {_shown(first)}, may hold column numbers or a sample: --header {line} if it is a "
            "header, --header 0 if it is a sample."
        )
    return False


def has_units_row(below: list[Row]) -> bool:
    """Return whether the first row under the header holds units: words above columns of numbers or dates.

    A word that is found further down in its column, too, stands for a missing value.
    """
    if len(below) < 2:
        return False
    columns = list(zip(*(row for row in below if len(row) == len(below[0])), strict=True))
    held = [column for column in columns if column_holds(column[1:], "datum")]
    told = [column[0].strip() for column in held if not is_missing(column[0])]
    return bool(told) and not any(
        is_datum(column[0]) or column[0].strip() in map(str.strip, column[1:])
        for column in held
        if not is_missing(column[0])
    )


def unit_in_name(name: str) -> str | None:
    """Return the unit in brackets at the end of a column name, such as ``flow [m3/s]``."""
    found = UNIT.search(name)
    return None if found is None else (found[1] or found[2]).strip()


def _counts(cells: Sequence[str]) -> bool:
    written = [cell.strip() for cell in cells]
    return any(written == [str(k) for k in range(start, start + len(written))] for start in (0, 1))


def _may_be_names(first: Row, below: list[tuple[str, ...]]) -> bool:
    """Return whether whole numbers may be column names; ``below`` are the columns under them."""
    if len(below) != len(first):
        return bool(below) and len(first) > 1 and _counts(first)
    if all(map(_is_fractions, below)):
        return True
    goes_on = [_goes_on([name, *column]) for name, column in zip(first, below, strict=True)]
    if len(first) > 1 and _counts(first):
        return not all(goes_on)
    if any(goes_on):
        return False
    numbers = [int(name) for name in first]
    years = numbers[0] in YEARS and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return (len(first) > 1 and years) or all(
        len(name.strip()) > max((len(cell.strip().lstrip("+-")) for cell in column), default=0)
        for name, column in zip(first, below, strict=True)
    )


def _goes_on(column: Sequence[str]) -> bool:
    """Return whether a column holds whole numbers in equal steps, other than 0."""
    if len(column) < 3 or not all(re.fullmatch(r"\s*[+-]?\d+\s*", cell) for cell in column):
        return False
    steps = {int(after) - int(before) for before, after in itertools.pairwise(column)}
    return len(steps) == 1 and 0 not in steps


def _is_fractions(column: Sequence[str]) -> bool:
    values = [cell.strip() for cell in column if not is_missing(cell)]
    return bool(values) and all(is_number(value) and re.search(r"[.,]", value) for value in values)


def _columns(rows: list[Row]) -> list[tuple[str, ...]]:
    return list(zip(*(row for row in rows if len(row) == len(rows[0])), strict=True))


def _numbered(first: Row, data: Sequence[bool], words: Sequence[bool], below: list[Row]) -> bool:
    """Return whether numbers among the words of a row are names: time, 1, 2, 3.

    They count on, or stand above decimal fractions; and some word stands above a column of numbers or dates.
    """
    columns = _columns(below) if below else []
    if len(columns) != len(first) or not any(
        word and column_holds(column, "datum") for word, column in zip(words, columns, strict=True)
    ):
        return False
    places = [k for k, datum in enumerate(data) if datum]
    numbers = [first[k].strip() for k in places]
    if not all(number.isdigit() for number in numbers) or len(set(numbers)) < len(numbers):
        return False
    on = len(numbers) > 1 and [int(n) for n in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
    return on or all(_is_fractions(columns[k]) for k in places)


def _shown(cells: Row) -> str:
    return ", ".join(cells[:5]) + (", .." if len(cells) > 5 else "")
