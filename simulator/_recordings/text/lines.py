"""Lines and records of a text: encoding, comments, cells."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from ..dialect import Dialect

COMMENTS = ("#", "%", "//")
HEAD = 1 << 20  # bytes
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN = "cp1252"  # Latin-1 with the letters that Windows has in its place

Row = list[str]


def find_encoding(file: Path) -> str:
    """Return the encoding: by its byte order mark, by zero bytes in every second place, else UTF-8 or Windows-1252.

    Raises:
        ValueError: It is none of them.
    """
    with file.open("rb") as handle:
        head = handle.read(HEAD)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
            if zeros.count(0) > 0.9 * len(zeros) and head.count(0) == zeros.count(0):
                return name
        raise ValueError(
            f"{file} is no text, and no format that is read here: it holds binary data. If it is text, give its "
            "--encoding; else export it as CSV or Parquet."
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return WESTERN
    return "utf-8"


def lines(file: Path, encoding: str, comment: str = "", skip: int = 0) -> Iterator[str]:
    """Yield the lines after the first ones, without comments, each with its end.

    Raises:
        ValueError: They are not in the encoding.
    """
    marks, name = tuple(comment.split()), "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        with file.open(encoding=name, newline="") as handle:
            for line in itertools.islice(handle, skip, None):
                if not line.lstrip().startswith(marks):
                    yield line
    except UnicodeError as exc:  # of UTF-16 without a byte order mark, too
        raise ValueError(
            f"{file} is not text in {encoding}: give its --encoding ({WESTERN}, for instance), or save it as UTF-8."
        ) from exc


def records(file: Path, dialect: Dialect, skip: int = 0) -> Iterator[Row]:
    """Yield the records after the first lines, blank ones included, as Python's csv module sees them.

    Raises:
        ValueError: The file is not in the encoding, or a cell is endless.
    """
    text = lines(file, dialect.encoding or "utf-8", dialect.comment or "", skip)
    if dialect.separator == " ":
        yield from map(blank_cells, text)
        return
    try:
        yield from csv.reader(text, delimiter=dialect.separator or ",")
    except csv.Error as exc:
        raise ValueError(f"{file} cannot be read as CSV: {exc}.") from exc


def blank_cells(line: str) -> Row:
    """Return the cells of a line between runs of blanks and tabs; a quoted cell may hold blanks."""
    if '"' not in line:
        return line.split()
    return next(csv.reader([" ".join(line.split())], delimiter=" "), [])
