"""The question of emergence, for the steps of one setting or along an axis of settings."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from ..._core.checks import check_seed
from ..._core.text import counted
from .emergence import Emergence
from .on_axis import on_axis
from .on_steps import on_steps
from .sentences import diverged_words, exact_words, number_words
from .shares import check_axis, within

NOTHING: dict[str, Any] = dict.fromkeys(("value", "low", "high", "end", "end_low", "end_high", "width", "isotonic"))
NOTHING |= dict(rising=True, logarithmic=False)


def emergence(
    passages: pl.DataFrame,
    axis: str,
    *,
    ability: str = "passes",
    horizon_word: str = "steps",
    horizon: int | None = None,
    exact: float | None = None,
    seed: int = 0,
) -> Emergence:
    """Return from which value of an axis on half of the runs pass, with its interval, or why it is not known.

    * The axis ``steps``, for runs of one setting: the median of their passages by Kaplan and Meier.
    * Any other axis: for each value the share of runs that passed within the horizon, and the value at which an
      S-shaped curve through the shares crosses 1/2, on a log scale if all values are above 0. The share may rise or
      fall. It is a window, with two half-points, if it crosses 1/2 twice and no monotone curve explains it: 95 % of
      draws from the best monotone fit lack less likelihood. Then each side of the top has its own curve.

    The verdict is

    * ``above`` if all shares, on ``steps`` that of all runs, are below 1/2 with the whole of their 95 % intervals;
    * ``undecided`` if there are fewer than 4 runs a value, or 6 on ``steps``; if every value passes; if the share
      crosses 1/2 several times and is no window; if an end of an interval lies beyond the values tried; or if the
      interval of the curve and that of a fit that only knows the direction do not meet;
    * else ``located``.

    If none is given, the horizon is the last step at which every run is known to have passed or not. A run that
    diverged counts as one that never passes; if every run did, the verdict is ``above``, and the sentence says so.

    Args:
        passages: One row for each run, of one kind: the frame of ``first_passages``.
        axis: ``"steps"``, or a label of the passages with at least two numbers.
        ability: What a run does that passes: "generalises".
        horizon_word: The unit of the horizon.
        horizon: Last step of runs that did not end early; None: the last step at which every run is known.
        exact: The half-point by theory, for the sentence.
        seed: Seed of the draws.

    Raises:
        ValueError: The axis is no label, holds no numbers or has one value; there are several kinds; a run occurs
            twice; or another label differs between the runs of a value.

    References:
        D. J. Finney, Probit analysis, 1947 (the half-point, in biology the median effective dose).
    """
    check_axis(passages, axis)
    check_seed(seed)
    if exact is not None and not math.isfinite(exact):
        raise ValueError(f"exact must be a number or None, got {exact}.")
    horizon = within(passages) if horizon is None else horizon
    span = f"within {number_words(horizon)} {horizon_word}"
    if axis == "steps":
        fields = on_steps(passages, horizon, span, ability, horizon_word)
    else:
        fields = on_axis(passages, axis, horizon, span, ability, seed)
    runs, diverged = len(passages), int(passages["diverged"].sum())
    if diverged == runs:
        words = f"none of {counted(runs, 'run')} {ability} {span}, for every one diverged."
        fields |= dict.fromkeys(("value", "low", "high", "end", "end_low", "end_high"))
        fields |= dict(verdict="above", reason="every run diverged: choose a smaller rate.", sentence=words)
        diverged_here = 0
    else:
        diverged_here = diverged
    said = exact_words(exact, horizon_word if axis == "steps" else axis)
    fields["sentence"] += said + diverged_words(diverged_here, runs)
    labels = dict(exact=exact, within=horizon, axis=axis, ability=ability, runs=runs, diverged=diverged)
    return Emergence(**NOTHING | fields | labels)
