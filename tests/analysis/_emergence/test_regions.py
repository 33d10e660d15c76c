"""The regions of runs against the published rule in a plain loop."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import region_map


def published(train: np.ndarray, test: np.ndarray) -> str:
    if train.min() > 1e-5:
        return "never"
    if test.min() > 1e-5:
        return "memorise"
    return "drop together" if (test / train).max() < 5e4 else "grok"


def runs(seed: int = 0) -> tuple[pl.DataFrame, dict[tuple[int, float], list[str]]]:
    """Losses that fall at random, so that every region occurs, of 30 runs in each of 6 cells."""
    rng, parts, expected, run = np.random.default_rng(seed), [], {}, 0
    for rows in (500, 1000, 2000):
        for decay in (0.1, 1.0):
            for _ in range(30):
                train, test = (10.0 ** -np.sort(rng.uniform(0, rng.uniform(4, 12), size=12)) for _ in range(2))
                expected.setdefault((rows, decay), []).append(published(train, test))
                for metric, losses in (("loss", train), ("exam loss", test)):
                    parts.append(pl.DataFrame(dict(
                        run=run, rows=rows, decay=decay, step=np.arange(12), metric=metric, kind="all", value=losses,
                    ), schema_overrides=dict(run=pl.Int64, rows=pl.Int64, step=pl.Int64)))  # fmt: skip
                run += 1
    return pl.concat(parts), expected


def test_each_cell_counts_the_runs_by_the_published_rule() -> None:
    curves, expected = runs()
    found = region_map(curves, "rows", "decay")
    assert found.columns == ["rows", "decay", "never", "memorise", "grok", "drop together", "runs", "diverged"]
    assert found.select("decay", "rows").rows() == sorted((decay, rows) for rows, decay in expected)
    for row in found.iter_rows(named=True):
        cell = expected[row["rows"], row["decay"]]
        for region in ("never", "memorise", "grok", "drop together"):
            assert row[region] == cell.count(region)
        assert (row["runs"], row["diverged"]) == (30, 0)
    for region in ("never", "memorise", "grok", "drop together"):
        assert found[region].sum() > 5


def test_kinds_do_not_count_and_a_run_that_diverged_is_named() -> None:
    curves, _ = runs()
    gone = (pl.col("run") == 0) & (pl.col("step") > 0)
    curves = curves.with_columns(value=pl.when(gone).then(float("nan")).otherwise("value"))
    hard = curves.with_columns(kind=pl.lit("hard"), value=1e-9)
    found = region_map(pl.concat([curves, hard]), "rows", "decay")
    assert found.equals(region_map(curves, "rows", "decay"))
    assert found["diverged"].sum() == 1
    assert found["runs"].sum() == 180


def test_other_thresholds_move_the_regions() -> None:
    curves, _ = runs()
    assert region_map(curves, "rows", "decay", learned=0.0)["never"].sum() == 180
    assert region_map(curves, "rows", "decay", learned=1.0, ratio=0.0)["grok"].sum() == 180


def test_bad_axes_and_losses_are_refused() -> None:
    curves, _ = runs()
    with pytest.raises(ValueError, match="got 'row'; did you mean 'rows'"):
        region_map(curves, "row", "decay")
    with pytest.raises(ValueError, match="'rows' twice"):
        region_map(curves, "rows", "rows")
    with pytest.raises(ValueError, match="did you mean 'exam loss'"):
        region_map(curves, "rows", "decay", test="exam los")
    with pytest.raises(ValueError, match="of the kind 'all'"):
        region_map(curves.with_columns(kind=pl.lit("hard")), "rows", "decay")
