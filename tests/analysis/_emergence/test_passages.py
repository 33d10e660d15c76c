"""First passages against a plain loop over runs, and the frames that are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import first_passages


def curves(values: dict[int, list[float | None]], **labels: Any) -> pl.DataFrame:
    """Runs of one kind, scored at the edges 10, 20, 30, .."""
    parts = [
        pl.DataFrame(dict(step=[10 * (k + 1) for k in range(len(row))], value=row), schema_overrides=dict(value=float))
        .with_columns(run=pl.lit(run, pl.Int64), seed=pl.lit(run, pl.Int64), metric=pl.lit("loss"), kind=pl.lit("all"))
        .with_columns(**{word: pl.lit(label) for word, label in labels.items()})
        for run, row in values.items()
    ]
    return pl.concat(parts)


def loop(steps: list[int], values: list[float], level: float, below: bool, for_good: bool) -> tuple[Any, ...]:
    """The textbook: low, high, censored, diverged, relapsed, last of one run."""
    high = low = None
    relapsed, last, before = False, None, None
    for step, value in zip(steps, values, strict=True):
        last = step
        there = math.isfinite(value) and (value <= level if below else value >= level)
        if there and high is None and not (relapsed and not for_good and low is not None):
            high, low = step, before
        elif not there and high is not None:
            relapsed = True
            if for_good:
                high = low = None
        before = step
        if not math.isfinite(value):
            return (last if high is None else low), high, high is None, True, relapsed, last
    return (last if high is None else low), high, high is None, False, relapsed, last


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("for_good", [True, False])
def test_passages_are_those_of_a_plain_loop(below: bool, for_good: bool) -> None:
    rng = np.random.default_rng(1)
    values = {}
    for run in range(300):
        row = np.cumsum(rng.normal(-0.1 if below else 0.1, 0.4, size=rng.integers(1, 12)))
        if run % 5 == 0:
            row[rng.integers(len(row))] = rng.choice([np.nan, np.inf, -np.inf])
        values[run] = row.tolist()
    level = -0.5 if below else 0.5
    found = first_passages(curves(values).sample(fraction=1, shuffle=True, seed=2), "loss", level, below, for_good)
    assert found["run"].to_list() == list(range(300))
    expected = [loop([10 * (k + 1) for k in range(len(row))], row, level, below, for_good) for row in values.values()]
    assert found.select("low", "high", "censored", "diverged", "relapsed", "last").rows() == expected
    for word in ("censored", "diverged", "relapsed"):
        assert 5 < found[word].sum() < 295
    assert found["low"].is_null().any()


def test_a_passage_lies_between_two_edges_and_must_last() -> None:
    frame = curves({3: [0.9, 0.2, 0.9, 0.1, 0.1], 7: [0.9, 0.9]}, rows=600, decay=0.1)
    found = first_passages(frame, "loss", 0.2)
    labels = ["run", "seed", "rows", "decay", "kind"]
    assert found.columns == [*labels, "low", "high", "censored", "diverged", "relapsed", "last"]
    assert found.row(0) == (3, 3, 600, 0.1, "all", 30, 40, False, False, True, 50)
    assert found.row(1) == (7, 7, 600, 0.1, "all", 20, None, True, False, False, 20)
    assert first_passages(frame, "loss", 0.2, for_good=False)["high"].to_list() == [20, None]


def test_each_kind_of_a_run_has_its_own_passage_and_other_metrics_do_not_count() -> None:
    frame = curves({1: [0.9, 0.1]})
    hard = frame.with_columns(kind=pl.lit("hard"), value=pl.Series([0.9, 0.9]))
    other = frame.with_columns(metric=pl.lit("accuracy"))
    found = first_passages(pl.concat([frame, hard, other]), "loss", 0.5)
    assert found.select("kind", "high").rows() == [("all", 20), ("hard", None)]


def test_a_run_that_diverged_is_named_and_ends_there() -> None:
    found = first_passages(curves({1: [0.9, 0.1, math.nan, 0.1], 2: [0.9, math.inf]}), "loss", 0.5)
    assert found.select("censored", "diverged", "last", "high").rows() == [
        (True, True, 30, None),
        (True, True, 20, None),
    ]


def test_an_edge_without_a_value_was_not_scored() -> None:
    assert first_passages(curves({1: [0.9, None, 0.1]}), "loss", 0.5).select("low", "high").row(0) == (10, 30)


@pytest.mark.parametrize(
    ("spoil", "metric", "message"),
    [
        (lambda f: f.drop("kind"), "loss", "needs the column 'kind'"),
        (lambda f: f.with_columns(pl.col("step").cast(pl.Float64)), "loss", "must be Int64"),
        (lambda f: f, "los", "loss; got 'los'; did you mean 'loss'?"),
        (lambda f: f.head(0), "loss", "must have rows"),
        (lambda f: pl.concat([f, f]), "loss", "number the runs"),
        (lambda f: f.with_columns(rows=pl.Series([1, 2, 3])), "loss", "several values of 'rows'"),
        (
            lambda f: pl.concat([f, f.with_columns(run=pl.lit(2, pl.Int64), metric=pl.lit("x"))]),
            "loss",
            "run 2 has no value",
        ),
        (lambda f: f.with_columns(kind=pl.lit(None, pl.String)), "loss", "must not be null"),
        (lambda f: f.lazy(), "loss", "must be a polars DataFrame"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused(
    spoil: Callable[[pl.DataFrame], pl.DataFrame], metric: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        first_passages(spoil(curves({1: [0.9, 0.2, 0.1]})), metric, 0.5)
    with pytest.raises(ValueError, match="level must be a number"):
        first_passages(curves({1: [0.9]}), "loss", math.nan)
