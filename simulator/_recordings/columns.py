"""Columns as users name them: by name, without the unit, by number; two for a date and a time of day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._core.text import did_you_mean
from .text.header import UNIT


def refuse_unknown(where: str, wanted: Iterable[str], names: Sequence[str]) -> None:
    """Raise ValueError if a wanted column is not there, or is there twice."""
    for name in wanted:
        if names.count(name) > 1:
            raise ValueError(f"{where}: two columns are called {name!r}; rename one.")
        if name not in names:
            shown = ", ".join(names[:20]) + (", .." if len(names) > 20 else "")
            hint = did_you_mean(name, names)
            raise ValueError(f"{where}: no column is called {name!r}{hint} The columns are: {shown}.")


def known_names(wanted: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return column names in full; a name that is not known is returned as it stands.

    A column may be named without the unit in brackets behind its name, if no other is called so; and by its number,
    from 1, unless some column is called by a number. Two with a comma between them are a date and a time of day.
    """
    plain = [UNIT.sub("", name) for name in names]
    short = {
        name: full for name, full in zip(plain, names, strict=True) if plain.count(name) == 1 and name not in names
    }
    if not any(name.isdigit() for name in names):
        short = {str(k): name for k, name in enumerate(names, 1)} | short
    found = []
    for name in wanted:
        parts = [part.strip() for part in name.split(",")]
        whole = name in names or name in short or len(parts) != 2
        found.append(short.get(name, name) if whole else ",".join(short.get(part, part) for part in parts))
    return tuple(found)


def time_columns(time: str | None, names: Sequence[str]) -> list[str]:
    """Return the columns of the time: one, or two with a comma between them, a date and a time of day."""
    if time is None or time in names:
        return [] if time is None else [time]
    parts = [part.strip() for part in time.split(",")]
    return parts if len(parts) == 2 and all(part in names for part in parts) else [time]
