"""Arrays by name, as MATLAB, NumPy and HDF5 keep them, become the columns of one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.text import did_you_mean
from ..frames import series_of


def chosen(where: str, what: str, names: list[str], table: str | None) -> str | None:
    """Return the part of a file that is read: the one named, or the only one, else None.

    Args:
        where: The file, for messages.
        what: What a part is: sheet, group, ..
        names: Of all parts.
        table: The name given.

    Raises:
        ValueError: No part has the name given.
    """
    if table is None:
        return names[0] if len(names) == 1 else None
    if table not in names:
        raise ValueError(
            f"{where}: no {what} is called {table!r}{did_you_mean(table, names)} There are: {listed(names)}."
        )
    return table


def listed(names: list[str]) -> str:
    """Return the first names."""
    return ", ".join(names[:20]) + (", .." if len(names) > 20 else "")


def table_of_arrays(where: str, arrays: Mapping[str, Any], table: str | None) -> pl.DataFrame:
    """Return arrays as columns: ``(time,)`` is one column, ``(time, column)`` several, called NAME1, NAME2, ..

    Args:
        where: The file, for messages.
        arrays: By name. Scalars and texts are left out; an axis of length 1 is dropped.
        table: The one array that is read; its columns are called 1, 2, .., or by the fields of a structured array.
            None: all of them, which must have the same length.

    Raises:
        ValueError: There is no array, there is none of that name, they are of several lengths, or have three axes.
    """
    known = {name: made for name, value in arrays.items() if (made := _samples(value)) is not None}
    if not known:
        raise ValueError(f"{where} holds no array of numbers.")
    one = chosen(where, "array", list(known), table)
    if one is not None:
        fields = known[one].dtype.names is not None
        return _frame(_columns(where, one, known[one], fields or (table is not None and known[one].ndim > 1)))
    lengths = {len(array) for array in known.values()}
    if len(lengths) > 1:
        shapes = listed([f"{name} {array.shape}" for name, array in known.items()])
        raise ValueError(
            f"{where} holds arrays of several lengths: {shapes}. Name one with --table, or write those that belong "
            "together into one file."
        )
    return _frame([column for name, array in known.items() for column in _columns(where, name, array, alone=False)])


def _frame(columns: list[tuple[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([series_of(name, np.ascontiguousarray(values)) for name, values in columns])


def _samples(value: Any) -> NDArray[Any] | None:
    """Return an array of several samples, None for anything else."""
    array = np.asarray(value)
    if array.dtype.kind not in "iufbMmSUV" or (array.dtype.kind == "V" and array.dtype.names is None):
        return None
    if array.ndim > 1:
        array = array.reshape([length for length in array.shape if length != 1])
    return array if array.ndim and len(array) > 1 else None


def _columns(where: str, name: str, array: NDArray[Any], alone: bool) -> list[tuple[str, Any]]:
    fields = array.dtype.names
    if fields is not None:
        start = "" if alone else f"{name}."
        return [pair for field in fields for pair in _columns(where, f"{start}{field}", array[field], False)]
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.ndim == 1:
        return [(name, array)]
    if array.ndim > 2:
        raise ValueError(
            f"{where}: array {name!r} has shape {array.shape}; expected (time,) or (time, column). In Python, give the "
            "array itself: (run, time, column)."
        )
    if array.shape[1] > array.shape[0]:
        raise ValueError(
            f"{where}: array {name!r} has {array.shape[1]} columns of {array.shape[0]} samples: transpose it."
        )
    return [(f"{'' if alone else name}{k}", array[:, k - 1]) for k in range(1, array.shape[1] + 1)]
