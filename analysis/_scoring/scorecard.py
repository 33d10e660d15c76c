"""The results of a predictor in the battery."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import polars as pl

from ..._core.json_values import json_value
from .flaws import Flaw


@dataclass(frozen=True)
class Scorecard:
    """The results of a predictor in the battery.

    Attributes:
        name: The predictor.
        rows: One row a case (``ROW`` of ``schema.py``).
        curves: Mean squared errors over time of the predictor, the reference and the ladder, one row a stretch.
        flaws: From the probes; the flaws of a case stand in its row.
        cases: Number of cases to run; a scorecard with fewer rows is partial.
        settings: All that is needed to run it again.
    """

    name: str
    rows: pl.DataFrame
    curves: pl.DataFrame
    flaws: tuple[Flaw, ...]
    cases: int
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the documented JSON object (docs/json.md); values that are not finite become None."""
        return dict(
            name=self.short_name,
            sentence=self.sentence,
            partial=self.partial,
            flaws=self.all_flaws,
            shortfalls=[],
            rows=json_value(self.rows.to_dicts()),
            settings=self.settings,
            files=[],
        )

    def _repr_html_(self) -> str:
        """Show the answer, its figures and its tables in a notebook."""
        from ... import analysis  # its public face: what draws a scorecard imports this file

        shown: str = analysis.scorecard_html(self)
        return shown

    @property
    def short_name(self) -> str:
        """The name without the folder of the predictor."""
        return PurePath(self.name).name or self.name

    @property
    def partial(self) -> bool:
        """Whether cases are missing."""
        return self.rows.height < self.cases

    @property
    def all_flaws(self) -> dict[str, str]:
        """Every flaw by its name, with the first observation of it."""
        found = {flaw.name: flaw.because for flaw in self.flaws}
        for row in self.rows.filter(pl.col("verdict") != "not offered").iter_rows(named=True):
            for name, because in zip(row["flaws"], row["because"], strict=True):
                found.setdefault(name, f"{row['case']}: {because}")
        return found

    @property
    def sentence(self) -> str:
        """The answer in words."""
        parts = []
        for word, kinds in (("steady", ("plant", "zoo")), ("stress", ("stress",))):
            part = self.rows.filter(pl.col("kind").is_in(kinds) & (pl.col("verdict") != "not offered"))
            if part.height:
                passed = (part["verdict"] == "pass").sum()
                parts.append(f"{passed} of {part.height} {word} case{'s' * (part.height > 1)}")
        text = f"{self.short_name} passes {' and '.join(parts)}." if parts else f"{self.short_name}: no case is done."
        own = self.rows.filter((pl.col("kind") == "plant") & pl.col("excess").is_not_null())
        if own.height:
            share = own["excess"][0]
            amount = "under 0.01" if share < 0.01 else f"{share:.2g}" if share < 100 else f"{share:.0f}"
            text += f" On the plant its excess over the Kalman filter is {amount} %."
        names = ", ".join(self.all_flaws)
        clean = not self.rows["verdict"].is_in(["falls short", "failed"]).any()
        text += f" Flaws: {names}." if names else " No flaw was found." * clean
        return text + (f" Partial: {self.rows.height} of {self.cases} cases." if self.partial else "")
