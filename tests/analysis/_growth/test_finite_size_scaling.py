"""Sizes at several horizons, cut from one set of curves, against runs that ended there."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import Location, each_run, locate, located, scaling
from ergoscope.simulator import simulate, zoo

HORIZONS = [256, 512, 1024, 4096]


def located_at(name: str, horizon: int) -> Location:
    return locate(name, sizes=range(7), horizon=horizon, replicates=32)


@pytest.fixture(scope="module")
def whole() -> dict[str, pl.DataFrame]:
    return {name: located_at(name, HORIZONS[-1]).curves for name in ("random-walk", "double-integrator")}


@pytest.mark.parametrize("name", ["random-walk", "double-integrator"])
def test_a_cut_says_what_a_run_that_ended_there_says(whole: dict[str, pl.DataFrame], name: str) -> None:
    """Noise does not hang on the horizon, and these horizons end stretches of every longer run."""
    rows = scaling(whole[name], HORIZONS)
    assert rows["horizon"].to_list() == HORIZONS
    for row in rows.iter_rows(named=True):
        alone = located_at(name, row["horizon"])
        assert alone.regret is not None
        assert (row["critical_size"], row["verdict"], row["reason"]) == (
            alone.critical_size,
            alone.verdict,
            alone.reason,
        )
        assert (row["low"], row["high"]) == (alone.interval or (None, None))
        assert (row["regret_size"], row["regret_low"], row["regret_high"]) == alone.regret[:3]
        assert row["best_size"] == alone.best.size
        assert (row["best_low"], row["best_high"]) == (min(alone.best.alike), max(alone.best.alike))
    assert len(set(rows["regret_size"])) + len(set(rows["best_size"])) > 2  # the cuts are told apart


def test_each_run_hands_on_what_is_cut(whole: dict[str, pl.DataFrame]) -> None:
    both = pl.concat([curves.with_columns(run=pl.lit(name)) for name, curves in whole.items()])
    rows = each_run(both.lazy(), partial(scaling, horizons=HORIZONS))
    assert rows.columns[:5] == ["run", "system", "learner", "lookahead", "horizon"]
    for name, curves in whole.items():
        alone = scaling(curves, HORIZONS)
        assert rows.filter(pl.col("run") == name).select(alone.columns).equals(alone)


def test_horizons_are_octaves_from_the_last_one_where_none_is_named(whole: dict[str, pl.DataFrame]) -> None:
    curves = whole["random-walk"]
    rows = scaling(curves)
    assert rows["horizon"].to_list() == [128, 256, 512, 1024, 2048, 4096]  # 16 samples for each of 7 coefficients
    assert rows.tail(1).drop("horizon").equals(located(curves))
    assert scaling(curves, [1000, 1023, 930])["horizon"].to_list() == [861, 939]  # ends of stretches before
    assert scaling(curves, np.array([512])).equals(rows.filter(pl.col("horizon") == 512))


def test_a_recording_has_no_regret_of_an_oracle() -> None:
    found = locate(simulate(1, zoo("random-walk"), 1024, 16), sizes=range(5))
    rows = scaling(found.curves, [256, 1024])
    assert rows["regret_size"].to_list() == [None, None]
    assert rows["critical_size"][1] == found.critical_size
    assert rows["best_size"].null_count() == 0


def test_the_best_size_is_that_of_least_late_excess_or_error(whole: dict[str, pl.DataFrame]) -> None:
    curves = whole["random-walk"]
    rows = scaling(curves, HORIZONS)
    for metric, frame in (("excess", curves), ("error", curves.filter(pl.col("metric") == "error"))):
        found = scaling(frame, HORIZONS)
        for horizon, best in found.select("horizon", "best_size").iter_rows():
            late = (pl.col("last") <= horizon) & (pl.col("first") > horizon // 20) & (pl.col("metric") == metric)
            losses = curves.filter(late).group_by("size").agg(pl.col("value").dot("samples"))
            assert best == losses.sort("value")["size"][0]
    assert not scaling(frame, HORIZONS).equals(rows)
    scaled = pl.when(pl.col("metric") == "error").then(pl.col("value") * (1 + pl.col("size"))).otherwise("value")
    words = ["best_size", "best_low", "best_high"]
    assert scaling(curves.with_columns(value=scaled), HORIZONS).select(words).equals(rows.select(words))


def test_a_loss_that_is_no_number_is_not_the_best(whole: dict[str, pl.DataFrame]) -> None:
    curves, size = whole["random-walk"], pl.col("size")
    for broken in (float("nan"), float("inf")):
        value = pl.when(size == 2).then(broken).otherwise(pl.col("value"))
        row = scaling(curves.with_columns(value=value), [1024])
        assert row["best_size"][0] != 2
        assert row["best_high"].is_not_null().all()


@pytest.mark.parametrize("horizons", [[], [0], [8192], [-5], [512.5]])
def test_horizons_outside_the_curves_are_refused(whole: dict[str, pl.DataFrame], horizons: list[int]) -> None:
    with pytest.raises(ValueError, match="horizons must"):
        scaling(whole["random-walk"], horizons)


def test_what_is_no_single_run_is_refused(whole: dict[str, pl.DataFrame]) -> None:
    curves = whole["random-walk"]
    with pytest.raises(ValueError, match="choose one run"):
        scaling(pl.concat([curves, curves.with_columns(run=pl.lit("again"))]))
    with pytest.raises(ValueError, match="needs the column 'value'"):
        scaling(curves.drop("value"))
    with pytest.raises(ValueError, match="longer horizon"):
        scaling(curves, [4])
