"""Excel and OpenDocument sheets, read by fastexcel (extra ``files``).

A sheet is read as text, for its layout, and again as numbers or dates: text has nine decimals of a number only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dialect import Dialect
from ..opened import Opened
from ..text.cells import column_holds, is_missing
from ..text.header import has_header, has_units_row, unit_in_name
from .arrays import chosen, listed
from .laboratory import library

Row = list[str]


def open_excel(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of a sheet; header and units row are found as in a text.

    Raises:
        ValueError: The file is damaged, has several sheets and none is named, or the header is not certain.
    """
    where, fastexcel = str(file), library(file, "fastexcel", "Excel")
    text_only = ("separator", "encoding", "comment")
    dialect.refuse(text_only, where, "is an option of text files, and this is Excel")
    try:
        book = fastexcel.read_excel(file)
        part = chosen(where, "sheet", book.sheet_names, dialect.table)
        if part is None:
            raise ValueError(f"it holds several sheets, {listed(book.sheet_names)}: name one with --table")
        grid = _sheet(book, part, "string").fill_null("")
    except Exception as exc:  # a damaged file raises whatever its bytes lead to
        if isinstance(exc, ValueError) and str(exc).startswith(where):
            raise
        raise ValueError(f"{file} cannot be read as Excel: {exc!s:.300}.") from exc
    numbered = [(k, row) for k, row in enumerate(map(list, grid.iter_rows()), 1) if any(map(str.strip, row))]
    numbered = [(k, row) for k, row in numbered if not dialect.header or k >= dialect.header]
    if not numbered:
        raise ValueError(f"{where} holds an empty sheet: expected a row of column names and at least two rows.")
    rows = [row for _, row in numbered]
    header = dialect.header
    if header is None:
        header = numbered[0][0] if has_header(where, rows[:1000], numbered[0][0]) else 0
    first = int(header > 0)
    names = [cell.strip() or str(k) for k, cell in enumerate(rows[0], 1)] if header else []
    names = names or [str(k) for k in range(1, len(rows[0]) + 1)]
    units_row = dialect.units_row
    if units_row is None:
        units_row = bool(header) and has_units_row(rows[first:1000])
    units = {name: unit for name in names if (unit := unit_in_name(name))}
    if units_row and len(rows) > first:
        told = zip(names, (cell.strip(" []()") for cell in rows[first]), strict=True)
        units |= {name: unit for name, unit in told if not is_missing(unit)}
    below = numbered[first + units_row :]
    columns = dict(zip(names, zip(*(row for _, row in below[:1000]), strict=True), strict=False))

    at = [k - 1 for k, _ in below]

    def read(wanted: Sequence[str], _: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        made = []
        for name in wanted:
            place = names.index(name)
            kind = "datetime" if name in dated else "float"
            text, typed = grid.to_series(place), _sheet(book, part, kind).to_series(place)
            if below and not (text.gather(at).str.strip_chars() != "").any():
                raise ValueError(
                    f"{where}: every cell of {name!r} is empty. If it holds formulas, the file was saved without their "
                    "values: open it in Excel or LibreOffice, and save it."
                )
            made.append(_joined(name, text.gather(at), typed.gather(at)))
        return pl.DataFrame(made), np.array(at, np.int64) + 2 - numbered[0][0] - first

    dated = [name for name, column in columns.items() if column_holds(column, "date", dialect.missing)]
    return Opened(
        "Excel",
        names,
        [name for name, column in columns.items() if column_holds(column, "number", dialect.missing)],
        dated,
        units,
        replace(dialect, header=header, units_row=units_row, table=part if len(book.sheet_names) > 1 else None),
        read,
    )


def _sheet(book: Any, part: str, dtype: str) -> pl.DataFrame:
    """Return a sheet whose cells are read as one type, null where they have another."""
    frame: pl.DataFrame = book.load_sheet(part, header_row=None, dtypes=dtype, schema_sample_rows=None).to_polars()
    return frame


def _joined(name: str, text: pl.Series, typed: pl.Series) -> pl.Series:
    """Return numbers or dates; where some cells hold none, as text with every digit."""
    written = text.str.strip_chars() != ""
    if not (written & typed.is_null()).any():
        return typed.alias(name)
    if not typed.dtype.is_numeric():
        return text.alias(name)
    exact = pl.Series([None if value is None else repr(value) for value in typed.to_list()], dtype=pl.String)
    return exact.zip_with(exact.is_not_null(), text).alias(name)
