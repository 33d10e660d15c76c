"""A file of any format, by its content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..dialect import TEXT_ONLY, Dialect
from ..opened import Opened
from ..text.columns import open_text
from .columnar import open_arrow, open_arrow_stream, open_json, open_parquet
from .excel import open_excel
from .files import format_of
from .laboratory import open_hdf5, open_mdf, open_tdms
from .numpy_files import open_matlab, open_numpy

READERS: dict[str, Callable[[Path, Dialect], Opened]] = {
    "text": open_text,
    "Parquet": open_parquet,
    "Arrow": open_arrow,
    "Arrow stream": open_arrow_stream,
    "JSON": open_json,
    "NumPy": open_numpy,
    "MATLAB": open_matlab,
    "Excel": open_excel,
    "HDF5": open_hdf5,
    "TDMS": open_tdms,
    "MDF": open_mdf,
}


def open_file(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of a file.

    Raises:
        ValueError: Its format is not known, its library is not installed, an option does not belong to the format, or
            the file is damaged.
    """
    name = format_of(file)
    if name not in ("text", "Excel"):
        dialect.refuse(TEXT_ONLY, str(file), f"is an option of text files, and this is {name}")
    return READERS[name](file, dialect)
