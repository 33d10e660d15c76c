"""Save an emergence: curves and passages as Parquet, figures as PNG, answer and settings as JSON, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._emergence.emerge import Emerged
from .emergence_figures import passage_figure, survival_figure
from .save_results import save_results
from .training_figure import training_figure


def save_emergence(emerged: Emerged, folder: str | Path, command: list[str] | None = None) -> list[Path]:
    """Write the report, the figures and the tables, each whole or not at all.

    There are shares.png, the share of runs along the axis, but for the axis steps; passages.png, the share that has
    passed over the steps; and training.png, the scores over the steps. emergence.json has the answer, curves.parquet
    the scores, and passages.parquet says when each run passed.

    Args:
        emerged: What ``emerge`` returned.
        folder: Created if it does not exist.
        command: The command line, for the report.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written to.
    """
    found = emerged.emergence
    settings = found.axis != "steps"
    figures = {"shares.png": passage_figure(found)} if settings else {}
    figures["passages.png"] = survival_figure(emerged.passages, found.axis if settings else None)
    figures["training.png"] = training_figure(emerged)
    tables = {"shares.parquet": found.shares, "passages.parquet": emerged.passages, "curves.parquet": emerged.curves}

    def answer(files: list[Path]) -> dict[str, Any]:
        whole = emerged.to_dict()
        return whole | dict(
            settings=whole["settings"] | dict(command=command),
            name=emerged.settings["task"],
            files=[str(file) for file in files],
        )

    return save_results(folder, figures, tables, "emergence.json", answer)
