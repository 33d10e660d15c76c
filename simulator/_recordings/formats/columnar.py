"""Parquet, Arrow and JSON files, read by polars."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dialect import Dialect
from ..memory import refuse_large, refuse_packed
from ..opened import Opened, is_dated, of_frame, rows_of
from ..text.cells import column_holds
from .json_tables import frame_of_json

FIRST = 1000  # cells of text that are looked at for dates
Scan = Callable[[], pl.LazyFrame]


def open_parquet(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of a Parquet file.

    Raises:
        ValueError: It cannot be read.
    """
    return _lazy(file, dialect, "Parquet", lambda: pl.scan_parquet(file, glob=False))


def open_arrow(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of an Arrow file (Feather version 2).

    Raises:
        ValueError: It cannot be read.
    """
    return _lazy(file, dialect, "Arrow", lambda: pl.scan_ipc(file))


def open_arrow_stream(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of a stream of Arrow messages.

    Raises:
        ValueError: It cannot be read.
    """
    return _lazy(file, dialect, "Arrow", lambda: pl.read_ipc_stream(file).lazy())


def open_json(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of lines of JSON objects, of an array of objects, of an object of arrays, or as pandas writes.

    A column inside an object is OUTER.INNER.

    Raises:
        ValueError: It cannot be read.
    """
    frame = None
    if _is_lines(file):
        with contextlib.suppress(pl.exceptions.PolarsError, OSError):
            frame = pl.read_ndjson(file, infer_schema_length=None)
    table = _flat(_python_json(file) if frame is None else frame)
    opened = of_frame("JSON", table, dialect)
    text = [name for name, dtype in table.schema.items() if dtype == pl.String]
    dated = [name for name in text if column_holds(table[name].head(FIRST).fill_null("").to_list(), "date")]
    return opened._replace(dated=[*opened.dated, *dated])


def _is_lines(file: Path) -> bool:
    """Return whether the first two lines are objects by themselves."""
    with file.open("rb") as handle:
        lines = [handle.readline(1 << 20).strip() for _ in range(2)]
    return all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def _lazy(file: Path, dialect: Dialect, name: str, scan: Scan) -> Opened:
    def read(wanted: Sequence[str], _: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
        row = "__row__"
        while row in wanted:
            row += "_"
        try:
            count = scan().select(pl.len()).collect().item()
            refuse_packed(file, count, len(wanted))
            refuse_large(str(file), count, len(wanted))
            return rows_of(scan().with_row_index(row).select([*wanted, row]).sort(row).drop(row).collect())
        except (pl.exceptions.PolarsError, OSError) as exc:
            raise ValueError(f"{file} cannot be read as {name}: {str(exc).splitlines()[0]}.") from exc

    try:
        schema = scan().collect_schema()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise ValueError(f"{file} cannot be read as {name}: {str(exc).splitlines()[0]}.") from exc
    dialect.refuse(["table"], str(file), f"names a part of a file that holds several, and this is {name}")
    numeric = [column for column, dtype in schema.items() if dtype.is_numeric()]
    dated = [column for column, dtype in schema.items() if is_dated(dtype)]
    return Opened(name, list(schema), numeric, dated, {}, dialect, read)


def _python_json(file: Path) -> pl.DataFrame:
    """Read what polars does not: NaN, objects with other keys, objects of arrays, arrays of objects."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        try:
            value: Any = json.loads(text)
        except json.JSONDecodeError:
            value = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"{file} cannot be read as JSON: {exc!s:.200}.") from exc
    try:
        return frame_of_json(value)
    except ValueError as exc:
        raise ValueError(f"{file}: {exc}") from exc


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose objects are columns of their own."""
    while nested := [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]:
        parts = []
        for name in frame.columns:
            fields = frame[name].struct.fields if name in nested else []
            inner = [frame[name].struct.field(field).alias(f"{name}.{field}") for field in fields]
            parts += inner if name in nested else [frame[name]]
        try:
            frame = pl.DataFrame(parts)
        except pl.exceptions.DuplicateError as exc:
            raise ValueError(f"two columns would have one name: {str(exc).splitlines()[0]:.200}.") from exc
    return frame
