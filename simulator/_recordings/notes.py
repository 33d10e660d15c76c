"""What a user should look at after a recording was read: remarks, not errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .dialect import Dialect
from .opened import Opened
from .time_units import DAY

WEEK = 7
STAND_INS = (
    -99,
    -999,
    -9999,
    -99_999,
    -99.9,
    -999.9,
    -9999.9,
    -32_768,
    999,
    9999,
    99_999,
    999.9,
    9999.9,
    32_767,
    65_535,
)


def file_notes(
    opened: Opened, dialects: Sequence[Dialect], files: Sequence[str], named: Sequence[str], time: str | None
) -> list[str]:
    """Return remarks on how the files were read.

    Args:
        opened: The first file.
        dialects: Of each file, as found.
        files: Their names.
        named: The columns that were read.
        time: The time column, if one was named.
    """
    notes = list(dict.fromkeys(opened.notes[name] for name in named if name in opened.notes))
    if time is None and opened.dated:
        notes.append(f"rows are taken as evenly spaced: column {opened.dated[0]!r} holds dates or times (--time)")
    other = [name for name, dialect in zip(files, dialects, strict=False) if dialect != dialects[0]]
    if other:
        count = f"{len(other)} files are" if len(other) > 1 else "one file is"
        notes.append(f"{count} written in another dialect than {files[0]}, {other[0]} for instance")
    return notes


def grid_notes(dt: float | None, places: list[NDArray[np.int64]], dated: bool, total: int) -> list[str]:
    """Return a remark if the days without a sample are the same two days of each week.

    Args:
        dt: Sampling time in seconds.
        places: Number of each sample on the grid, for each run.
        dated: Whether the stamps are dates.
        total: Samples of the grid.
    """
    if not dated or dt is None or abs(dt - DAY) > 1:
        return []
    holes, free, worked = 0, 0, False  # worked: a sample on a weekend
    for place in places:
        empty = np.setdiff1d(np.arange(place[-1] + 1), place)
        days = np.bincount(empty % WEEK, minlength=WEEK)
        pairs = days + np.roll(days, -1)  # of each day and the next
        first = int(pairs.argmax())
        weekend = (first, (first + 1) % WEEK)
        holes, free = holes + len(empty), free + int(pairs[first])
        worked = worked or bool(np.isin(place % WEEK, weekend).any())
    if holes < 2 or free < 0.6 * holes or worked:
        return []
    share = 100 * holes / total
    return [f"dates: one day apart, {share:.0f} % missing: are weekends no samples? Then --time-order"]


def stand_in_notes(columns: Sequence[tuple[str, NDArray[np.float64]]]) -> list[str]:
    """Return a remark for each column with a number that loggers write for a missing sample, far from all others.

    Args:
        columns: Names and values; NaN is missing.
    """
    notes = []
    for name, values in columns:
        for sign in (1, -1):
            there = sign * values[~np.isnan(values)]
            if not len(there) or sign * (number := float(there.min())) not in STAND_INS:
                continue
            others = there[there > number]
            if len(others) and others.min() - number > 3 * np.ptp(others):
                count = len(there) - len(others)
                written = f"{sign * number:g}"
                notes.append(
                    f"{name} is {written} in {count} row{'s' * (count > 1)}: missing? Then --missing {written}"
                )
    return notes
