"""A sweep that outgrows memory: one Parquet part a run, then one row a run, read lazily."""

import tempfile
from pathlib import Path

import polars as pl

from ergoscope import locate
from ergoscope.analysis import each_run, located, scan_curves
from ergoscope.simulator import LinearSystem

folder = Path(tempfile.mkdtemp())
for q in (1.0, 0.1, 0.01):
    walk = LinearSystem(A=[[1.0]], C=[[1.0]], Q=[[q]], R=[[1.0]], name="random walk")
    curves = locate(walk, horizon=4000, sizes=range(20)).curves
    curves.with_columns(run=pl.lit(f"q = {q}")).write_parquet(folder / f"q-{q}.parquet")

rows = each_run(scan_curves(folder), located)
with pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True):
    print(rows.select("run", "critical_size", "regret_size", "regret_low", "regret_high"))
