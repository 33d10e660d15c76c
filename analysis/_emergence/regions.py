"""The map of regions: where runs never learn, memorise, grok, or learn and generalise together."""

from __future__ import annotations

import polars as pl

from ..._core.text import did_you_mean
from .passages import CURVE, checked_metric

REGIONS = ("never", "memorise", "grok", "drop together")


def region_map(
    curves: pl.DataFrame,
    x: str,
    y: str,
    *,
    train: str = "loss",
    test: str = "exam loss",
    learned: float = 1e-5,
    ratio: float = 5e4,
) -> pl.DataFrame:
    """Return how many runs of each cell of two settings fall into each region.

    Over the edges of a run, on examples of all kinds, the first that holds:

    * ``never``: the least training loss is above ``learned``;
    * ``memorise``: the least test loss is above ``learned``;
    * ``grok``: the largest ratio of test to training loss at one edge is at least ``ratio``;
    * ``drop together``: it is less.

    Values that are NaN or infinite do not count. A run that has no others is ``never``.

    Args:
        curves: The frame of ``first_passages``; a kind ``"all"`` is the mean over all kinds, others are left out.
        x, y: Two labels of the runs, the axes of the map.
        train, test: The metrics of training and test loss.
        learned: The loss below which a run has learned.
        ratio: The least ratio of grokking.

    Returns:
        One row for each cell, sorted by y and x: ``x, y`` under their names, ``never, memorise, grok, drop together``,
        ``runs`` and ``diverged``, the number of runs with a value that is NaN or infinite.

    Raises:
        ValueError: ``first_passages`` raises it, or x or y is no label, or they are one.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR, 2023: the rule, its thresholds.
    """
    parts = [checked_metric(curves, metric).filter(pl.col("kind") == "all") for metric in (train, test)]
    labels = [name for name in curves.columns if name not in CURVE]
    for name in (x, y):
        if name not in labels:
            raise ValueError(f"the axes must be two of {', '.join(labels)}; got {name!r}{did_you_mean(name, labels)}")
    if x == y:
        raise ValueError(f"the axes must be two labels, got {x!r} twice: name another.")
    if any(part.is_empty() for part in parts):
        raise ValueError("expected losses of the kind 'all', the mean over all examples, got none: name it so.")
    before, after = (part.select("run", "step", "value") for part in parts)
    edges = before.rename(dict(value="train")).join(
        after.rename(dict(value="test")), on=["run", "step"], how="full", coalesce=True
    )
    lost = (~pl.col("train").is_finite() | ~pl.col("test").is_finite()).any()
    finite = [pl.col(name).filter(pl.col(name).is_finite()) for name in ("train", "test")]
    share = (pl.col("test") / pl.col("train")).filter(pl.col("train").is_finite() & pl.col("test").is_finite())
    runs = edges.group_by("run").agg(
        train=finite[0].min().fill_null(float("inf")),
        test=finite[1].min().fill_null(float("inf")),
        ratio=share.max().fill_null(0.0),
        diverged=lost.fill_null(False),
    )
    region = (
        pl.when(pl.col("train") > learned).then(pl.lit("never"))
        .when(pl.col("test") > learned).then(pl.lit("memorise"))
        .when(pl.col("ratio") < ratio).then(pl.lit("drop together"))
        .otherwise(pl.lit("grok"))
    )  # fmt: skip
    cells = runs.with_columns(region=region).join(curves.select("run", x, y).unique(), on="run")
    counts = [(pl.col("region") == name).sum().cast(pl.Int64).alias(name) for name in REGIONS]
    whole = dict(runs=pl.len().cast(pl.Int64), diverged=pl.col("diverged").sum().cast(pl.Int64))
    return cells.group_by(x, y).agg(*counts, **whole).sort(y, x)
