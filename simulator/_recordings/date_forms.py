"""Dates in text, in the orders that people write: 29/10/2022, 10/29/22 2:05 PM, 29.10.2022, 29-Oct-2022, 14:05:00."""

from __future__ import annotations

import itertools
import re

import polars as pl

NUMBERS = re.compile(r"^(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ,]+(\S.*))?$")
NAMED = re.compile(r"^(\d{1,2})([-/. ])[A-Za-z]{3}\2(\d{2}|\d{4})(?:[T ,]+(\S.*))?$")
MONTH = re.compile(r"^\d{4}([-/])\d{2}$")
MONTH_FIRST = re.compile(r"^[A-Za-z]{3}([-/ ])\d{1,2}(,?)\1\d{4}(?:[T ,]+(\S.*))?$")
NAMED_MONTH = re.compile(r"^[A-Za-z]{3}([-/ ])\d{4}$")
QUARTER = re.compile(r"^\d{4}\s*[-/]?\s*Q[1-4]$|^Q[1-4]\s*[-/]?\s*\d{4}$", re.IGNORECASE)
COMPACT = re.compile(r"^\d{8}[T ](\d.*)$")
CLOCK = re.compile(r"^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(\s*[AaPp][Mm])?$")
ELAPSED = r"^(\d+):(\d{2})(?::(\d{2}))?(?:\.(\d{1,9}))?$"
ELAPSED_FORMS = ("%H:%M:%S", "%H:%M", "%M:%S")
UNITS = {"H": 3600, "M": 60, "S": 1}
BARE = ("%H%M%S", "%H%M")


def parse_dates(where: str, text: pl.Series) -> tuple[pl.Series, str]:
    """Return dates or times of day, and their format; a cell that does not fit is null.

    Args:
        where: The column, for messages.
        text: Cells without blanks at their ends.

    Raises:
        ValueError: The form is not known, or days and months cannot be told apart; the message names the option.
    """
    text = text.str.replace(r"(:\d{2}),(\d)", "$1.$2")
    first = str(next(iter(text.drop_nulls()), ""))
    if re.match(ELAPSED, first):
        return _elapsed(where, text)
    written = text.is_not_null() & (text != "")
    fraction = bool(text.str.contains(r":\d{2}\.\d").any())
    tried = {form: parse_format(where, text, form) for form in _forms(first, fraction)}
    fitting = {form: made for form, made in tried.items() if not (made.is_null() & written).any()}
    if not fitting and QUARTER.match(first):
        raise ValueError(
            f"{where} holds {first!r}, and quarters have no format: write the first month of each, {_month(first)}."
        )
    if not fitting:
        raise ValueError(
            f"{where} holds {first!r}, which is no time that is known, or not every row is written like it: expected "
            "seconds or dates (2026-05-31T12:00:00) in every row; for dates, give their --time-format, such as "
            "'%d/%m/%Y %H:%M:%S'."
        )
    (form, made), *others = fitting.items()
    for other, also in others:
        if ((made - made[0]) != (also - also[0])).any():
            raise ValueError(
                f"{where} holds {first!r}, .., {text[-1]!r}, which may be {form} or {other}: give the --time-format."
            )
    return made, form


def parse_format(where: str, text: pl.Series, form: str) -> pl.Series:
    """Return text in a format (strftime) as dates, or as times since midnight if it has no date; null where it differs.

    Raises:
        ValueError: There is no such format.
    """
    if form in ELAPSED_FORMS:
        return elapsed(text, form)
    own = re.sub(r"\.%f", "%.f", form)
    clock = not re.search(r"%[-_0]?[YyCGgmbBhdejUWuwDxFvcs]", own)
    try:
        if clock:
            return text.str.to_time(own, strict=False).cast(pl.Duration("ns"))
        ns = text.str.contains(r"\.\d{7,}").any()
        return text.str.to_datetime(own, strict=False, time_unit="ns" if ns else "us").dt.replace_time_zone(None)
    except (pl.exceptions.PolarsError, ValueError) as exc:
        raise ValueError(f"{where}: there is no time format {form!r}: {str(exc).splitlines()[0]:.150}.") from exc


def _forms(first: str, fraction: bool) -> list[str]:
    """Return the formats that a cell may have; of decimals of a second, if there are any in the column."""
    if found := NUMBERS.match(first):
        mark, clock = found[2], found[5]
        if len(found[1]) > 2:
            orders = ["Ymd"]
        elif mark == "." and len(found[4]) != 1:
            orders = ["dm" + _year(found[4])]  # with points the day is always first
        else:
            orders = [f"dm{_year(found[4])}", f"md{_year(found[4])}"] + ["ymd"] * (len(found[4]) <= 2 and mark == "-")
        dates = [mark.join(f"%{letter}" for letter in order) for order in orders]
    elif found := NAMED.match(first):
        dates, clock = [f"%d{found[2]}%b{found[2]}%{_year(found[3])}"], found[4]
    elif found := MONTH.match(first):
        return [f"%Y{found[1]}%m"]
    elif found := NAMED_MONTH.match(first):
        return [f"%b{found[1]}%Y"]
    elif found := MONTH_FIRST.match(first):
        dates, clock = [f"%b{found[1]}%d{found[2]}{found[1]}%Y"], found[3]
    elif found := COMPACT.match(first):
        dates, clock = ["%Y%m%d"], found[1]
    else:
        return []
    if not clock:
        return dates
    clocks = BARE if clock.isdigit() else _clock(clock, fraction)
    between = first[: first.rindex(clock)]
    gap = between[len(between.rstrip("T ,")) :]
    return [f"{date}{gap}{form}" for date, form in itertools.product(dates, clocks)]


def _month(quarter: str) -> str:
    year, number = re.search(r"\d{4}", quarter), re.search(r"[Qq](\d)", quarter)
    return f"{year[0]}-{3 * int(number[1]) - 2:02d}" if year and number else ""


def _year(digits: str) -> str:
    return "Y" if len(digits) > 2 else "y"


def _clock(clock: str, fraction: bool) -> list[str]:
    found = CLOCK.match(clock)
    if not found:
        return []
    half = "" if not found[3] else " %p" if found[3][0].isspace() else "%p"
    seconds = (":%S" if found[1] else "") + (".%f" if found[1] and fraction else "")
    return [f"{'%I' if half else '%H'}:%M{seconds}{half}"]


def _elapsed(where: str, text: pl.Series) -> tuple[pl.Series, str]:
    """Return hours, minutes and seconds since the start; two parts are minutes and seconds if a fraction follows.

    Raises:
        ValueError: Two parts may be hours and minutes as well as minutes and seconds.
    """
    if len(str(text[0]).split(":")) == 3:
        return elapsed(text, "%H:%M:%S"), "%H:%M:%S"
    first = text.str.extract(ELAPSED, 1).cast(pl.Int64)
    if not (text.str.contains(".", literal=True).any() or (first > 23).any()):
        raise ValueError(
            f"{where} holds {text[0]!r}, .., {text[-1]!r}, which may be hours and minutes or minutes and seconds: give "
            "--time-format %H:%M or %M:%S."
        )
    return elapsed(text, "%M:%S"), "%M:%S"


def elapsed(text: pl.Series, form: str) -> pl.Series:
    """Return times since the start, which may be over a day; null where a cell has other parts than the format.

    Args:
        text: Cells without blanks at their ends.
        form: One of ``ELAPSED_FORMS``; decimals may follow the seconds.
    """
    parts = text.str.extract_groups(ELAPSED).struct.unnest()
    a, b, c = (parts.to_series(k).cast(pl.Int64) for k in range(3))
    nano = parts.to_series(3).fill_null("0").str.pad_end(9, "0").cast(pl.Int64)
    lengths = dict(zip(re.findall("%(.)", form), (a, b, c), strict=False))
    if len(lengths) == 2:
        nano = nano.set(c.is_not_null(), None)  # three parts where there should be two
    seconds = pl.Series([0], dtype=pl.Int64).new_from_index(0, len(text))
    for letter, part in lengths.items():
        seconds = seconds + part * UNITS[letter]
    return (seconds * 10**9 + nano).cast(pl.Duration("ns")).alias(text.name)
