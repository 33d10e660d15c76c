"""Options that say where the samples stand in payloads."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._core.text import printable
from ._options import PATH, command_line, with_options
from ._parsing import parse_names
from ._printing import note

if TYPE_CHECKING:
    from ..streams._mapping.mapping import PayloadMapping
    from ..streams._mapping.topics import TopicMapping

Y = Annotated[
    list[str] | None,
    typer.Option("--y", help="Payload: path of the output, such as temperature, DS18B20.Temperature, 1 or a,b."),
]
U = Annotated[list[str] | None, typer.Option("--u", help="Payload: path of the input.")]
Unit = Annotated[
    str | None,
    typer.Option("--time-unit", help="Payload: unit of the time, s, ms, us or ns. Default: found by its magnitude."),
]
Each = Annotated[str | None, typer.Option("--each", help="Payload: path of a list with one record for each sample.")]
Every = Annotated[
    str | None, typer.Option("--every", help="Payload: put values that come irregularly on a grid, such as 10s.")
]
Rule = Annotated[str | None, typer.Option("--rule", help="Grid: hold (the last value) or mean. Default: hold.")]
Hold = Annotated[
    str | None, typer.Option("--hold", help="Grid: how long a value is held, such as 1h. Default: three steps.")
]
Mappings = Annotated[
    Path | None, typer.Option("--mapping", **PATH, help="TOML file with these options for many topics.")
]


OPTIONS: dict[str, tuple[Any, Any]] = dict(
    y=(Y, None),
    u=(U, None),
    time_unit=(Unit, None),
    each=(Each, None),
    every=(Every, None),
    rule=(Rule, None),
    hold=(Hold, None),
    mappings=(Mappings, None),
)


def with_payload(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with these options; it gets them as ``payload``, for ``read_options``."""
    return with_options(command, "payload", OPTIONS, dict)


def read_options(
    payload: dict[str, Any], time: str | None, by: str | None
) -> PayloadMapping | list[TopicMapping] | None:
    """Return the mapping of a file or of options; None if there is at most a time and a name, as of a recording."""
    file = payload["mappings"]
    given = {word: value for word, value in payload.items() if value is not None and word != "mappings"}
    if file is None and not given:
        return None
    from ..streams._mapping.mapping import payload_mapping
    from ..streams._mapping.topics import read_mappings

    if file is not None:
        if given:
            word = next(iter(given)).replace("_", "-")
            raise ValueError(f"the options of payloads stand in {file}: leave --{word} out.")
        return read_mappings(file)
    outputs, inputs = (parse_names(given.pop(word, None)) for word in ("y", "u"))
    if "time_unit" in given:
        given["unit"] = given.pop("time_unit")
    return payload_mapping(outputs, inputs, time=time, by=by, **given)


def typed() -> str:
    """Return the command line as it was typed."""
    return printable(shlex.join(command_line()), None)


def tell_grid(mapping: PayloadMapping | list[TopicMapping] | None, quiet: bool = False) -> None:
    """Print the rule of each grid."""
    grids = [mapping] if mapping is None or not isinstance(mapping, list) else [topic.mapping for topic in mapping]
    rules = dict.fromkeys(one.grid for one in grids if one is not None and one.grid is not None)
    for rule in () if quiet else rules:
        note(f"ergoscope: {rule}.")
