"""Decimal commas in a comma-separated file: ``1,25`` under two column names, or under none.

Where a row lacks a cell, a decimal comma makes it as wide as the header again, and the digits behind the comma are read
as the next column. The digits show it; where they may be a fraction, the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

CERTAIN = 88  # cells of a fraction: that a digit is missing in one place of all of them has chance 0.9^88 = 1e-4
TENTHS = (set("0123456789"), set("02468"), set("05"))  # in steps of 0.1, 0.2, 0.5


def refuse_decimal_commas(
    file: Path, header: Sequence[str], rows: Sequence[Sequence[str]], wanted: Sequence[str], unnamed: bool = False
) -> None:
    """Refuse a file in which a number that is wanted may go on in the next column, which is not.

    Args:
        file: The file, for messages.
        header: Column names.
        rows: The first rows.
        wanted: Columns that the user named.
        unnamed: Whether the file has no header, and the user did not give the separator. Then the digits may be what
            the user named, and two columns may be one number whatever its digits.

    Raises:
        ValueError: Whole numbers stand under a wanted name, digits that may be a fraction under the next name, and no
            cell of the file has a decimal point.
    """
    full = [row for row in rows if len(row) == len(header)]
    if len(full) < 2 or any(re.fullmatch(r"\s*[+-]?\d*\.\d*\s*", cell) for row in full for cell in row):
        return
    columns = [[cell.strip() for cell in column] for column in zip(*full, strict=True)]
    places = {header.index(name) for name in wanted}
    pairs = _all_pairs(columns) and (
        unnamed or (len(columns) > 2 and all(len(set(c)) == 1 or _may_be_fraction(c) for c in columns[1::2]))
    )
    starts = places | ({place - 1 for place in places if place} if unnamed else set())
    for place in sorted(starts):
        if place + 1 == len(header) or {place, place + 1} <= places:
            continue
        whole, behind = columns[place], columns[place + 1]
        if not (_are_whole(whole) and ((pairs and place % 2 == 0) or _may_be_fraction(behind))):
            continue
        shown = f"{file}: {whole[0]},{behind[0]} in row 1 may be one number with a decimal comma: columns"
        why = "hold digits alone, and no number of the file has a decimal point."
        if unnamed and len(header) == 2:
            raise ValueError(
                f"{shown} {header[0]!r} and {header[1]!r} {why} If it is one: --decimal ','. If they are two columns: "
                "--separator ','."
            )
        raise ValueError(
            f"{shown} {header[place]!r} and {header[place + 1]!r} {why} If it is one, write the file with decimal "
            "points, or with semicolons between the columns. If they are two columns: --decimal '.'."
        )


def _all_pairs(columns: Sequence[Sequence[str]]) -> bool:
    """Return whether every second column may be the decimals of the one before.

    Decimals are digits, of one length or as short as possible: 5, 10 are none, since 0,10 would be 0,1.
    """
    return len(columns) % 2 == 0 and all(
        _are_whole(whole) and all(re.fullmatch(r"\d+", cell) for cell in behind) and not _padded(behind)
        for whole, behind in zip(columns[::2], columns[1::2], strict=True)
    )


def _are_whole(cells: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[+-]?\d+", cell) for cell in cells)


def _padded(cells: Sequence[str]) -> bool:
    """Return whether cells of several lengths end in zeros, which no decimals do."""
    return len({len(cell) for cell in cells}) > 1 and any(len(cell) > 1 and cell.endswith("0") for cell in cells)


def _may_be_fraction(cells: Sequence[str]) -> bool:
    """Return whether cells may be the digits behind a decimal mark; a constant column may not."""
    if not all(re.fullmatch(r"\d+", cell) for cell in cells) or len(set(cells)) == 1:
        return False
    lengths = {len(cell) for cell in cells}
    if len(lengths) > 1:  # as short as possible: no zero at the end
        return not _padded(cells)
    if lengths == {1}:
        return set(cells) in TENTHS or (len(cells) < CERTAIN and len(set(cells)) > 2)
    return len(cells) < CERTAIN or any(cell.startswith("0") for cell in cells)
