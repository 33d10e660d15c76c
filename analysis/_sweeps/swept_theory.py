"""Compare the critical sizes of a sweep with exact theory, as ``locate`` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from ..._core.progress import no_progress
from ...simulator import LinearSystem
from .._exact.theory import trust_horizon
from .._growth.critical_size import Critical
from .._location.options import Options, choose_learner
from .._location.theory_check import check_theory, expected_size
from .folder import EXPERIMENT, read_recorded, swept_systems


def theory_checks(folder: Path) -> Callable[[pl.DataFrame], Callable[[Critical], Critical]]:
    """Return a function from the curves of one run of a sweep to the check of its critical size.

    A folder without ``experiment.json``, and a system that varies in time, have no theory: nothing is checked.
    """
    if not (folder / EXPERIMENT).is_file():
        return lambda curves: _unchecked
    settings, systems = read_recorded(folder)["settings"], swept_systems(folder)
    driven = settings["inputs"] != "zero"

    def check_of(curves: pl.DataFrame) -> Callable[[Critical], Critical]:
        word, noise, lookahead = (curves[name][0] for name in ("system", "noise", "lookahead"))
        if word not in systems:
            return _unchecked
        system = _run(systems[word], noise, driven)
        sizes, horizon = curves["size"].unique().sort().to_list(), int(curves["last"].max())  # type: ignore[arg-type]
        options = Options(
            sizes, horizon, 1, 0, settings["precision"], None, curves["learner"][0], tuple(settings["lookaheads"]),
            None, no_progress,
        )  # fmt: skip
        learner = choose_learner(options, (system.outputs, system.inputs), sizes, system)
        named, exact = expected_size(system, learner, driven and system.inputs > 0, lookahead)
        trust = trust_horizon(system, settings["precision"], curves["steps"][0])

        def check(critical: Critical) -> Critical:
            given = critical, named, sizes, system if exact else None, horizon, trust, lookahead
            return check_theory(*given).critical

        return check

    return check_of


def _unchecked(critical: Critical) -> Critical:
    return critical


def _run(plant: LinearSystem, noise: float, driven: bool) -> LinearSystem:
    """Return the system as the sweep ran it."""
    system = plant.replace(R=noise * plant.R)
    return system if driven else system.replace(B=None, D=None)
