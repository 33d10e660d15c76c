"""The answer of ``locate``: a record, its table, its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from .._exact.theory import Theory
from .._growth.critical_size import Best
from .._growth.regret_size import RegretSize
from .model_answer import ModelAnswer
from .sentences import ahead_words


@dataclass(frozen=True)
class Location:
    """What ``locate`` found, for one look-ahead; those of the others stand in ``further``.

    Attributes:
        critical_size: The size from which on the error is bounded; None when undecided or above the largest size tried.
        verdict: ``"located"``, ``"above"`` or ``"undecided"``.
        reason: Why, and what would decide it.
        sentence: The answer in words, with what theory says and the horizon it speaks of.
        theory: What the matrices say; None for a recording and for a system that varies in time.
        horizon: Samples predicted in the longest run.
        trust_horizon: Samples after which rounding reaches the noise; None where it never does, or for a system that
            varies in time not within the horizon.
        rungs: One row a size: ``size, parameters, errors`` (a list, at ``horizons``), ``error, excess, law, exponent,
            low, high, late, rate, verdict, reason``; for a recording also ``paired``, the size against the one before
            it.
        horizons: The horizons at which ``errors`` are given, the last one that of ``error`` and ``excess``.
        curves: Error curves of all lookaheads, tidy.
        interval: For a located critical size, its 95 % interval over redrawn replicates; an upper end of None is above
            the largest size tried.
        regret: The smallest size whose regret is within twice the least: for a system without explosive modes, and
            where a recording shows it one sample ahead.
        best: The size of least error after the first twentieth, and what is not told apart from it.
        system: Name of the system or recording.
        settings: All that is needed to run it again.
        lookahead: How many samples ahead the forecasts are that all this speaks of; the fewest of those asked for.
        further: What was found for the other lookaheads, rising.
        model: For a recording of fewer than 8 runs, what models fitted to it say of boundedness: not measured, and no
            part of the verdict.
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
    interval: tuple[int, int | None] | None
    regret: RegretSize | None
    best: Best
    system: str
    settings: dict[str, Any]
    lookahead: int = 1
    further: tuple[Location, ...] = ()
    model: ModelAnswer | None = None

    @property
    def recorded(self) -> bool:
        """Whether this is of a recording: no oracle ran beside."""
        return "excess" not in self.curves["metric"].unique()

    @property
    def each(self) -> tuple[Location, ...]:
        """One location for each lookahead, itself first."""
        return self, *self.further

    @property
    def subject(self) -> str:
        """Name of the system or recording, with the look-ahead and what its forecasts are where one was asked for."""
        return self.system + ahead_words(self.settings, self.lookahead)

    def __str__(self) -> str:
        return "\n".join(part.sentence for part in self.each)


def three_horizons(last: int) -> tuple[int, ...]:
    """Return three horizons that show growth, the last one given: a factor of ten apart, of three for a short one."""
    step = 10 if last >= 2000 else 3
    return tuple(sorted({max(last // step**2, 8), max(last // step, 8), last}))


def rung_table(curves: pl.DataFrame, laws: pl.DataFrame) -> tuple[pl.DataFrame, tuple[int, ...]]:
    """Return the growth laws with the errors at three horizons and the excess at the last, and the horizons.

    A value at a horizon T is the mean over T/sqrt(2) < t <= T and all replicates.
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
