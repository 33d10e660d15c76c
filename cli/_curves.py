"""The command ``locate-curves``: what a table of errors shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from .._core.json_values import json_text
from ._dialect_options import with_dialect
from ._options import AsJson, Out, Quiet, Seed, command_line
from ._printing import Meter, console, short_number, show_files

if TYPE_CHECKING:
    from ..analysis import LocatedCurves

MOST_ROWS = 24  # of a table on the terminal


@with_dialect
def locate_curves(
    source: Annotated[
        str,
        typer.Argument(
            metavar="table",
            help="A file with one row for each error: CSV and other text, Parquet, Excel, ..; also curves.parquet of "
            "locate or emerge.",
        ),
    ],
    size: Annotated[str | None, typer.Option(help="Column of the size, such as params.")] = None,
    along: Annotated[str | None, typer.Option(help="Column of the axis, such as tokens or step.")] = None,
    error: Annotated[str | None, typer.Option(help="Column of the error, such as loss.")] = None,
    run: Annotated[str | None, typer.Option(help="Column that names the run, such as seed.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE: take the rows with this value alone; may be repeated.")
    ] = None,
    level: Annotated[float | None, typer.Option(help="Say where the error passes this level.")] = None,
    higher_is_better: Annotated[
        bool, typer.Option("--higher-is-better", help="The column is a score, such as an accuracy.")
    ] = False,
    average: Annotated[
        bool, typer.Option("--average", help="Average several rows of one size, place and run.")
    ] = False,
    law: Annotated[
        bool, typer.Option("--law/--no-law", help="Fit the joint law E + A / N^alpha + B / D^beta, where it may hold.")
    ] = True,
    draws: Annotated[int, typer.Option(min=0, help="Bootstrap draws of the joint law.")] = 1000,
    seed: Seed = 0,
    out: Out = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dialect: Any = None,
) -> None:
    """Say what a table of errors shows: growth of each size, best sizes, thresholds, the joint scaling law."""
    from .. import analysis
    from .._core.files import check_folder
    from ..analysis._curves.locate_curves import table_name

    folder = check_folder(out or Path("runs") / f"{table_name(source).replace('*', '_')}-curves")
    with Meter("locate-curves", hidden=quiet or as_json, unit="draws") as meter:
        found = analysis.locate_curves(
            source,
            size=size,
            along=along,
            error=error,
            run=run,
            where=_pairs(where or []),
            level=level,
            higher_is_better=higher_is_better,
            average=average,
            law=law,
            draws=draws,
            seed=seed,
            dialect=dialect,
            progress=meter.update,
        )
        files = analysis.save_curves(found, folder, command_line())
    if as_json:
        print(json_text(found.to_dict() | dict(files=[str(file) for file in files])))
        return
    if not quiet:
        _show(found)
    console.print(found.sentence, soft_wrap=True)
    if not quiet:
        show_files(files)


def _pairs(texts: list[str]) -> dict[str, str]:
    """Return the columns and values of texts such as ``metric=loss``."""
    pairs = [text.partition("=") for text in texts]
    for (name, sign, _), text in zip(pairs, texts, strict=True):
        if not (sign and name.strip()):
            raise ValueError(f"--where must be COLUMN=VALUE, such as metric=loss; got {text!r}.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _show(found: LocatedCurves) -> None:
    """Print one row for each size, and the joint law."""
    from ..analysis._curves.words import short

    judged = found.kind == "locate"
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in (str(found.columns["size"]), *(() if judged else ("runs", "places", "error")), "exponent",
                 "95 % interval", "verdict"):  # fmt: skip
        table.add_column(head, justify="left" if head == "verdict" else "right", no_wrap=True)
    rows = found.sizes.head(MOST_ROWS)
    for row in rows.iter_rows(named=True):
        cells = [] if judged else [str(row["runs"]), str(row["points"]), short_number(row["error"])]
        interval = "-" if row["low"] is None else f"{_hundredth(row['low'])} to {_hundredth(row['high'])}"
        exponent = "-" if row["exponent"] is None else _hundredth(row["exponent"])
        table.add_row(short(row["size"]), *cells, exponent, interval, row["verdict"])
    console.print(table)
    if found.sizes.height > MOST_ROWS:
        console.print(f"{MOST_ROWS} of {found.sizes.height} sizes; all are in own-sizes.parquet", style="dim")
    if found.law is not None:
        law = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for head in ("joint law", "value", "standard error", "95 % interval"):
            law.add_column(head, justify="left" if head == "joint law" else "right", no_wrap=True)
        for row in found.law.table.iter_rows(named=True):
            ends = "-" if row["low"] is None else f"{short_number(row['low'])} to {short_number(row['high'])}"
            law.add_row(row["name"], f"{row['value']:.4g}", short_number(row["error"]), ends)
        console.print(law)


def _hundredth(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"
