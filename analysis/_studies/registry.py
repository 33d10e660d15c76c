"""The studies of ``ergoscope reproduce``: what each shows, how it runs, and its figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import polars as pl
from matplotlib.figure import Figure

from ..._core.progress import Progress, no_progress
from ..._core.text import did_you_mean, versions
from .._reports.save_results import save_results
from .arithmetic.arithmetic import reproduce_arithmetic
from .arithmetic.completion_figures import COMPLETION_FIGURES
from .arithmetic.network_figures import NETWORK_FIGURES
from .grokking.figures import GROKKING_FIGURES
from .grokking.grokking import reproduce_grokking
from .quanta.figures import QUANTA_FIGURES
from .quanta.quanta import reproduce_quanta
from .skills.figures import SKILLS_FIGURES
from .skills.skills import reproduce_skills
from .state_space.figure_1 import reproduce_figure_1
from .state_space.figures import (
    figure_1_figure,
    growth_laws_figure,
    hidden_random_walk_figure,
    horizon_scaling_figure,
    networks_on_plants_figure,
    power_figure,
    regret_bounds_figure,
    theorem_2_figure,
)
from .state_space.growth_laws import reproduce_growth_laws
from .state_space.hidden_random_walk import reproduce_hidden_random_walk
from .state_space.horizon_scaling import reproduce_horizon_scaling
from .state_space.networks_on_plants import reproduce_networks_on_plants
from .state_space.regret_bounds import reproduce_regret_bounds
from .state_space.statistical_power import reproduce_power
from .state_space.theorem_2 import reproduce_theorem_2
from .study import StudyResult

FEWEST = 32


class Study(NamedTuple):
    """One study.

    Attributes:
        summary: One line.
        run: The function that runs it.
        figure: The function that draws its table; None: all its figures are among ``figures``.
        quick: Options of a quick run.
        figures: Functions that draw its further tables, by the name of the figure; None where there is nothing to draw.
        trains: It trains networks: ``run`` takes ``folder``, where they are kept and not trained again, and ``say``,
            which is told the cost first.
        replicates: ``run`` takes ``replicates``, the number of simulated runs.
        unit: What its progress counts.
    """

    summary: str
    run: Callable[..., StudyResult]
    figure: Callable[[pl.DataFrame], Figure] | None
    quick: dict[str, Any]
    figures: Mapping[str, Callable[[Mapping[str, pl.DataFrame]], Figure | None]] = MappingProxyType({})
    trains: bool = False
    replicates: bool = True
    unit: str = "samples"


STUDIES: dict[str, Study] = {
    "figure-1": Study(
        "the paper's Figure 1: how large a block of A must be fitted",
        reproduce_figure_1,
        figure_1_figure,
        dict(replicates=500),
    ),
    "theorem-2": Study(
        "how many parameters a predictor of a seen state needs, in three families",
        reproduce_theorem_2,
        theorem_2_figure,
        dict(replicates=500, charts=11),
    ),
    "hidden-random-walk": Study(
        "how long a filter must be, and what holds of Theorem 4",
        reproduce_hidden_random_walk,
        hidden_random_walk_figure,
        dict(replicates=256, horizon=4096),
    ),
    "growth-laws": Study(
        "t^1, t^3, t^5, exponential or bounded: the growth of the error for every filter length",
        reproduce_growth_laws,
        growth_laws_figure,
        dict(replicates=128, horizon=5000),
    ),
    "horizon-scaling": Study(
        "how the filter length of least regret moves with the horizon, beside (tau/2) log T",
        reproduce_horizon_scaling,
        horizon_scaling_figure,
        dict(replicates=128, octaves=4),
    ),
    "power": Study(
        "how many runs, and how long, a verdict takes",
        reproduce_power,
        power_figure,
        dict(replicates=512, horizons=(512, 2048), draws=300),
    ),
    "regret-bounds": Study(
        "what online learners lose to the best choice in hindsight, within their bounds: log T, sqrt(T), log M",
        reproduce_regret_bounds,
        regret_bounds_figure,
        dict(replicates=32, octaves=5),
    ),
    "networks-on-plants": Study(
        "where the error of networks stops growing: a state space beside theory, opponents trained by gradients",
        reproduce_networks_on_plants,
        networks_on_plants_figure,
        dict(replicates=32, horizon=2000),
    ),
    "grokking": Study(
        "networks that memorise first and generalise later: over rows, decay and width, and in frequencies",
        reproduce_grokking,
        None,
        dict(quick=True),
        GROKKING_FIGURES,
        trains=True,
        replicates=False,
        unit="updates",
    ),
    "quanta": Study(
        "sub-tasks that networks learn one by one, and the smooth laws of steps, widths and rows that they add up to",
        reproduce_quanta,
        None,
        dict(quick=True),
        QUANTA_FIGURES,
        trains=True,
        replicates=False,
        unit="updates",
    ),
    "skills": Study(
        "concepts that texts teach all at once, the best split of computation, skills that build on others, plateaus",
        reproduce_skills,
        None,
        dict(quick=True),
        SKILLS_FIGURES,
        replicates=False,
        unit="parts",
    ),
    "arithmetic": Study(
        "small transformers that learn to add from lines, by format; and how many lines determine the addition map",
        reproduce_arithmetic,
        None,
        dict(quick=True),
        NETWORK_FIGURES | COMPLETION_FIGURES,
        trains=True,
        replicates=False,
        unit="parts",
    ),
}


def studies() -> dict[str, str]:
    """Return the name of every study, with a summary."""
    return {name: study.summary for name, study in STUDIES.items()}


def chosen_studies(word: str) -> list[str]:
    """Return the names of the studies to run: one, or all for ``all``.

    Raises:
        ValueError: There is no such study. The message lists the names.
    """
    if word != "all" and word not in STUDIES:
        raise ValueError(
            f"no study is called {word!r}{did_you_mean(word, STUDIES)} The names are: {', '.join(STUDIES)}; all runs "
            "every one."
        )
    return list(STUDIES) if word == "all" else [word]


def check_replicates(names: list[str], replicates: int | None) -> None:
    """Raise ValueError unless these studies can be run with so many replicates."""
    if replicates is None:
        return
    if replicates < FEWEST:
        raise ValueError(
            f"replicates must be at least {FEWEST}, because the limits come from their spread; got {replicates}."
        )
    if others := [name for name in names if not STUDIES[name].replicates]:
        raise ValueError(f"{', '.join(others)} has no replicates: leave the number out.")


def reproduce(
    name: str,
    seed: int = 0,
    quick: bool = False,
    replicates: int | None = None,
    progress: Progress = no_progress,
    folder: str | Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResult:
    """Run one study: measure a published result beside exact theory.

    Args:
        name: One of ``studies()``.
        seed: Seed of the simulation and of the draws.
        quick: Fewer and shorter runs. The limits are wider accordingly.
        replicates: Simulated runs, at least 32; None for the default of the study.
        progress: Called with the work done and the work in all.
        folder: For a study that trains networks: where those that have ended are kept. A second call goes on from
            there. None: they are not kept.
        say: For such a study: called with a sentence about the cost before the work begins.

    Raises:
        ValueError: There is no such study, there are too few replicates, or the study has none.
    """
    (name,) = chosen_studies(name)
    check_replicates([name], replicates)
    options = dict(STUDIES[name].quick) if quick else {}
    if replicates is not None:
        options["replicates"] = replicates
    if STUDIES[name].trains:
        options |= dict(folder=None if folder is None else Path(folder), say=say)
    return STUDIES[name].run(seed=seed, progress=progress, **options)


def save_study(
    name: str, result: StudyResult, folder: str | Path, settings: dict[str, Any] | None = None
) -> list[Path]:
    """Write report.html, NAME.png, NAME.parquet and reproduction-NAME.json. No file is left half-written.

    Further figures and tables are NAME-WORD.png and NAME-WORD.parquet. Several studies can share a folder; the report
    then holds all of them.

    Args:
        name: One of ``studies()``.
        result: The result of ``reproduce``.
        folder: Created if it does not exist.
        settings: The settings that are needed to run it again, for the JSON and the report.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written.
    """
    study = STUDIES[name]

    def answer(files: list[Path]) -> dict[str, Any]:
        all_settings = (settings or {}) | dict(versions=versions())
        words = dict(name=name, agrees=result.agrees, sentence=result.sentence, settings=all_settings)
        return words | dict(files=[str(file) for file in files])

    figures = {} if study.figure is None else {f"{name}.png": study.figure(result.table)}
    for word, draw in study.figures.items():
        if (drawn := draw(result.tables)) is not None:
            figures[f"{name}-{word}.png"] = drawn
    tables = {f"{name}.parquet": result.table}
    tables |= {f"{name}-{word}.parquet": table for word, table in result.tables.items()}
    return save_results(folder, figures, tables, f"reproduction-{name}.json", answer)
