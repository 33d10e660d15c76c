"""Analyse many runs: from error curves in a folder of Parquet files, also larger than memory, to one row a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from ..._core.files import parquet_schema
from .._growth.curves import KEYS, SCHEMA, check_columns
from .._growth.laws import growth_laws

ROWS = 1_000_000  # read together
KEYS_AT_ONCE = 64  # runs in one filter, which names each of them


def scan_curves(folder: str | Path) -> pl.LazyFrame:
    """Return the error curves of all Parquet files in a folder and below it as a lazy frame: only schemas are read.

    Args:
        folder: The folder of a ``sweep``, or one of files with the columns of ``SCHEMA``, such as ``Location.curves``
            with a ``run`` of its own. Hidden files are left out.

    Raises:
        ValueError: The folder holds no Parquet file, or one with other columns.
    """
    files = sorted(file for file in Path(folder).expanduser().rglob("*.parquet") if not file.name.startswith("."))
    if not files:
        raise ValueError(f"{str(folder)!r} holds no Parquet file: write error curves there first.")
    for file in files:
        try:
            schema = parquet_schema(file)
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise ValueError(f"{str(file)!r} must be a Parquet file and cannot be read: {exc}.") from exc
        check_columns(schema, SCHEMA, str(file))
    return pl.scan_parquet(files, hive_partitioning=False, glob=False)


def each_run(
    curves: pl.LazyFrame | pl.DataFrame, analyse: Callable[[pl.DataFrame], pl.DataFrame] = growth_laws
) -> pl.DataFrame:
    """Apply an analysis to the curves of each (run, system, learner, lookahead), and stack its results.

    Each pass over the files reads runs of up to a million rows together, or one larger run. So the memory is that of
    a million rows (80 MB) or of the largest run, and there are few passes. Any analysis of a frame of one run will do:
    ``growth_laws``, ``located``, or a function of your own that calls ``regret_size`` or ``critical_size``.

    Args:
        curves: Error curves (``SCHEMA``), lazy or not.
        analyse: A function from the curves of one run to a frame, such as ``growth_laws`` or ``located``.

    Returns:
        The columns ``run, system, learner, lookahead`` and those of the analysis, sorted by the four.

    Raises:
        ValueError: A column is missing or of another type, or the analysis refuses a run.
    """
    if not isinstance(curves, (pl.DataFrame, pl.LazyFrame)):
        raise ValueError(f"the frame of error curves must be a polars frame, lazy or not, got {type(curves).__name__}.")
    lazy = curves.lazy()
    check_columns(lazy.collect_schema(), SCHEMA, "the frame of error curves")
    parts = []
    for keys in _batches(lazy):
        # filter before reading, and do not join: then only the rows of these runs are in memory
        mine = [pl.all_horizontal(pl.col(word) == value for word, value in key.items()) for key in keys]
        frame = lazy.filter(pl.any_horizontal(mine)).collect()
        for key, own in zip(keys, mine, strict=True):
            named = [pl.lit(value, SCHEMA[word]).alias(word) for word, value in key.items()]
            parts.append(analyse(frame.filter(own)).select(*named, pl.all().exclude(KEYS)))
    if not parts:
        raise ValueError("the curves hold no run: name a folder or a frame with rows.")
    return pl.concat(parts)


def _batches(lazy: pl.LazyFrame) -> Iterator[list[dict[str, Any]]]:
    """Yield the keys of the runs that one pass reads, in order."""
    counts = lazy.select(KEYS).group_by(KEYS).len("rows").sort(KEYS).collect()
    if counts.select(KEYS).null_count().row(0) != (0,) * len(KEYS):
        raise ValueError(
            f"the columns {', '.join(KEYS)} must have no null: name the run, the system and the learner of every curve."
        )
    batch: list[dict[str, Any]] = []
    rows = 0
    for key in counts.iter_rows(named=True):
        count = key.pop("rows")
        if batch and (rows + count > ROWS or len(batch) == KEYS_AT_ONCE):
            yield batch
            batch, rows = [], 0
        batch, rows = [*batch, key], rows + count
    if batch:
        yield batch
