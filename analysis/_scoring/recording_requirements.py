"""Requirements on a predictor that ran on a recording: the grammar of ``requirements.py``, and what a recording shows.

There is no reference. ``excess`` and ``ladder`` are the error above that of the size to use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .recording_score import RecordingScore
from .requirements import METRICS, WHOLE, Requirement, short_of

MEASURED = ("finite", "calibrated", "excess", "ladder", "time")


def recording_shortfalls(score: RecordingScore, required: list[Requirement]) -> list[str]:
    """Return in words where a predictor falls short on a recording; so does what a recording does not measure."""
    named = {flaw.name: flaw.because for flaw in score.flaws}
    row, found = _row(score), []
    for requirement in required:
        if requirement.word in WHOLE:
            flaw = WHOLE[requirement.word]
            found += [f"{requirement.text}: {name}, {named[name]}" for name in named if flaw in (None, name)]
        elif requirement.word not in MEASURED or requirement.case not in (None, "all"):
            found.append(f"{requirement.text}: a recording does not measure it; it measures {', '.join(MEASURED)}")
        else:
            short = short_of(requirement, row)
            found += [f"{requirement.text}: {score.source}: {short}"] if short else []
    return found


def _row(score: RecordingScore) -> Mapping[str, Any]:
    """Return the columns of a scorecard that a recording fills."""
    unknown = {metric.column: None for metric in METRICS.values()}
    compared, share = score.comparison, score.coverage
    excess = None if compared is None else 100 * compared.excess
    low, high = (None, None) if share is None else (share.low, share.high)
    return unknown | dict(
        excess=excess,
        against_ladder=excess,
        step_median=None if score.seconds is None else score.seconds[0],
        coverage=None if share is None else share.value,
        coverage_low=low,
        coverage_high=high,
        verdict="pass" if score.failure is None and compared is not None else "failed",
        reason=score.sentence,
        flaws=[flaw.name for flaw in score.flaws],
        because=[flaw.because for flaw in score.flaws],
    )
