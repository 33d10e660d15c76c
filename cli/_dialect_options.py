"""How a recording is written: the options that tell a command what not to guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._options import with_options

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
    return with_options(command, "dialect", OPTIONS, _dialect)


def _dialect(told: dict[str, Any]) -> Dialect | None:
    from ..simulator import Dialect

    known = {name: value for name, value in told.items() if value is not None and value is not False and value != []}
    if told["units_row"] is False:
        known["units_row"] = False
    return Dialect(**known) if known else None
