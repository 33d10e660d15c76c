"""The record that ``locate`` returns, and its table of rungs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from ...simulator._recordings.reading import Reading
from .._exact.theory import Theory
from .._growth.critical_size import Best
from .._growth.regret_size import RegretSize
from .model_answer import ModelAnswer
from .sentences import ahead_words

OUTPUTS: dict[str, pl.DataType] = {
    "output": pl.String(),
    "noise": pl.Float64(),
    "best_size": pl.Int64(),
    "critical_size": pl.Int64(),
    "verdict": pl.String(),
    "reason": pl.String(),
}  # columns of ``Location.outputs``


@dataclass(frozen=True)
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
            size before.
        horizons: The horizons of ``errors``. The last one is also that of ``error`` and ``excess``.
        curves: Error curves of all lookaheads, as a tidy frame.
        interval: 95 % bootstrap interval of the critical size, if the verdict is ``"located"`` or ``"at most"``. A
            lower end of None means that it is open, below the smallest size tried; an upper end of None means above the
            largest.
        regret: The smallest size whose regret is within twice the least: for a system without explosive modes, and for
            a recording that shows it one sample ahead.
        best: The size of least error after the first twentieth, and the sizes not told apart from it.
        system: Name of the system or recording.
        settings: All settings that are needed to run it again.
        lookahead: Look-ahead of the forecasts in samples; the smallest of those asked for.
        further: The answers for the other lookaheads, by rising look-ahead.
        model: For a recording of fewer than 8 runs, the critical size by models fitted to it. It is not measured, and
            not part of the verdict.
        visible_from: The horizon from which on the size of theory is visible, if it is not visible yet; None for never.
        reading: What was read from files: rows, missing samples, step; None if nothing was read.
        outputs: For several outputs one row each: ``output, noise, best_size, critical_size, verdict, reason``. The
            errors of several outputs are in units of the noise of each, so no answer depends on their units.
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
    lookahead: int = 1
    further: tuple[Location, ...] = ()
    model: ModelAnswer | None = None
    visible_from: int | None = None
    reading: Reading | None = None
    outputs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTPUTS))

    @property
    def recorded(self) -> bool:
        """Whether the source is a recording, which has no oracle."""
        return "excess" not in self.curves["metric"].unique()

    @property
    def each(self) -> tuple[Location, ...]:
        """One location for each lookahead; this one first."""
        return self, *self.further

    @property
    def subject(self) -> str:
        """Name of the system or recording, with the look-ahead and the kind of forecast if asked for."""
        return self.system + ahead_words(self.settings, self.lookahead)

    def __str__(self) -> str:
        return "\n".join(part.sentence for part in self.each)


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
