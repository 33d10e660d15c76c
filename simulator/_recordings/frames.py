"""Columns of data frames, of polars, pandas and others with columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl


def is_frame(source: Any) -> bool:
    """Return whether an object is a data frame: columns by name, and rows."""
    if isinstance(source, pl.LazyFrame):  # it has no rows yet
        return False
    return hasattr(source, "columns") and hasattr(source, "__getitem__") and hasattr(source, "__len__")


def frame_of(columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return a dict of columns as a frame.

    Raises:
        ValueError: The columns are no arrays of one length.
    """
    try:
        return pl.DataFrame([series_of(str(name), np.asarray(column)) for name, column in columns.items()])
    except (pl.exceptions.PolarsError, TypeError, ValueError) as exc:
        raise ValueError(f"a dict must hold one array a column, all of one length: {exc!s:.200}.") from exc


def is_series(source: Any) -> bool:
    """Return whether an object is a column with a name, of polars or pandas."""
    return hasattr(source, "to_frame") and hasattr(source, "name") and hasattr(source, "dtype")


def numeric_in(frame: Any) -> list[str]:
    """Return the names of the columns that hold numbers."""
    if isinstance(frame, pl.DataFrame):
        return [name for name in frame.columns if frame[name].dtype.is_numeric()]
    return [str(name) for name in frame.columns if getattr(frame[name].dtype, "kind", "O") in "iuf"]


def column_of(frame: Any, name: str, number: bool) -> pl.Series:
    """Return a column by its name; a missing number is null or NaN.

    Args:
        frame: The data frame.
        name: Of the column; a name that is no text is written as text.
        number: Whether it should hold numbers.
    """
    if isinstance(frame, pl.DataFrame):
        return frame[name]
    column = frame[next(own for own in frame.columns if str(own) == name)]
    if number and getattr(column.dtype, "kind", "O") in "iufb" and not isinstance(column.dtype, np.dtype):
        column = column.astype("float64")  # pandas' own numbers, with NA
    return series_of(name, column)


def dated_index(frame: Any) -> Any:
    """Return the index of a pandas frame if it holds dates, durations or periods (by their first moment), else None."""
    index = getattr(frame, "index", None)
    if type(index).__name__ == "PeriodIndex":
        return index.to_timestamp()  # type: ignore[union-attr]
    return index if type(index).__name__ in ("DatetimeIndex", "TimedeltaIndex") else None


def series_of(name: str, column: Any) -> pl.Series:
    """Return a column. Periods become their first moment, dates with a time zone those of UTC.

    Values of several kinds become text, as in a file.
    """
    if type(column.dtype).__name__ == "PeriodDtype":
        column = column.dt.to_timestamp()
    zoned = getattr(column.dtype, "tz", None) is not None
    values = np.asarray(column, "datetime64[ns]") if zoned else np.asarray(column)
    if values.dtype != object:
        return pl.Series(name, values)
    cells = [None if _is_missing(value) else value for value in values.tolist()]
    try:
        return pl.Series(name, cells)
    except TypeError:
        return pl.Series(name, [None if cell is None else str(cell) for cell in cells])


def _is_missing(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )
