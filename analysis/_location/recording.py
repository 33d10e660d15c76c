"""Locate on a recording: replay it, and claim only what its runs can show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.ranges import check_count
from ...learners import Learner
from ...learners._engine.driver import Driver
from ...learners._engine.replay import Scores, score_recording
from ...learners._engine.run_bands import RunBands
from ...learners._fixed.learned import learned_predictors
from ...simulator import Trajectories
from .._growth.critical_size import Best, Critical, best_size, critical_size
from .._growth.curves import GROUPS, block_edges, curves, log_edges, rebin
from .._growth.lack_of_fit import input_power
from .._growth.laws import FEWEST_GROUPS, critical_interval
from .._growth.output_units import in_noise_units
from .._growth.regret_size import RegretSize
from .advice import advise
from .band_answer import band_answer, with_bands
from .fitted_models import model_answers
from .fitted_slope import fitted_slope
from .growth_plan import MARGIN, growth_more
from .location import Location
from .memory_check import check_memory
from .options import (
    FILTERS,
    SHORTEST,
    Options,
    check_ahead,
    choose_inputs_ahead,
    choose_learner,
    error_unit,
    rungs_of,
    settings_of,
    wider_sizes,
)
from .output_noise import recording_noise
from .output_table import output_table
from .recorded_changes import find_changes, with_changes
from .recording_check import check_recording
from .recording_regret import learning_part, recorded_regret
from .rounding import rounding_limits
from .sentences import ahead_words, recording_sentence
from .signal import longest_run, signal_of, sizes_to_show
from .spikes import spike_note
from .told_apart import samples_to_tell_apart, undecided_pair

MOST_BANDED = 1 << 20  # samples of all runs: bands take as long as the learning, twice over


def locate_recording(recording: Trajectories, options: Options, center: Any, name: str | None = None) -> Location:
    """Replay a recording with every size and locate the sizes; see ``locate``."""
    horizon = longest = int(recording.lengths.max())
    if options.horizon is not None:
        horizon = min(longest, check_count("horizon", options.horizon, SHORTEST))
    recording = recording.first(horizon)
    channels = recording.outputs.shape[2], recording.inputs.shape[2]
    default = range(min(16, horizon // (5 * sum(channels))) + 1)

    def learner_of(sizes: Iterable[int] | None, intercept: bool = True) -> Learner:
        return choose_learner(options._replace(sizes=sizes), channels, default, intercept=intercept)

    learner = learner_of(options.sizes)
    check_recording(recording, learner.sizes[-1])
    check_ahead(learner, horizon)
    ahead = choose_inputs_ahead(options, learner, channels[1], "held")
    note, reading = spike_note(recording), recording.reading
    if note and reading is not None:
        recording = replace(recording, reading=reading._replace(notes=(*reading.notes, note)))
    largest = float(np.nanmax(np.abs(recording.outputs), initial=0.0))
    if largest > float(np.finfo(options.precision).max):
        raise ValueError(f"the recording reaches {largest:.3g}, too large for float32: use float64.")
    runs, name = len(recording.lengths), name or ", ".join(recording.output_names)
    coarse = log_edges(horizon)
    fine = {lookahead: block_edges(horizon, lookahead=lookahead) for lookahead in learner.lookaheads}
    edges = np.unique(np.concatenate([coarse, *fine.values()])).tolist()
    scored: dict[str, Any] = dict(
        precision=options.precision, device=options.device, known_ahead=1 if ahead == "held" else None
    )
    width: dict[str, Any] = dict(width=runs) if learner.pooled else {}

    def model_driver(replicates: int) -> Driver:
        lanes: dict[str, Any] = dict(width=replicates) if learner.pooled else {}
        return Driver(learner_of(options.sizes, intercept=False), channels[0], channels[1], **scored, **lanes)

    check_memory(
        lambda some: Driver(some, channels[0], channels[1], **scored, **width),
        learner_of,
        learner,
        runs,
        len(edges),
    )
    end = longest_run(recording.lengths)
    covered = RunBands() if recording.lengths.sum() <= MOST_BANDED else None
    sums = score_recording(
        learner,
        recording,
        edges,
        end=end,
        bands=covered,
        progress=lambda done: options.progress(done, horizon),
        center=center,
        **scored,
    )
    center_ = center if isinstance(center, str) else np.atleast_1d(center).tolist()
    settings = settings_of(options, learner, ahead, center_, horizon, runs)
    limits = rounding_limits(recording, rebin(sums, coarse), options.precision)
    lost = [limit for limit in limits if limit is not None]
    trust = min(lost) if len(lost) == len(limits) else None
    if trust is not None and trust >= SHORTEST:
        sums, coarse = _until(sums, trust), coarse[coarse <= trust]
        fine = {lookahead: np.append(edges[edges < trust], trust) for lookahead, edges in fine.items()}
    settings |= dict(model=options.model)
    about = dict(learner=settings["learner"], source=name, run=recording.run_names[end.run])
    about |= dict(samples=int(recording.lengths[end.run]))
    channel_names = recording.output_names, recording.input_names
    learned = learned_predictors(learner, end, *channel_names, recording.dt, about)
    trusted, models = recording.first(int(sums.edges[-1])), None
    raw, scales = rebin(sums, coarse), recording_noise(trusted)
    if options.model and runs < FEWEST_GROUPS and int(sums.edges[-1]) >= SHORTEST:
        even = replace(trusted, outputs=trusted.outputs / scales)  # so that draws do not depend on the units
        models = model_answers(even, options, model_driver(options.replicates))
    if trust is None:
        scales[[limit is not None for limit in limits]] = np.inf
    sums = in_noise_units(sums, scales)
    settings |= dict(unit=error_unit(channels[0]))
    powers = input_power(recording.inputs, recording.input_names, raw.edges, GROUPS) if channels[1] else None
    frame, parts = curves(rebin(sums, coarse), learner, name), []
    changed = find_changes(trusted, learner, center, scored)
    for j, lookahead in enumerate(learner.lookaheads):
        rungs, horizons = rungs_of(frame, lookahead, options.seed, powers)
        losses, samples = late_losses(rebin(sums, fine[lookahead]), j)
        best = best_size(losses, samples, list(learner.sizes), options.seed)
        regret = None
        if lookahead == 1 and learner.tends_to in FILTERS:
            regret = _regret(losses, samples, best, learner, trusted, center, options.seed)
        paired = best.pairs.select("size", paired="verdict")
        rungs = rungs.join(paired, on="size", how="left", maintain_order="left")
        critical = claimed(critical_size(rungs), runs, trust).with_rise()
        widen = wider_sizes(options, learner, horizon // 2)
        advice = advise(losses, samples, learner.sizes, best, critical, runs, learner.size_label, widen, options.seed)
        pair = undecided_pair(advice, best.alike, list(learner.sizes))
        apart = samples_to_tell_apart(
            losses, samples, learner, pair, runs, int(sums.edges[-1]), int(np.isfinite(scales).sum()), lookahead
        )
        fitted = fitted_slope(trusted, scales, learner, lookahead) if critical.verdict == "undecided" else None
        grows = growth_more(
            rungs, critical, runs, int(sums.edges[-1]), fitted, trust, source="by a fitted model, ", margin=MARGIN
        )
        if advice is not None and grows is not None and grows.enough:
            advice = advice._replace(needed=grows.sentence)
        if changed or trust is not None:  # of a mixture, or of rounding, more would not decide it
            apart = None
        more = tuple(each for each in (apart, grows) if each is not None)
        bands = None  # beyond the trust horizon the errors are those of rounding
        if covered is not None and trust is None:
            newest = covered.newest(end.run)[j]
            bands = band_answer(covered.sums, learner.sizes, critical, best, advice, j, newest)
            rungs = with_bands(rungs, bands)
        own = frame.filter(pl.col("lookahead") == lookahead)
        model = None if models is None else models[j]
        subject = name + ahead_words(settings, lookahead)
        part = Location(
            critical_size=critical.size,
            verdict=critical.verdict,
            reason=critical.reason,
            sentence=recording_sentence(
                subject,
                learner.size_label,
                learner.sizes,
                critical,
                advice,
                regret,
                model,
                int(sums.edges[-1]),
                horizon,
                runs,
                recording.reading,
                more,
            ),
            interval=critical_interval(own, options.seed) if critical.bounded is not None else None,
            regret=regret,
            theory=None,
            horizon=int(sums.edges[-1]),
            trust_horizon=trust,
            rungs=rungs,
            horizons=horizons,
            curves=frame,
            best=best,
            advice=advice,
            more=more,
            system=name,
            settings=settings,
            lookahead=lookahead,
            model=model,
            reading=recording.reading,
            predictors=learned,
            signal=signal_of(
                end,
                horizon,
                recording.output_names,
                learner.sizes,
                j,
                sizes_to_show(best.size, critical.size, learner.sizes, advice),
            ),
            bands=bands,
            outputs=output_table(
                raw,
                scales,
                recording.output_names,
                learner,
                lookahead,
                options.seed,
                powers,
                claimed=lambda critical: claimed(critical, runs, trust),
            ),
        )
        parts.append(part)
    return with_changes(replace(parts[0], further=tuple(parts[1:])), changed)


def claimed(critical: Critical, runs: int, trust: int | None) -> Critical:
    """Return the critical size, or undecided if the recording cannot show it."""
    if runs < FEWEST_GROUPS:
        few = (
            f"{runs} run{'s' * (runs > 1)} cannot show whether the error is bounded, for one path does not average: "
            f"record {FEWEST_GROUPS} or more."
        )
        return Critical(None, "undecided", few)
    if trust is not None and trust < SHORTEST:
        return Critical(None, "undecided", f"rounding reaches the error at sample {trust}.")
    if critical.verdict == "above":
        more = "Noise or an unrecorded input that grows looks the same."
        return critical._replace(reason=f"{critical.reason} {more}")
    return critical


def late_losses(sums: Scores, place: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the losses ``(block, size)`` of one lookahead, for the blocks of all runs after the first twentieth."""
    late = sums.edges[:-1] >= sums.edges[-1] // 20
    samples = sums.samples[late, place].min(axis=1).reshape(-1)
    losses = np.moveaxis(sums.error[late, place].sum(axis=2), 2, 1).reshape(len(samples), -1)
    return losses[samples > 0], samples[samples > 0]


def _regret(
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    best: Best,
    learner: Learner,
    recording: Trajectories,
    center: Any,
    seed: int,
) -> RegretSize | None:
    sizes = list(learner.sizes)
    noise = losses[:, sizes.index(best.size)].sum() / samples.sum()
    learning = learning_part(recording, sizes, center, float(noise), learner.intercept)
    return recorded_regret(losses, learning, sizes, len(recording.lengths), seed)


def _until(sums: Scores, samples: int) -> Scores:
    """Return the sums of the stretches that end at that sample or before."""
    bins = int(np.searchsorted(sums.edges, samples))
    return Scores(sums.edges[: bins + 1], *(leaf[:bins] for leaf in sums[1:]))
