"""Save a result in a folder: report, figures, tables, and the answer as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from ..._core.files import check_folder, save_frame, write_text
from ..._core.json_values import json_text
from .report import write_report
from .style import save_figure


def save_results(
    folder: str | Path,
    figures: Mapping[str, Figure],
    tables: Mapping[str, pl.DataFrame],
    name: str,
    answer: Callable[[list[Path]], dict[str, Any]],
    texts: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write each file whole or not at all; the report comes last, made from the others.

    Args:
        folder: Created if it does not exist.
        figures: PNG files by name.
        tables: Parquet files by name.
        name: Name of the JSON file.
        answer: Function from the files to the JSON object that lists them.
        texts: Other files by name.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written to.
    """
    folder = check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / file for file in ("report.html", *figures, *tables, *(texts or {}), name)]
    for file, figure in figures.items():
        save_figure(figure, folder / file)
    for file, table in tables.items():
        save_frame(table, folder / file)
    for file, text in (texts or {}).items():
        write_text(folder / file, text)
    write_text(folder / name, json_text(answer(files)) + "\n")
    write_report(folder)
    return files
