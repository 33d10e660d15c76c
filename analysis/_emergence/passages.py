"""First passages: when each run reached a level, or that it did not."""

from __future__ import annotations

import math

import polars as pl

from ..._core.text import did_you_mean
from .._growth.curves import check_frame

CURVE = dict(run=pl.Int64(), step=pl.Int64(), metric=pl.String(), kind=pl.String(), value=pl.Float64())
PASSAGE = dict(
    run=pl.Int64(), kind=pl.String(), low=pl.Int64(), high=pl.Int64(), censored=pl.Boolean(), diverged=pl.Boolean(),
    relapsed=pl.Boolean(), last=pl.Int64(),
)  # fmt: skip


def first_passages(
    curves: pl.DataFrame, metric: str, level: float, below: bool = True, for_good: bool = True
) -> pl.DataFrame:
    """Return when each run reached a level: one row for each run and kind.

    The passage lies after the edge ``low`` and not after the edge ``high``.

    Args:
        curves: One row for each ``run``, ``step`` (an edge at which the runs were scored), ``metric`` and ``kind``,
            with its ``value``. All other columns are labels of the run: its seed and its settings. A run may end
            early: its later edges are missing, or null.
        metric: The metric that is compared with the level.
        level: The level, in the unit of the metric.
        below: Whether a run passes by a value at or below the level; else by one at or above it.
        for_good: Whether the values must stay there up to the last edge of the run; else the first such edge counts.

    Returns:
        The labels and

        * ``low``: the last edge before the passage; null if it had passed at its first edge, ``last`` if it has not
          passed;
        * ``high``: the first edge from which on the value is at the level or past it; null if it has not passed;
        * ``censored``: whether it has not passed;
        * ``diverged``: whether a value is NaN or infinite. The run ends at that edge, and has not passed there;
        * ``relapsed``: whether it had passed and went back at least once;
        * ``last``: the last edge of the run.

    Raises:
        ValueError: A column is missing or of another type, there is no such metric, a run lacks it, an edge of a run
            occurs twice, or a run has two values of a label.

    Examples:
        >>> import polars as pl
        >>> curve = dict(run=[1, 1, 1], step=[10, 20, 40], metric="loss", kind="all", value=[0.9, 0.3, 0.1])
        >>> first_passages(pl.DataFrame(curve), "loss", 0.5)["low", "high"].rows()
        [(10, 20)]
    """
    if not math.isfinite(level):
        raise ValueError(f"the level must be a number, got {level}.")
    part = checked_metric(curves, metric)
    labels = [name for name in curves.columns if name not in (*CURVE, "run")]
    step, there, lost = pl.col("step"), pl.col("there"), pl.col("lost")
    level_reached = pl.col("value") <= level if below else pl.col("value") >= level
    marked = part.sort("run", "kind", "step").with_columns(
        there=level_reached & pl.col("value").is_finite(), lost=~pl.col("value").is_finite()
    )
    kept = marked.filter((lost.cast(pl.Int64).cum_sum().over("run", "kind") - lost.cast(pl.Int64)) == 0)
    absent = step.filter(~there).max()  # the last edge at which it is not there
    high = step.filter(there & (step > absent.fill_null(step.min() - 1))) if for_good else step.filter(there)
    rows = kept.group_by("run", "kind", maintain_order=True).agg(
        *(pl.col(name).first() for name in labels),
        low=step.filter(step < high.min()).max(),
        high=high.min(),
        censored=high.min().is_null(),
        diverged=lost.any(),
        relapsed=(step.filter(there).min() < absent).fill_null(False),
        last=step.max(),
    )
    low = pl.when("censored").then("last").otherwise("low")
    return rows.with_columns(low=low).select("run", *labels, *(name for name in PASSAGE if name != "run"))


def check_passages(passages: pl.DataFrame) -> pl.DataFrame:
    """Return the frame of ``first_passages``, or raise ValueError that names what is wrong with it."""
    return check_frame(passages, PASSAGE, "the frame of passages")


def setting_names(frame: pl.DataFrame) -> list[str]:
    """Return the labels of a frame of passages that are settings: neither the run nor its seed."""
    return [name for name in frame.columns if name not in (*PASSAGE, "seed")]


def checked_metric(curves: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Return the values of one metric, or raise ValueError that names what is wrong with the curves."""
    frame = check_frame(curves, CURVE, "the frame of curves")
    known = frame["metric"].unique().drop_nulls().sort().to_list()
    if metric not in known:
        near = did_you_mean(metric, known)
        raise ValueError(f"expected a metric of the curves, {', '.join(known)}; got {metric!r}{near}")
    part = frame.filter((pl.col("metric") == metric) & pl.col("value").is_not_null())
    if part.select("run", "step", "kind").null_count().sum_horizontal()[0]:
        raise ValueError("run, step and kind of the curves must not be null: fill them, or drop the rows.")
    without = sorted(set(frame["run"].unique()) - set(part["run"].unique()))
    if without:
        raise ValueError(f"run {without[0]} has no value of {metric!r}: score it, or drop the run.")
    if part.select("run", "kind", "step").is_duplicated().any():
        raise ValueError("expected one value for each run, kind and step, got several: number the runs one by one.")
    labels = [name for name in frame.columns if name not in CURVE]
    several = part.group_by("run").agg(pl.col(labels).n_unique()) if labels else part.select("run").unique()
    for name in labels:
        mixed = several.filter(pl.col(name) > 1)["run"].sort()
        if len(mixed):
            raise ValueError(f"run {mixed[0]} has several values of {name!r}: give each setting a run of its own.")
    return part
