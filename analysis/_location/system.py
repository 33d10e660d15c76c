"""Locate on a system: simulate it beside its Kalman predictor, fit growth laws, compare with theory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from ...learners._fixed.learned import learned_predictors
from ...simulator import LinearSystem, Missing
from ...simulator._simulation.noise import Noise
from .._exact.learning_cost import explosive, learning_cost
from .._exact.theory import theory
from .._growth.critical_size import best_of_curves, critical_size
from .._growth.curves import GROUPS, curves
from .._growth.lack_of_fit import input_power
from .._growth.laws import critical_interval
from .._growth.output_units import in_noise_units
from .._growth.regret_size import regret_size
from .growth_plan import exact_exponent, growth_more
from .location import Location
from .options import FILTERS, Options, error_unit, rungs_of, settings_of, wider_sizes
from .output_table import output_table
from .sentences import ahead_words, system_sentence
from .signal import longest_run, signal_of, sizes_to_show
from .simulated_runs import prepare, run_prepared
from .theory_check import check_theory, expected_size


def locate_system(
    system: LinearSystem, options: Options, inputs: str | ArrayLike, missing: Missing, noise: Noise
) -> Location:
    """Simulate a system with every size and locate the sizes; see ``locate``."""
    prepared, given_inputs = prepare(system, options, inputs), system.inputs
    system, learner, driven = prepared.system, prepared.learner, prepared.system.inputs > 0
    horizon, asked, trust, replicates = prepared.horizon, prepared.asked, prepared.trust, prepared.replicates
    end = longest_run(np.array([horizon]))
    sums = run_prepared(
        prepared,
        options.seed,
        horizon,
        missing,
        noise,
        progress=lambda done: options.progress(done, horizon),
        end=end,
    )
    settings = settings_of(options, learner, prepared.ahead, "none", asked, replicates)
    settings |= dict(inputs=inputs if isinstance(inputs, str) else "given", missing=missing._asdict(), noise=noise)
    settings |= dict(inputs_not_read=given_inputs - system.inputs)
    about = dict(
        learner=settings["learner"], source=system.name, run=f"1 of {replicates}", samples=horizon, seed=options.seed
    )
    channels = _names("y", system.outputs), _names("u", system.inputs)
    learned = learned_predictors(learner, end, *channels, system.dt, about, prepared.units)
    raw, scales, powers = sums, prepared.noise, None
    unit_column = pl.Series(prepared.units if system.outputs > 1 else [], dtype=pl.Float64)
    if driven:
        given = prepared.signal(np.arange(horizon))[None]
        powers = input_power(given, _names("u", system.inputs), sums.edges, 1)
        powers = _for_groups(powers, min(sums.samples.shape[-1], GROUPS))
    settings |= dict(unit=error_unit(system.outputs))
    frame = curves(in_noise_units(sums, scales), learner, system.name)
    general = None if system.time_varying else theory(system)
    parts = []
    for j, lookahead in enumerate(learner.lookaheads):
        rungs, horizons = rungs_of(frame, lookahead, options.seed, powers, driven)
        critical = critical_size(rungs)
        own = frame.filter(pl.col("lookahead") == lookahead)
        expected, unstable, named, exact = None, False, None, False
        if general is not None:
            named, exact = expected_size(system, learner, driven, lookahead)
            expected, unstable = general._replace(critical_size=named), explosive(system)
        checked = check_theory(critical, named, learner.sizes, system if exact else None, horizon, trust, lookahead)
        critical = checked.critical if named is not None else critical.with_rise()
        more = growth_more(
            rungs,
            checked.critical,
            replicates,
            horizon,
            partial(exact_exponent, system, lookahead) if exact and general is not None else None,
            trust,
            checked.visible_from,
            "replicates",
        )
        best, regret, cost = best_of_curves(own, options.seed), None, None
        if not unstable and replicates > 1:
            regret = regret_size(own, options.seed)
        elif critical.bounded is not None and lookahead == 1 and learner.tends_to in FILTERS:
            cost = learning_cost(system, critical.bounded, horizon)
        part = Location(
            critical_size=critical.size,
            verdict=critical.verdict,
            reason=critical.reason,
            sentence=system_sentence(
                system.name + ahead_words(settings, lookahead),
                learner.size_label,
                learner.sizes,
                critical,
                expected,
                horizon,
                asked,
                replicates,
                best,
                wider_sizes(options, learner, horizon - 1),
                regret,
                cost,
                more,
            ),
            interval=critical_interval(own, options.seed) if critical.bounded is not None else None,
            regret=regret,
            theory=expected,
            horizon=horizon,
            trust_horizon=trust,
            rungs=rungs,
            horizons=horizons,
            curves=frame,
            best=best,
            more=() if more is None else (more,),
            system=system.name,
            settings=settings,
            lookahead=lookahead,
            visible_from=checked.visible_from,
            predictors=learned,
            signal=signal_of(
                end,
                horizon,
                _names("y", system.outputs),
                learner.sizes,
                j,
                sizes_to_show(best.size, critical.size, learner.sizes, None),
                prepared.units,
            ),
            outputs=output_table(
                raw, scales, _names("y", system.outputs), learner, lookahead, options.seed, powers, driven
            ).with_columns(noise=pl.col("noise") * unit_column),
        )
        parts.append(part)
    return replace(parts[0], further=tuple(parts[1:]))


def _names(letter: str, count: int) -> tuple[str, ...]:
    return (letter,) if count == 1 else tuple(f"{letter}{k + 1}" for k in range(count))


def _for_groups(powers: pl.DataFrame, groups: int) -> pl.DataFrame:
    """Return the power of an input that all replicates share, for each group."""
    return pl.concat([powers.with_columns(group=pl.lit(group, pl.Int64)) for group in range(groups)])
