"""CSV files: the header, the first rows, chosen columns, and what a file is when it is no CSV."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

MISSING_WORDS = ("", "nan", "null", "na", "n/a")
PREVIEW = 1000


def preview(file: Path) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the first 1000 rows.

    Raises:
        ValueError: The file is no CSV with commas and a header; the message says what it seems to be.
    """
    first = list(itertools.islice(_rows(file), PREVIEW + 1))
    if not first or not any(cell.strip() for cell in first[0]):
        raise ValueError(f"{file}: the first line must hold the column names, it is blank.")
    header = [name.strip() for name in first[0]]
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in first[0][0]:
            comma = ", decimal_comma=True" if mark == ";" else ""
            raise ValueError(
                f"{file} is separated by {word}, expected commas and decimal points. Rewrite it, in polars: "
                f"pl.read_csv({str(file)!r}, separator={mark!r}{comma}).write_csv('commas.csv')"
            )
    doubled = [name for i, name in enumerate(header) if name and name in header[:i]]
    if doubled:
        raise ValueError(f"{file}: two columns are called {doubled[0]!r}; rename one.")
    _refuse_long_row(file, len(header), first[1:])
    return header, first[1:]


def read_csv(file: Path, wanted: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
    """Return the wanted columns: numbers as Float64 where every cell parses, all else as text.

    Raises:
        ValueError: The file is not well formed.
    """
    raw = {name.strip(): name for name in next(_rows(file))}
    columns = [raw[name] for name in wanted]
    text: dict[str, pl.DataType] = {name: pl.String() for name in columns}
    try:
        try:
            fast = text | {raw[name]: pl.Float64() for name in numbers}
            frame = pl.read_csv(file, columns=columns, schema_overrides=fast)
        except pl.exceptions.ComputeError:
            # A cell is no plain number: perhaps blanks around one, perhaps a word. Text takes more memory, so only now.
            frame = pl.read_csv(file, columns=columns, schema_overrides=text)
    except (pl.exceptions.PolarsError, OSError) as exc:
        _refuse_long_row(file, len(raw), itertools.islice(_rows(file), 1, None))
        raise ValueError(f"{file} cannot be read as CSV: {str(exc).splitlines()[0]}.") from exc
    return frame.rename(dict(zip(columns, wanted, strict=True)))


def is_number(cell: str) -> bool:
    """Return whether a cell reads as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _refuse_long_row(file: Path, width: int, rows: Iterable[Sequence[str]]) -> None:
    for number, row in enumerate(rows, 1):
        if len(row) > width:
            raise ValueError(
                f"{file}: row {number} has {len(row)} cells under {width} column names; is a comma used as the "
                "decimal mark?"
            )


def _rows(file: Path) -> Iterator[list[str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            yield from csv.reader(handle)
    except UnicodeDecodeError as exc:
        raise ValueError(f"{file} is not UTF-8 text, so not a CSV that can be read; save it as UTF-8.") from exc
    except csv.Error as exc:
        raise ValueError(f"{file} cannot be read as CSV: {exc}.") from exc
