"""Dates and times of day that are spelled as numbers: 20260531, 202605, 235959, 20260531235959."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .time_units import MONTH

Seconds = NDArray[np.float64]
Whole = NDArray[np.int64]

FIRST = 1000  # stamps that are looked at before all are


class Spelled(NamedTuple):
    """Seconds since the first stamp, ``(row,)``, and their last digit in seconds (0 for days and months)."""

    seconds: Seconds
    resolution: float


def spelled_dates(where: str, values: NDArray[np.generic]) -> Spelled | None:
    """Return the times that numbers spell, and their last digit; None where they count seconds.

    * YYYYMMDD, and with HH, HHMM or HHMMSS behind it: all are dates of the calendar.
    * YYYYMM: all are months, and they follow more evenly as months than as seconds.
    * HHMMSS, seconds with decimals too: all are times of day, and they follow more evenly as such than as seconds.

    Args:
        where: The column, for messages.
        values: Whole numbers; or floats, which can be times of day only.

    Raises:
        ValueError: They are months as well as times of day, and follow as evenly as either.
    """
    if not len(values) or values.min() < 0:
        return None
    whole = np.issubdtype(values.dtype, np.integer)
    if whole and values.min() >= 10_000_000:
        for digits, unit in ((8, 86_400), (10, 3600), (12, 60), (14, 1)):
            if values.min() >= 10 ** (digits - 1) and values.max() < 10**digits:
                return _dates(values.astype(np.int64), digits, unit)
        return None
    of_day = None if _times_of_day(values[:FIRST]) is None else _times_of_day(values)
    months = None if not whole or _months(values[:FIRST].astype(np.int64)) is None else _months(values.astype(np.int64))
    if of_day is None and months is None:
        return None
    others = [_uneven(values.astype(np.float64))] + ([] if of_day is None else [_uneven(of_day)])
    if months is not None and _uneven(months) <= min(others):
        if of_day is not None and _uneven(months) == min(others):
            raise ValueError(
                f"{where} holds {values[0]}, .., {values[-1]}, which may be months (YYYYMM) or times of day (HHMMSS). "
                "Write dates as 2026-05-31, or give the --time-format: %Y%m, %H%M%S, or s for seconds."
            )
        return Spelled(months - months[0], 0.0)
    if of_day is not None and others[1] < others[0]:
        return Spelled(of_day - of_day[0], 1.0)
    return None


def months_apart(days: Whole) -> Seconds | None:
    """Return days since 1970 as mean months since the first, if all are of one day of the month and months apart.

    Months of 28 to 31 days are the steps of a monthly recording, which is regular in months only.
    """
    steps = np.diff(days)
    if len(days) < 3 or (steps < 28).any() or len(set(steps.tolist())) == 1:
        return None
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    of_month = (days.astype("datetime64[D]") - month).astype(np.int64)
    length = ((month + 1).astype("datetime64[D]") - month).astype(np.int64)
    if len(np.unique(of_month)) > 1 and not (of_month == length - 1).all():  # one day, or the last one
        return None
    count = month.astype(np.int64)
    return np.asarray((count - count[0]) * MONTH)


def _dates(values: Whole, digits: int, unit: int) -> Spelled | None:
    date = values // 10 ** (digits - 8)
    days = _days(date)
    if days is None:
        return None
    if digits == 8:
        months = months_apart(days)
        return Spelled((days - days[0]) * 86_400.0 if months is None else months, 0.0)
    seconds = days * 86_400
    rest = values % 10 ** (digits - 8)
    for place, base, length in zip(range(digits - 10, -2, -2), (24, 60, 60), (3600, 60, 1), strict=False):
        part = rest // 10**place % 100
        if (part >= base).any():
            return None
        seconds = seconds + part * length
    return Spelled((seconds - seconds[0]).astype(np.float64), float(unit))


def _days(dates: Whole) -> Whole | None:
    """Return YYYYMMDD as days since 1970, None unless all are dates from 1800 to 2199."""
    year, month, day = dates // 10_000, dates // 100 % 100, dates % 100
    if (year < 1800).any() or (year > 2199).any() or (month < 1).any() or (month > 12).any() or (day < 1).any():
        return None
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first).astype(np.int64)
    if (day > length).any():
        return None
    return first.astype("datetime64[D]").astype(np.int64) + day - 1


def _months(values: Whole) -> Seconds | None:
    """Return YYYYMM as seconds of mean months, None unless all are months from 1800 to 2199."""
    year, month = values // 100, values % 100
    if (year < 1800).any() or (year > 2199).any() or (month < 1).any() or (month > 12).any():
        return None
    return np.asarray((year * 12 + month) * MONTH)


def _times_of_day(values: NDArray[np.generic]) -> Seconds | None:
    """Return HHMMSS as seconds of the day, None unless all are times of a day."""
    given = values.astype(np.float64)
    hour, minute, second = given // 10_000, given // 100 % 100, given % 100
    if (hour >= 24).any() or (minute >= 60).any() or (second >= 60).any():
        return None
    return np.asarray(hour * 3600 + minute * 60 + second, np.float64)


def _uneven(times: Seconds) -> int:
    """Return how many steps differ from the usual one by more than a thousandth."""
    steps = np.diff(times)
    if not len(steps):
        return 0
    middle = (len(steps) - 1) // 2
    usual = np.partition(steps, middle)[middle]
    return int((np.abs(steps - usual) > 1e-3 * abs(usual)).sum())
