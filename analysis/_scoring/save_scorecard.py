"""What a scorecard leaves behind: rows and curves as Parquet, the answer as JSON, figures, and the report."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ..._core.files import check_folder, save_frame, write_text
from .._reports.report import write_report
from .._reports.style import save_figure
from .figures import against_figure, steady_figure, stress_figure
from .score_predictor import Scorecard


def save_scorecard(card: Scorecard, folder: str | Path, short: list[str] | None = None) -> list[Path]:
    """Write scorecard.parquet, curves.parquet, scorecard.json and report.html, each whole or not at all.

    The figures (PNG) are left out while the scorecard is partial, so that it can be kept after every case.

    Args:
        card: What ``score_predictor`` made, or a partial one.
        folder: Made if it is not there.
        short: Where it falls short of what was required, in words.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written in.
    """
    folder = check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {} if card.partial else _figures(card)
    files = [
        folder / name for name in ("report.html", *figures, "scorecard.parquet", "curves.parquet", "scorecard.json")
    ]
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    save_frame(card.rows, folder / "scorecard.parquet")
    save_frame(card.curves, folder / "curves.parquet")
    write_text(folder / "scorecard.json", json.dumps(scorecard_json(card, files, short), indent=2) + "\n")
    write_report(folder)
    return files


def scorecard_json(card: Scorecard, files: list[Path] | None = None, short: list[str] | None = None) -> dict[str, Any]:
    """Return a scorecard as the documented JSON object (docs/json.md); what is not finite becomes null."""
    return dict(
        name=card.short_name,
        sentence=card.sentence,
        partial=card.partial,
        flaws=card.all_flaws,
        shortfalls=short or [],
        rows=[{word: _plain(value) for word, value in row.items()} for row in card.rows.iter_rows(named=True)],
        settings=card.settings,
        files=[str(file) for file in files or []],
    )


def _figures(card: Scorecard) -> dict[str, Any]:
    kinds = set(card.rows["kind"])
    figures = {"against.png": against_figure(card)}
    if kinds & {"plant", "zoo"}:
        figures["steady.png"] = steady_figure(card)
    if "stress" in kinds:
        figures["stress.png"] = stress_figure(card)
    return figures


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
