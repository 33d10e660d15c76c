"""The record of ``locate_curves``."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..._core.json_values import json_value
from .growth import Threshold
from .level import Level
from .scaling_law import ScalingLaw


@dataclass(frozen=True, repr=False)
class LocatedCurves:
    """The answer of ``locate_curves``.

    Attributes:
        name: Of the table.
        sizes: One row for each size: its growth along the axis, as ``size_laws`` returns it; for the curves of
            ``locate`` the growth laws of ``growth_laws``.
        threshold: From which size on the error does not grow.
        located: For the curves of ``locate``: critical size, regret size and best size, each with its interval, as
            ``located`` gives them; else None.
        budgets: One row for each place along the axis that several sizes have: the size of least error there, and those
            not told apart from it (``budget_table``).
        level: Where the runs pass the level; None without one.
        law: The joint scaling law; None if it was not fitted.
        no_law: Why there is no law; empty if there is one.
        frame: The tidy table: ``size, along, run, error``.
        columns: The name of the column of each role.
        kind: ``"locate"`` or ``"emerge"`` for a table that the command has written; else empty.
        sentence: The answer in words.
        settings: All settings that are needed to run it again.
    """

    name: str
    sizes: pl.DataFrame
    threshold: Threshold
    located: pl.DataFrame | None
    budgets: pl.DataFrame
    level: Level | None
    law: ScalingLaw | None
    no_law: str
    frame: pl.DataFrame
    columns: dict[str, str | None]
    kind: str
    sentence: str
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object (docs/curves.md); values that are not finite become None."""
        level = None
        if self.level is not None:
            found = self.level.emergence
            level = dict(level=self.level.level, below=self.level.below, sizes=self.level.sizes.to_dicts())
            level |= dict(emergence=None if found is None else found.to_dict())
        answer: dict[str, Any] = json_value(
            dict(
                name=self.name,
                sentence=self.sentence,
                columns=self.columns,
                kind=self.kind,
                sizes=self.sizes.to_dicts(),
                threshold=self.threshold._asdict(),
                located=None if self.located is None else self.located.row(0, named=True),
                budgets=self.budgets.to_dicts(),
                level=level,
                law=None if self.law is None else self.law.to_dict(),
                no_law=self.no_law,
                settings=self.settings,
            )
        )
        return answer

    def _repr_html_(self) -> str:
        """Show the answer and its table in a notebook."""
        return f"<p>{html.escape(self.sentence)}</p>{self.sizes._repr_html_()}"

    def __repr__(self) -> str:
        return self.sentence
