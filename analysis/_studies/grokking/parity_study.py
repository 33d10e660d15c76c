"""Parity: when networks memorise and when they generalise, over rows, decay and width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from ..._emergence.emergence import Emergence
from ..._emergence.judge import emergence
from ..._emergence.passages import first_passages
from ..._emergence.regions import REGIONS, region_map
from ..claims import Claim, at_least, at_most
from .cells import DEMO_DECAY, DEMO_ROWS, DEMO_SEEDS, MIDDLE, TOO_MUCH, TOO_MUCH_ROWS

LEVEL = 0.99  # of the accuracy
MEMORISED_BY = 300  # steps
HALF_POINT = (750.0, 1250.0)  # rows
SHORT = {"never": "N", "memorise": "M", "grok": "G", "drop together": "T"}


class Parity(NamedTuple):
    """What was found on parity.

    Attributes:
        runs: One row for each run: ``run, seed, size, rows, decay, l1, dropout, memorised, generalised`` (steps; null
            if it did not), ``ratio_first, ratio_memorised, ratio`` (norm of the weights from distractors over that
            of those from the signal, at first, at memorising and at the end) and ``rise`` (of the training loss; see
            ``runs_of``).
        passages: The passages to generalising, of ``first_passages``.
        rows_needed: Where half of the runs generalise, over rows.
        decay_window: The same over the decay; None in a quick study.
        claims: What is claimed and reported.
    """

    runs: pl.DataFrame
    passages: pl.DataFrame
    rows_needed: Emergence
    decay_window: Emergence | None
    claims: list[Claim]


def runs_of(curves: pl.DataFrame, probe: str | None = "distractor ratio") -> pl.DataFrame:
    """Return one row for each run: its settings, its passages, and numbers at them.

    ``rise`` is the largest factor by which the training loss is above its lowest value so far, at an edge from
    memorising on: 1 where it only falls.
    """
    labels = [name for name in curves.columns if name not in ("step", "metric", "kind", "value")]
    passed = [
        first_passages(curves, metric, LEVEL, below=False).select("run", pl.col("high").alias(word))
        for metric, word in (("accuracy", "memorised"), ("exam accuracy", "generalised"))
    ]
    made = curves.select(labels).unique("run", maintain_order=True)
    for each in passed:
        made = made.join(each, on="run", how="left", maintain_order="left")
    late = curves.join(made.select("run", "memorised"), on="run").filter(pl.col("step") >= pl.col("memorised"))
    late = late.sort("run", "step")
    over = pl.col("value") / pl.col("value").cum_min()
    loss = late.filter(metric="loss").group_by("run").agg(rise=over.max())
    made = made.join(loss, on="run", how="left", maintain_order="left")
    if probe is not None:
        first = curves.filter(metric=probe).sort("run", "step").group_by("run").agg(ratio_first=pl.col("value").first())
        made = made.join(first, on="run", how="left", maintain_order="left")
        ends = (
            late.filter(metric=probe)
            .group_by("run")
            .agg(ratio_memorised=pl.col("value").first(), ratio=pl.col("value").last())
        )
        made = made.join(ends, on="run", how="left", maintain_order="left")
    return made.sort("run")


def study_parity(curves: pl.DataFrame, seed: int) -> Parity:
    """Return what the curves of the cells of parity show."""
    runs, passages = runs_of(curves), first_passages(curves, "exam accuracy", LEVEL, below=False)
    main = (pl.col("size") == 64) & (pl.col("decay") == DEMO_DECAY) & (pl.col("seed") < seed + DEMO_SEEDS)
    demo = runs.filter(main)
    rows_needed = emergence(passages.filter(main), "rows", ability="generalises", seed=seed)
    middle = passages.filter((pl.col("size") == 64) & (pl.col("rows") == MIDDLE))
    window = emergence(middle, "decay", ability="generalises", seed=seed) if middle["decay"].n_unique() > 2 else None
    claims = [*_demo_claims(demo, rows_needed), *_too_much_decay(runs), *_reported(demo, rows_needed, window)]
    return Parity(runs, passages, rows_needed, window, claims)


def region_maps(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the map of regions over decay and rows of each width: ``decay, rows, ..`` of ``region_map``, ``size``."""
    maps = [
        region_map(part, "decay", "rows").with_columns(size=pl.lit(size, pl.Int64))
        for (size,), part in sorted(curves.group_by("size"), key=lambda pair: pair[0])
    ]
    return pl.concat(maps)


def counts_words(cell: Mapping[str, Any]) -> str:
    """Return the regions of a cell in the letters of the source, the most frequent first: ``G7 M2``."""
    counts = sorted(((cell[name], SHORT[name]) for name in REGIONS if cell[name]), reverse=True)
    return " ".join(f"{letter}{count}" for count, letter in counts)


def _demo_claims(demo: pl.DataFrame, rows_needed: Emergence) -> list[Claim]:
    few, _, many = DEMO_ROWS
    name = "parity"
    did, did_not = (demo.filter(pl.col("generalised").is_not_null() == there) for there in (True, False))
    late = did.filter(rows=many).select(pl.col("generalised") / pl.col("memorised"))["generalised"]
    ratio = f"generalised over memorised, {many} rows, median (ratio of steps)"
    return [
        at_most(name, f"of {DEMO_SEEDS} generalise at {few} rows", _passed(demo, few), 1, "trial"),
        at_least(name, f"of {DEMO_SEEDS} generalise at {many} rows", _passed(demo, many), DEMO_SEEDS - 1, "trial"),
        at_most(name, "last memorised (step)", _most(demo["memorised"]), MEMORISED_BY, "trial"),
        at_least(name, ratio, _middle(late), 3, "source"),
        Claim(name, "rows at which half generalise", rows_needed.value, *HALF_POINT, "trial"),
        at_most(name, "distractor ratio, generalised, median", _middle(did["ratio"]), 0.7, "source"),
        at_least(name, "distractor ratio, not generalised, median", _middle(did_not["ratio"]), 1.1, "source"),
    ]


def _too_much_decay(runs: pl.DataFrame) -> list[Claim]:
    part = runs.filter((pl.col("size") == 64) & (pl.col("rows") == TOO_MUCH_ROWS) & (pl.col("decay") == TOO_MUCH))
    passed = float(part["generalised"].is_not_null().sum())
    return [at_most("parity", f"of {part.height} generalise at decay 1, {TOO_MUCH_ROWS} rows", passed, 0, "trial")]


def _reported(demo: pl.DataFrame, rows_needed: Emergence, window: Emergence | None) -> list[Claim]:
    did = demo.filter(pl.col("generalised").is_not_null())
    made = [
        Claim("parity", "rows at which half generalise, low end of 95 %", rows_needed.low),
        Claim("parity", "rows at which half generalise, high end of 95 %", rows_needed.high),
        Claim("parity", "distractor ratio at memorising, median", _middle(demo["ratio_memorised"])),
        Claim(
            "parity", "rise of the training loss after memorising, generalised, median (factor)", _middle(did["rise"])
        ),
    ]
    if window is not None:
        made += [
            Claim("parity", f"decay from which half generalise, {MIDDLE} rows", window.value),
            Claim("parity", f"decay up to which half generalise, {MIDDLE} rows", window.end),
        ]
    return made


def _passed(runs: pl.DataFrame, rows: int) -> float:
    return float(runs.filter(rows=rows)["generalised"].is_not_null().sum())


def _middle(values: pl.Series) -> float | None:
    return None if values.drop_nulls().is_empty() else float(values.median())  # type: ignore[arg-type]


def _most(values: pl.Series) -> float | None:
    """Return the largest value; None where one is missing, for then it has none."""
    return None if values.is_empty() or values.null_count() else float(values.max())  # type: ignore[arg-type]
