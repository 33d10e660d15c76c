"""By which step half of the runs of one setting have passed."""

from __future__ import annotations

from typing import Any

import polars as pl

from ..._core.text import counted
from .sentences import estimate_words, number_words, runs_words
from .shares import run_times, share_interval
from .survival import FEWEST_FOR_INTERVAL, median_passage, survival


def on_steps(passages: pl.DataFrame, horizon: int, span: str, ability: str, word: str) -> dict[str, Any]:
    """Return the fields of the answer for the axis ``steps``; ``span`` is the horizon in words, ``word`` its unit."""
    one = word.removesuffix("s")
    times, passed = run_times(passages, horizon)
    median, curve = median_passage(times, passed), survival(times, passed)
    gone = dict(share=1 - curve["survival"], low=1 - curve["high"], high=1 - curve["low"])
    shares = curve.select("steps", "runs", "passed").with_columns(**gone)
    count, runs = int(passed.sum()), len(passages)
    early = passages.filter(pl.col("low").is_null() & ~pl.col("censored")).height
    answer: dict[str, Any] = dict(median._asdict(), shares=shares)
    if runs < FEWEST_FOR_INTERVAL:
        why = f"a median of {counted(runs, 'run')} has no 95 % interval; {FEWEST_FOR_INTERVAL} runs give one"
    elif share_interval(count, runs)[1][0] < 0.5:
        words = f"{ability} after {one} {number_words(horizon)}, if at all: {runs_words(count, runs, 'do')} {span}."
        return answer | dict(value=None, verdict="above", reason=f"more {word} may show it.", sentence=words)
    elif 2 * early >= runs:
        why = f"{early} of {counted(runs, 'run')} pass at the first edge; earlier edges would decide it"
    elif median.value is None or median.low is None or median.high is None:
        why = f"{runs_words(count, runs, 'pass')} {span}; more {word} or more runs would decide it"
    else:
        words = f"{ability} by {one} {estimate_words(median)} in half of the runs; {count} of {runs} do {span}."
        return answer | dict(verdict="located", reason=f"{runs_words(count, runs, 'pass')}.", sentence=words)
    words = f"by which {one} half of the runs pass is undecided {span}: {why}."
    return answer | dict(value=None, verdict="undecided", reason=f"{why}.", sentence=words)
