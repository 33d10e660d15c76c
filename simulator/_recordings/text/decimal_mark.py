"""The decimal mark of numbers in text, found for all columns of a file together.

A cell with one comma, or one point, is certain unless it may be a group of three digits: 1,5 and 0,125 have a decimal
comma, 1,234 may be 1234. Where no cell is certain, the separator tells: programs write semicolons where the comma is
the decimal mark, and elsewhere a point is. The other cases are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .cells import BLANK, MINUS, MISSING_WORDS, UNSAID, decimal_of, grouped_by

FIRST = 1000
OTHER = {".": ",", ",": "."}
LONG = r"^[+-]?\d{4,}(?:[.,]|$)"  # four digits without a group: the file has no groups


def one_group(mark: str) -> str:
    """Return the pattern of numbers whose mark may be decimal, or group thousands: 12,345."""
    return rf"^[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}$"


def without_missing(column: pl.Series, words: Sequence[str]) -> tuple[pl.Series, list[str]]:
    """Return text without blanks at its ends, null where missing, with plain minus signs; and the words for missing.

    Args:
        column: Text.
        words: Words for missing, beside the usual ones; case matters.
    """
    text = column.str.strip_chars()
    lower = text.str.to_lowercase()
    missing = (lower.is_in(MISSING_WORDS) | text.is_in(list(words))).fill_null(True)
    said = missing & lower.is_not_null() & ~lower.is_in(UNSAID)
    found = text.filter(said).unique().sort().to_list() if said.any() else []
    if text.str.contains(MINUS, literal=True).any():
        text = text.str.replace_all(MINUS, "-", literal=True)
    return text.set(missing, None) if missing.any() else text, found


def find_decimal(
    where: str, columns: Sequence[pl.Series], separator: str | None, others: Sequence[pl.Series] = ()
) -> str:
    """Return the decimal mark of columns of numbers in text.

    Args:
        where: The file, for messages.
        columns: Text without blanks at its ends, null where missing.
        separator: Of the file.
        others: First cells of the other columns of numbers; they are looked at where ``columns`` leave a doubt.

    Raises:
        ValueError: Both marks are decimal, or it cannot be told.
    """
    if not columns or (separator != ";" and all(_plain(column) for column in (*columns, *others))):
        return "."
    certain: dict[str, str] = {}
    unsure: dict[str, str] = {}
    long = False
    for place, column in enumerate((*columns, *others)):
        if place == len(columns) and (list(certain) == ["."] or not (certain or unsure)):
            break  # they have decimal points, or no mark at all
        text = column.drop_nulls()
        for mark, other in OTHER.items():
            marked = text.filter(text.str.contains(mark, literal=True))
            if not len(marked):
                continue
            one = marked.str.contains(one_group(mark))
            sure = (marked.str.contains(decimal_of(mark)) & ~one) | marked.str.contains(
                rf"^[+-]?[1-9]\d{{0,2}}(?:[{BLANK}{other}]\d{{3}})*[{other}{BLANK}]\d{{3}}\{mark}\d*$"
            )
            if sure.any():
                certain.setdefault(mark, str(marked.filter(sure)[0]))
            groups = marked.str.contains(rf"^[+-]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}}){{2,}}$")
            if groups.any():  # 1,234,567: the other mark is decimal
                certain.setdefault(other, str(marked.filter(groups)[0]))
            if one.any():
                unsure.setdefault(mark, str(marked.filter(one)[0]))
        long = long or bool(text.str.contains(LONG).any())
    if len(certain) > 1:
        raise ValueError(
            f"{where}: the numbers hold {certain['.']!r} and {certain[',']!r}: is a comma or a point the decimal mark? "
            "Write all numbers with one of them, or give the --decimal mark; the other one then groups digits by three."
        )
    if certain:
        return next(iter(certain))
    if len(unsure) == 1:
        mark, shown = next(iter(unsure.items()))
        if long or (mark == ",") == (separator == ";"):
            return mark
        raise ValueError(
            f"{where}: {shown!r} may be {shown.replace(mark, '.')} or {shown.replace(mark, '')}, and no number of the "
            f"columns that are read tells which: --decimal {mark!r} for the first, --decimal {OTHER[mark]!r} for the "
            "other."
        )
    if unsure:
        raise ValueError(
            f"{where}: the numbers hold {unsure['.']!r} and {unsure[',']!r}: is a comma or a point the decimal mark? "
            "Give the --decimal mark; the other one then groups digits by three."
        )
    return "."


def _plain(column: pl.Series) -> bool:
    """Return whether a column has no comma, and its first cells one point at most: no more need be looked at."""
    return not column.str.contains(",", literal=True).any() and not column.head(FIRST).str.contains(r"\..*\.").any()


def with_points(where: str, column: pl.Series, rows: NDArray[np.int64], decimal: str, given: bool) -> pl.Series:
    """Return numbers in text with a decimal point and without groups; words stay as they are.

    Args:
        where: The file, for messages.
        column: Text without blanks at its ends, null where missing.
        rows: Number of each row, for messages.
        decimal: The decimal mark.
        given: Whether the user gave it: then the other mark groups digits, wherever it stands.

    Raises:
        ValueError: A number has the other mark as its decimal mark; or the other mark may group digits, and no cell of
            the column shows that it does.
    """
    other = OTHER[decimal]
    if decimal == "." and column.cast(pl.Float64, strict=False).null_count() == column.null_count():
        return column  # plain already
    odd = column.str.contains(f"[,{BLANK}dD]" if decimal == "." else f"[.,{BLANK}dD]").fill_null(False)
    if not odd.any():
        return column
    text = column.filter(odd)
    grouped = text.str.contains(grouped_by(BLANK + other, decimal))
    single = text.str.contains(one_group(other))
    if not given and single.any() and not (grouped & ~single).any():
        shown = text.filter(single)[0]
        raise ValueError(
            f"{where}: column {column.name!r} holds {shown!r}, and other numbers of the file have {decimal!r} as "
            f"decimal mark: give the --decimal mark. With --decimal {decimal!r} it is {shown.replace(other, '')}."
        )
    wrong = (~grouped & text.str.contains(decimal_of(other))).arg_true()
    if len(wrong):
        at = int(wrong[0])
        row = rows[int(odd.arg_true()[at])]
        raise ValueError(
            f"{where}: column {column.name!r} holds {text[at]!r} in row {row}, and {decimal!r} is the decimal mark: "
            "write all numbers with one mark, or give the --decimal mark."
        )
    groups = pl.when(grouped).then(text.str.replace_all(f"[{BLANK}{other}]", "")).otherwise(text)
    plain = groups.str.replace(decimal, ".", literal=True).str.replace(r"(\d\.?)[dD]([+-]?\d+)$", "${1}e$2")
    return column.scatter(odd.arg_true(), pl.select(plain).to_series())
