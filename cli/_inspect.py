"""Inspect a broker: its topics, the forms of their payloads, and the command that takes each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.text import counted, printable
from ._printing import console, note
from ._streams import leave_pipe, start_log

if TYPE_CHECKING:
    from ..streams._mapping.survey import Row

_PATHS = 12  # of a topic that are printed


def inspect(
    where: Annotated[str, typer.Argument(help="mqtt://host:1883/# for all topics, or any topics.")],
    seconds: Annotated[float, typer.Option("--for", help="Seconds to listen.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each topic.")] = False,
) -> None:
    """Listen to a broker: print its topics, the paths in their payloads, and the command that takes each."""
    start_log()
    from ..streams._inspect import inspect as listen
    from ..streams._until_signal import run_streams

    rows, ignored = run_streams(listen(where, seconds))
    try:
        for row in rows:
            if as_json:
                print(json.dumps(row._asdict() | dict(values={p: _plain(v) for p, v in row.values.items()})))
            else:
                _show(row)
    except BrokenPipeError:
        leave_pipe()
    if not rows:
        note(f"inspect: nothing came from {where} in {seconds:g} s: does anybody publish there?")
    if ignored:
        note(f"inspect: {counted(ignored, 'message')} left out: outputs of ergoscope, or more than could be read.")


def _show(row: Row) -> None:
    rate = "" if row.rate is None else f", {row.rate:.3g} per s"
    old = f", {row.retained} kept by the broker" if row.retained else ""
    irregular = ", irregular" if row.every else ""
    console.print(row.topic, style="bold", end="", soft_wrap=True)
    console.print(f": {row.kind}, {counted(row.messages, 'message')}{rate}{irregular}{old}", soft_wrap=True)
    for path, unit in row.times.items():
        console.print(f"    time {printable(path)} ({unit})", soft_wrap=True)
    for (path, value), command in list(zip(row.values.items(), row.commands.values(), strict=True))[:_PATHS]:
        console.print(f"    {'value' if path == '.' else path} = {_plain(value)}", soft_wrap=True)
        console.print(f"        {command}", soft_wrap=True)
    if len(row.values) > _PATHS:
        console.print(f"    and {len(row.values) - _PATHS} more paths (--json has all)", soft_wrap=True)
    if row.reason:
        console.print(f"    nothing is taken: {row.reason}", soft_wrap=True)


def _plain(value: object) -> object:
    """Return a value for people and for JSON."""
    return printable(value) if isinstance(value, str) else value
