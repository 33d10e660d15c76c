"""Locate on a system: simulate it beside its Kalman predictor, fit growth laws, hold them against theory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import jax
import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from ..learners import (
    Driver,
    Learner,
    kalman,
    score,
)
from ..simulator import (
    LinearSystem,
    Missing,
    Noise,
    computing,
    input_signal,
    simulate_chunks,
)
from ._critical import best_of_curves, critical_size
from ._curves import GROUPS, curves, log_edges
from ._growth import critical_interval
from ._location import Location, ahead_words, system_sentence
from ._memory import check_memory
from ._modes import critical_length
from ._options import (
    FILTERS,
    SHORTEST,
    Options,
    check_ahead,
    check_count,
    choose_inputs_ahead,
    choose_learner,
    direct_term,
    rungs_of,
    settings_of,
)
from ._regret import explosive, learning_cost, regret_size
from ._showing import exact_slope, showing_horizon
from ._submatrix import critical_block
from ._theory import Theory, theory, trust_horizon


def locate_system(
    system: LinearSystem, options: Options, inputs: str | ArrayLike, missing: Missing, noise: Noise
) -> Location:
    asked = check_count("horizon", 20_000 if options.horizon is None else options.horizon, SHORTEST)
    replicates = check_count("replicates", options.replicates, 1)
    driven = system.inputs > 0 and not (isinstance(inputs, str) and inputs == "zero")
    if not driven:
        system = system.replace(B=None, D=None)

    def learner_of(sizes: Iterable[int] | None) -> Learner:
        return choose_learner(options._replace(sizes=sizes), (system.outputs, system.inputs), range(17), system)

    def driver_of(learner: Learner) -> Driver:
        return Driver(
            learner,
            system.outputs,
            system.inputs,
            oracle=kalman(system, lookaheads=learner.lookaheads),
            precision=options.precision,
            device=options.device,
            known_ahead=int(direct_term(system)) if ahead == "held" else None,
            **(dict(width=replicates) if learner.pooled else {}),
        )

    learner = learner_of(options.sizes)
    if learner.sizes[-1] >= asked:
        raise ValueError(f"size {learner.sizes[-1]} is beyond the horizon of {asked} samples: try smaller sizes.")
    trust = trust_horizon(system, options.precision, asked)
    horizon = asked if trust is None else min(asked, trust)
    check_ahead(learner, horizon)
    ahead = choose_inputs_ahead(options, learner, system.inputs, "known")
    signal = input_signal(inputs, system.inputs)
    edges = log_edges(horizon).tolist()
    check_memory(driver_of, learner_of, learner, replicates, len(edges))
    with computing(options.precision, options.device):
        driver = driver_of(learner)
        chunks = simulate_chunks(
            jax.random.key(options.seed),
            system,
            horizon,
            replicates,
            inputs=signal,
            missing=missing,
            noise=noise,
            device=options.device,
        )
        sums = score(
            driver,
            (chunk.outputs for chunk in chunks),
            signal,
            np.full(replicates, horizon),
            edges,
            lambda done: options.progress(done, horizon),
            whole=missing.rate == 0,
            share=1 << max((replicates // GROUPS).bit_length() - 1, 0),
        )
        settings = settings_of(options, learner, ahead, "none", asked, replicates)
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
                shows = showing_horizon(system, critical.size, lookahead)
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
                learner.size_word,
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
    """Return the size from which on theory says that this learner's error is bounded, where it names one."""
    if learner.tends_to == "blocks":
        return critical_block(system)
    if learner.tends_to not in FILTERS:
        return None
    if driven:  # such modes must be cancelled like those that noise drives: no finite window recalls all of u
        system = system.replace(Q=system.Q + system.B @ system.B.T)
    if learner.tends_to == "direct filters" and lookahead > 1:
        return critical_length(system, lookahead=lookahead)
    return critical_length(system) if driven else general.critical_size


def _exact_slope(
    system: LinearSystem, sizes: tuple[int | None, int | None], horizon: int, learner: Learner, lookahead: int
) -> float | None:
    """Return the log-log slope over t > T/20 of the best filter's exact error, at the lesser of two different sizes.

    None where a size is missing, both are the same, or the learner does not fit that filter.
    """
    first, second = sizes
    fits = learner.tends_to in (FILTERS if lookahead == 1 else FILTERS[1:])
    if first is None or second is None or first == second or not fits:
        return None
    return exact_slope(system, min(first, second), horizon, lookahead)
