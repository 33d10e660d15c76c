"""Files of a predictor on a recording: the answer as JSON, tables as Parquet, figures, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .._reports.beside_page import beside_parts
from .._reports.html import words
from .._reports.notebook import framed, pictures
from .._reports.save_results import save_results
from .recording_figures import beside_growth_figure, beside_sizes_figure
from .recording_score import RecordingScore


def save_recording_score(score: RecordingScore, folder: str | Path, short: list[str] | None = None) -> list[Path]:
    """Write beside.json, sizes.parquet, curves.parquet, the figures and report.html, each complete or not at all.

    Args:
        score: From ``score_on_recording``.
        folder: Made if it does not exist.
        short: Where it falls short of the requirements, in words.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder is not writable.
    """

    def answer(files: list[Path]) -> dict[str, Any]:
        return score.to_dict() | dict(shortfalls=short or [], files=[str(file) for file in files])

    tables = {"curves.parquet": score.curves}
    if score.comparison is not None:
        tables = {"beside_sizes.parquet": score.comparison.sizes} | tables
    return save_results(folder, recording_score_figures(score), tables, "beside.json", answer)


def recording_score_figures(score: RecordingScore) -> dict[str, Figure]:
    """Return the figures by the names of their files; none where nothing was compared."""
    if score.comparison is None:
        return {}
    return {"beside_sizes.png": beside_sizes_figure(score), "beside_growth.png": beside_growth_figure(score)}


def recording_score_html(score: RecordingScore) -> str:
    """Return a result for a notebook: the answer in words, its figures, its table."""
    shown = pictures(recording_score_figures(score), score.sentence)
    return framed(f'<p class="answer">{words(score.sentence)}</p>\n{shown}{beside_parts(score.to_dict())}')
