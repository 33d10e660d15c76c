"""Files of a scorecard: rows and curves as Parquet, the answer as JSON, figures, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .._reports.save_results import save_results
from .figures import against_figure, steady_figure, stress_figure
from .scorecard import Scorecard


def save_scorecard(card: Scorecard, folder: str | Path, short: list[str] | None = None) -> list[Path]:
    """Write scorecard.parquet, curves.parquet, scorecard.json and report.html, each complete or not at all.

    The figures (PNG) are left out while the scorecard is partial, because it is written after every case.

    Args:
        card: From ``score_predictor``, complete or partial.
        folder: Made if it does not exist.
        short: Where it falls short of the requirements, in words.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder is not writable.
    """
    figures = {} if card.partial else scorecard_figures(card)

    def answer(files: list[Path]) -> dict[str, Any]:
        return card.to_dict() | dict(shortfalls=short or [], files=[str(file) for file in files])

    tables = {"scorecard.parquet": card.rows, "curves.parquet": card.curves}
    return save_results(folder, figures, tables, "scorecard.json", answer)


def scorecard_figures(card: Scorecard) -> dict[str, Figure]:
    """Return the figures of a scorecard by the names of their files."""
    kinds = set(card.rows["kind"])
    figures = {"against.png": against_figure(card)}
    if kinds & {"plant", "zoo"}:
        figures["steady.png"] = steady_figure(card)
    if "stress" in kinds:
        figures["stress.png"] = stress_figure(card)
    return figures
