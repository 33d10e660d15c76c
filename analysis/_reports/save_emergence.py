"""Save an emergence: curves and passages as Parquet, figures as PNG, answer and settings as JSON, and the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .._emergence.emerged import Emerged
from .._emergence.emerged_texts import EmergedTexts
from .emergence_figures import passage_figure, survival_figure
from .kind_figures import kind_losses_figure, kind_thresholds_figure, learned_figure
from .save_results import save_results
from .texts_figure import texts_figure
from .training_figure import training_figure


def save_emergence(emerged: Emerged | EmergedTexts, folder: str | Path, command: list[str] | None = None) -> list[Path]:
    """Write the report, the figures and the tables, each whole or not at all.

    There are shares.png, the share of runs along the axis, but for the axis steps; passages.png, the share that has
    passed over the steps; and training.png, the scores over the steps. Of several kinds of examples there are
    losses.png, the loss of each kind along the axis; thresholds.png, from where on each is learned; and learned.png,
    how many are. emergence.json has the answer, curves.parquet the scores, passages.parquet says when each run passed,
    and kinds.parquet where each kind is learned. Of texts there are texts.png, what each stream has taught;
    streams.png, the share of streams that have passed, over the texts; and along the slots slots.png, the share that
    passes.

    Args:
        emerged: What ``emerge`` or ``emerge_texts`` returned.
        folder: Created if it does not exist.
        command: The command line, for the report.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written to.
    """
    tables = {"shares.parquet": emerged.shares, "passages.parquet": emerged.passages, "curves.parquet": emerged.curves}
    if isinstance(emerged, EmergedTexts):
        figures = _of_texts(emerged)
    elif len(emerged.emergences) > 1:
        figures = _of_kinds(emerged)
        tables |= {"kinds.parquet": emerged.kinds}
    else:
        figures = _of_one(emerged)

    def answer(files: list[Path]) -> dict[str, Any]:
        whole = emerged.to_dict()
        return whole | dict(
            settings=whole["settings"] | dict(command=command),
            name=emerged.settings["task"],
            files=[str(file) for file in files],
        )

    return save_results(folder, figures, tables, "emergence.json", answer)


def _of_one(emerged: Emerged) -> dict[str, Figure]:
    found = emerged.emergence
    settings = found.axis != "steps"
    figures = {"shares.png": passage_figure(found)} if settings else {}
    figures["passages.png"] = survival_figure(emerged.passages, found.axis if settings else None)
    return figures | {"training.png": training_figure(emerged)}


def _of_texts(emerged: EmergedTexts) -> dict[str, Figure]:
    slots = emerged.settings["along"] == "slots"
    figures = {"slots.png": passage_figure(emerged.emergence, word="texts")} if slots else {}
    figures["streams.png"] = survival_figure(emerged.passages, "slots" if slots else None, word="texts")
    return figures | {"texts.png": texts_figure(emerged)}


def _of_kinds(emerged: Emerged) -> dict[str, Figure]:
    along, task = emerged.settings["along"], emerged.settings["task"].partition(":")[0]
    return {
        "losses.png": kind_losses_figure(emerged.curves, along, task, _bits(emerged)),
        "thresholds.png": kind_thresholds_figure(emerged.kinds, along, task),
        "learned.png": learned_figure(emerged),
    }


def _bits(emerged: Emerged) -> float | None:
    """Return the loss that counts as learned, in bits; None where the accuracy counts."""
    settings = emerged.settings
    return settings["level"] * settings["chance"] / math.log(2) if settings["metric"] == "loss" else None
