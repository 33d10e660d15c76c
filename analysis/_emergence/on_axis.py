"""From which value of an axis on half of the runs pass."""

from __future__ import annotations

from typing import Any

import polars as pl

from ..._core.text import counted
from .._growth.onset import ABSENT, PRESENT, UNDECIDED, onset
from .axis import Axis, Edge, edge, shape
from .isotonic import Crossing
from .sentences import axis_words, estimate_words, number_words, runs_words
from .shares import share_table

FEWEST = 4  # runs a value


def on_axis(passages: pl.DataFrame, name: str, horizon: int, span: str, ability: str, seed: int) -> dict[str, Any]:
    """Return the fields of the answer for an axis of settings; ``span`` is the horizon in words."""
    shares = share_table(passages, name, horizon)
    axis = Axis.of(shares, name)
    parts = shape(axis, seed)
    rising = parts is not False
    states = [
        PRESENT if low > 0.5 else ABSENT if high < 0.5 else UNDECIDED for low, high in shares["low", "high"].iter_rows()
    ]
    fields: dict[str, Any] = dict(shares=shares, logarithmic=axis.logarithmic, rising=rising)
    if axis.runs.min() >= FEWEST and onset(states).verdict == "above":
        return fields | _above(shares, name, span, ability)
    edges = [edge(axis, rising, seed)] if isinstance(parts, bool) else [
        edge(axis, k == 0, seed, part) for k, part in enumerate(parts)
    ]  # fmt: skip
    fields |= edges[0].curve._asdict() | dict(isotonic=edges[0].isotonic, width=edges[0].width)
    if len(edges) > 1:
        fields |= {f"end{word}": end for word, end in zip(("", "_low", "_high"), edges[1].curve, strict=True)}
    doubt = _doubt(shares, name, states, rising, edges)
    if doubt:
        words = f"where along {name} it {ability} is undecided {span}: {doubt}."
        return fields | dict(value=None, end=None, verdict=UNDECIDED, reason=f"{doubt}.", sentence=words)
    place = axis_words(name, estimate_words(edges[0].curve))
    where = f"from {place} on" if rising else f"up to {place}"
    if len(edges) > 1:
        where = f"from {place} to {estimate_words(edges[1].curve)}"
    words = f"{ability} {where}, {span}{_beside(shares, name, states, rising)}."
    return fields | dict(verdict="located", reason="the share crosses one half there.", sentence=words)


def _above(shares: pl.DataFrame, name: str, span: str, ability: str) -> dict[str, Any]:
    tried = f"{number_words(shares[name][0])} to {number_words(shares[name][-1])}"
    most = shares.sort("share", descending=True, maintain_order=True).row(0, named=True)
    words = f"{ability} at no {name} from {tried} in half of the runs, {span}: at most "
    words += f"{runs_words(most['passed'], most['runs'], 'do')}."
    reason = f"every {name} from {tried} is below one half: try others, or a longer horizon."
    return dict(verdict="above", reason=reason, sentence=words)


def _doubt(shares: pl.DataFrame, name: str, states: list[str], rising: bool, edges: list[Edge]) -> str:
    """Return why the half-point is not known and what would decide it; empty if it is known."""
    fewest = shares.sort("runs", maintain_order=True).row(0, named=True)
    if fewest["runs"] < FEWEST:
        return (
            f"{axis_words(name, number_words(fewest[name]))}: {counted(fewest['runs'], 'run')}, and {FEWEST} are needed"
        )
    inward, outward = ("smaller", "larger") if rising else ("larger", "smaller")
    if (shares["share"] >= 0.5).all():
        return f"half of the runs or more pass at every value tried; {inward} values would decide it"
    if (shares["share"] < 0.5).all():
        return f"no value reaches one half, and not all are shown to be below; {outward} values or more runs decide it"
    shown = [k for k, state in enumerate(states if rising else states[::-1]) if state != UNDECIDED]
    begun = onset([(states if rising else states[::-1])[k] for k in shown])
    if begun.again and len(edges) == 1:
        values = (shares[name] if rising else shares[name].reverse()).to_list()
        there, lost = (number_words(values[shown[k]]) for k in (begun.at or 0, begun.again[0]))
        return f"the share is above one half at {there} and below at {lost}; more runs or values between decide it"
    for found in edges:
        if None in found.curve:
            return "the 95 % interval leaves the values tried; values beyond them or more runs a value would decide it"
        if not _meet(found.curve, found.isotonic):
            pair = f"{estimate_words(found.curve)} and {estimate_words(found.isotonic)}"
            return f"the S-shaped curve and the isotonic fit disagree, {pair}; more values near them would decide it"
    return ""


def _meet(one: Crossing, other: Crossing) -> bool:
    """Return whether two intervals have a value in common; an open end reaches anywhere."""
    low, high = (
        max(-float("inf") if end.low is None else end.low for end in (one, other)),
        min(float("inf") if end.high is None else end.high for end in (one, other)),
    )
    return low <= high


def _beside(shares: pl.DataFrame, name: str, states: list[str], rising: bool) -> str:
    """Return the words about the nearest value that is shown to be below one half."""
    places = [k for k, state in enumerate(states) if state == ABSENT]
    if not places:
        return ""
    if rising:  # the last one before the ability begins
        present = [k for k, state in enumerate(states) if state == PRESENT]
        places = [k for k in places if not present or k < present[0]] or places[:1]
    row = shares.row(places[-1] if rising else places[0], named=True)
    return f"; at {axis_words(name, number_words(row[name]))} {runs_words(row['passed'], row['runs'], 'do')}"
