"""A file that is open: its columns by name, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .dialect import Dialect

Read = Callable[[Sequence[str], Sequence[str]], tuple[pl.DataFrame, NDArray[np.int64]]]


class Opened(NamedTuple):
    """A table whose columns can be read by name.

    Attributes:
        format: ``"CSV"``, ``"text"`` for other separators, ``"Parquet"``, ..
        names: Of the columns.
        numeric: Names of the columns that hold numbers.
        dated: Names of the columns that hold dates or times of day.
        units: Of columns, where the file has them.
        dialect: The dialect with what was found.
        read: ``(columns, those of numbers) -> (frame, number of each row)``. Numbers may be text.
        notes: What a user should know about columns: that packed numbers were unpacked, ..
        others: First cells of the columns of numbers, where these may show a decimal comma.
    """

    format: str
    names: list[str]
    numeric: list[str]
    dated: list[str]
    units: dict[str, str]
    dialect: Dialect
    read: Read
    notes: Mapping[str, str] = {}
    others: Mapping[str, Sequence[str]] = {}


def rows_of(frame: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return a frame and the numbers of its rows, from 1."""
    return frame, np.arange(1, frame.height + 1)


def is_dated(dtype: pl.DataType) -> bool:
    """Return whether a column type is a date, a time or a duration."""
    return dtype in (pl.Date, pl.Time) or isinstance(dtype, pl.Datetime | pl.Duration)


def of_frame(
    format: str,
    frame: pl.DataFrame,
    dialect: Dialect,
    units: dict[str, str] | None = None,
    notes: dict[str, str] | None = None,
) -> Opened:
    """Return a table that is in memory."""
    return Opened(
        format,
        frame.columns,
        [name for name, dtype in frame.schema.items() if dtype.is_numeric()],
        [name for name, dtype in frame.schema.items() if is_dated(dtype)],
        units or {},
        dialect,
        lambda wanted, _: rows_of(frame.select(wanted)),
        notes or {},
    )
