"""Where the outputs, the inputs and the time stand in the payloads of a stream."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .._messages.limits import MOST_CHANNELS
from .durations import duration, written_duration
from .paths import check_path, find, leaves
from .values import UNITS, is_missing, is_switch, nanoseconds, number, shown, shown_path

ARRIVAL = "arrival"
MISSING, NUMBER, SWITCH = range(3)  # kinds of values
Rule: TypeAlias = Literal["hold", "mean"]
HOLD = 3  # steps for which a value is held, unless somebody says otherwise
_SHOWN = 12  # paths in a message


@dataclass(frozen=True)
class PayloadMapping:
    """Where a sample stands in a payload; ``payload_mapping`` makes one from text.

    Attributes:
        y: Paths of the outputs; empty: the payload has one number.
        u: Paths of the inputs.
        time: Path of the time, or ``arrival``; None: a known key such as ``timestamp``, else the time of arrival.
        unit: Unit of the time: s, ms, us or ns; None: found by its magnitude.
        by: Path of a name, for payloads of several streams on one topic; None: a topic is one stream.
        each: Path of the list of records in a payload; None: the payload is the record.
        every: Nanoseconds between the samples of a grid; None: each payload is a sample.
        rule: On a grid: the last value (``hold``), or the mean of the values since the last sample (``mean``).
        hold: Nanoseconds for which a value is held at most.
    """

    y: tuple[str, ...] = ()
    u: tuple[str, ...] = ()
    time: str | None = None
    unit: str | None = None
    by: str | None = None
    each: str | None = None
    every: int | None = None
    rule: Rule = "hold"
    hold: int = 0

    @property
    def options(self) -> str:
        """The mapping as options of the command line."""
        held = self.every is not None and self.rule == "hold"
        words = {
            "--y": ",".join(self.y),
            "--u": ",".join(self.u),
            "--time": self.time,
            "--time-unit": self.unit,
            "--by": self.by,
            "--each": self.each,
            "--every": None if self.every is None else written_duration(self.every),
            "--rule": "mean" if self.rule == "mean" else None,
            "--hold": written_duration(self.hold) if held and self.hold != HOLD * (self.every or 0) else None,
        }
        return " ".join(f"{word} {quoted(value)}" for word, value in words.items() if value)

    @property
    def grid(self) -> str | None:
        """The rule of the grid, for people; None if there is none."""
        if self.every is None:
            return None
        step = written_duration(self.every)
        if self.rule == "mean":
            return f"one sample every {step}, at multiples of {step} since 1970: the mean of the values since the last"
        kept = f"at most {written_duration(self.hold)} old"
        return f"one sample every {step}, at multiples of {step} since 1970: the last value, {kept}, else missing"


class Sample(NamedTuple):
    """One sample of a payload.

    Attributes:
        time: Nanoseconds, None if not known.
        output, input: ``(output,)`` and ``(input,)``, NaN where missing.
        stamped: Whether the time is the publisher's.
        kinds: Kind of each output and input: ``NUMBER``, ``SWITCH`` or ``MISSING``.
    """

    time: int | None
    output: NDArray[np.float64]
    input: NDArray[np.float64]
    stamped: bool = False
    kinds: bytes = b""


class NoReading(RejectedMessage):
    """A record that has none of the paths."""


def payload_mapping(
    y: str | Sequence[str] = (),
    u: str | Sequence[str] = (),
    *,
    time: str | None = None,
    unit: str | None = None,
    by: str | None = None,
    each: str | None = None,
    every: str | float | None = None,
    rule: str | None = None,
    hold: str | float | None = None,
) -> PayloadMapping:
    """Return where a sample stands in a payload.

    Args:
        y, u: Paths of the outputs and of the inputs, such as ``temperature`` or ``DS18B20.Temperature``; a path that
            leads to a list of numbers has as many channels.
        time, unit, by, each: As in ``PayloadMapping``.
        every: Step of a grid, such as ``10s``, or seconds.
        rule: ``hold`` (default) or ``mean``.
        hold: The longest time for which a value is held, such as ``1h``, or seconds; by default three steps.

    Raises:
        ValueError: A path, a unit or a duration is none.
    """
    paths = {word: (some,) if isinstance(some, str) else tuple(some) for word, some in (("y", y), ("u", u))}
    for path in [*paths["y"], *paths["u"], *(one for one in (by, each) if one is not None)]:
        check_path(path)
    if time is not None and time != ARRIVAL:
        check_path(time)
    if paths["u"] and not paths["y"]:
        raise ValueError("inputs need outputs beside them: name the path of the output, too (--y).")
    if unit is not None and unit not in UNITS:
        raise ValueError(f"the unit of a time is s, ms, us or ns, got {unit!r}.")
    if unit is not None and time in (None, ARRIVAL):
        raise ValueError("a unit belongs to a time in the payload: name its path, too (--time).")
    if rule is not None and rule not in get_args(Rule):
        raise ValueError(f"the rule of a grid is hold or mean, got {rule!r}.")
    if every is None and (rule is not None or hold is not None):
        raise ValueError("a rule and a hold belong to a grid: give its step, too, such as --every 10s.")
    if rule == "mean" and hold is not None:
        raise ValueError("with the mean nothing is held: leave out the mean, or --hold.")
    step = None if every is None else duration("the step of a grid", every)
    held = HOLD * (step or 0) if hold is None else duration("the time that a value is held", hold)
    return PayloadMapping(
        paths["y"], paths["u"], time, unit, by, each, step, "mean" if rule == "mean" else "hold", held
    )


def records_at(records: Sequence[Any], each: str | None) -> list[Any]:
    """Return the records in the lists at a path, or the records themselves without a path.

    Raises:
        RejectedMessage: ``schema``: there is no list.
    """
    return list(records) if each is None else [part for record in records for part in _list(record, each)]


def quoted(text: str) -> str:
    """Return a text as a word of the shell, safe to print."""
    return shlex.quote(printable(text, None))


def _list(record: Any, each: str) -> list[Any]:
    found = find(record, each)
    if not found or not isinstance(found[0], list):
        got = shown(found[0]) if found else _paths(record)
        raise RejectedMessage("schema", f"{shown_path(each)} must be a list of records, got {got}.")
    return found[0]


def sample_of(mapping: PayloadMapping, record: Any, arrived: int | None) -> Sample:
    """Return the sample of a record.

    Args:
        mapping: Where the sample stands; it has outputs.
        record: One of what ``read_payload`` found.
        arrived: Time of arrival in nanoseconds; None: not known.

    Raises:
        NoReading: It has none of the paths.
        RejectedMessage: A value or the time is wrong.
    """
    y, u = (_channels(record, paths) for paths in (mapping.y, mapping.u))
    if y is None and u is None:
        raise NoReading("schema", _absence(record, mapping.y[0]), "reading")
    time, stamped = arrived, mapping.time is not None and mapping.time != ARRIVAL
    if mapping.time is not None and stamped:
        found = find(record, mapping.time)
        if not found:
            raise RejectedMessage(
                "schema",
                f"the payload has no time {shown_path(mapping.time)}; {_paths(record)}. If some have none, "
                "use --time arrival.",
                "time",
            )
        time = nanoseconds(found[0], mapping.time, mapping.unit)
    gaps = [(np.full(len(paths), np.nan), bytes(len(paths))) for paths in (mapping.y, mapping.u)]
    (outputs, kinds), (inputs, others) = (gap if some is None else some for some, gap in zip((y, u), gaps, strict=True))
    return Sample(time, outputs, inputs, stamped, kinds + others)


def _channels(record: Any, paths: tuple[str, ...]) -> tuple[NDArray[np.float64], bytes] | None:
    """Return the values at some paths, NaN where a path leads nowhere, and their kinds; None if all lead nowhere."""
    found = [find(record, path) for path in paths]
    if not any(found):
        return None
    cells: list[float] = []
    kinds: list[int] = []
    for path, some in zip(paths, found, strict=True):
        values = some[0] if some and isinstance(some[0], list) else some or [None]
        if not values or len(cells) + len(values) > MOST_CHANNELS:
            raise RejectedMessage("schema", f"{shown_path(path)} must hold 1 to {MOST_CHANNELS} numbers.", "width")
        cells += [number(value, path) for value in values]
        kinds += [MISSING if is_missing(value) else SWITCH if is_switch(value) else NUMBER for value in values]
    return np.array(cells), bytes(kinds)


def _absence(record: Any, path: str) -> str:
    if isinstance(record, list) and not path[:1].isdigit():
        return (
            f"a line of {len(record)} cells has no {shown_path(path)}: the names of a header are not read, name the "
            f"cell by its number, from 0 to {len(record) - 1}, such as --y 1."
        )
    return f"the payload has no {shown_path(path)}; {_paths(record)}."


def _paths(record: Any) -> str:
    known = [shown_path(path) for path, _ in islice(leaves(record), _SHOWN + 1)]
    return f"it has {', '.join(known[:_SHOWN]) or 'nothing'}{' and more' if len(known) > _SHOWN else ''}"
