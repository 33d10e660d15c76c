"""Save what a table of errors shows: tables as Parquet, figures as PNG, the answer as JSON, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from .._curves.located_curves import LocatedCurves
from .._curves.words import short
from .curves_figures import exponents_figure, own_curves_figure
from .emergence_figures import passage_figure
from .save_results import save_results


def save_curves(found: LocatedCurves, folder: str | Path, command: list[str] | None = None) -> list[Path]:
    """Write the report, the figures and the tables, each whole or not at all.

    There are own-curves.png, the errors along the axis; own-exponents.png, the exponent of each size; and with a level
    own-level.png, the share of runs that pass it. own-sizes.parquet, own-budgets.parquet, own-level.parquet and
    own-law.parquet are the tables of the answer, own-table.parquet what was read, own-curves.json the answer.

    Args:
        found: What ``locate_curves`` returned.
        folder: Created if it does not exist.
        command: The command line, for the report.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written to.
    """
    figures = {"own-curves.png": own_curves_figure(found)}
    if found.sizes["low"].count():
        figures["own-exponents.png"] = exponents_figure(found)
    tables = {"own-sizes.parquet": found.sizes}
    if found.budgets.height:
        alike = [None if row is None else ", ".join(map(short, row)) for row in found.budgets["alike"].to_list()]
        tables["own-budgets.parquet"] = found.budgets.with_columns(pl.Series("alike", alike, pl.String))
    if found.level is not None:
        tables["own-level.parquet"] = found.level.sizes
        if found.level.emergence is not None:
            figures["own-level.png"] = passage_figure(
                found.level.emergence, word="places" if found.level.ranked else str(found.columns["along"])
            )
    if found.law is not None:
        tables["own-law.parquet"] = found.law.table
    tables["own-table.parquet"] = found.frame

    def answer(files: list[Path]) -> dict[str, Any]:
        whole = found.to_dict()
        settings = whole["settings"] | dict(command=command)
        return whole | dict(settings=settings, files=[str(file) for file in files])

    return save_results(folder, figures, tables, "own-curves.json", answer)
