"""The answers for a task of several kinds of examples: where each kind is learned, and how many are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from ..._core.text import counted
from .emergence import Emergence
from .judge import emergence
from .sentences import axis_words, estimate_words, number_words

MOST_NAMED = 6


def emergence_by_kind(
    passages: pl.DataFrame, along: str, ability: Callable[[str], str], horizon: int, seed: int
) -> dict[str, Emergence]:
    """Return the answer of ``emergence`` for each kind of the passages, in the order in which kinds come there.

    Args:
        passages: The frame of ``first_passages``.
        along: The axis.
        ability: What a run does that passes on a kind, for the sentence.
        horizon: Last step of the runs.
        seed: Of the draws.
    """
    parts = passages.partition_by("kind", maintain_order=True)
    return {
        (kind := part["kind"][0]): emergence(part, along, ability=ability(kind), horizon=horizon, seed=seed)
        for part in parts
    }


def kinds_table(found: Mapping[str, Emergence], frequency: Mapping[str, float]) -> pl.DataFrame:
    """Return one row for each kind: ``kind, frequency, verdict, value, low, high, end, everywhere, passed, runs``.

    ``value``, ``low``, ``high`` and ``end`` are those of its ``Emergence``. ``everywhere``: half of the runs or more
    pass at every value tried, so that the half-point lies before them. ``passed`` of ``runs`` pass, at the value of
    the axis where most do.
    """
    rows = [
        dict(kind=kind, frequency=frequency[kind], verdict=one.verdict, value=one.value, low=one.low, high=one.high)
        | dict(end=one.end, everywhere=_everywhere(one))
        | dict(zip(("passed", "runs"), _most(one), strict=True))
        for kind, one in found.items()
    ]
    numbers: dict[str, Any] = dict.fromkeys(("frequency", "value", "low", "high", "end"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=numbers | dict.fromkeys(("passed", "runs"), pl.Int64))


def _everywhere(found: Emergence) -> bool:
    """Return whether half of the runs or more pass at every value tried."""
    return found.axis != "steps" and bool((found.shares["share"] >= 0.5).all())


def _most(found: Emergence) -> tuple[int, int]:
    """Return how many runs pass, and how many there are, at the value of the axis where most do."""
    if found.axis == "steps":
        return int(found.shares["passed"].sum()), found.runs
    best = found.shares.sort("share", descending=True, maintain_order=True).row(0, named=True)
    return best["passed"], best["runs"]


def learned_counts(passages: pl.DataFrame, along: str) -> pl.DataFrame:
    """Return how many kinds each run has learned: ``run``, the axis unless it is ``steps``, ``seed``, ``learned``."""
    labels = ["run", *(name for name in (along, "seed") if name in passages.columns)]
    return passages.group_by(labels, maintain_order=True).agg(learned=(~pl.col("censored")).sum().cast(pl.Int64))


def kinds_sentence(found: Mapping[str, Emergence]) -> str:
    """Return all answers in one sentence: which kinds are learned, from where on, and how many are not."""
    some = next(iter(found.values()))
    learned = [f"{kind} {_place(one)}" for kind, one in found.items() if one.verdict == "located" or _everywhere(one)]
    doubtful = [kind for kind, one in found.items() if one.verdict == "undecided" and not _everywhere(one)]
    never = len(found) - len(learned) - len(doubtful)
    words = f"within {number_words(some.within)} steps half of the runs learn"
    parts = [
        f"{len(learned)} of {counted(len(found), 'kind')} of examples" + (f": {_some(learned)}" if learned else "")
    ]
    if never:
        parts.append(f"{never} {'not by then' if some.axis == 'steps' else f'at no {some.axis} tried'}")
    if doubtful:
        parts.append(f"undecided: {_some(doubtful)}")
    return f"{words} {'; '.join(parts)}."


def _some(words: list[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _place(found: Emergence) -> str:
    if _everywhere(found):
        return f"from the smallest {found.axis} tried on" if found.rising else f"up to the largest {found.axis} tried"
    place = estimate_words((found.value, found.low, found.high))
    if found.axis == "steps":
        return f"by step {place}"
    where = axis_words(found.axis, place)
    if found.end is not None:
        return f"from {where} to {estimate_words((found.end, found.end_low, found.end_high))}"
    return f"from {where} on" if found.rising else f"up to {where}"
