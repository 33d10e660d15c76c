"""Parity without weight decay: what else keeps a network from memorising."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from ..claims import Claim
from .parity_study import runs_of


class OtherWays(NamedTuple):
    """What was found: ``way, size, runs, memorised, generalised, best`` (largest median exam accuracy), and claims."""

    table: pl.DataFrame
    claims: list[Claim]


def study_other_ways(curves: pl.DataFrame) -> OtherWays:
    """Return how many networks memorise and generalise with dropout, with an L1 force, and with few neurons."""
    runs = runs_of(curves)
    exam = curves.filter(metric="exam accuracy").group_by("run").agg(best=pl.col("value").max())
    runs = runs.join(exam, on="run", maintain_order="left").with_columns(
        way=pl.when(pl.col("dropout") > 0)
        .then(pl.format("dropout {}", "dropout"))
        .when(pl.col("l1") > 0)
        .then(pl.format("L1, {} neurons", "size"))
        .when(pl.col("size") < 64)
        .then(pl.format("{} neurons", "size"))
        .otherwise(pl.lit("none"))
    )
    table = runs.group_by("way", "size", maintain_order=True).agg(
        runs=pl.len(),
        memorised=pl.col("memorised").is_not_null().sum(),
        generalised=pl.col("generalised").is_not_null().sum(),
        best=pl.col("best").median(),
    )
    claims = [
        Claim("without decay", f"{row['way']}: of {row['runs']} generalise", float(row["generalised"]))
        for row in table.iter_rows(named=True)
    ]
    return OtherWays(table, claims)
