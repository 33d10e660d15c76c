"""Early stopping: each run ends at its least mean loss, and a kind that was known there counts."""

from __future__ import annotations

import polars as pl
import pytest

from ergoscope.analysis._emergence.early_stopping import stopped_early
from ergoscope.analysis._emergence.passages import first_passages

STEPS = [0, 10, 20, 40]


def curves(**kinds: list[float | None]) -> pl.DataFrame:
    frames = [
        pl.DataFrame(dict(step=STEPS, metric="exam loss", kind=kind, value=values)) for kind, values in kinds.items()
    ]
    return pl.concat(frames).with_columns(run=pl.lit(1, pl.Int64))


def test_a_run_ends_at_its_least_mean_loss() -> None:
    found = stopped_early(curves(a=[1.0, 0.05, 0.2, 0.3], b=[1.0, 0.9, 0.4, 0.01], all=[1.0, 0.5, 0.3, 0.4]))
    assert found["step"].max() == 20 and found.height == 9
    passages = first_passages(found.filter(pl.col("kind") != "all"), "exam loss", 0.1)
    assert dict(passages.select("kind", "censored").iter_rows()) == {"a": True, "b": True}


def test_the_first_of_equal_losses_counts_and_values_that_are_not_finite_do_not() -> None:
    found = stopped_early(curves(all=[float("nan"), 0.5, 0.5, float("-inf")]))
    assert found["step"].to_list() == [0, 10]
    lost = stopped_early(curves(all=[float("nan"), float("nan"), float("inf"), float("nan")]))
    assert lost["step"].to_list() == STEPS


def test_each_run_has_its_own_end() -> None:
    two = pl.concat(
        [curves(all=[1.0, 0.1, 0.5, 0.6]), curves(all=[1.0, 0.9, 0.5, 0.4]).with_columns(run=pl.lit(2, pl.Int64))]
    )
    ends = stopped_early(two).group_by("run").agg(pl.col("step").max()).sort("run")
    assert ends["step"].to_list() == [10, 40]


def test_a_run_without_a_mean_is_refused() -> None:
    with pytest.raises(ValueError, match="of the kind 'all'"):
        stopped_early(curves(a=[1.0, 1.0, 1.0, 1.0]))
