"""Requirements on a predictor, in one line: ``bounded, excess<5%, dropout:recovery<200``.

    requirement = [CASE ":"] (WORD | METRIC "<" NUMBER ["%"]),    several separated by commas

CASE is the name of a case, or ``plant``, ``zoo``, ``stress`` or ``all``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .battery import case_names
from .scorecard import Scorecard

STEADY, ANY = ("plant", "zoo"), ("plant", "zoo", "stress")
_FORM = re.compile(r"\s*(?:([\w.-]+)\s*:)?\s*([\w-]+)\s*(?:<\s*([-+.\w]+)\s*(%?))?\s*")


class Requirement(NamedTuple):
    """One requirement: its case (None: all cases that it applies to), the word, the limit of a metric."""

    case: str | None
    word: str
    limit: float | None
    text: str


class _Metric(NamedTuple):
    column: str
    unit: float  # of the column, in the unit of the limit: 100 for percent
    kinds: tuple[str, ...]
    means: str


def _coverage(row: Mapping[str, Any]) -> str | None:
    if row["coverage"] is None:
        return "it gives no interval"
    if row["coverage_low"] <= 0.95 <= row["coverage_high"]:
        return None
    return f"its 95 % interval contains {100 * row['coverage']:.1f} % of the readings"


def _bounded(row: Mapping[str, Any]) -> str | None:
    return None if row["growth"] == "bounded" else f"its growth is {row['law'] or 'unknown'}"


def _finite(row: Mapping[str, Any]) -> str | None:
    lost = [name for name in row["flaws"] if name in ("not finite", "diverges")]
    return f"{lost[0]}, {row['because'][row['flaws'].index(lost[0])]}" if lost else None


def _passes(row: Mapping[str, Any]) -> str | None:
    return None if row["verdict"] == "pass" else f"{row['verdict']}, {row['reason']}"


WORDS: dict[str, tuple[Callable[[Mapping[str, Any]], str | None], tuple[str, ...], str]] = {
    "bounded": (_bounded, STEADY, "the error does not grow"),
    "calibrated": (_coverage, STEADY, "95 % lies within the bounds of the coverage of its own interval"),
    "finite": (_finite, ANY, "no forecast is infinite or NaN, and none diverges"),
    "passes": (_passes, ANY, "the verdict is pass"),
}
WHOLE = {"deterministic": "non-deterministic", "flawless": None}  # of all cases together: the flaw that must be absent
METRICS = {
    "excess": _Metric("excess", 100.0, STEADY, "mean squared distance to the reference, over its error"),
    "ladder": _Metric("against_ladder", 100.0, STEADY, "error above that of the ladder"),
    "recovery": _Metric("recovery", 1.0, ("stress",), "readings until the error is back"),
    "time": _Metric("step_median", 1.0, ANY, "median seconds a step"),
    "memory": _Metric("memory", 1.0, ANY, "bytes a step"),
}


def parse_requirements(text: str) -> list[Requirement]:
    """Return the requirements of a line.

    Raises:
        ValueError: It cannot be read; the message gives the position, from 1, and the known words.
    """
    found, start = [], 0
    for part in text.split(","):
        place = start + len(part) - len(part.lstrip()) + 1
        start += len(part) + 1
        match = _FORM.fullmatch(part)
        if match is None:
            raise _refuse(text, place, "a requirement is a word such as bounded, or excess<5%, or dropout:recovery<200")
        case, word, limit, percent = match.groups()
        if case is not None and case not in (*case_names(), "all"):
            raise _refuse(text, place, f"no case is called {case!r}; there are all, {', '.join(case_names())}")
        if word not in WORDS and word not in WHOLE and word not in METRICS:
            raise _refuse(text, place, f"{word!r} is not known")
        if (word in METRICS) != (limit is not None):
            raise _refuse(
                text, place, f"{word} needs a limit: {word}<5" if word in METRICS else f"{word} takes no limit"
            )
        if word in WHOLE and case is not None:
            raise _refuse(text, place, f"{word} applies to all cases together: leave {case!r} out")
        found.append(Requirement(case, word, _limit(text, place, limit, percent), part.strip()))
    return found


def shortfalls(card: Scorecard, required: list[Requirement]) -> list[str]:
    """Return in words where a scorecard falls short; a requirement without a case in the scorecard falls short, too."""
    found = []
    for requirement in required:
        if requirement.word in WHOLE:
            named, flaw = card.all_flaws, WHOLE[requirement.word]
            found += [f"{requirement.text}: {name}, {named[name]}" for name in named if flaw in (None, name)]
            continue
        kinds = METRICS[requirement.word].kinds if requirement.word in METRICS else WORDS[requirement.word][1]
        rows = [row for row in card.rows.iter_rows(named=True) if row["verdict"] != "not offered"]
        rows = [row for row in rows if _asked(requirement.case, row, kinds)]
        if not rows:
            found.append(f"{requirement.text}: no case of this run measures it")
        for row in rows:
            short = short_of(requirement, row)
            found += [f"{requirement.text}: {row['case']}: {short}"] if short else []
    return found


def _asked(case: str | None, row: Mapping[str, Any], kinds: tuple[str, ...]) -> bool:
    if case is None:
        return row["kind"] in kinds
    return case in ("all", row["case"]) or (case == row["kind"] and case != "plant")


def short_of(requirement: Requirement, row: Mapping[str, Any]) -> str | None:
    """Return why a row falls short, or None."""
    if requirement.limit is None:
        return WORDS[requirement.word][0](row)
    metric = METRICS[requirement.word]
    value = row[metric.column]
    if value is None:
        return row["reason"] if row["verdict"] != "pass" else f"{requirement.word} is unknown"
    share = value / metric.unit
    if share < requirement.limit:
        return None
    return f"{requirement.word} is {value:.3g}" + " %" * (metric.unit == 100)


def _limit(text: str, place: int, limit: str | None, percent: str) -> float | None:
    if limit is None:
        return None
    try:
        return float(limit) / (100 if percent else 1)
    except ValueError:
        raise _refuse(text, place, f"{limit!r} is not a number") from None


def _refuse(text: str, place: int, why: str) -> ValueError:
    words = f"Words: {', '.join([*WORDS, *WHOLE])}; with a limit: {', '.join(METRICS)}"
    return ValueError(f"requirement {text!r}, at character {place}: {why}. {words}.")
