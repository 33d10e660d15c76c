"""Many runs at once: error curves in a folder of Parquet parts, larger than memory if need be, to one row a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from ._critical import critical_size
from ._curves import SCHEMA, check_schema
from ._growth import critical_interval, growth_laws
from ._regret import regret_size

KEYS = ("run", "system", "learner", "lookahead")


def scan_curves(folder: str | Path) -> pl.LazyFrame:
    """Return the error curves of all Parquet files in a folder, lazily: nothing is read yet but the schema.

    Args:
        folder: With files of the columns of ``SCHEMA``, such as ``Location.curves`` written with a ``run`` of its own.

    Raises:
        ValueError: No Parquet file there, or one with other columns.
    """
    files = sorted(Path(folder).expanduser().glob("*.parquet"))
    if not files:
        raise ValueError(f"{str(folder)!r} holds no Parquet file: write curves there first.")
    for file in files:
        check_schema(pl.read_parquet_schema(file), str(file))
    return pl.scan_parquet(files)


def each_run(
    curves: pl.LazyFrame | pl.DataFrame, analyse: Callable[[pl.DataFrame], pl.DataFrame] = growth_laws
) -> pl.DataFrame:
    """Return what an analysis says of each (run, system, learner, lookahead), one below the other.

    Runs are read one after the other, so that the memory is that of the largest.

    Args:
        curves: Error curves (``SCHEMA``), lazy or not.
        analyse: A frame of one run's curves to a frame, such as ``growth_laws`` or ``located``.

    Returns:
        The columns ``run, system, learner, lookahead`` and those of the analysis, sorted by the four.

    Raises:
        ValueError: Columns missing or of another type, or what the analysis refuses.
    """
    lazy = curves.lazy()
    check_schema(lazy.collect_schema(), "the frame")
    parts = []
    for key in lazy.select(KEYS).unique().sort(KEYS).collect().iter_rows(named=True):
        one = lazy.filter(pl.all_horizontal(pl.col(word) == value for word, value in key.items())).collect()
        named = [pl.lit(value, SCHEMA[word]).alias(word) for word, value in key.items()]
        parts.append(analyse(one).select(*named, pl.all().exclude(KEYS)))
    if not parts:
        raise ValueError("there is no run in these curves.")
    return pl.concat(parts)


def located(curves: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Return the sizes located from one run's curves as one row.

    Columns ``critical_size, low, high, verdict, reason`` (``critical_size`` and ``critical_interval``; null where
    undecided), and ``regret_size, regret_low, regret_high``, null where no oracle ran beside.
    """
    critical = critical_size(growth_laws(curves, seed))
    low, high = critical_interval(curves, seed) if critical.verdict == "located" else (None, None)
    row: dict[str, Any] = dict(
        critical_size=critical.size, low=low, high=high, verdict=critical.verdict, reason=critical.reason
    )
    regret = regret_size(curves, seed) if "excess" in curves["metric"].unique() else None
    ends = (None, None, None) if regret is None else (regret.size, regret.low, regret.high)
    row |= dict(zip(("regret_size", "regret_low", "regret_high"), ends, strict=True))
    kinds = {name: pl.String if name in ("verdict", "reason") else pl.Int64 for name in row}
    return pl.DataFrame([row], schema=kinds)
