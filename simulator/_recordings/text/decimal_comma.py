"""Decimal commas in a comma-separated file: ``1,25`` under two column names.

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
        unnamed: Whether the file has no header. Then the digits may be what the user named.

    Raises:
        ValueError: Whole numbers stand under a wanted name, digits that may be a fraction under the next name, and no
            cell of the file has a decimal point.
    """
    full = [row for row in rows if len(row) == len(header)]
    if len(full) < 2 or any(re.fullmatch(r"\s*[+-]?\d*\.\d*\s*", cell) for row in full for cell in row):
        return
    places = {header.index(name) for name in wanted}
    starts = places | ({place - 1 for place in places if place} if unnamed else set())
    for place in sorted(starts):
        if place + 1 == len(header) or {place, place + 1} <= places:
            continue
        name = header[place]
        whole, behind = ([row[at].strip() for row in full] for at in (place, place + 1))
        if all(re.fullmatch(r"[+-]?\d+", cell) for cell in whole) and _may_be_fraction(behind):
            after = header[place + 1]
            raise ValueError(
                f"{file}: {whole[0]},{behind[0]} in row 1 may be one number with a decimal comma: columns {name!r} and "
                f"{after!r} hold digits alone, and no number of the file has a decimal point. If it is one, write the "
                "file with decimal points, or with semicolons between the columns. If they are two columns: --decimal ."
            )


def _may_be_fraction(cells: Sequence[str]) -> bool:
    """Return whether cells may be the digits behind a decimal mark; a constant column may not."""
    if not all(re.fullmatch(r"\d+", cell) for cell in cells) or len(set(cells)) == 1:
        return False
    lengths = {len(cell) for cell in cells}
    if len(lengths) > 1:  # as short as possible: no zero at the end
        return not any(len(cell) > 1 and cell.endswith("0") for cell in cells)
    if lengths == {1}:
        return set(cells) in TENTHS or (len(cells) < CERTAIN and len(set(cells)) > 2)
    return len(cells) < CERTAIN or any(cell.startswith("0") for cell in cells)
