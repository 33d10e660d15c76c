"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ._parsing import parse_path

PATH: Any = dict(parser=parse_path, metavar="<path>")
Seed = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, metavar="<int>", help="Seed of the simulation and the bootstrap.")
]
