"""A scorecard: one row a case, with its metrics and verdict.

Time: ``t`` counts readings from 0. A steady case is judged by its last half, a stress case from the fault on.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from .._growth.curves import SCHEMA, log_edges
from .._growth.laws import BORDER, growth_laws
from .battery import CaseResult
from .flaws import STEADY, Flaw, diverges, failure_flaw, leaks, too_short
from .metrics import Estimate, coverage, recovery_time, share_above
from .schema import CURVE

WORSE = 0.1  # largest share above a ladder of as many parameters that passes, in a steady case
COARSE = 200  # stretches of a drawn curve
HALF_95 = float(ndtri(0.975))


class Card(NamedTuple):
    """A row of the scorecard, and the curves for its figures (``CURVE``)."""

    row: dict[str, Any]
    curve: pl.DataFrame


def card(result: CaseResult, parameters: int | None, seed: int = 0) -> Card:
    """Return the row of a case.

    Args:
        result: Of the case.
        parameters: Trainable parameters of the predictor, to choose the rung of the ladder; None for the best rung.
        seed: Of the bootstrap of the growth law.
    """
    case, scene = result.case, result.case.scene
    steady, begin = case.since is None, scene.begin
    stretch = slice(begin, None)  # the last half, or from the fault on
    failure = result.outcomes[-1].failure
    whole = slice(None) if failure is None else slice(len(result.outcomes) - 1)  # a run that failed measures nothing
    error, oracle = result.error[whole], result.oracle[whole]
    excess, above = share_above(result.excess[whole], oracle, stretch), share_above(error, oracle, stretch)
    rung, against = _against_ladder(result, error, result.ladder[whole], parameters, stretch)
    law = dict(law=None, growth=None, exponent=None) if failure is not None or not steady else _law(error, seed)
    recovered = None if steady or failure is not None else recovery_time(error, oracle, begin, int(case.since or 0))
    slope, leak = leaks(result.outcomes)
    flaws = _flaws(result, law, parameters, seed) + ([leak] if leak else [])
    verdict, reason = _verdict(result, law, recovered, against if parameters is not None else None, flaws, seed)
    horizons = [max(scene.steps // part, 1) for part in (16, 4, 1)]
    seconds = np.concatenate([outcome.seconds for outcome in result.outcomes])
    seconds = seconds[np.isfinite(seconds)]
    row = dict(
        case=case.name,
        kind=case.kind,
        shows=case.shows,
        reference=case.reference,
        exact=case.exact,
        steps=scene.steps,
        replicates=len(result.outcomes),
        begin=None if steady else begin,
        end=None if steady or case.since == begin else scene.end,
        verdict=verdict,
        reason=reason,
        failed_at=None if failure is None else failure.step,
        horizons=horizons,
        errors=[_mean(error[:, horizon // 2 : horizon]) for horizon in horizons],
        error=_mean(error[:, stretch]),
        oracle=_mean(oracle[:, stretch]),
        **_spread("excess", "excess", excess, 100),
        ladder_size=rung[0],
        ladder_parameters=rung[1],
        ladder_matched=parameters is not None,
        **_spread("against_ladder", "against", against, 100),
        **{word: law[word] for word in ("law", "growth", "exponent")},
        recovery=recovered,
        **_calibration(result, above),
        step_median=float(np.median(seconds)) if len(seconds) else None,
        step_99=float(np.quantile(seconds, 0.99)) if len(seconds) else None,
        **_spread("memory", "memory", slope),
        flaws=[flaw.name for flaw in flaws],
        because=[flaw.because for flaw in flaws],
    )
    place = [size for size, _ in result.rungs].index(rung[0])
    return Card(row, _curve(case.name, result.error, result.oracle, result.ladder[:, :, place]))


def _flaws(result: CaseResult, law: dict[str, Any], parameters: int | None, seed: int) -> list[Flaw]:
    """Return the flaws of a case; a flaw that follows from another one is not named."""
    failed = failure_flaw(result)
    found = [failed] if failed else []
    if failed is None or failed.name == "not finite":
        found += [flaw for flaw in [diverges(result)] if flaw]
    if found or result.case.since is not None:
        return found
    found = [flaw for rule in STEADY if (flaw := rule(result))]
    grows = law["growth"] == "growing" or (law["exponent"] or 0.0) > BORDER
    if grows and not any(flaw.name in ("wrong unit", "forgets its state") for flaw in found):
        laws = {k: _law(result.ladder[:, :, k], seed)["growth"] for k in range(len(result.rungs))}
        short = too_short(result, laws, parameters)
        found += [short] if short else []
    return found


def _verdict(
    result: CaseResult,
    law: dict[str, Any],
    recovered: int | None,
    against: Estimate | None,
    flaws: list[Flaw],
    seed: int,
) -> tuple[str, str]:
    failure, case = result.outcomes[-1].failure, result.case
    if (
        failure is not None
        and failure.step == 0
        and case.kind == "zoo"
        and failure.kind in ("shape", "raised", "start")
    ):
        return "not offered", f"it does not take this plant's outputs or inputs: {failure.message}"
    if failure is not None:
        return "failed", f"at step {failure.step}: {failure.message}"
    if flaws:
        return "falls short", "; ".join(f"{flaw.name}: {flaw.because}" for flaw in flaws)
    if case.since is not None:
        if recovered is None:
            rest = case.scene.steps - case.since
            return "falls short", f"its error has not recovered {rest} readings later"
        return "pass", f"its error has recovered after {recovered} readings"
    if law["growth"] == "growing" and _law(result.oracle, seed)["growth"] != "growing":
        return "falls short", f"its error grows as {law['law']}"
    if against is not None and against.low is not None and against.low > WORSE:
        return (
            "falls short",
            f"a ladder of as many parameters has a smaller error: it is {100 * against.value:.0f} % above it",
        )
    if law["growth"] == "undecided":
        return "undecided", law["reason"]
    return "pass", "its error is bounded"


def _against_ladder(
    result: CaseResult,
    error: NDArray[np.float64],
    ladders: NDArray[np.float64],
    parameters: int | None,
    stretch: slice,
) -> tuple[tuple[int, int], Estimate | None]:
    """Return the rung with at most as many parameters, or the best rung, and how far the error is above it."""
    losses = np.nansum(np.where(np.isnan(error)[..., None], 0, ladders)[:, stretch], axis=(0, 1))
    fitting = [k for k, (_, count) in enumerate(result.rungs) if parameters is not None and count <= parameters]
    place = (fitting[-1] if fitting else 0) if parameters is not None else int(losses.argmin())
    ladder = ladders[:, :, place]
    ratio = share_above(error - ladder, np.where(np.isnan(error), np.nan, ladder), stretch)
    return result.rungs[place], ratio


def _law(squares: NDArray[np.float64], seed: int) -> dict[str, Any]:
    """Return the growth law of a mean square, ``(batch, time)``: law, verdict, exponent, reason."""
    edges = log_edges(squares.shape[1])
    known = np.isfinite(squares)
    sums, counts = (
        np.add.reduceat(part, edges[:-1], axis=1) for part in (np.where(known, squares, 0.0), known.astype(float))
    )
    if squares.shape[1] < 16:
        return dict(law="undecided", growth="undecided", exponent=None, reason="the runs are too short")
    group, place = np.indices(sums.shape).reshape(2, -1)
    frame = pl.DataFrame(
        dict(
            first=edges[place] + 1,
            last=edges[place + 1],
            horizon=(edges[place] + 1 + edges[place + 1]) / 2,
            group=group,
            value=(sums / np.maximum(counts, 1)).ravel(),
            samples=counts.ravel(),
        )
    ).with_columns(
        run=pl.lit(""), system=pl.lit(""), learner=pl.lit(""), metric=pl.lit("error"), size=0, parameters=0, lookahead=1
    )
    frame = frame.filter(pl.col("samples") > 0).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    found = growth_laws(frame, seed).row(0, named=True)
    return dict(law=found["law"], growth=found["verdict"], exponent=found["exponent"], reason=found["reason"])


def _calibration(result: CaseResult, above: Estimate | None) -> dict[str, float | None]:
    """Return coverage and sharpness of the predictor's own 95 % interval over the readings from ``begin`` on."""
    names = ("coverage", "coverage_low", "coverage_high", "sharpness")
    if result.variance is None or above is None or result.outcomes[-1].failure is not None:
        return dict.fromkeys(names)
    late = slice(result.case.scene.begin, None)
    half = HALF_95 * np.sqrt(result.variance[:, late])
    error = np.abs(result.forecast - result.target)[:, late]
    known = np.isfinite(error).all(axis=(0, 2)) & np.isfinite(half).all(axis=(0, 2))
    if not known.any():
        return dict.fromkeys(names)
    inside = np.moveaxis(error <= half, 2, 1).reshape(-1, error.shape[1])[:, known]  # an output counts as a run
    share = coverage(inside)
    best = (result.reference - result.target)[:, late][:, known]
    widths = half[:, known].mean(axis=(0, 1)) / (HALF_95 * np.sqrt((best**2).mean(axis=(0, 1))))
    return dict(zip(names, (*share, float(widths.mean())), strict=True))


def _curve(name: str, *squares: NDArray[np.float64]) -> pl.DataFrame:
    steps = squares[0].shape[1]
    edges = np.unique(np.linspace(0, steps, min(COARSE, steps) + 1).astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a stretch without a reading is NaN
        means = [
            np.array([np.nanmean(part[:, a:b]) for a, b in zip(edges, edges[1:], strict=False)]) for part in squares
        ]
    columns = dict(case=[name] * (len(edges) - 1), first=edges[:-1], last=edges[1:] - 1)
    return pl.DataFrame(columns | dict(zip(("error", "oracle", "ladder"), means, strict=True)), schema=CURVE)


def _spread(name: str, ends: str, estimate: Estimate | None, unit: float = 1.0) -> dict[str, float | None]:
    value = (None, None, None) if estimate is None else tuple(None if x is None else unit * x for x in estimate)
    return dict(zip((name, f"{ends}_low", f"{ends}_high"), value, strict=True))


def _mean(squares: NDArray[np.float64]) -> float | None:
    known = squares[np.isfinite(squares)]
    return float(known.mean()) if known.size else None
