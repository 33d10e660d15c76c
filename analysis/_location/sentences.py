"""The answer of ``locate`` as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._core.text import spaced, spans
from ...simulator._recordings.reading import Reading
from .._exact.theory import Theory
from .._growth.critical_size import Best, Critical
from .._growth.laws import FEWEST_GROUPS
from .._growth.regret_size import RegretSize
from .advice import Advice
from .model_answer import ModelAnswer
from .more_data import More


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
    sizes: Sequence[int],
    critical: Critical,
    expected: Theory | None,
    horizon: int,
    asked: int,
    replicates: int,
    best: Best,
    widen: str,
    regret: RegretSize | None,
    cost: float | None,
    more: More | None = None,
) -> str:
    """Return the answer for a system as a sentence.

    Args:
        name: The system.
        word: What a size is.
        sizes: Sizes tried, rising.
        critical: The critical size.
        expected: Theory, if there is one.
        horizon: Samples of each run.
        asked: Samples asked for.
        replicates: Number of runs.
        best: The best size.
        widen: The option that tries larger sizes; empty if there is none.
        regret: The size of low regret.
        cost: The excess that learning leaves for ever if a mode is explosive.
        more: How many replicates would decide it.
    """
    holds = f"horizon {spaced(horizon)} ({replicates} replicates)"
    if horizon < asked:
        holds += f"; rounding reaches the noise beyond it, so the {spaced(asked)} samples asked for were not run"
    size = None if expected is None else expected.critical_size
    theory = f"theory says {size}" if size is not None else "theory names no size for this learner"
    if expected is None:
        theory = "theory names no size for a system that varies in time"
    alike = [size for size in best.alike if size != best.size]
    others = f", not told apart from {spans(alike)}" if alike else ""
    compared = f"The best {word} by then is {best.size}{others}{_at_the_edge(best.size, sizes, widen)}"
    if regret is not None and regret.size < best.size:
        compared += f"; {regret.size} keeps the regret within {regret.factor:g} times the least"
    if cost is not None:
        compared += f"; an explosive mode leaves an excess of about {cost:.3g} however long it is learned"
    compared = f"{compared}. " if len(sizes) > 1 else ""
    wanted = f"{_capital(more.sentence)}. " if more is not None and len(more.sizes) == 1 else ""
    return f"{name}: {_found(critical, word, sizes)}; {theory}. {wanted}{compared}This holds for {holds}."


def recording_sentence(
    name: str,
    word: str,
    sizes: Sequence[int],
    critical: Critical,
    advice: Advice | None,
    regret: RegretSize | None,
    model: ModelAnswer | None,
    horizon: int,
    recorded: int,
    runs: int,
    reading: Reading | None = None,
    more: Sequence[More] = (),
) -> str:
    """Return the answer for a recording as a sentence; ``horizon`` of the ``recorded`` samples are used.

    What can be done now comes first, then what the recording shows about boundedness, then what it holds for. What
    more data would decide follows what it is about.
    """
    holds = f"{runs} run{'s' * (runs > 1)} of up to {spaced(horizon)} samples"
    if horizon < recorded:
        holds += f"; rounding reaches the error beyond them, so the rest of the {spaced(recorded)} is left out"
    if reading is not None:
        holds += f"; read: {reading.words}"
    parts = [] if advice is None else [advice.sentence]
    if advice is not None and regret is not None and regret.size < advice.size:
        parts[0] += f"; {regret.size} keeps the regret within {regret.factor:g} times the least"
    parts += [each.sentence for each in more if len(each.sizes) > 1]
    few = advice is not None and runs < FEWEST_GROUPS and critical.verdict == "undecided"
    parts.append(critical.reason.rstrip(".") if few else _found(critical, word, sizes))
    parts += [each.sentence for each in more if len(each.sizes) == 1]
    if model is not None:
        parts.append(model.sentence(word, horizon).rstrip("."))
    first, *others = parts
    return " ".join(f"{part}." for part in (f"{name}: {first}", *map(_capital, others), f"This holds for {holds}"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at_the_edge(size: int, sizes: Sequence[int], widen: str) -> str:
    """Return a remark if the best size is at the end of the sizes tried."""
    if len(sizes) < 2 or size != sizes[-1]:
        return ""
    return f" ({size} is the largest tried{': try ' * bool(widen)}{widen})"


def _found(critical: Critical, word: str, sizes: Sequence[int]) -> str:
    reason = critical.reason.rstrip(".")
    if len(sizes) == 1:
        says = {"located": "the error is bounded", "at most": "the error is bounded", "above": "the error grows"}
        says_now = says.get(critical.verdict) or f"it is undecided whether the error is bounded: {reason}"
        return f"at {word} {sizes[0]}, the only one tried, {says_now}"
    if critical.bounded is not None:
        remark = ""
        if critical.rise is not None:
            remark = f", but it still rises like t^{critical.rise:.2f}: a longer horizon may show a larger size"
        if critical.verdict == "at most":
            untried = " (the smallest tried)" if critical.bounded == sizes[0] else " (the size before it was not tried)"
            return f"the critical {word} is at most {critical.bounded}{untried}{remark}"
        return f"the critical {word} is {critical.size}: the error is bounded from there on{remark}"
    found = {"above": "above the largest one tried"}.get(critical.verdict, critical.verdict)
    return f"the critical {word} is {found}: {reason}"
