"""Run a predictor over a recording, beside learners of every size.

Both forecast y[t] from the samples before it: y[0..t-1] and u[0..t-1]. Errors are paired sample by sample. Of a run in
which the predictor fails, the samples before the failure are compared; no further run is begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.progress import Progress, no_progress
from ..._core.text import versions
from ...learners import Learner, Outcome, open_predictor
from ...learners._catalogue import default_learner, named_learner, sized_by_length
from ...learners._engine.replay import Scores, score_recording
from ...learners._engine.scored import scored_ahead
from ...learners._external.predictor import ExternalPredictor
from ...simulator import Dialect, Trajectories, find_recording
from .._growth.curves import block_edges, log_edges, rebin
from .._growth.output_units import in_noise_units
from .._location.options import SHORTEST
from .._location.output_noise import recording_noise
from .._location.recording import late_losses
from .._location.recording_check import check_recording
from .case_row import HALF_95
from .comparison import compare
from .flaws import FAILURES, Flaw, leaks
from .metrics import Estimate, coverage
from .recording_flaws import recording_flaws
from .recording_score import RecordingScore, RunFailure

CURVES = {"first": pl.Int64, "last": pl.Int64, "size": pl.Int64, "error": pl.Float64}


def score_on_recording(
    predictor: ExternalPredictor | str,
    recording: Any,
    *,
    output: str | Sequence[str] = (),
    input: str | Sequence[str] | ArrayLike = (),
    by: str | None = None,
    time: str | None = None,
    dt: float | None = None,
    dialect: Dialect | None = None,
    sizes: Iterable[int] | None = None,
    learner: str | Learner | None = None,
    center: Any = "first",
    seed: int = 0,
    name: str | None = None,
    progress: Progress = no_progress,
) -> RecordingScore:
    """Compare a predictor with learners of every size on a recording.

    Args:
        predictor: Its name, as in ``learners.open_predictor``, or an open one.
        recording: A file, a frame, an array or Trajectories, as in ``locate``; each run starts a fresh predictor.
        output, input, by, time, dialect: How it is read, as in ``locate``.
        dt: Sampling time of an array in seconds. A predictor is given 1 where it is not known.
        sizes: Sizes to try, rising; by default 0..16, fewer for a short recording.
        learner: As in ``locate``; least squares has an intercept unless it says ``intercept=no``. A forecast of y[t]
            does not use u[t], which the predictor does not have either.
        center: What is subtracted from the outputs for the learner, as in ``locate``.
        seed: Of the bootstrap.
        name: Of the recording in the answer; by default that of the file, or of the outputs.
        progress: Called with the runs done and the runs in all.

    Raises:
        ValueError: The recording cannot be read, is constant, too short or too large, a size is beyond it, or the
            predictor cannot take its first step.
    """
    if isinstance(predictor, str):
        given: dict[str, Any] = dict(output=output, input=input, by=by, time=time, dt=dt, dialect=dialect, sizes=sizes)
        given |= dict(learner=learner, center=center, seed=seed, name=name, progress=progress)
        with open_predictor(predictor) as opened:
            return score_on_recording(opened, recording, **given)
    known = Path(recording).stem if isinstance(recording, str | Path) else None
    read = find_recording(recording, output, input, by, time, dt, dialect)
    name = name or known or ", ".join(read.output_names)
    made = _learner(read, None if sizes is None else list(sizes), learner)
    _check(read, made)
    outcomes = _run(predictor, read, progress)
    ends = np.array([_end(outcome, read, r) for r, outcome in enumerate(outcomes)])
    scores, horizon = None, int(ends.max())
    failure = outcomes[-1].failure
    failed = None if failure is None else RunFailure(read.run_names[len(outcomes) - 1], *failure)
    if failure is not None and len(outcomes) == 1 and failure.step == 0 and failure.kind != "stalled":
        raise ValueError(
            f"the predictor cannot begin on {name} (outputs: {read.outputs.shape[2]}, inputs: {read.inputs.shape[2]}): "
            f"{failure.message}"
        )
    compared, curves = None, pl.DataFrame(schema=CURVES)
    if horizon >= SHORTEST:
        cut = _until(read, ends)
        edges = np.unique(np.concatenate([log_edges(horizon), block_edges(horizon)]))
        scores = score_recording(made, cut, edges.tolist(), center=center, known_ahead=0)
        scores = _with_predictor(scores, cut, outcomes, center)
        scores = in_noise_units(scores, recording_noise(cut))
        losses, samples = late_losses(rebin(scores, block_edges(horizon)), 0)
        compared = compare(losses, samples, made.sizes, made.size_label, seed)
        curves = _curves(rebin(scores, log_edges(horizon)), made.sizes)
    timed = np.concatenate([outcome.seconds for outcome in outcomes])
    timed = timed[np.isfinite(timed)]
    return RecordingScore(
        name=predictor.name,
        source=name,
        comparison=compared,
        curves=curves,
        failure=failed,
        flaws=_flaws(predictor, read, outcomes),
        runs=len(outcomes),
        coverage=_coverage(read, outcomes, ends),
        seconds=(float(np.median(timed)), float(np.quantile(timed, 0.99))) if len(timed) else None,
        parameters=outcomes[0].parameters,
        settings=dict(
            recording=name,
            outputs=list(read.output_names),
            inputs=list(read.input_names),
            runs=len(read.lengths),
            samples=int(read.lengths.sum()),
            learner=made.name if not isinstance(learner, str) else learner,
            size_label=made.size_label,
            sizes=list(made.sizes),
            center=center if isinstance(center, str) else np.atleast_1d(center).tolist(),
            seed=seed,
            versions=versions(),
        ),
        reading=read.reading,
    )


def _learner(recording: Trajectories, sizes: list[int] | None, learner: str | Learner | None) -> Learner:
    if isinstance(learner, Learner):
        return learner
    outputs, inputs = recording.outputs.shape[2], recording.inputs.shape[2]
    chosen = learner or default_learner(outputs, inputs)
    if sizes is None and sized_by_length(chosen):
        sizes = list(range(min(16, int(recording.lengths.max()) // (5 * (outputs + inputs))) + 1))
    return named_learner(learner, sizes)(outputs, inputs)


def _check(recording: Trajectories, learner: Learner) -> None:
    check_recording(recording, learner.sizes[-1])
    if learner.lookaheads != (1,):
        raise ValueError(
            f"a predictor forecasts the next sample, the learner {learner.lookaheads} ahead: leave them out."
        )


def _run(predictor: ExternalPredictor, recording: Trajectories, progress: Progress) -> list[Outcome]:
    """Return the outcome of each run, up to the first that fails."""
    outcomes: list[Outcome] = []
    for r, steps in enumerate(recording.lengths.tolist()):
        y, u = recording.outputs[r, :steps], recording.inputs[r, :steps]
        outcomes.append(predictor.run(y, u, recording.dt or 1.0))
        progress(len(outcomes), len(recording.lengths))
        if outcomes[-1].failure is not None:
            break
    return outcomes


def _end(outcome: Outcome, recording: Trajectories, run: int) -> int:
    """Return the samples of a run that the predictor has forecast."""
    return int(recording.lengths[run]) if outcome.failure is None else outcome.failure.step


def _until(recording: Trajectories, ends: NDArray[np.int64]) -> Trajectories:
    """Return the runs of the predictor, each up to its end."""
    kept = np.flatnonzero(ends > 0)
    horizon = int(ends.max())
    late = np.arange(horizon)[None, :, None] >= ends[kept, None, None]
    y, u = (np.where(late, np.nan, part[kept, :horizon]) for part in (recording.outputs, recording.inputs))
    names = tuple(recording.run_names[r] for r in kept)
    return replace(recording, outputs=y, inputs=u, lengths=ends[kept], run_names=names, states=None)


def _with_predictor(scores: Scores, recording: Trajectories, outcomes: list[Outcome], center: Any) -> Scores:
    """Return the sums with those of the predictor behind the largest size, over the samples that the learner scores."""
    horizon = recording.outputs.shape[1]
    own = [outcome.forecast for outcome in outcomes if outcome.failure is None or outcome.failure.step > 0]
    padded = np.full(recording.outputs.shape, np.nan)
    for row, forecast in zip(padded, own, strict=True):
        row[: len(forecast)] = forecast[:horizon]
    centered = np.full(recording.outputs.shape[2:] + recording.outputs.shape[:1], 0 if center == "first" else 1)
    scored = np.moveaxis(scored_ahead(np.moveaxis(recording.outputs, 0, -1), centered, (1,))[:, 0], -1, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.where(scored, (padded - recording.outputs) ** 2, 0.0)
    starts = scores.edges[:-1]
    sums = np.add.reduceat(square, starts, axis=1).transpose(1, 2, 0)[:, None, None]
    return scores._replace(error=np.concatenate([scores.error, sums], axis=2))


def _curves(scores: Scores, sizes: Sequence[int]) -> pl.DataFrame:
    samples = scores.samples[:, 0].min(axis=1).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        error = scores.error[:, 0].sum(axis=(2, 3)) / samples[:, None]
    rows = [
        (int(first), int(stop) - 1, size, float(error[b, k]))
        for k, size in enumerate([*sizes, None])
        for b, (first, stop) in enumerate(zip(scores.edges[:-1], scores.edges[1:], strict=True))
    ]
    return pl.DataFrame(rows, schema=CURVES, orient="row")


def _flaws(predictor: ExternalPredictor, recording: Trajectories, outcomes: list[Outcome]) -> tuple[Flaw, ...]:
    failure = outcomes[-1].failure
    found = [] if failure is None else [Flaw(FAILURES.get(failure.kind, failure.kind), failure.message)]
    if failure is None:
        longest = int(recording.lengths.argmax())
        y, u = (part[longest, : recording.lengths[longest]] for part in (recording.outputs, recording.inputs))
        found += recording_flaws(predictor, y, u, recording.dt or 1.0)
        leak = leaks(tuple(outcomes))[1]
        found += [leak] if leak is not None else []
    return tuple(found)


def _coverage(recording: Trajectories, outcomes: list[Outcome], ends: NDArray[np.int64]) -> Estimate | None:
    """Return the coverage of the predictor's own 95 % interval after the first twentieth of each run."""
    inside = []
    for r, (outcome, end) in enumerate(zip(outcomes, ends.tolist(), strict=True)):
        if outcome.variance is not None:
            late = slice(end // 20, end)
            error, half = (
                np.abs(outcome.forecast - recording.outputs[r, : len(outcome.forecast)]),
                outcome.variance**0.5,
            )
            known = (np.isfinite(error) & np.isfinite(half)).all(axis=1)[late]
            inside.append((error <= HALF_95 * half)[late][known])
    hits = np.concatenate(inside).T if inside else np.zeros((1, 0), bool)
    return coverage(hits) if hits.shape[1] >= SHORTEST else None
