"""The structure of a CSV file, seen without parsing its cells: records, widths, quote marks.

A *record* is a row as Python's csv module sees it, blank lines included. The polars reader is fast, and differs from
csv on quote marks inside a cell, on carriage returns alone and on blank lines. ``scan`` tells where both agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 20  # bytes

NEWLINE, RETURN, QUOTE = b"\n", b"\r", b'"'


class Structure(NamedTuple):
    """What a file holds.

    Attributes:
        records: Number of records.
        simple: Every quote mark opens or closes a whole cell, lines end in a newline, no record is short of all but one
            cell, and no record is too long. Readers agree on such a file.
    """

    records: int
    simple: bool


def scan(file: Path, separator: str, width: int, start: int = 0) -> Structure:
    """Return the structure of a file of ``width`` columns, from a byte on; memory does not grow with the file."""
    mark = separator.encode()
    records = _plain_records(file, mark, width, start)
    return _scan(file, mark, width, start) if records is None else Structure(records, True)


def line_start(file: Path, number: int) -> int | None:
    """Return the byte at which a line begins, counted from 0; None where carriage returns alone end lines."""
    with file.open("rb") as handle:
        for _ in range(number):
            if RETURN in handle.readline().removesuffix(NEWLINE).removesuffix(RETURN):
                return None
        return handle.tell()


def _plain_records(file: Path, mark: bytes, width: int, start: int) -> int | None:
    """Return the number of records of a file without quote marks whose records are all full; else None.

    Without all other bytes, such a file repeats (width - 1) separators and a newline.
    """
    others = bytes(set(range(256)) - set(mark + RETURN + NEWLINE + QUOTE))
    record, length, returns, last = b"", 0, 0, b""
    with file.open("rb", buffering=0) as handle:
        handle.seek(start)
        while block := handle.read(BLOCK):
            left = block.translate(None, others)
            if not record:
                record = mark * (width - 1) + (RETURN + NEWLINE if RETURN in left else NEWLINE)
                repeated = record * (BLOCK // len(record) + 2)
            if not repeated.startswith(left, length % len(record)):
                return None
            if RETURN in left:  # each one stands before a newline
                returns += left.count(RETURN) - block.count(RETURN + NEWLINE) - (block[-1:] == RETURN)
            if last == RETURN:
                returns += block[:1] != NEWLINE
            last, length = block[-1:], length + len(left)
    if not record:
        return 0
    records, rest = divmod(length, len(record))
    ended = last == NEWLINE
    if returns or rest != (0 if ended else width - 1):
        return None
    return records + (not ended)


def _scan(file: Path, mark: bytes, width: int, start: int) -> Structure:
    records = 0
    with file.open("rb") as handle:
        handle.seek(start)
        while block := handle.read(BLOCK):
            block += handle.readline()
            if not block.endswith(NEWLINE):
                block += NEWLINE
            if RETURN in block and block.count(RETURN) != block.count(RETURN + NEWLINE):
                return Structure(records, False)
            counts = _separators(block, mark)
            # One cell where there should be more: a blank line, or a short row.
            if counts is None or counts.max(initial=0) >= width or (width > 1 and (counts == 0).any()):
                return Structure(records, False)
            records += len(counts)
    return Structure(records, True)


def _separators(block: bytes, separator: bytes) -> NDArray[np.int64] | None:
    """Return the number of separators in each record of a block of whole lines; None if quotes are not simple."""
    data = np.frombuffer(block, np.uint8)
    marks = np.flatnonzero((data == separator[0]) | (data == NEWLINE[0]))
    if QUOTE in block:
        quotes = np.flatnonzero(data == QUOTE[0])
        if not _whole_cells(data, quotes, separator):
            return None
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]  # a mark after an odd number of quotes is quoted
    ends = np.flatnonzero(data[marks] == NEWLINE[0])
    return np.diff(ends, prepend=-1) - 1


def _whole_cells(data: NDArray[np.uint8], quotes: NDArray[np.int64], separator: bytes) -> bool:
    """Return whether quote marks come in pairs around whole cells, doubled inside them, as RFC 4180 has it."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    joined = closing[:-1] + 1 == opening[1:]  # a doubled quote mark: one cell goes on
    edges = np.frombuffer(separator + b"\r\n", np.uint8)
    before, after = data[opening - 1], data[np.minimum(closing + 1, len(data) - 1)]
    starts = (opening == 0) | np.isin(before, edges)
    stops = np.isin(after, edges)
    return bool((starts | np.append(False, joined)).all() and (stops | np.append(joined, False)).all())
