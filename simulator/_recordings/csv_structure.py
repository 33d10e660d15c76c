"""The structure of a CSV file, seen without parsing its cells: records, widths, quote marks.

A *record* is a row as Python's csv module sees it, blank lines included. The polars reader is fast, and differs from
csv on quote marks inside a cell, on carriage returns alone and on blank lines. ``scan`` tells where both agree.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 24  # bytes

NEWLINE, RETURN, QUOTE = b"\n", b"\r", b'"'


class Structure(NamedTuple):
    """What a file holds.

    Attributes:
        records: Number of records, the header included.
        simple: Every quote mark opens or closes a whole cell, lines end in a newline, no record is short of all but one
            cell, and no record is too long. Readers agree on such a file.
    """

    records: int
    simple: bool


def scan(file: Path, separator: str, width: int) -> Structure:
    """Return the structure of a file of ``width`` columns; memory does not grow with the file."""
    records = 0
    with file.open("rb") as handle:
        while block := handle.read(BLOCK):
            block += handle.readline()
            counts = _separators(block, separator.encode())
            # One cell where there should be more: a blank line, or a short row.
            if counts is None or counts.max(initial=0) >= width or (width > 1 and (counts == 0).any()):
                return Structure(records, False)
            records += len(counts)
    return Structure(records, True)


def _separators(block: bytes, separator: bytes) -> NDArray[np.int64] | None:
    """Return the number of separators in each record of a block of whole lines; None if the block is not simple."""
    if RETURN in block and block.count(RETURN) != block.count(b"\r\n"):
        return None
    if not block.endswith(NEWLINE):
        block += NEWLINE
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
