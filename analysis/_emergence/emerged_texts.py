"""The record of ``emerge_texts``: the answer, and the numbers that it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from ..._core.json_values import json_value
from .emergence import Emergence


@dataclass(frozen=True, repr=False)
class EmergedTexts:
    """The answer of ``emerge_texts``, with the numbers that it was made of.

    Attributes:
        emergence: From how many texts on, or up to how many slots, half of the streams have taught the share.
        curves: Share of the concepts that each stream has taught, up to its passage: ``run, seed, slots, texts,
            learned``.
        passages: When each stream had taught the share, in the columns of ``first_passages``; its steps are texts.
        settings: All settings that are needed to run it again.
    """

    emergence: Emergence
    curves: pl.DataFrame
    passages: pl.DataFrame
    settings: dict[str, Any]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        limit = "" if self.emergence.exact is None else " Theory is for many concepts; few take some more texts."
        return f"{self.settings['task']}: {self.emergence.sentence}{limit}"

    @property
    def shares(self) -> pl.DataFrame:
        """One row for each passage along the texts, or for each number of slots."""
        return self.emergence.shares

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as a JSON object."""
        answer: dict[str, Any] = json_value(self.emergence.to_dict() | dict(settings=self.settings))
        return answer | dict(sentence=self.sentence)

    def __repr__(self) -> str:
        return self.sentence
