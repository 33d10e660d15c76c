"""Locate on a system: simulate it beside its Kalman predictor, fit growth laws, compare with theory."""

from __future__ import annotations

from dataclasses import replace

import jax
import polars as pl
from numpy.typing import ArrayLike

from ..._core.devices import computing
from ...learners import Learner
from ...simulator import LinearSystem, Missing
from ...simulator._simulation.noise import Noise
from .._exact.block_risk import critical_block
from .._exact.learning_cost import explosive, learning_cost
from .._exact.modes import critical_length
from .._exact.theory import Theory, theory
from .._growth.critical_size import best_of_curves, critical_size
from .._growth.curves import curves
from .._growth.laws import critical_interval
from .._growth.regret_size import regret_size
from .location import Location
from .options import FILTERS, Options, rungs_of, settings_of
from .sentences import ahead_words, system_sentence
from .simulated_runs import prepare, run_prepared
from .visibility import detection_horizon, exact_slope


def locate_system(
    system: LinearSystem, options: Options, inputs: str | ArrayLike, missing: Missing, noise: Noise
) -> Location:
    """Simulate a system with every size and locate the sizes; see ``locate``."""
    prepared = prepare(system, options, inputs)
    system, learner, driven = prepared.system, prepared.learner, prepared.system.inputs > 0
    horizon, asked, trust, replicates = prepared.horizon, prepared.asked, prepared.trust, prepared.replicates
    with computing(options.precision, options.device):
        key = jax.random.key(options.seed)
        sums = run_prepared(prepared, key, horizon, missing, noise, lambda done: options.progress(done, horizon))
        settings = settings_of(options, learner, prepared.ahead, "none", asked, replicates)
    settings |= dict(inputs=inputs if isinstance(inputs, str) else "given", missing=missing._asdict(), noise=noise)
    frame, general = curves(sums, learner, system.name), None if system.time_varying else theory(system)
    parts = []
    for lookahead in learner.lookaheads:
        rungs, horizons = rungs_of(frame, lookahead, options.seed)
        critical = critical_size(rungs)
        expected, slope, shows, unstable = None, None, None, False
        own = frame.filter(pl.col("lookahead") == lookahead)
        if general is not None:
            size, unstable = _expected_size(general, system, driven, learner, lookahead), explosive(system)
            expected = general._replace(critical_size=size)
        if expected is not None and not driven:
            sizes = critical.size, expected.critical_size
            slope = _exact_slope(system, sizes, horizon, learner, lookahead)
            if slope is not None and critical.size is not None:
                shows = detection_horizon(system, critical.size, lookahead)
        best, regret, cost = best_of_curves(own, options.seed), None, None
        if not unstable and replicates > 1:
            regret = regret_size(own, options.seed)
        elif critical.size is not None and lookahead == 1 and learner.tends_to in FILTERS:
            cost = learning_cost(system, critical.size, horizon)
        part = Location(
            critical_size=critical.size,
            verdict=critical.verdict,
            reason=critical.reason,
            sentence=system_sentence(
                system.name + ahead_words(settings, lookahead),
                learner.size_label,
                critical,
                expected,
                horizon,
                asked,
                replicates,
                best,
                regret,
                cost,
                slope,
                shows,
            ),
            interval=critical_interval(own, options.seed) if critical.verdict == "located" else None,
            regret=regret,
            theory=expected,
            horizon=horizon,
            trust_horizon=trust,
            rungs=rungs,
            horizons=horizons,
            curves=frame,
            best=best,
            system=system.name,
            settings=settings,
            lookahead=lookahead,
        )
        parts.append(part)
    return replace(parts[0], further=tuple(parts[1:]))


def _expected_size(general: Theory, system: LinearSystem, driven: bool, learner: Learner, lookahead: int) -> int | None:
    """Return the size from which on this learner's error is bounded in theory; None if theory names none."""
    if learner.tends_to == "blocks":
        return critical_block(system)
    if learner.tends_to not in FILTERS:
        return None
    if driven:  # modes that an input drives must be cancelled too: no finite window holds all of u
        system = system.replace(Q=system.Q + system.B @ system.B.T)
    if learner.tends_to == "direct filters" and lookahead > 1:
        return critical_length(system, lookahead=lookahead)
    return critical_length(system) if driven else general.critical_size


def _exact_slope(
    system: LinearSystem, sizes: tuple[int | None, int | None], horizon: int, learner: Learner, lookahead: int
) -> float | None:
    """Return the log-log slope over t > T/20 of the best filter's exact error, at the smaller of two different sizes.

    Return None if a size is missing, if both are equal, or if the learner does not fit that filter.
    """
    first, second = sizes
    fits = learner.tends_to in (FILTERS if lookahead == 1 else FILTERS[1:])
    if first is None or second is None or first == second or not fits:
        return None
    return exact_slope(system, min(first, second), horizon, lookahead)
