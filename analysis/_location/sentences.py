"""The answer of ``locate`` as a sentence."""

from __future__ import annotations

from typing import Any

from ..._core.text import spaced, spans
from .._exact.theory import Theory
from .._growth.critical_size import Best, Critical
from .._growth.regret_size import RegretSize
from .model_answer import ModelAnswer


def ahead_words(settings: dict[str, Any], lookahead: int) -> str:
    """Return ``, 5 samples ahead (direct forecasts)``, or nothing if only one sample ahead was asked for."""
    if settings["lookaheads"] == [1]:
        return ""
    if lookahead == 1:
        return ", 1 sample ahead"
    held = settings["inputs_ahead"]
    notes = [note for note in (settings["forecasts"], held and f"inputs ahead {held}") if note]
    return f", {lookahead} samples ahead" + f" ({', '.join(notes)})" * bool(notes)


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
    """Return the answer for a system as a sentence.

    Args:
        name: The system.
        word: What a size is.
        critical: The critical size.
        expected: Theory, if there is one.
        horizon: Samples of each run.
        asked: Samples asked for.
        replicates: Number of runs.
        best: The best size.
        regret: The size of low regret.
        cost: The excess that learning leaves for ever if a mode is explosive.
        slope: Log-log slope of the exact error at the smaller of the located and the expected size.
        shows: The horizon from which on this error grows visibly.
    """
    speaks = f"horizon {spaced(horizon)} ({replicates} replicates)"
    if horizon < asked:
        speaks += f"; rounding reaches the noise beyond it, so the {spaced(asked)} samples asked for were not run"
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
    return f"{name}: {_found(critical, word, best)}; {theory}. {compared}This holds for {speaks}."


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
    """Return the answer for a recording as a sentence; ``horizon`` of the ``recorded`` samples are used."""
    others = [size for size in best.alike if size != best.size]
    alike = f", not told apart from {spans(others)}" if others else ", better than every other size tried"
    speaks = f"{runs} run{'s' * (runs > 1)} of up to {spaced(horizon)} samples"
    if horizon < recorded:
        speaks += f"; rounding reaches the error beyond them, so the rest of the {spaced(recorded)} is left out"
    sizes = f"The best {word} is {best.size}{alike}"
    if regret is not None and regret.size < best.size:
        sizes += f"; {regret.size} keeps the regret within {regret.factor:g} times the least, as the recording shows"
    says = "" if model is None else f" {model.sentence(word, horizon)}"
    compared = f"{sizes}. " if best.pairs.height else ""
    return f"{name}: {_found(critical, word, best)}. {compared}This holds for {speaks}.{says}"


def _found(critical: Critical, word: str, best: Best) -> str:
    if not best.pairs.height:
        says = {"located": "the error is bounded", "above": "the error grows"}.get(critical.verdict, "")
        says = says or f"it is undecided whether the error is bounded: {critical.reason.rstrip('.')}"
        return f"at {word} {best.size}, the only one tried, {says}"
    if critical.verdict == "located":
        return f"the critical {word} is {critical.size}: the error is bounded from there on"
    if critical.verdict == "above":
        return f"the critical {word} is above the largest one tried: {critical.reason.rstrip('.')}"
    return f"the critical {word} is undecided: {critical.reason.rstrip('.')}"
