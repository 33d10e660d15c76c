"""Units of time: what the numbers of a time column count, and a step in the unit that suits it."""

from __future__ import annotations

import re
from collections.abc import Mapping

DAY = 86_400.0
YEAR = 365.2425 * DAY  # the mean year of the Gregorian calendar
MONTH = YEAR / 12
TIME_UNITS = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "day": DAY, "year": YEAR,
}  # fmt: skip
SPELLED = {
    "ns": ("ns", "nsec", "nanosecond", "nanoseconds"),
    "us": ("us", "µs", "μs", "usec", "microsecond", "microseconds"),
    "ms": ("ms", "msec", "millisecond", "milliseconds", "millis"),
    "s": ("s", "sec", "secs", "second", "seconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "year": ("y", "yr", "yrs", "year", "years", "a"),
}
BY_WORD = {word: unit for unit, words in SPELLED.items() for word in words}
WHOLE_NAME = {word: unit for word, unit in BY_WORD.items() if len(word) > 1}  # a column called y or h is none
ENDING = WHOLE_NAME | {"s": "s", "h": "h"}  # nor is time_a


def unit_of_time(name: str, units: Mapping[str, str]) -> str | None:
    """Return the unit that the numbers of a time column count, as the file says it; None where it does not.

    It stands in a units row, in brackets behind the name, at the end of the name (``time_ms``, ``t ms``), or is the
    name (``year``). A unit that is told and not known is returned as it stands.

    Args:
        name: Of the column.
        units: Of columns, as the file has them.
    """
    told = units.get(name, "").partition(" since ")[0].strip().rstrip(".")  # hours since 2000-01-01, as netCDF has it
    if told:
        return BY_WORD.get(told.lower(), told)
    lower = name.strip().lower()
    if lower in WHOLE_NAME:
        return WHOLE_NAME[lower]
    last = re.search(r"[_ ]([a-zµμ]+)$", lower)
    return ENDING.get(last[1]) if last else None


def step_words(seconds: float) -> str:
    """Return a step in the unit that suits it: 22.675 us, 0.5 s, 600 s, 2 h, 1 day, 1 month, 3 years."""
    for least, length, one, many in (
        (YEAR, YEAR, "year", "years"),
        (MONTH, MONTH, "month", "months"),
        (DAY, DAY, "day", "days"),
        (3600.0, 3600.0, "h", "h"),
        (1e-3, 1.0, "s", "s"),
        (1e-6, 1e-6, "us", "us"),
    ):
        count = seconds / length
        even = abs(count - round(count)) < 1e-6 * count or length <= 1
        if seconds >= least * (1 - 1e-9) and even:
            return f"{count:.6g} {one if round(count, 6) == 1 else many}"
    return f"{seconds:.6g} s"
