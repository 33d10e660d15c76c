"""The record of an emergence: from which value of an axis on an ability is there."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..._core.json_values import json_value
from .isotonic import Crossing


@dataclass(frozen=True, repr=False)
class Emergence:
    """The answer of ``emergence``.

    Attributes:
        value: The value of the axis at which half of the runs pass within the horizon; for the axis ``steps`` the step
            by which half of the runs have passed. None unless the verdict is ``"located"``.
        low, high: Its 95 % interval. None: this end lies beyond the values tried.
        end, end_low, end_high: For a window, a share that rises and then falls: the upper half-point and its interval.
            Else None.
        verdict: ``"located"``; ``"above"``, if every value tried is shown to be below the half-point; or
            ``"undecided"``.
        reason: The reason of the verdict, and what would decide it.
        rising: Whether the share rises along the axis, as it does for a window at ``value``.
        width: Distance on the axis from a share of 10 % to 90 %, as a ratio if the axis is logarithmic. Where all runs
            of a value pass, or none, it is at most about the distance of two values. None for the axis ``steps``.
        isotonic: The half-point by the fit that knows the direction only, and its interval. It needs no form of curve,
            and tells less. None for the axis ``steps``.
        shares: One row for each value of the axis: ``runs, passed, diverged, share, low, high, median, median_low,
            median_high``, the share of runs that passed within the horizon and their median passage in steps. For the
            axis ``steps`` one row for each passage: ``steps, runs, passed, share, low, high``, by Kaplan and Meier.
        exact: The half-point by theory, if it was given.
        within: The horizon in steps that the answer holds for. A longer one may move it.
        axis: The axis: ``steps`` or a column of the passages.
        logarithmic: Whether the axis is fitted on a log scale, as it is if all values are above 0.
        ability: What a run does that passes, such as "generalises".
        runs, diverged: Number of runs, and of those that diverged. They count as runs that never pass.
        sentence: The answer in words.
    """

    value: float | None
    low: float | None
    high: float | None
    end: float | None
    end_low: float | None
    end_high: float | None
    verdict: str
    reason: str
    rising: bool
    width: float | None
    isotonic: Crossing | None
    shares: pl.DataFrame
    exact: float | None
    within: int
    axis: str
    logarithmic: bool
    ability: str
    runs: int
    diverged: int
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object; values that are not finite become None."""
        words = {name: value for name, value in vars(self).items() if name not in ("isotonic", "shares")}
        isotonic = None if self.isotonic is None else self.isotonic._asdict()
        answer: dict[str, Any] = json_value(words | dict(isotonic=isotonic, shares=self.shares.to_dicts()))
        return answer

    def _repr_html_(self) -> str:
        """Show the answer and its table in a notebook."""
        return f"<p>{html.escape(self.sentence)}</p>{self.shares._repr_html_()}"

    def __repr__(self) -> str:
        return self.sentence
