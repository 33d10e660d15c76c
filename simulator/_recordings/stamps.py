"""Time stamps: columns of seconds, dates, whole numbers that spell a date, or counts since 1970.

Stamps are subtracted as whole numbers before they become seconds: a double that counts seconds from 1970 keeps no more
than a quarter of a microsecond.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .calendar_numbers import months_apart, spelled_dates

Seconds = NDArray[np.float64]

MOST_DIGITS = 9
SLICE = 2**18  # rows of a text column that are worked on at once


class Times(NamedTuple):
    """Stamps of the rows of one file.

    Attributes:
        seconds: Seconds since the first row, ``(row,)``.
        resolution: The last digit of the stamps in seconds: a stamp is off by up to half of it where it was rounded, by
            all of it where it was cut. 0 for calendar days and months, which are never rounded.
        dates: Whether the stamps are dates.
    """

    seconds: Seconds
    resolution: float
    dates: bool


def read_stamps(where: str, column: pl.Series, rows: NDArray[np.int64]) -> Times:
    """Return the times of a column.

    Args:
        where: The file or frame, for messages.
        column: Text, numbers, dates or durations, in the order of the rows.
        rows: Number of each row in the file, for messages.

    Raises:
        ValueError: A cell is no time; the message says where.
    """
    where = f"{where}: the time column {column.name!r}"
    digits: int | None = None
    if column.dtype == pl.String:
        read, digits = _from_text(where, column)
    elif column.dtype in (pl.Date, pl.Time):
        read = column.cast(pl.Datetime("us") if column.dtype == pl.Date else pl.Duration("ns"))
    else:
        read = column
    if not (read.dtype.is_numeric() or isinstance(read.dtype, pl.Datetime | pl.Duration)):
        raise ValueError(f"{where} must hold seconds or dates; it holds values of type {column.dtype}.")
    bad = (read.is_null() | ~read.to_physical().cast(pl.Float64).is_finite()).fill_null(True).arg_true()
    if len(bad):
        at = int(bad[0])
        came = "is empty" if column[at] in (None, "") else f"holds {str(column[at])!r}"
        raise ValueError(
            f"{where} {came} in row {rows[at]}; expected seconds or dates (2026-05-31T12:00:00) in every row."
        )
    if isinstance(read.dtype, pl.Datetime | pl.Duration):
        return _from_ticks(read.to_physical().to_numpy(), {"ms": 3, "us": 6, "ns": 9}[read.dtype.time_unit])
    if read.dtype.is_integer():
        return _from_whole(where, read.cast(pl.Int64).to_numpy())
    values = read.cast(pl.Float64).to_numpy()
    if (values == np.rint(values)).all() and np.abs(values).max(initial=0.0) < 2**53:
        return _from_whole(where, values.astype(np.int64))
    return _from_floats(where, column, values, digits)


def _from_text(where: str, column: pl.Series) -> tuple[pl.Series, int | None]:
    """Return dates, whole numbers or floats; and the number of digits behind the decimal point, None if unknown."""
    if column[0] is None or "." not in column[0]:
        whole = column.str.strip_chars().cast(pl.Int64, strict=False)
        if not whole.null_count():
            return whole, 0
    values = column.str.strip_chars().cast(pl.Float64, strict=False)
    if values.null_count():
        text = column.str.strip_chars()
        if text.str.contains(r"^\d{4}-\d{2}-\d{2}").any():
            longest = int(str(text.str.extract(r"[.,](\d+)").str.len_chars().max() or 0))
            try:
                return text.str.to_datetime(strict=False, time_unit="us" if longest <= 6 else "ns"), None
            except pl.exceptions.PolarsError as exc:
                raise ValueError(f"{where} misspells or mixes dates; write them all as 2026-05-31T12:00:00.") from exc
    digits = [_digits_written(column.slice(first, SLICE)) for first in range(0, len(column), SLICE)]
    known = [number for number in digits if number is not None]
    return values, max(known) if len(known) == len(digits) else None


def _digits_written(column: pl.Series) -> int | None:
    """Return the most digits behind a decimal point, None if a number has an exponent."""
    text = column.str.strip_chars()
    if text.str.contains("e", literal=True).any() or text.str.contains("E", literal=True).any():
        return None
    return int(str((text.str.len_bytes() - 1 - text.str.find(".", literal=True)).max() or 0))


def _from_ticks(ticks: NDArray[np.int64], places: int) -> Times:
    """Return the times of dates or durations that count 10^-places seconds."""
    since = ticks - ticks[0]
    step = int(np.gcd.reduce(since)) or 1
    day = 86_400 * 10**places
    if step % day == 0:
        months = months_apart(ticks // day)
        return Times(since / 10**places if months is None else months, 0.0, True)
    return Times(since / 10**places, _last_digit(step, places), True)


def _from_whole(where: str, values: NDArray[np.int64]) -> Times:
    """Return the times of whole numbers: dates that are spelled, counts since 1970 by their size, else seconds."""
    spelled = spelled_dates(where, values)
    if spelled is not None:
        return Times(*spelled, True)
    places = _decimals_by_size(float(np.abs(values).max(initial=0)))
    since = values - values[0]
    return Times(since / 10**places, _last_digit(int(np.gcd.reduce(since)) or 1, places), False)


def _from_floats(where: str, column: pl.Series, values: Seconds, digits: int | None) -> Times:
    """Return the times of decimal numbers: times of day that are spelled, counts since 1970 by their size, seconds."""
    text, largest = column.dtype == pl.String, float(np.abs(values).max())
    if digits is None and not text:
        digits = _digits_of(values, largest)
    rounding = 2 * float(np.spacing(largest))
    last = rounding if digits is None else max(10.0**-digits, rounding)
    since = values - values[0]
    if text and digits is not None and 10.0**-digits < 4 * rounding and largest * 10.0**digits < 9e18:
        # More digits than a double holds: count in the last digit. Up to 17 of them may be those of a printed double.
        whole = _as_whole(column.str.strip_chars(), digits)
        since = (whole - whole[0]) / 10.0**digits
        last = 10.0**-digits if largest * 10.0**digits >= 1e17 else max(10.0**-digits, rounding)
    spelled = spelled_dates(where, values)
    if spelled is not None:
        return Times(spelled.seconds, last, True)
    places = _decimals_by_size(largest)
    return Times(since / 10**places, last / 10**places, False)


def _decimals_by_size(largest: float) -> int:
    """Return 0 for seconds, 3, 6 or 9 for milli-, micro- or nanoseconds since 1970: no recording is 3000 years long."""
    return next((places for places, least in ((9, 1e17), (6, 1e14), (3, 1e11)) if largest >= least), 0)


def _as_whole(text: pl.Series, digits: int) -> NDArray[np.int64]:
    """Return decimal numbers as whole numbers of 10^-digits."""
    whole = text.str.strip_chars_start("+").str.extract(r"^(-?\d*)").str.replace(r"^-?$", "0").cast(pl.Int64).to_numpy()
    behind = text.str.extract(r"\.(\d*)$").fill_null("").str.pad_end(max(digits, 1), "0").cast(pl.Int64).to_numpy()
    return np.asarray(whole * 10**digits + np.where(text.str.starts_with("-").to_numpy(), -behind, behind))


def _digits_of(values: Seconds, largest: float) -> int | None:
    """Return the decimals that all values share, None where they are as long as doubles are."""
    for digits in range(MOST_DIGITS + 1):
        scaled = values * 10.0**digits
        if largest * 10.0**digits > 2**50:
            return None
        if (np.abs(scaled - np.rint(scaled)) <= 2 * np.spacing(np.abs(scaled))).all():
            return digits
    return None


def _last_digit(step: int, places: int) -> float:
    """Return the largest power of ten, in seconds and at most 1, that divides a number of 10^-places seconds."""
    power = 0
    while power < places and step % 10 ** (power + 1) == 0:
        power += 1
    return 10.0 ** (power - places)
