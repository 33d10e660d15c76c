"""NumPy and MATLAB files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dialect import Dialect
from ..opened import Opened, of_frame
from .arrays import table_of_arrays


def open_numpy(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of an array (.npy), or of all arrays of a file (.npz).

    Raises:
        ValueError: The file is damaged, holds Python objects, or its arrays are no table.
    """
    try:
        found = np.load(file, allow_pickle=False)
        arrays = {name: found[name] for name in found.files} if hasattr(found, "files") else found
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, SyntaxError) as exc:
        raise ValueError(f"{file} cannot be read as NumPy: {exc!s:.200}.") from exc
    if isinstance(arrays, dict):
        return of_frame("NumPy", table_of_arrays(str(file), arrays, dialect.table), dialect)
    dialect.refuse(["table"], str(file), "names an array of a file that holds several, and this file is one array")
    name = "1" if arrays.ndim == 1 or 1 in arrays.shape else "array"
    return of_frame("NumPy", table_of_arrays(str(file), {name: arrays}, name), dialect)


def open_matlab(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of the variables of a MATLAB file, versions 4 to 7.2; fields of a struct are STRUCT.FIELD.

    Raises:
        ValueError: The file is damaged, or its variables are no table.
    """
    from scipy.io import loadmat  # slow to load

    try:
        found = loadmat(file, squeeze_me=True, chars_as_strings=True)
    except Exception as exc:  # a damaged file raises whatever its bytes lead to
        raise ValueError(f"{file} cannot be read as MATLAB: {exc!s:.200}.") from exc
    arrays: dict[str, Any] = {}
    for name, value in found.items():
        if not name.startswith("__"):
            arrays |= _variables(name, value)
    return of_frame("MATLAB", table_of_arrays(str(file), arrays, dialect.table), dialect)


def _variables(name: str, value: Any) -> dict[str, NDArray[Any]]:
    """Return a variable, or the fields of a struct."""
    array = np.asarray(value)
    if array.dtype.names is None:
        return {name: array}
    if array.ndim:  # an array of structs has no one value a sample
        return {}
    fields: dict[str, NDArray[Any]] = {}
    for field in array.dtype.names:
        inner = array[field][()]
        fields |= _variables(f"{name}.{field}", inner)
    return fields
