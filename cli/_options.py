"""Options that several commands share."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from ._parsing import parse_path

PATH: Any = dict(parser=parse_path, metavar="<path>")
Seed = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, metavar="<int>", help="Seed of the simulation and the bootstrap.")
]

Out = Annotated[Path | None, typer.Option("--out", **PATH, help="Folder for the results. Default: runs/NAME.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print the answer only.")]


def command_line() -> list[str]:
    """Return this command line, for the settings of its results."""
    return ["ergoscope", *sys.argv[1:]]


def with_options(
    command: Callable[..., None],
    word: str,
    options: Mapping[str, tuple[Any, Any]],
    read: Callable[[dict[str, Any]], Any],
) -> Callable[..., None]:
    """Return a command with a group of options that several commands share.

    Args:
        command: It gets the group as the argument ``word``.
        word: Stands for the group among its parameters.
        options: Annotation and default of each, by name.
        read: Function from their values to the argument.
    """
    own = inspect.signature(command, eval_str=True)

    @wraps(command)
    def run(**given: Any) -> None:
        told = {name: given.pop(name) for name in options}
        command(**given, **{word: read(told)})

    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]
    kept = [parameter for name, parameter in own.parameters.items() if name != word]
    first = [one for one in kept if one.kind is not one.KEYWORD_ONLY]
    rest = [one for one in kept if one.kind is one.KEYWORD_ONLY]
    run.__signature__ = own.replace(parameters=[*first, *rest, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*kept, *shared]}
    return run
