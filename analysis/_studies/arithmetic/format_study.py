"""Networks on lines of addition: how many lines each format takes, and how many steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from ..._emergence.emergence import Emergence
from ..._emergence.judge import emergence
from ..._emergence.passages import first_passages
from ..._emergence.survival import median_passage
from ..claims import Claim, at_least, at_most, at_place
from .cells import FEW, FORMATS, LONG, MANY, SEEDS, STEPS
from .published import published_half_point

METRIC = "exam accuracy"
HALF, NEARLY = 0.5, 0.9
REVERSE_LEAST, PLAIN_LIMITS, FEW_MOST, SOONER, LONG_MOST = 0.97, (0.85, 0.98), 0.1, 0.7, 0.05
EXCLUDED_LEAST = 0.9
FEWER = 0.99  # of plain's lines: reverse comes first


class Formats(NamedTuple):
    """What was found for the formats.

    Attributes:
        answers: The share of whole answers that are right at the last step: ``format, lines, seed, accuracy``.
        steps: The first step at which nine of ten answers are right: ``format, lines, seed, step``, null: never.
        half_points: For each level, a share of the exam, and format with enough seeds: the lines from which on half of
            the networks answer so much.
        claims: What is claimed and reported.
    """

    answers: pl.DataFrame
    steps: pl.DataFrame
    half_points: dict[float, dict[str, Emergence]]
    claims: list[Claim]


def study_formats(curves: Mapping[str, pl.DataFrame], seed: int) -> Formats:
    """Return what networks on lines of each format show."""
    there = {name: curves[name] for name in FORMATS if name in curves}
    answers = pl.concat(_labelled(name, last_scores(part), "accuracy") for name, part in there.items())
    passages = {name: first_passages(part, METRIC, NEARLY, below=False, for_good=False) for name, part in there.items()}
    steps = pl.concat(
        _labelled(name, part.with_columns(value=pl.col("high")), "step") for name, part in passages.items()
    )
    enough = [name for name, part in there.items() if part["rows"].n_unique() > 1 and part["seed"].n_unique() >= SEEDS]
    half_points = {
        level: {
            name: emergence(first_passages(there[name], METRIC, level, below=False), "rows", seed=seed)
            for name in enough
        }
        for level in (HALF, NEARLY)
    }
    claims = [
        *_answer_claims(answers),
        *_step_claims(passages),
        *_half_point_claims(half_points),
        *_order_claims(answers, enough),
    ]
    return Formats(answers, steps, half_points, claims)


def last_scores(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the accuracy on the exam at the last step of each run and kind: the labels, ``kind, value``."""
    exam = curves.filter(metric=METRIC)
    return exam.filter(pl.col("step") == pl.col("step").max().over("run"))


def study_beyond(longer: pl.DataFrame, excluded: pl.DataFrame) -> tuple[pl.DataFrame, list[Claim]]:
    """Return what networks answer that is unlike every line they learned: longer numbers, and numbers left out.

    Returns:
        ``part, kind, lines, seed, accuracy``, and the claims.
    """
    parts = {"longer": longer, "excluded": excluded}
    table = pl.concat(
        last_scores(part)
        .filter(pl.col("kind") != "all")
        .select(pl.lit(name).alias("part"), "kind", lines="rows", seed="seed", accuracy="value")
        for name, part in parts.items()
    )
    medians = {
        (part, kind): value
        for part, kind, value in table.group_by("part", "kind", maintain_order=True)
        .agg(pl.col("accuracy").median())
        .iter_rows()
    }
    best = table.filter(pl.col("kind") == f"{LONG} digits")["accuracy"].max()
    worst = table.filter(pl.col("kind") == "excluded numbers")["accuracy"].min()
    what = "whole answers right, median"
    claims = [
        at_most("longer", f"answers of {LONG} digits right, best network", best, LONG_MOST, "trial"),  # type: ignore[arg-type]
        at_least("excluded", "answers with a number in no line right, worst network", worst, EXCLUDED_LEAST, "source"),  # type: ignore[arg-type]
        *(Claim(part, f"{kind}: {what}", value) for (part, kind), value in medians.items()),
    ]
    return table, claims


def _labelled(name: str, frame: pl.DataFrame, word: str) -> pl.DataFrame:
    return frame.select(pl.lit(name).alias("format"), lines="rows", seed="seed", **{word: pl.col("value")})


def _answer_claims(answers: pl.DataFrame) -> list[Claim]:
    medians = answers.group_by("format", "lines", maintain_order=True).agg(pl.col("accuracy").median())
    what = "whole answers right, median"
    claims = []
    for name, lines, value in medians.iter_rows():
        part = f"{name}, {lines} lines"
        if name in ("plain", "reverse") and lines == FEW:
            claims.append(at_most(part, what, value, FEW_MOST, "trial"))
        elif name == "reverse" and lines == MANY:
            claims.append(at_least(part, what, value, REVERSE_LEAST, "trial"))
        elif name == "plain" and lines == MANY:
            claims.append(Claim(part, what, value, *PLAIN_LIMITS, "trial"))
        else:
            claims.append(Claim(part, what, value))
    return claims


def _step_claims(passages: Mapping[str, pl.DataFrame]) -> list[Claim]:
    part, medians, claims = f"steps, {MANY} lines", {}, []
    for name in ("plain", "reverse"):
        runs = passages[name].filter(rows=MANY)
        steps = runs["high"].fill_null(STEPS).to_numpy().astype(float)
        medians[name] = median_passage(steps, (~runs["censored"]).to_numpy()).value
        claims.append(Claim(part, f"{name}: {NEARLY:.0%} of the answers right, first at step, median", medians[name]))
    ratio = None if None in medians.values() else medians["reverse"] / medians["plain"]  # type: ignore[operator]
    return [*claims, at_most(part, "reverse over plain (ratio of steps)", ratio, SOONER, "trial")]


def _half_point_claims(half_points: Mapping[float, Mapping[str, Emergence]]) -> list[Claim]:
    claims = []
    for level, found in half_points.items():
        for name, one in found.items():
            part, what = f"{name}, {level:.0%} right", f"half of the networks within {one.within} steps, from lines"
            claims += [
                Claim(part, what, one.value),
                Claim(part, "low end of 95 %", one.low),
                Claim(part, "high end of 95 %", one.high),
            ]
            if level == HALF:
                claims.append(Claim(part, "that of the source, 10.6 million parameters", published_half_point(name)))
    return claims


def _order_claims(answers: pl.DataFrame, names: Sequence[str]) -> list[Claim]:
    """Return the claim about the order of plain and reverse: which one comes first to nine of ten answers."""
    if not {"plain", "reverse"} <= set(names):
        return []
    medians = answers.group_by("format", "lines").agg(pl.col("accuracy").median())
    reverse, plain = (
        at_place(medians.filter(pl.col("format") == name, pl.col("accuracy") >= NEARLY)["lines"], 0)
        for name in ("reverse", "plain")
    )
    what = f"fewest lines with a median of {NEARLY:.0%} right"
    claims = [Claim("order", f"{name}: {what}", lines) for name, lines in (("plain", plain), ("reverse", reverse))]
    ratio = None if reverse is None else 0.0 if plain is None else reverse / plain
    return [*claims, at_most("order", "reverse over plain (ratio of lines)", ratio, FEWER, "source")]
