"""Durations as people write them: 100ms, 10s, 1min, 1h."""

from __future__ import annotations

import math
import re

_DURATION = re.compile(r"(\d+(?:\.\d*)?)\s*(us|ms|s|min|h|d)?", re.ASCII)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, None: 1, "min": 60, "h": 3600, "d": 86_400}


def duration(word: str, value: str | float) -> int:
    """Return a duration such as ``10s``, ``1min`` or seconds, in nanoseconds.

    Raises:
        ValueError: It is none, or shorter than a microsecond.
    """
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    seconds = float(found[1]) * _SECONDS[found[2]] if found else value if isinstance(value, int | float) else math.nan
    if not 1e-6 <= seconds <= 1e8:
        raise ValueError(f"{word} is written 100ms, 10s, 1min, 1h or 1d, at least 1us, got {value!r}.")
    return round(seconds * 1e9)


def written_duration(length: int) -> str:
    """Return nanoseconds as a text that ``duration`` reads."""
    seconds = length / 1e9
    for unit in ("d", "h", "min", "s", "ms"):
        if seconds >= _SECONDS[unit] and length % round(_SECONDS[unit] * 1e9) == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds * 1e6:.0f}us" if length % 1000 == 0 and seconds < 1 else f"{seconds:.9g}s"
