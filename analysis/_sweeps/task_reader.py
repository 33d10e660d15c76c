"""Read the curves of a sweep of tasks."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ..._core.files import parquet_schema


def task_curves(folder: str | Path) -> pl.DataFrame:
    """Return the curves of all networks of a sweep of tasks, each with a number of its own: the column ``run``.

    ``first_passages`` and ``region_map`` take them, as a whole or a part. A curve of 20 000 steps has some 500 rows.

    Args:
        folder: The folder of a ``sweep`` of tasks, complete or not, or one in it.

    Returns:
        Columns ``run, task, learner, seed, size, rows, rate, decay, l1, dropout, step, metric, kind, value``.

    Raises:
        ValueError: There is no point yet, or the folder is of a sweep of systems.
    """
    files = sorted(file for file in Path(folder).expanduser().rglob("seed-*.parquet"))
    if not files:
        raise ValueError(f"{str(folder)!r} holds no point of a sweep of tasks: run `ergoscope sweep` first.")
    if "metric" not in (names := parquet_schema(files[0]).names()) or "task" not in names:
        raise ValueError(f"{str(folder)!r} is no sweep of tasks: read it with scan_curves.")
    frames = [
        pl.read_parquet(file, glob=False).select(pl.lit(run, pl.Int64).alias("run"), pl.all())
        for run, file in enumerate(files)
    ]
    return pl.concat(frames)
