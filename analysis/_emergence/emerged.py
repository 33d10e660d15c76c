"""The record of ``emerge``: the answers for each kind of examples, and the numbers that they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ..._core.json_values import json_value
from .emergence import Emergence
from .kinds import kinds_sentence, kinds_table, learned_counts


@dataclass(frozen=True, repr=False)
class Emerged:
    """The answer of ``emerge``, with the numbers that it was made of.

    Attributes:
        emergences: Where the ability is there, with its interval, for half of the runs: for each kind of examples.
        memorised: What the runs do that never pass: how many of them answer their own set, and by which step. Empty
            for a task of several kinds.
        curves: Scores of every run: ``run, seed, size, rows, rate, decay, l1, dropout, step, metric, kind, value``.
        passages: When each run passed the level on the exam, for each kind.
        set_passages: When each run passed the level on its own training set or stream.
        frequency: Share of each kind among the examples.
        settings: All settings that are needed to run it again.
        checkpoints: The file of the last parameters of each run, in the order of ``run``, where they were kept.
    """

    emergences: Mapping[str, Emergence]
    memorised: str
    curves: pl.DataFrame
    passages: pl.DataFrame
    set_passages: pl.DataFrame
    frequency: Mapping[str, float]
    settings: dict[str, Any]
    checkpoints: tuple[Path, ...] = ()

    @property
    def emergence(self) -> Emergence:
        """The answer for a task of one kind of examples.

        Raises:
            ValueError: There are several: ask ``emergences``.
        """
        if len(self.emergences) > 1:
            raise ValueError(f"{self.settings['task']} has {len(self.emergences)} kinds of examples: see emergences.")
        return next(iter(self.emergences.values()))

    @property
    def sentence(self) -> str:
        """The answer in words."""
        found = kinds_sentence(self.emergences) if len(self.emergences) > 1 else self.emergence.sentence
        several = f" {self._learned_words()}" if len(self.emergences) > 1 else ""
        return f"{self.settings['task']}: {found}{several}{self.memorised}"

    def _learned_words(self) -> str:
        """Return what it means that a run has learned a kind."""
        level = self.settings["level"]
        if self.settings["metric"] == "loss":
            words = f"a loss on its exam of at most {level:g} of that of who knows nothing"
        else:
            words = f"at least {level:.4g} of its exam answered right"
        end = "where its mean loss is least" if self.settings["early_stopping"] else "to the end"
        return f"Learned: {words}, {end}."

    @property
    def shares(self) -> pl.DataFrame:
        """One row for each value of the axis, or for each passage of the axis ``steps``; of several kinds for each."""
        if len(self.emergences) == 1:
            return self.emergence.shares
        return pl.concat(
            one.shares.select(pl.lit(kind).alias("kind"), pl.all()) for kind, one in self.emergences.items()
        )

    @property
    def kinds(self) -> pl.DataFrame:
        """One row for each kind: ``kind, frequency, verdict, value, low, high, end, everywhere, passed, runs``."""
        return kinds_table(self.emergences, self.frequency)

    @property
    def learned(self) -> pl.DataFrame:
        """How many kinds each run has learned: ``run``, the axis unless it is ``steps``, ``seed, learned``."""
        return learned_counts(self.passages, self.settings["along"])

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object; of several kinds those of all, by their names under ``kinds``."""
        if len(self.emergences) == 1:
            found = self.emergence.to_dict()
        else:
            found = dict(kinds={kind: one.to_dict() for kind, one in self.emergences.items()})
        answer: dict[str, Any] = json_value(found | dict(settings=self.settings))
        return answer | dict(sentence=self.sentence)

    def __repr__(self) -> str:
        return self.sentence
