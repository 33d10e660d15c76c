"""The one number of a payload, if there is one; else the paths to choose from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ..._core.text import counted
from .._messages.errors import RejectedMessage
from .mapping import PayloadMapping, quoted
from .origins import series
from .paths import MOST_LEAVES, leaves
from .payload import Payload
from .values import is_missing, is_number, is_switch, shown, time_unit

_TIMES = ("time", "timestamp", "ts", "t", "datetime", "date_time", "last_seen", "_timestamp", "time_stamp")
_SHOWN = 8  # paths in a message


class Choice(RejectedMessage):
    """A payload with several numbers, of which none was named."""


class Candidates(NamedTuple):
    """The paths of a record that a mapping could name.

    Attributes:
        numbers: Paths of numbers, with their values; without any, those of booleans and words such as ON.
        times: Paths of times, with their units.
        certain: Whether a single number is what the record is about.
    """

    numbers: dict[str, Any]
    times: dict[str, str]
    certain: bool


def candidates(payload: Payload) -> Candidates:
    """Return the paths of the first record that a mapping could name."""
    record = payload.records[0]
    if series(record) is not None and set(record) <= {"name", "tags", "fields", "timestamp"}:  # its tags are names
        record = {word: record[word] for word in ("fields", "timestamp") if word in record}
    cells = dict(leaves(record))
    times = {path: unit for path, value in cells.items() if (unit := _time(path, value)) is not None}
    rest = {path: value for path, value in cells.items() if path not in times}
    numbers = {path: value for path, value in rest.items() if is_number(value)}
    switches = {path: value for path, value in rest.items() if is_switch(value)}
    words = [value for path, value in rest.items() if path not in numbers and not is_missing(value)]
    whole = len(cells) < MOST_LEAVES  # else there may be more
    certain = whole and not (payload.kind == "CSV" and words) and not any(_is_named_as_time(path) for path in numbers)
    return Candidates(numbers or switches, times, certain)


def find_mapping(payload: Payload, mapping: PayloadMapping, command: str) -> PayloadMapping:
    """Return a mapping with the outputs and the time of a payload that has one number.

    Args:
        payload: The payload.
        mapping: A mapping without outputs.
        command: Command line, for the message.

    Raises:
        Choice: It has several numbers; the text names the paths.
        RejectedMessage: ``schema``: it has none.
    """
    found = candidates(payload)
    if not found.numbers:
        raise RejectedMessage(
            "schema", "a payload must have a number, and this one has none: name its path with --y.", "none"
        )
    if len(found.numbers) > 1 or not found.certain:
        raise Choice("schema", _choice(found.numbers, command), "choice")
    return with_time(replace(mapping, y=tuple(found.numbers)), found)


def with_time(mapping: PayloadMapping, found: Candidates) -> PayloadMapping:
    """Return a mapping with the time of a payload, if it names none and the payload has exactly one."""
    if mapping.time is None and len(found.times) == 1:
        return replace(mapping, time=next(iter(found.times)))
    return mapping


def _time(path: str, value: Any) -> str | None:
    """Return the unit of a time: at a known key, or ISO 8601 anywhere."""
    unit = time_unit(value)
    return unit if unit == "iso" or _is_named_as_time(path) else None


def _is_named_as_time(path: str) -> bool:
    return path.rpartition(".")[2].lower() in _TIMES


def _choice(numbers: dict[str, Any], command: str) -> str:
    listed = [f"{quoted(path)} ({shown(value)})" for path, value in list(numbers.items())[:_SHOWN]]
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    every = f"; all as channels: --y {quoted(','.join(numbers))}" if 1 < len(numbers) <= _SHOWN else ""
    return (
        f"the payload has {counted(len(numbers), 'number')} and no path was named: write {command} --y PATH, where "
        f"PATH is one of {', '.join(listed)}{more}{every}."
    )
