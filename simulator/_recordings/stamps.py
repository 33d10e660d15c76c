"""Time stamps: columns of seconds, dates, whole numbers that spell a date, or counts since 1970.

Stamps are subtracted as whole numbers before they become seconds: a double that counts seconds from 1970 keeps no more
than a quarter of a microsecond.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .calendar_numbers import Spelled, months_apart, spelled_dates
from .date_forms import parse_dates, parse_format
from .time_units import TIME_UNITS

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
        format: Of dates in text, or the unit of numbers, given or found; None for seconds, and for dates as ISO 8601
            writes them.
    """

    seconds: Seconds
    resolution: float
    dates: bool
    format: str | None = None


def read_stamps(
    where: str, column: pl.Series, rows: NDArray[np.int64], format: str | None = None, unit: str | None = None
) -> Times:
    """Return the times of a column.

    Args:
        where: The file or frame, for messages.
        column: Text, numbers, dates or durations, in the order of the rows.
        rows: Number of each row in the file, for messages.
        format: Of dates in text (strftime), or the unit that numbers count; None: it is found.
        unit: The unit that numbers count, as the file says it.

    Raises:
        ValueError: A cell is no time; the message says where.
    """
    where = f"{where}: the time column {column.name!r}"
    digits: int | None = None
    form = format if format is not None and format not in TIME_UNITS else None
    if form is not None and column.dtype != pl.String:
        column = column.cast(pl.String)
    if column.dtype == pl.String and form is not None:
        read = parse_format(where, column.str.strip_chars(), form)
    elif column.dtype == pl.String:
        read, digits, form = _from_text(where, column)
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
        expected = "seconds or dates (2026-05-31T12:00:00)" if form is None else f"dates written as {form}"
        raise ValueError(f"{where} {came} in row {rows[at]}; expected {expected} in every row.")
    if isinstance(read.dtype, pl.Datetime | pl.Duration):
        ticks = read.to_physical().to_numpy()
        return _from_ticks(ticks, {"ms": 3, "us": 6, "ns": 9}[read.dtype.time_unit])._replace(format=form)
    values = read.to_numpy() if read.dtype.is_integer() else read.cast(pl.Float64).to_numpy()
    whole = read.dtype.is_integer() or ((values == np.rint(values)).all() and np.abs(values).max(initial=0.0) < 2**53)
    values = values.astype(np.int64) if whole else values
    spelled = None if format is not None else spelled_dates(where, values)
    counted = (format or unit) if spelled is None else None
    if counted is not None and counted not in TIME_UNITS:
        raise ValueError(
            f"{where} counts {counted!r}, which is no unit of time: give the --time-format, s or ms for instance."
        )
    if whole:
        return _from_whole(values, spelled, counted)
    return _from_floats(column, values, digits, spelled, counted)


def _from_text(where: str, column: pl.Series) -> tuple[pl.Series, int | None, str | None]:
    """Return dates, whole numbers or floats; the digits behind the decimal point, None if unknown; the format.

    Raises:
        ValueError: Dates are misspelled, or of a form that is not certain.
    """
    if column[0] is None or "." not in column[0]:
        whole = column.str.strip_chars().cast(pl.Int64, strict=False)
        if not whole.null_count():
            return whole, 0, None
    values = column.str.strip_chars().cast(pl.Float64, strict=False)
    if values.null_count():
        text = column.str.strip_chars()
        if text.str.contains(r"^\d{4}-\d{2}-\d{2}").any():
            text = text.str.replace(r"(:\d{2}),(\d)", "$1.$2")
            longest = int(str(text.str.extract(r"[.,](\d+)").str.len_chars().max() or 0))
            try:
                return text.str.to_datetime(strict=False, time_unit="us" if longest <= 6 else "ns"), None, None
            except pl.exceptions.PolarsError as exc:
                raise ValueError(f"{where} misspells or mixes dates; write them all as 2026-05-31T12:00:00.") from exc
        if not values.is_not_null().any():
            read, form = parse_dates(where, text)
            return read, None, form
    digits = [_digits_written(column.slice(first, SLICE)) for first in range(0, len(column), SLICE)]
    known = [number for number in digits if number is not None]
    return values, max(known) if len(known) == len(digits) else None, None


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


def _from_whole(values: NDArray[np.int64], spelled: Spelled | None, unit: str | None) -> Times:
    """Return the times of whole numbers: spelled dates, counts of a unit, counts since 1970 by size, else seconds."""
    if spelled is not None:
        return Times(*spelled, True)
    since = values - values[0]
    digit = float(_last_digit(int(np.gcd.reduce(since)) or 1, 0))
    if unit is not None:
        return Times(_scaled(since, unit), digit * TIME_UNITS[unit], False, unit)
    places = _decimals_by_size(float(np.abs(values).max(initial=0)))
    return Times(since / 10**places, _last_digit(int(np.gcd.reduce(since)) or 1, places), False)


def _from_floats(
    column: pl.Series, values: Seconds, digits: int | None, spelled: Spelled | None, unit: str | None
) -> Times:
    """Return the times of decimal numbers: spelled times of day, counts of a unit, counts since 1970, else seconds."""
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
    if spelled is not None:
        return Times(spelled.seconds, last, True)
    if unit is not None:
        return Times(_scaled(since, unit), last * TIME_UNITS[unit], False, unit)
    places = _decimals_by_size(largest)
    return Times(since / 10**places, last / 10**places, False)


def _scaled(since: NDArray[Any], unit: str) -> Seconds:
    """Return counts of a unit as seconds; thousandths are divided, which rounds less."""
    length = TIME_UNITS[unit]
    return np.asarray(since / round(1 / length) if length < 1 else since * length, np.float64)


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
