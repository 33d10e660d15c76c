"""Many runs at once: error curves in a folder of Parquet parts, larger than memory if need be, to one row a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from ._critical import best_of_curves, critical_size
from ._curves import KEYS, SCHEMA
from ._doors import check_columns
from ._growth import critical_interval, growth_laws
from ._regret import regret_size

ROWS = 1_000_000  # read together
KEYS_AT_ONCE = 64  # of a filter, which names each of them


def scan_curves(folder: str | Path) -> pl.LazyFrame:
    """Return the error curves of all Parquet files in a folder and below it, lazily: only schemas are read yet.

    Args:
        folder: What ``sweep`` has written, or files of the columns of ``SCHEMA``, such as ``Location.curves`` written
            with a ``run`` of its own. Hidden files are left out.

    Raises:
        ValueError: No Parquet file there, or one with other columns.
    """
    files = sorted(file for file in Path(folder).expanduser().rglob("*.parquet") if not file.name.startswith("."))
    if not files:
        raise ValueError(f"{str(folder)!r} holds no Parquet file: write curves there first.")
    for file in files:
        try:
            schema = pl.read_parquet_schema(file)
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise ValueError(f"{str(file)!r} must be a Parquet file, and cannot be read as one: {exc}.") from exc
        check_columns(schema, SCHEMA, str(file))
    return pl.scan_parquet(files, hive_partitioning=False)


def each_run(
    curves: pl.LazyFrame | pl.DataFrame, analyse: Callable[[pl.DataFrame], pl.DataFrame] = growth_laws
) -> pl.DataFrame:
    """Return what an analysis says of each (run, system, learner, lookahead), one below the other.

    Each pass over the files reads the runs of a million rows together, or one that has more, so the memory is that of a
    million rows (80 MB) or of the largest run, and the passes are few. Every analysis of a frame of one run can be
    handed in: ``growth_laws``, ``located``, or a function of your own that calls ``regret_size`` or ``critical_size``.

    Args:
        curves: Error curves (``SCHEMA``), lazy or not.
        analyse: A frame of one run's curves to a frame, such as ``growth_laws`` or ``located``.

    Returns:
        The columns ``run, system, learner, lookahead`` and those of the analysis, sorted by the four.

    Raises:
        ValueError: Columns missing or of another type, or what the analysis refuses.
    """
    if not isinstance(curves, (pl.DataFrame, pl.LazyFrame)):
        raise ValueError(f"the frame of error curves must be a polars frame, lazy or not, got {type(curves).__name__}.")
    lazy = curves.lazy()
    check_columns(lazy.collect_schema(), SCHEMA, "the frame of error curves")
    parts = []
    for keys in _batches(lazy):
        # a frame filtered before it is read, and not joined, so that no more than its own rows are held
        mine = [pl.all_horizontal(pl.col(word) == value for word, value in key.items()) for key in keys]
        frame = lazy.filter(pl.any_horizontal(mine)).collect()
        for key, own in zip(keys, mine, strict=True):
            named = [pl.lit(value, SCHEMA[word]).alias(word) for word, value in key.items()]
            parts.append(analyse(frame.filter(own)).select(*named, pl.all().exclude(KEYS)))
    if not parts:
        raise ValueError("there is no run in these curves.")
    return pl.concat(parts)


def _batches(lazy: pl.LazyFrame) -> Iterator[list[dict[str, Any]]]:
    """Yield the keys of runs that are read together, in order."""
    counts = lazy.select(KEYS).group_by(KEYS).len("rows").sort(KEYS).collect()
    if counts.select(KEYS).null_count().row(0) != (0,) * len(KEYS):
        raise ValueError(f"the columns {', '.join(KEYS)} must be filled in, got null: name what the curves are of.")
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


def located(curves: pl.DataFrame, seed: int = 0) -> pl.DataFrame:
    """Return the sizes located from one run's curves as one row.

    Columns ``critical_size, low, high, verdict, reason`` (``critical_size`` and ``critical_interval``; null where
    undecided), ``regret_size, regret_low, regret_high``, null where no oracle ran beside or of one replicate, and
    ``best_size, best_low, best_high``: the size of least error after the first twentieth, with the smallest and the
    largest that are not told apart from it.

    Raises:
        ValueError: What ``growth_laws`` refuses.
    """
    critical = critical_size(growth_laws(curves, seed))
    low, high = critical_interval(curves, seed) if critical.verdict == "located" else (None, None)
    row: dict[str, Any] = dict(
        critical_size=critical.size, low=low, high=high, verdict=critical.verdict, reason=critical.reason
    )
    several = curves["group"].n_unique() > 1
    regret = regret_size(curves, seed) if several and "excess" in curves["metric"].unique() else None
    ends = (None, None, None) if regret is None else (regret.size, regret.low, regret.high)
    row |= dict(zip(("regret_size", "regret_low", "regret_high"), ends, strict=True))
    best = best_of_curves(curves, seed)
    row |= dict(best_size=best.size, best_low=min(best.alike), best_high=max(best.alike))
    kinds = {name: pl.String if name in ("verdict", "reason") else pl.Int64 for name in row}
    return pl.DataFrame([row], schema=kinds)
