"""Tables in JSON: an array of objects, an object of arrays, and the forms of ``pandas.DataFrame.to_json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from ..frames import frame_of
from ..text.cells import is_date

EXPECTED = (
    "expected a JSON object a line, an array of objects, or an object of arrays; from pandas, "
    "df.to_json(.., orient='records')."
)


def frame_of_json(value: Any) -> pl.DataFrame:
    """Return the table of a JSON value.

    Of pandas, the forms ``records``, ``split``, ``table`` and ``columns`` are read, and ``index``, too, where the names
    of rows and columns tell them apart: those of rows are whole numbers or dates, those of columns are not.

    Raises:
        ValueError: It is no table; the message has no file name.
    """
    if isinstance(value, dict):
        if {"columns", "data"} <= value.keys() and _all(value["data"], list):
            return _with_index(_of_rows(value["columns"], value["data"]), value.get("index", []))
        if {"schema", "data"} <= value.keys() and _all(value["data"], dict):
            return _of_objects(value["data"])
        if value and all(isinstance(inner, dict) for inner in value.values()):
            return _of_nested(value)
        lists = {key: cells for key, cells in value.items() if isinstance(cells, list)}
        if lists and not any(isinstance(cell, dict | list) for cells in lists.values() for cell in cells):
            return frame_of({key: np.array([None if c is None else c for c in cells]) for key, cells in lists.items()})
    if _all(value, dict):
        return _of_objects(value)
    raise ValueError(EXPECTED)


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, kind) for row in value)


def _of_objects(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    try:
        return pl.DataFrame(rows, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as exc:
        raise ValueError(f"the objects are no table: {str(exc).splitlines()[0]:.200}.") from exc


def _of_rows(names: Sequence[Any], rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    columns = [str(name) for name in names] if isinstance(names, list) else []
    if len(set(columns)) < len(columns) or any(len(row) != len(columns) for row in rows):
        raise ValueError("the rows of 'data' do not fit the names of 'columns'.")
    return _of_objects([dict(zip(columns, row, strict=True)) for row in rows])


def _of_nested(value: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """Return the table of an object of objects: by column, then by row, or the other way round."""
    first = next(iter(value.values()))
    if not first or any(list(inner) != list(first) for inner in value.values()):
        raise ValueError(f"objects inside an object must have the same keys: {EXPECTED}")
    outer, inner = (all(map(_names_row, names)) for names in (value, first))
    if outer == inner:
        raise ValueError(f"an object of objects, and the keys do not tell rows from columns: {EXPECTED}")
    if outer:
        return _with_index(_of_objects(list(value.values())), list(value))
    return _with_index(
        _of_objects([{name: column[row] for name, column in value.items()} for row in first]), list(first)
    )


def _with_index(frame: pl.DataFrame, rows: Sequence[Any]) -> pl.DataFrame:
    """Return a frame with the names of its rows as the column ``index``, if they do more than count them from 0."""
    names = list(map(str, rows))
    if len(names) != frame.height or names == list(map(str, range(len(names)))) or "index" in frame.columns:
        return frame
    return frame.insert_column(0, pl.Series("index", names))


def _names_row(key: str) -> bool:
    """Return whether a key is a whole number, as pandas counts rows, or a date."""
    return key.isdigit() or is_date(key)
