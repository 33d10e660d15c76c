"""Tables as people have them: dialects, Parquet, pandas, gaps; and what is refused, with its remedy."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from ergoscope.analysis import locate_curves
from ergoscope.analysis._curves.table import read_table

ROWS = [(size, step, seed, size + step / 10) for size in (1, 2) for step in (1, 2, 4) for seed in ("a", "b", "c")]
LONG = pl.DataFrame(ROWS, schema=["params", "step", "seed", "loss"], orient="row")
COLUMNS = dict(size="params", along="step", error="loss", run="seed")


def read(source, where=None, average=False, **columns):
    return read_table(source, **(COLUMNS | columns), where=where or {}, average=average, dialect=None)


def expected() -> pl.DataFrame:
    names = dict(params="size", step="along", seed="run", loss="error")
    frame = LONG.rename(names).with_columns(pl.col("size", "along").cast(pl.Float64))
    return frame.select("size", "along", "run", "error").sort("size", "along", "run")


def test_the_same_table_in_every_form(tmp_path: Path) -> None:
    LONG.write_csv(tmp_path / "plain.csv")
    LONG.sample(fraction=1, shuffle=True, seed=1).write_parquet(tmp_path / "mixed.parquet")
    german = "params;step;seed;loss\n" + "\n".join(f"{p};{t};{s};{e:.2f}".replace(".", ",") for p, t, s, e in ROWS)
    (tmp_path / "german.csv").write_text(german)
    for source in (
        LONG,
        pd.DataFrame(LONG.to_dict(as_series=False)),
        LONG.to_dict(as_series=False),
        *sorted(tmp_path.iterdir()),
    ):
        assert read(source).frame.equals(expected()), source


def test_missing_errors_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("params,step,seed,loss\n1,1,a,0.5\n1,2,a,\n1,4,a,NaN\n2,1,a,0.25\n")
    table = read(tmp_path / "gaps.csv")
    assert table.frame["error"].to_list() == [0.5, 0.25]
    assert table.notes == ("2 rows without an error left out",)
    with pytest.raises(ValueError, match="1 row with an error and no 'params'"):
        read(pl.DataFrame(dict(params=[None, 1.0], step=[1, 2], seed=["a", "b"], loss=[1.0, 2.0])))
    with pytest.raises(ValueError, match="'loss' has no number"):
        read(pl.DataFrame(dict(params=[1, 1], step=[1, 2], seed=["a", "b"], loss=[None, None], other=[1, 2])))


def test_repeated_rows_are_refused_or_averaged() -> None:
    twice = pl.concat([LONG, LONG.with_columns(loss=pl.col("loss") + 1)])
    with pytest.raises(ValueError, match="several rows for size 1 at 1, run a: --average takes their mean"):
        read(twice)
    table = read(twice, average=True)
    assert table.frame["error"].to_list() == pytest.approx((expected()["error"] + 0.5).to_list())
    assert table.notes == ("36 rows averaged to 18",)
    with pytest.raises(ValueError, match=r"if they are runs, name the column that tells them apart \(--run\)"):
        read(LONG, run=None)


def test_rows_are_chosen_by_their_values() -> None:
    metrics = pl.concat([LONG.with_columns(metric=pl.lit(name)) for name in ("loss", "accuracy")])
    assert read(metrics, dict(metric="loss")).frame.equals(expected())
    assert read(metrics, dict(metric="loss", step="2.0")).frame["along"].unique().to_list() == [2.0]
    with pytest.raises(ValueError, match="'metric' never is 'los'; did you mean 'loss'?"):
        read(metrics, dict(metric="los"))
    with pytest.raises(ValueError, match="column 'step' holds numbers, and 'two' is none"):
        read(metrics, dict(step="two"))


def test_what_is_no_long_table_is_refused_with_the_remedy() -> None:
    wide = LONG.pivot("params", index=["step", "seed"], values="loss")
    with pytest.raises(ValueError, match=r"the table is wide: make it long.*frame\.unpivot"):
        read(wide)
    with pytest.raises(ValueError, match="no column is called 'los'; did you mean 'loss'?"):
        read(LONG, error="los")
    with pytest.raises(
        ValueError, match=r"which columns hold the along, the error\? Name them.*there are params, step"
    ):
        locate_curves(LONG, size="params")
    with pytest.raises(ValueError, match="must be different columns"):
        read(LONG, error="step")
    with pytest.raises(ValueError, match="column 'seed' holds 'a' in row 1, which is not a number"):
        read(LONG, error="seed", run=None)
    with pytest.raises(ValueError, match="call collect"):
        read(LONG.lazy())
    with pytest.raises(ValueError, match="expected a file, a data frame or a dict"):
        read(3)
    with pytest.raises(ValueError, match="holds inf in row 2"):
        read(pl.DataFrame(dict(params=[1, 1], step=[1, 2], seed=["a", "a"], loss=[1.0, float("inf")])))


def test_a_wide_table_is_no_table_with_a_slip_of_the_pen() -> None:
    """The column that is like the absent one is asked for already."""
    wide = pl.DataFrame({"step": [1, 2], "w8": [1.0, 0.5], "w16": [0.9, 0.4]})
    with pytest.raises(ValueError, match="the table is wide: make it long"):
        read(wide, size="size", run=None)


def test_several_files_are_refused(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        LONG.write_csv(tmp_path / name)
    with pytest.raises(ValueError, match="holds 2 files, and one table is read"):
        read(os.fspath(tmp_path))
