"""What a cell of a text may be: a number, a date, a word for a missing value."""

from __future__ import annotations

import re
from collections.abc import Sequence

MISSING_WORDS = (
    "", "nan", "-nan", "null", "none", "nil", "na", "n/a", "#n/a", "#na", "<na>", "nat", "-", "--", "---", "?", ".",
    "bad", "bad input", "no data", "nodata", "missing", "#value!", "#div/0!", "#ref!", "#num!", "#null!", "#name?",
    "1.#qnan", "-1.#ind", "1.#ind", "-1.#qnan", "-nan(ind)", "nan(ind)",
)  # fmt: skip
UNSAID = ("", "nan", "null", "na", "-nan", "<na>", "nat")  # missing in every program: nothing is said about them

BLANK = " \u00a0\u202f'\u2019"  # between groups of digits
MINUS = "\u2212"
EXPONENT = r"(?:[eEdD][+-]?\d+)?"  # D as Fortran writes it
WHOLE = rf"^[+-]?\d+{EXPONENT}$"


def decimal_of(mark: str) -> str:
    """Return the pattern of numbers with a decimal mark."""
    return rf"^[+-]?(?:\d+{re.escape(mark)}\d*|{re.escape(mark)}\d+){EXPONENT}$"


def grouped_by(group: str, mark: str) -> str:
    """Return the pattern of numbers whose digits are in groups of three, with or without a decimal mark.

    Args:
        group: The characters between groups.
        mark: The decimal mark.
    """
    return rf"^[+-]?[1-9]\d{{0,2}}(?:[{re.escape(group)}]\d{{3}})+(?:{re.escape(mark)}\d*)?{EXPONENT}$"


NUMBER = re.compile(
    "|".join(
        [WHOLE, decimal_of("."), decimal_of(","), grouped_by(BLANK + ",", "."), grouped_by(BLANK + ".", ",")]
    )
)  # fmt: skip
UNIT_BEHIND = r"(?P<number>[-+\d.,]*\d[.,]?)\s*(?P<unit>(?:[^\W\d_]|[%‰°])\S*)"
UNIT_BEFORE = r"(?P<unit>[$€£¥])\s*(?P<number>\S+)"
CLOCK = r"\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d*)?)?(?:\s*[AaPp][Mm])?"
MONTH_NAME = r"(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
DAY = (
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[-\ /.][A-Za-z]{3}[-\ /.]\d{2,4}|\d{8}(?=[T ])|\d{4}[-/]\d{2}"
    rf"|{MONTH_NAME}[-\ /]\d{{1,2}},?[-\ /]\d{{4}}|{MONTH_NAME}[-\ /]\d{{4}}"
)
DATE = re.compile(rf"^(?:(?:{DAY})(?:[T ,]+(?:{CLOCK}|\d{{4}}|\d{{6}})\s*(?:Z|[+-]\d{{2}}:?\d{{2}})?)?|{CLOCK})$")


def plain_minus(cell: str) -> str:
    """Return a cell with the minus of Unicode, which typesetters write, as the one on the keyboard."""
    return cell.replace(MINUS, "-")


def remedy(cell: str, column: str) -> str:
    """Return what to do about a cell that is no number."""
    written = cell.strip()
    if written == column:
        return "the header is repeated there: remove that row"
    if re.fullmatch(r"\(.+\)", written) and is_number(written[1:-1]):
        return f"if brackets mean a negative number, write -{written[1:-1]}"
    for pattern in UNIT_BEHIND, UNIT_BEFORE:
        found = re.fullmatch(pattern, written)
        if found and is_number(found["number"]):
            number, unit = found["number"], found["unit"]
            return f"keep the unit out of the cells, and write {number}; the header may hold it: {column} [{unit}]"
    if written.startswith("="):
        return "a formula is not computed here: open the file in its program, and save it"
    return f"correct it, or leave the cell empty if the sample is missing (or give --missing {written!r})"


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty or a usual word for a missing value."""
    return cell.strip().lower() in MISSING_WORDS


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with a decimal point or a decimal comma, grouped by three digits or not."""
    return NUMBER.match(plain_minus(cell.strip())) is not None


def is_datum(cell: str) -> bool:
    """Return whether a cell is a number, a date or a time of day, so no name."""
    return is_number(cell) or DATE.match(cell.strip()) is not None


def is_date(cell: str) -> bool:
    """Return whether a cell is a date or a time of day."""
    return not is_number(cell) and DATE.match(cell.strip()) is not None


def column_holds(cells: Sequence[str], what: str = "number", but: Sequence[str] = ()) -> bool:
    """Return whether a column has values, and all are numbers, dates, or either.

    Args:
        cells: The cells of the column.
        what: ``"number"``, ``"date"`` or ``"datum"``.
        but: Words that are missing, beside the usual ones.
    """
    test = dict(number=is_number, date=is_date, datum=is_datum)[what]
    values = [cell for cell in cells if not is_missing(cell) and cell.strip() not in but]
    return bool(values) and all(test(cell) for cell in values)
