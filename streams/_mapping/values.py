"""Numbers and times as publishers write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .._messages.limits import LARGEST_VALUE

UNITS = dict(s=10**9, ms=10**6, us=10**3, ns=1)  # nanoseconds
LATEST = 1 << 62  # nanoseconds since 1970: the year 2116
LONGEST = 400  # letters of a number: every float can be written with fewer
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_PADDED = re.compile(r"[+-]?0\d", re.ASCII)  # a code such as 01, unless somebody says that it is a number
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_MISSING = ("", "-", "nan", "null", "none", "na", "n/a", "unavailable", "unknown")
_SWITCHES = dict(on=1.0, off=0.0, true=1.0, false=0.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANGES = (("s", 10**8, 10**11), ("ms", 10**11, 10**14), ("us", 10**14, 10**17), ("ns", 10**17, 10**20))


def is_number(value: Any) -> bool:
    """Return whether a value is a number, or text that is one and no code such as 01."""
    if isinstance(value, str):
        text = value.strip()
        return _is_numeric(text) and not _PADDED.match(text)
    return isinstance(value, int | float) and not isinstance(value, bool) and not _is_nan(value)


def is_switch(value: Any) -> bool:
    """Return whether a value is a boolean, or text such as ON and off."""
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _SWITCHES)


def is_infinite(text: str) -> bool:
    """Return whether a text is a number that is not finite, such as Infinity."""
    return _INFINITE.fullmatch(text) is not None


def is_missing(value: Any) -> bool:
    """Return whether a value says that a reading is missing: null, NaN, or a word such as ``unavailable``."""
    return value is None or _is_nan(value) or (isinstance(value, str) and value.strip().lower() in _MISSING)


def number(value: Any, path: str) -> float:
    """Return a value as a number: true and ON are 1, false and OFF are 0, a missing reading is NaN.

    Raises:
        RejectedMessage: ``schema``: it is none; ``non-finite``: it is infinite or beyond 1e150.
    """
    if is_missing(value):
        return math.nan
    text = value.strip() if isinstance(value, str) else ""
    if isinstance(value, bool) or text.lower() in _SWITCHES:
        return float(_SWITCHES[text.lower()] if text else value)
    if not isinstance(value, int | float) and not _is_numeric(text) and not is_infinite(text):
        raise RejectedMessage(
            "schema",
            f"{shown_path(path)} must be a number, got {shown(value)}: name another path with --y or --u.",
            f"value {path}",
        )
    try:
        read = float(value)
    except OverflowError:
        read = math.inf
    if not abs(read) <= LARGEST_VALUE:
        raise RejectedMessage("non-finite", f"{shown_path(path)} must be finite and at most {LARGEST_VALUE:g}.")
    return read


def time_unit(value: Any) -> str | None:
    """Return the unit of a time since 1970 by its magnitude, ``iso`` for ISO 8601; None: it is no such time."""
    if isinstance(value, str) and not _is_numeric(value.strip()):
        return None if _from_iso(value.strip()) is None else "iso"
    if not is_number(value):
        return None
    size = abs(Decimal(str(value).strip()))
    return next((unit for unit, low, high in _RANGES if low <= size < high), None)


def nanoseconds(value: Any, path: str, unit: str | None) -> int:
    """Return a time in nanoseconds since 1970, or since the clock of the publisher began.

    Args:
        value: A number, text that is one, or ISO 8601; without a time zone it is taken as UTC.
        path: Its path, for messages.
        unit: ``s``, ``ms``, ``us`` or ``ns``; None: found by the magnitude.

    Raises:
        RejectedMessage: ``schema``: it is no time, or its unit cannot be told.
    """
    found = time_unit(value) if unit is None else "iso" if _is_text(value) else unit
    if found == "iso" and (moment := _from_iso(value.strip())) is not None:
        read = moment
    elif found is None or found == "iso" or not is_number(value):
        remedy = "name its unit with --time-unit s, ms, us or ns" if is_number(value) else "name another path"
        raise RejectedMessage(
            "schema",
            f"{shown_path(path)} must be a time, since 1970 or ISO 8601, got {shown(value)}: {remedy}, or take the "
            "time of arrival with --time arrival.",
            "time",
        )
    else:
        scaled = Decimal(str(value).strip()) * UNITS[found]
        read = LATEST if abs(scaled) > LATEST else int(scaled.to_integral_value())
    if not 0 <= read < LATEST:
        raise RejectedMessage("schema", f"{shown_path(path)} must be a time from 1970 to 2115, got {shown(value)}.")
    return read


def shown(value: Any) -> str:
    """Return the beginning of a value, safe to print."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    if isinstance(value, int) and abs(value) >= 1 << 64:  # may have too many digits to be written
        return "a whole number beyond 2^64"
    return printable(repr(value[:60] if isinstance(value, str) else value), 60)


def shown_path(path: str) -> str:
    """Return a path, safe to print; the whole payload is called so."""
    return "the payload" if path == "." else printable(path)


def _from_iso(text: str) -> int | None:
    if not 8 <= len(text) <= 40 or not text[:4].isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(text)
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _is_numeric(text: str) -> bool:
    return len(text) <= LONGEST and _NUMBER.fullmatch(text) is not None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _is_numeric(value.strip())


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
