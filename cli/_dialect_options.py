"""How a recording is written: the options that tell a command what not to guess."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..simulator import Dialect

_PANEL: Any = dict(rich_help_panel="Recording: how it is written (found, unless told)", show_default=False)
OPTIONS: dict[str, tuple[Any, Any]] = {
    "separator": (
        Annotated[
            str | None,
            typer.Option(help="Between columns: one character, or comma, semicolon, tab, bar, blank.", **_PANEL),
        ],
        None,
    ),
    "decimal": (
        Annotated[str | None, typer.Option(help="Decimal mark: . or , (the other one groups thousands).", **_PANEL)],
        None,
    ),
    "encoding": (Annotated[str | None, typer.Option(help="Such as utf-8, utf-16, latin-1.", **_PANEL)], None),
    "header": (
        Annotated[
            int | None,
            typer.Option(help="Line of the column names, from 1; 0: none, columns are called 1, 2, ..", **_PANEL),
        ],
        None,
    ),
    "units_row": (
        Annotated[bool | None, typer.Option(help="Whether a row of units follows the header.", **_PANEL)],
        None,
    ),
    "comment": (
        Annotated[str | None, typer.Option(help="What begins a comment line, such as '#'; '' for none.", **_PANEL)],
        None,
    ),
    "missing": (
        Annotated[
            list[str] | None,
            typer.Option(help="A word or number for a missing sample, such as -999; may be repeated.", **_PANEL),
        ],
        None,
    ),
    "time_format": (
        Annotated[
            str | None,
            typer.Option(
                help="Of the time column: '%d/%m/%Y %H:%M', or what numbers count: ns, us, ms, s, min, h, day, year.",
                **_PANEL,
            ),
        ],
        None,
    ),
    "sort": (Annotated[bool, typer.Option("--sort", help="Sort the rows of each run by time.", **_PANEL)], False),
    "time_order": (
        Annotated[
            bool,
            typer.Option("--time-order", help="Rows are samples one step apart, whatever their stamps say.", **_PANEL),
        ],
        False,
    ),
    "table": (
        Annotated[
            str | None,
            typer.Option(help="Sheet, data set, group or variable, where a file holds several.", **_PANEL),
        ],
        None,
    ),
}


def with_dialect(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with these options; it gets them as ``dialect``, None where none is given."""
    own = inspect.signature(command, eval_str=True)

    @wraps(command)
    def run(**given: Any) -> None:
        told = {name: given.pop(name) for name in OPTIONS}
        command(**given, dialect=_dialect(told))

    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in OPTIONS.items()
    ]
    kept = [parameter for name, parameter in own.parameters.items() if name != "dialect"]
    run.__signature__ = own.replace(parameters=[*kept, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*kept, *shared]}
    return run


def _dialect(told: dict[str, Any]) -> Dialect | None:
    from ..simulator import Dialect

    known = {name: value for name, value in told.items() if value is not None and value is not False and value != []}
    if told["units_row"] is False:
        known["units_row"] = False
    return Dialect(**known) if known else None
