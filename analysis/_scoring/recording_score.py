"""The result of a predictor on a recording, beside learners of every size."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, NamedTuple

import polars as pl

from ..._core.json_values import json_value
from ..._core.text import printable, spaced
from ...simulator._recordings.reading import Reading
from .comparison import Comparison, beside_sentence
from .flaws import Flaw
from .metrics import Estimate


class RunFailure(NamedTuple):
    """Where a predictor failed: name of the run, sample, counted from 0, kind and message as in ``Failure``."""

    run: str
    step: int
    kind: str
    message: str


@dataclass(frozen=True)
class RecordingScore:
    """A predictor on a recording, beside learners of every size.

    Attributes:
        name: The predictor.
        source: The recording.
        comparison: The predictor compared with every size; None if too few samples could be compared.
        curves: Mean squared errors over time, one row a stretch and size: ``first, last, size, error``; the size of the
            predictor is null.
        failure: Where it failed, or None; it is compared until then.
        flaws: What ``recording_flaws`` and ``leaks`` have seen.
        runs: Number of runs that the predictor was given.
        coverage: Share of the samples in the predictor's own 95 % interval, with bounds of 99.9 %; None if it gives no
            variance.
        seconds: Median and 99th percentile of the seconds of a step; None if no step was timed.
        parameters: Trainable parameters, as the predictor reports them.
        settings: All that is needed to run it again.
        reading: What was taken for what in the file; None if there was none.
    """

    name: str
    source: str
    comparison: Comparison | None
    curves: pl.DataFrame
    failure: RunFailure | None
    flaws: tuple[Flaw, ...]
    runs: int
    coverage: Estimate | None
    seconds: tuple[float, float] | None
    parameters: int | None
    settings: dict[str, Any] = field(default_factory=dict)
    reading: Reading | None = None

    @property
    def short_name(self) -> str:
        """The name without the folder of the predictor."""
        return PurePath(self.name).name or self.name

    @property
    def sentence(self) -> str:
        """The answer in words."""
        failed = None if self.failure is None else self._failed(self.failure)
        text = beside_sentence(f"{self.short_name} on {self.source}", self.comparison, failed)
        named = ", ".join(flaw.name for flaw in self.flaws)
        return text + f" Flaws: {named}." * bool(named and failed is None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the documented JSON object (docs/json.md); values that are not finite become None."""
        words = dict(name=self.short_name, source=self.source, sentence=self.sentence)
        coverage = None if self.coverage is None else self.coverage._asdict()
        median, slow = self.seconds or (None, None)
        return (
            words
            | dict(comparison=None if self.comparison is None else self.comparison.to_dict())
            | dict(failure=None if self.failure is None else self.failure._asdict())
            | dict(flaws={flaw.name: flaw.because for flaw in self.flaws}, runs=self.runs)
            | dict(coverage=json_value(coverage), step_median=median, step_99=slow, parameters=self.parameters)
            | dict(reading=None if self.reading is None else self.reading.to_dict())
            | dict(shortfalls=[], settings=self.settings, files=[])
        )

    def _repr_html_(self) -> str:
        """Show the answer, its figures and its table in a notebook."""
        from ... import analysis  # its public face: what draws it imports this file

        shown: str = analysis.recording_score_html(self)
        return shown

    def _failed(self, failure: RunFailure) -> str:
        where = f" of run {printable(failure.run)}" if self.settings.get("runs", 1) > 1 else ""
        return f"failed at sample {spaced(failure.step)}{where}: {failure.message.rstrip('.')}"
