"""The results that ``ergoscope reproduce`` knows: what each shows, how it is run, and the figure it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from matplotlib.figure import Figure

from ..._core.progress import Progress, no_progress
from ..._core.text import versions
from .._reports.save_results import save_results
from .state_space.figure_1 import reproduce_figure_1
from .state_space.figures import (
    figure_1_figure,
    growth_laws_figure,
    hidden_random_walk_figure,
    horizon_scaling_figure,
    power_figure,
    regret_bounds_figure,
    theorem_2_figure,
)
from .state_space.growth_laws import reproduce_growth_laws
from .state_space.hidden_random_walk import reproduce_hidden_random_walk
from .state_space.horizon_scaling import reproduce_horizon_scaling
from .state_space.regret_bounds import reproduce_regret_bounds
from .state_space.statistical_power import reproduce_power
from .state_space.theorem_2 import reproduce_theorem_2
from .study import Reproduction

FEWEST = 32


class Entry(NamedTuple):
    """One result: a line about it, what computes it, what draws its table, and how much less is enough in a hurry."""

    summary: str
    run: Callable[..., Reproduction]
    figure: Callable[[pl.DataFrame], Figure]
    quick: dict[str, Any]


ENTRIES: dict[str, Entry] = {
    "figure-1": Entry(
        "the paper's Figure 1: how large a block of A must be fitted",
        reproduce_figure_1,
        figure_1_figure,
        dict(replicates=500),
    ),
    "theorem-2": Entry(
        "how many parameters a predictor of a seen state needs, in three families",
        reproduce_theorem_2,
        theorem_2_figure,
        dict(replicates=500, charts=11),
    ),
    "hidden-random-walk": Entry(
        "how long a filter must be, and what holds of Theorem 4",
        reproduce_hidden_random_walk,
        hidden_random_walk_figure,
        dict(replicates=256, horizon=4096),
    ),
    "growth-laws": Entry(
        "t^1, t^3, t^5, exponential or bounded: the growth of the error for every filter length",
        reproduce_growth_laws,
        growth_laws_figure,
        dict(replicates=128, horizon=5000),
    ),
    "horizon-scaling": Entry(
        "how the filter length of least regret moves with the horizon, beside (tau/2) log T",
        reproduce_horizon_scaling,
        horizon_scaling_figure,
        dict(replicates=128, octaves=4),
    ),
    "power": Entry(
        "how many runs, and how long, a verdict takes",
        reproduce_power,
        power_figure,
        dict(replicates=512, horizons=(512, 2048), draws=300),
    ),
    "regret-bounds": Entry(
        "what online learners lose to the best choice in hindsight, within their bounds: log T, sqrt(T), log M",
        reproduce_regret_bounds,
        regret_bounds_figure,
        dict(replicates=32, octaves=5),
    ),
}


def reproductions() -> dict[str, str]:
    """Return the name of every result that can be reproduced, with one line about it."""
    return {name: entry.summary for name, entry in ENTRIES.items()}


def chosen_reproductions(word: str) -> list[str]:
    """Return the results that a word names: one, or with ``all`` every one.

    Raises:
        ValueError: It names none; the message lists them.
    """
    if word != "all" and word not in ENTRIES:
        raise ValueError(
            f"nothing called {word!r} is reproduced; there are {', '.join(ENTRIES)}, and all of them: all."
        )
    return list(ENTRIES) if word == "all" else [word]


def reproduce(
    name: str, seed: int = 0, quick: bool = False, replicates: int | None = None, progress: Progress = no_progress
) -> Reproduction:
    """Reproduce one result: measured beside exact theory.

    Args:
        name: One of ``reproductions()``.
        seed: Of what is simulated and drawn.
        quick: Fewer runs and shorter ones; the limits widen by themselves.
        replicates: Simulated runs, at least 32; None leaves it to the result.
        progress: Called with what is done and what is to do.

    Raises:
        ValueError: There is no such result, or too few replicates.
    """
    (name,) = chosen_reproductions(name)
    options = dict(ENTRIES[name].quick) if quick else {}
    if replicates is not None:
        if replicates < FEWEST:
            raise ValueError(f"replicates must be at least {FEWEST}: limits come from their spread; got {replicates}.")
        options["replicates"] = replicates
    return ENTRIES[name].run(seed=seed, progress=progress, **options)


def save_reproduction(
    name: str, reproduction: Reproduction, folder: str | Path, settings: dict[str, Any] | None = None
) -> list[Path]:
    """Write report.html, NAME.png, NAME.parquet and reproduction-NAME.json, each whole or not at all.

    Several results may share a folder; the report is then of all of them.

    Args:
        name: One of ``reproductions()``.
        reproduction: What ``reproduce`` returned.
        folder: Made if it is not there.
        settings: All that is needed to run it again, for the JSON and the report.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written in.
    """
    entry = ENTRIES[name]

    def answer(files: list[Path]) -> dict[str, Any]:
        told = (settings or {}) | dict(versions=versions())
        words = dict(name=name, agrees=reproduction.agrees, sentence=reproduction.sentence, settings=told)
        return words | dict(files=[str(file) for file in files])

    figures, tables = {f"{name}.png": entry.figure(reproduction.table)}, {f"{name}.parquet": reproduction.table}
    return save_results(folder, figures, tables, f"reproduction-{name}.json", answer)
