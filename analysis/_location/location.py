"""The record that ``locate`` returns, and its table of rungs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ..._core.json_values import json_value
from ..._core.text import spans
from ...learners import FixedPredictor
from ...simulator._recordings.reading import Reading
from .._exact.theory import Theory
from .._growth.critical_size import Best
from .._growth.regret_size import RegretSize
from .advice import Advice, advice_json
from .band_answer import BandAnswer
from .model_answer import ModelAnswer
from .more_data import More, more_json
from .sentences import ahead_words
from .signal import Signal

OUTPUTS: dict[str, pl.DataType] = {
    "output": pl.String(),
    "noise": pl.Float64(),
    "best_size": pl.Int64(),
    "critical_size": pl.Int64(),
    "verdict": pl.String(),
    "reason": pl.String(),
}  # columns of ``Location.outputs``
CHANGES: dict[str, pl.DataType] = {
    "since": pl.Int64(),
    "noticed": pl.Int64(),
    "kind": pl.String(),
    "size_before": pl.Int64(),
    "size_now": pl.Int64(),
    "at_least": pl.Boolean(),
    "ratio": pl.Float64(),
}  # columns of ``Location.changes``


@dataclass(frozen=True, repr=False)
class Location:
    """The answer of ``locate`` for one look-ahead. ``further`` holds the answers for the other look-aheads.

    Attributes:
        critical_size: The size from which on the error is bounded; None if undecided or above the largest size tried.
        verdict: ``"located"``; ``"at most"``, if the size before the smallest bounded one was not tried; ``"above"``,
            if every size tried grows; ``"not visible yet"``, if theory names another size and the exact error does not
            show it at this horizon; or ``"undecided"``.
        reason: The reason of the verdict, and what would decide it.
        sentence: The answer in words, with the theory and the horizon that it holds for.
        theory: The theory of the system; None for a recording and for a system that varies in time.
        horizon: Samples predicted in the longest run.
        trust_horizon: Number of samples after which rounding reaches the noise; None if it never does. For a system
            that varies in time: None if it does not within the horizon.
        rungs: One row for each size: ``size, parameters, errors`` (a list, at ``horizons``), ``error, excess, law,
            exponent, low, high, late, rate, verdict, reason``; for a recording also ``paired``, the comparison with the
            size before, and ``coverage`` and ``half_width`` of its 95 % band (``bands``).
        horizons: The horizons of ``errors``. The last one is also that of ``error`` and ``excess``.
        curves: Error curves of all lookaheads, as a tidy frame.
        interval: 95 % bootstrap interval of the critical size, if the verdict is ``"located"`` or ``"at most"``. A
            lower end of None means that it is open, below the smallest size tried; an upper end of None means above the
            largest.
        regret: The smallest size whose regret is within twice the least: for a system without explosive modes, and for
            a recording that shows it one sample ahead.
        best: The size of least error after the first twentieth, and the sizes not told apart from it.
        advice: For a recording of which several sizes were tried: the size to use now, what others cost, and what the
            recording does not show; else None.
        more: How many samples or runs would decide what is undecided; empty if nothing is.
        system: Name of the system or recording.
        settings: All settings that are needed to run it again.
        lookahead: Look-ahead of the forecasts in samples; the smallest of those asked for.
        further: The answers for the other lookaheads, by rising look-ahead.
        model: For a recording of fewer than 8 runs, the critical size by models fitted to it. It is not measured, and
            not part of the verdict.
        visible_from: The horizon from which on the size of theory is visible, if it is not visible yet; None for never.
        reading: What was read from files: rows, missing samples, step; None if nothing was read.
        predictors: What each size had learned at the end of the longest run, one sample ahead; see ``predictor``. None
            where the learner has no weights on a window of samples.
        signal: The last samples of the longest run, with their forecasts; None if they were not kept.
        outputs: For several outputs one row each: ``output, noise, best_size, critical_size, verdict, reason``. The
            errors of several outputs are in units of the noise of each, so no answer depends on their units.
        bands: For a recording what the 95 % bands of the sizes have covered, and how wide they are; None if rounding
            reaches the noise, or for more than 1 048 576 samples.
        changes: For one recorded run of 2049 to 1 048 576 samples, one row for each change found: ``since``, its first
            sample; ``noticed``, the sample at which the evidence was enough; ``kind``, ``size``, ``weights`` or
            ``noise``; ``size_before, size_now``; ``at_least``, if the best size since is the largest tried; ``ratio``
            of the errors since and before. None if none was looked for.
    """

    critical_size: int | None
    verdict: str
    reason: str
    sentence: str
    theory: Theory | None
    horizon: int
    trust_horizon: int | None
    rungs: pl.DataFrame
    horizons: tuple[int, ...]
    curves: pl.DataFrame
    interval: tuple[int | None, int | None] | None
    regret: RegretSize | None
    best: Best
    system: str
    settings: dict[str, Any]
    advice: Advice | None = None
    more: tuple[More, ...] = ()
    lookahead: int = 1
    further: tuple[Location, ...] = ()
    model: ModelAnswer | None = None
    visible_from: int | None = None
    reading: Reading | None = None
    predictors: tuple[FixedPredictor, ...] = ()
    signal: Signal | None = None
    outputs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTPUTS))
    bands: BandAnswer | None = None
    changes: pl.DataFrame | None = None

    @property
    def recorded(self) -> bool:
        """Whether the source is a recording, which has no oracle."""
        return "excess" not in self.curves["metric"].unique()

    @property
    def judged(self) -> bool:
        """Whether there are enough runs to judge growth; else the growth laws of the table say nothing."""
        return bool(self.rungs["low"].is_not_null().any())

    @property
    def each(self) -> tuple[Location, ...]:
        """One location for each lookahead; this one first."""
        return self, *self.further

    @property
    def subject(self) -> str:
        """Name of the system or recording, with the look-ahead and the kind of forecast if asked for."""
        return self.system + ahead_words(self.settings, self.lookahead)

    @property
    def size(self) -> int:
        """The size to use: that of the advice for a recording; else the critical size, or if unknown the best one."""
        if self.advice is not None:
            return self.advice.size
        return self.best.size if self.critical_size is None else self.critical_size

    def predictor(self, size: int | None = None) -> FixedPredictor:
        """Return what a size had learned at the end of the longest run, as a predictor with fixed weights.

        Args:
            size: By default the size to use, ``self.size``.

        Raises:
            ValueError: This size was not tried, or the learner has no weights on a window of samples.

        Examples:
            >>> location = locate(recording)  # doctest: +SKIP
            >>> location.predictor(2).forecasts(outputs)  # doctest: +SKIP
        """
        if not self.predictors:
            raise ValueError(
                f"{self.settings['learner']} has no fixed weights to export: they must forecast the next sample from a "
                "window of samples. Choose a learner such as ladder, lattice or square-root-rls."
            )
        by_size = {predictor.about["size"]: predictor for predictor in self.predictors}
        wanted = self.size if size is None else size
        if wanted not in by_size:
            raise ValueError(f"size {wanted} was not tried: choose one of {spans(list(by_size))}.")
        return by_size[wanted]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the documented JSON object (docs/json.md); values that are not finite become None."""
        return _answer(self) | dict(
            further=[_answer(part) for part in self.further],
            changes=None if self.changes is None else json_value(self.changes.to_dicts()),
            reading=None if self.reading is None else json_value(self.reading.to_dict()),
            settings=dict(source=self.system) | self.settings,
            files=[],
        )

    def _repr_html_(self) -> str:
        """Show the answer, its figures and its table in a notebook."""
        from ... import analysis  # its public face: the room that draws answers stands above this one

        shown: str = analysis.location_html(self)
        return shown

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join(part.sentence for part in self.each)


def _answer(location: Location) -> dict[str, Any]:
    """Return the answer of one look-ahead."""
    theory = None
    if location.theory is not None:
        words = ("critical_size", "unstable_modes", "parameter_threshold", "rho", "memory")
        theory = {word: json_value(getattr(location.theory, word)) for word in words}
    rungs = []
    for row in json_value(location.rungs.to_dicts()):
        growth = {word: row[word] for word in ("law", "exponent", "low", "high", "rate")}
        rung = {word: row[word] for word in ("size", "parameters", "error", "excess", "errors")}
        said = "late", "verdict", "reason", "paired", "coverage", "half_width"
        judged = {word: row[word] for word in said if word in row}
        rungs.append(rung | dict(growth=growth) | judged)
    best = dict(size=location.best.size, alike=location.best.alike, pairs=json_value(location.best.pairs.to_dicts()))
    interval = None if location.interval is None else dict(zip(("low", "high"), location.interval, strict=True))
    regret = None if location.regret is None else location.regret._asdict()
    model = None if location.model is None else json_value(location.model._asdict())
    if model is not None and model["interval"] is not None:
        model["interval"] = dict(zip(("low", "high"), model["interval"], strict=True))
    return dict(
        lookahead=location.lookahead,
        critical_size=location.critical_size,
        interval=interval,
        verdict=location.verdict,
        reason=location.reason,
        sentence=location.sentence,
        theory=theory,
        horizon=location.horizon,
        trust_horizon=location.trust_horizon,
        regret=regret,
        best=best,
        advice=advice_json(location.advice),
        more=more_json(location.more),
        model=model,
        horizons=list(location.horizons),
        rungs=rungs,
        outputs=json_value(location.outputs.to_dicts()),
        visible_from=location.visible_from,
        bands=None if location.bands is None else location.bands.to_dict(),
    )


def three_horizons(last: int) -> tuple[int, ...]:
    """Return three horizons that show growth and end at the last: a factor of ten apart, three if it is short."""
    step = 10 if last >= 2000 else 3
    return tuple(sorted({max(last // step**2, 8), max(last // step, 8), last}))


def rung_table(curves: pl.DataFrame, laws: pl.DataFrame) -> tuple[pl.DataFrame, tuple[int, ...]]:
    """Return the growth laws with the errors at three horizons and the excess at the last, and the horizons.

    The value at a horizon T is the mean over T/sqrt(2) < t <= T and all replicates.
    """
    last = int(curves["last"].max())  # type: ignore[arg-type]
    horizons = three_horizons(last)

    def at(horizon: int, metric: str) -> pl.DataFrame:
        stretch = (pl.col("last") <= horizon) & (pl.col("last") > horizon / np.sqrt(2)) & (pl.col("metric") == metric)
        weighted = (pl.col("value") * pl.col("samples")).sum() / pl.col("samples").sum()
        name = f"{metric}@{horizon}"
        return curves.filter(stretch).group_by("size", "parameters").agg(weighted.alias(name)).sort("size")

    table = at(last, "error")
    for horizon in horizons[:-1]:
        table = table.join(at(horizon, "error").drop("parameters"), on="size", how="left", maintain_order="left")
    excess = at(last, "excess").drop("parameters")
    table = table.join(excess, on="size", how="left", maintain_order="left").select(
        "size",
        "parameters",
        errors=pl.concat_list([f"error@{horizon}" for horizon in horizons]),
        error=f"error@{last}",
        excess=f"excess@{last}",
    )
    return table.join(laws, on="size", how="left", maintain_order="left"), horizons
