"""Run a predictor through the battery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ..._core.progress import Progress, no_progress
from ..._core.text import versions
from ...learners import open_predictor
from ...learners._external.predictor import ExternalPredictor
from ...simulator import LinearSystem, find_system
from .battery import Case, CaseResult, battery, run_case
from .case_row import card
from .flaws import Flaw, probe_flaws
from .metrics import share_above
from .probes import probe
from .schema import CURVE, ROW
from .scorecard import Scorecard


def score_predictor(
    predictor: ExternalPredictor | str,
    plant: LinearSystem | str | None = None,
    *,
    cases: Sequence[str] | None = None,
    quick: bool = False,
    seed: int = 0,
    replicates: int | None = None,
    parameters: int | None = None,
    progress: Progress = no_progress,
    keep: Callable[[Scorecard], None] = lambda partial: None,
) -> Scorecard:
    """Run a predictor through the battery and return its scorecard.

    Args:
        predictor: Its name, as in ``learners.open_predictor``, or an open one.
        plant: The plant of the stress cases, or its name as in ``simulator.find_system``; None for a lightly damped
            resonance, and the zoo as well.
        cases: Names of cases, or the groups ``zoo`` and ``stress``; None for the default of ``battery``.
        quick: Shorter runs, eight systems of the zoo.
        seed: Of the simulations and the bootstrap.
        replicates: Independent runs of each case; growth laws need 8.
        parameters: Trainable parameters of the predictor; None for its own ``parameters``.
        progress: Called with the runs done and the runs in all.
        keep: Called with the scorecard after each case: an interrupt then loses no finished case.

    Raises:
        ValueError: An unknown case, a plant for which there are no stress cases, or a predictor that cannot take its
            first step on the first plant.
    """
    if isinstance(predictor, str):
        options: dict[str, Any] = dict(cases=cases, quick=quick, seed=seed, replicates=replicates)
        with open_predictor(predictor) as opened:
            return score_predictor(opened, plant, **options, parameters=parameters, progress=progress, keep=keep)
    plant = find_system(plant) if isinstance(plant, str) else plant
    todo = battery(plant, cases, quick, seed, replicates)
    settings: dict[str, Any] = dict(
        plant=todo[0].scene.system.name if plant is None else plant.name,
        cases=[case.name for case in todo],
        quick=quick,
        seed=seed,
        replicates=todo[0].scene.replicates,
        parameters=parameters,
        versions=versions(),
    )
    rows: list[dict[str, Any]] = []
    curves: list[pl.DataFrame] = []
    flaws: tuple[Flaw, ...] = ()
    total, done = sum(case.scene.replicates for case in todo), 0
    made = Scorecard(predictor.name, pl.DataFrame(schema=ROW), pl.DataFrame(schema=CURVE), flaws, len(todo), settings)
    for case in todo:
        result = run_case(case, predictor, lambda runs, before=done: progress(before + runs, total))  # type: ignore[misc]
        _check_taken(result, case, first=not rows)
        done += case.scene.replicates
        progress(done, total)
        own = (
            parameters or result.outcomes[0].parameters or None
        )  # a predictor without training is compared with the best rung
        entry = card(result, own, seed)
        if not rows and entry.row["verdict"] != "failed":
            flaws = tuple(probe_flaws(probe(predictor, case), _beaten(result)))
        rows.append(entry.row)
        curves.append(entry.curve)
        frame = pl.DataFrame(rows, schema=ROW)
        made = Scorecard(predictor.name, frame, pl.concat(curves), flaws, len(todo), settings)
        keep(made)
        if _stalls_at_the_start(result):
            made = replace(made, cases=len(rows))  # it would stall for a minute in each of the others, too
            break
    return made


def _stalls_at_the_start(result: CaseResult) -> bool:
    """Return whether a predictor gave no first forecast in its first run."""
    failure = result.outcomes[0].failure
    return failure is not None and (failure.kind, failure.step) == ("stalled", 0)


def _beaten(result: CaseResult) -> bool:
    """Return whether a rung of the ladder predicts better, by over 20 % and by 95 % of the runs."""
    stretch = slice(result.case.scene.begin, None)
    for k in range(len(result.rungs)):
        ratio = share_above(result.error - result.ladder[:, :, k], result.ladder[:, :, k], stretch)
        if ratio is not None and ratio.value > 0.2 and (ratio.low is None or ratio.low > 0):
            return True
    return False


def _check_taken(result: CaseResult, case: Case, first: bool) -> None:
    """Raise where the predictor cannot take the first step on the first plant: there is nothing to score."""
    failure, system = result.outcomes[-1].failure, case.scene.system
    if first and failure is not None and (failure.step, len(result.outcomes)) == (0, 1) and failure.kind != "stalled":
        raise ValueError(
            f"the predictor cannot begin on {system.name} (outputs: {system.outputs}, inputs: {system.inputs}): "
            f"{failure.message} If it is made for another plant, name that plant with --plant."
        )
