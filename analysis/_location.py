"""The answer of ``locate``: a record, its table, its sentence."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from ._critical import Best, Critical
from ._model_answer import ModelAnswer
from ._regret import RegretSize
from ._theory import Theory


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


def ahead_words(settings: dict[str, Any], lookahead: int) -> str:
    """Return ``, 5 samples ahead (direct forecasts)``, or nothing where one sample ahead is all that was asked for."""
    if settings["lookaheads"] == [1]:
        return ""
    if lookahead == 1:
        return ", 1 sample ahead"
    held = settings["inputs_ahead"]
    notes = [note for note in (settings["forecasts"], held and f"inputs ahead {held}") if note]
    return f", {lookahead} samples ahead" + f" ({', '.join(notes)})" * bool(notes)


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


def system_sentence(
    name: str,
    word: str,
    critical: Critical,
    expected: Theory | None,
    horizon: int,
    asked: int,
    replicates: int,
    best: Best,
    regret: RegretSize | None,
    cost: float | None,
    slope: float | None = None,
    shows: int | None = None,
) -> str:
    """Return the answer for a system in words.

    ``word`` is what a size is, ``slope`` that of the exact error of the smaller one of the located and the expected
    size, ``shows`` the horizon from which on it grows visibly, ``cost`` the excess that learning leaves for ever where
    a mode is explosive.
    """
    speaks = f"horizon {spaced(horizon)} ({replicates} replicates)"
    if horizon < asked:
        speaks += f"; beyond it rounding reaches the noise, so the {spaced(asked)} samples asked for were not run"
    size = None if expected is None else expected.critical_size
    theory = f"theory says {size}" if size is not None else "theory names no size for this learner"
    if expected is None:
        theory = "theory names no size for a system that varies in time"
    if critical.size is not None and size is not None and slope is not None:
        least = min(critical.size, size)
        theory += f", which does not show yet: at this horizon the exact error of {least} grows like t^{slope:.2f}"
        theory += f", from {spaced(shows)} samples on visibly" if shows is not None and shows > horizon else ""
    alike = [size for size in best.alike if size != best.size]
    others = f", not told apart from {spans(alike)}" if alike else ""
    sizes = f"The best {word} by then is {best.size}{others}"
    if regret is not None and regret.size < best.size:
        sizes += f"; {regret.size} keeps the regret within {regret.factor:g} times the least"
    if cost is not None:
        sizes += f"; an explosive mode leaves an excess of about {cost:.3g} however long it is learned"
    compared = f"{sizes}. " if best.pairs.height else ""
    return f"{name}: {_found(critical, word, best)}; {theory}. {compared}This speaks of {speaks}."


def recording_sentence(
    name: str,
    word: str,
    critical: Critical,
    best: Best,
    regret: RegretSize | None,
    model: ModelAnswer | None,
    horizon: int,
    recorded: int,
    runs: int,
) -> str:
    """Return the answer for a recording in words; of the samples ``recorded`` those up to ``horizon`` count."""
    others = [size for size in best.alike if size != best.size]
    alike = f", not told apart from {spans(others)}" if others else ", better than every other size tried"
    speaks = f"{runs} run{'s' * (runs > 1)} of up to {spaced(horizon)} samples"
    if horizon < recorded:
        speaks += f"; beyond them rounding reaches the error, so the rest of the {spaced(recorded)} is left out"
    sizes = f"The best {word} is {best.size}{alike}"
    if regret is not None and regret.size < best.size:
        sizes += f"; {regret.size} is shown to keep the regret within {regret.factor:g} times the least"
    says = "" if model is None else f" {model.sentence(word, horizon)}"
    compared = f"{sizes}. " if best.pairs.height else ""
    return f"{name}: {_found(critical, word, best)}. {compared}This speaks of {speaks}.{says}"


def _found(critical: Critical, word: str, best: Best) -> str:
    if not best.pairs.height:
        says = {"located": "the error is bounded", "above": "the error grows"}.get(critical.verdict, "")
        says = says or f"whether the error is bounded is undecided: {critical.reason.rstrip('.')}"
        return f"at {word} {best.size}, the only one tried, {says}"
    if critical.verdict == "located":
        return f"the critical {word} is {critical.size}, from which on the error is bounded"
    if critical.verdict == "above":
        return f"the critical {word} is above the largest one tried: {critical.reason.rstrip('.')}"
    return f"the critical {word} is undecided: {critical.reason.rstrip('.')}"


def versions() -> dict[str, str]:
    """Return the versions of what computes the numbers."""
    computing = ("ergoscope", "jax", "numpy", "polars")
    return dict(python=platform.python_version()) | {name: version(name) for name in computing}


def spaced(number: int) -> str:
    """Return a whole number with spaces between its thousands."""
    return f"{number:,}".replace(",", " ")


def spans(sizes: list[int]) -> str:
    """Return whole numbers in words: 0..3, 7."""
    parts: list[list[int]] = []
    for size in sizes:
        if parts and size == parts[-1][-1] + 1:
            parts[-1].append(size)
        else:
            parts.append([size])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}..{p[-1]}" for p in parts)
