"""Read recordings: files and data frames become trajectories.

Time: row ``t`` of a run holds ``y[t]`` and ``u[t]``; ``t`` counts samples from 0, ``dt`` seconds apart. With a time
column, rows of the regular grid that the file does not have are missing samples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from .columns import known_names, refuse_unknown, time_columns
from .dialect import TEXT_ONLY, Dialect
from .formats.open_file import open_file
from .frames import column_of, dated_index, numeric_in, series_of
from .memory import refuse_large
from .opened import Opened, rows_of
from .runs import Run, recording_of, split
from .tables import find_files, table_of
from .trajectories import Trajectories


def read_recording(
    path: str | os.PathLike[str],
    outputs: Sequence[str] = (),
    inputs: Sequence[str] = (),
    by: str | None = None,
    time: str | None = None,
    dialect: Dialect | None = None,
) -> Trajectories:
    """Read measured runs from files.

    Text (CSV in its dialects, columns between blanks), Parquet, Arrow, JSON, NumPy and MATLAB files; with the extra
    ``files`` Excel, HDF5, TDMS and MDF, too. How a text is written is found, and told by ``reading``; what cannot be
    told for sure is refused. Only the named columns are read. Columns of a file without a header are called 1, 2, ..

    Empty cells, null, NaN, NA and the like are missing samples (NaN), also in inputs; infinite values are refused. A
    blank line is no row in a file of several columns, and a missing sample in a file of one. Runs of different length
    are padded with NaN. Without ``time``, rows are evenly spaced, in the order of the file.

    Args:
        path: A file; or a folder or a pattern with ``*`` or ``?``: each file is one run, sorted by name. The name of a
            file that exists is never a pattern.
        outputs: Columns to predict, by name, with or without a unit in brackets, or by number from 1. Optional if the
            file has one column of numbers beside the others named here.
        inputs: Columns that are known.
        by: Column that names the run; runs are in the order of their first rows. With several files, a run is a file
            and a value.
        time: Column of seconds or dates, evenly spaced except for holes, with the same spacing in every run; or two
            columns with a comma between them, date and time of day. Dates are 2026-05-31, 2026-05-31T12:00:00,
            31/05/2026, .., or numbers: YYYYMMDD with or without HHMMSS, YYYYMM, HHMMSS. Numbers count the unit that the
            file says, else seconds; whole numbers above 1e11, 1e14 and 1e17 are milli-, micro- and nanoseconds. Rounded
            stamps are fitted over the run.
        dialect: What not to guess, and what to do with the rows.

    Returns:
        Trajectories, float64; ``dt`` is None without ``time``. ``reading`` counts rows and missing samples, and has the
        dialect that was found.

    Raises:
        FileNotFoundError: There is no such file, the folder is empty, or no file matches the pattern.
        ValueError: A file or column is not as described, how it is written is not certain, sampling is irregular, a run
            has fewer than two rows, an output has no value, or memory does not suffice; the message says where,
            and the remedy.
    """
    outputs, inputs = ((names,) if isinstance(names, str) else tuple(names) for names in (outputs, inputs))
    dialect, files = dialect or Dialect(), find_files(path)
    labels = _file_labels(files) if len(files) > 1 else [""]
    runs: list[Run] = []
    found: list[tuple[Opened, Dialect]] = []
    for file, label in zip(files, labels, strict=True):
        opened = open_file(file, dialect)
        if not found:
            outputs, inputs = (known_names(names, opened.names) for names in (outputs, inputs))
            by, time = (name if name is None else known_names([name], opened.names)[0] for name in (by, time))
        if not outputs:
            outputs = _only(
                str(file), opened, {*inputs, *([by] if by else []), *time_columns(time, opened.names)}, time
            )
        _named_once([*outputs, *inputs, *(name for name in (by, time) if name is not None)])
        table = table_of(str(file), opened, (*outputs, *inputs), by, time)
        runs += split(str(file), label or ("" if by is not None else file.stem), table)
        found.append((opened, table.dialect))
    return recording_of(str(path), runs, outputs, inputs, by, time, found, tuple(file.name for file in files))


def read_frame(
    frame: Any,
    outputs: Sequence[str] = (),
    inputs: Sequence[str] = (),
    by: str | None = None,
    time: str | None = None,
    dialect: Dialect | None = None,
) -> Trajectories:
    """Return the runs of a data frame, of polars, pandas, or any other with columns by name.

    Columns mean what they mean in ``read_recording``. A pandas index of dates is the time, unless a column is named.

    Args:
        frame: With ``columns`` and ``frame[name]``; only the named columns are used.
        outputs, inputs, by, time: As in ``read_recording``.
        dialect: As in ``read_recording``; a frame has no separator, encoding, header, comments and tables.

    Raises:
        ValueError: As in ``read_recording``.
    """
    outputs, inputs = ((names,) if isinstance(names, str) else tuple(names) for names in (outputs, inputs))
    names, where, dialect = [str(name) for name in frame.columns], "the frame", dialect or Dialect()
    dialect.refuse((*TEXT_ONLY, "table"), where, "is an option of files")
    outputs, inputs = (known_names(wanted, names) for wanted in (outputs, inputs))
    by, time = (name if name is None else known_names([name], names)[0] for name in (by, time))
    index = dated_index(frame) if time is None else None
    opened = Opened("", names, [], [], {}, dialect, lambda wanted, _: rows_of(pl.DataFrame()))
    if not outputs:
        opened = opened._replace(numeric=numeric_in(frame))
        outputs = _only(where, opened, {*inputs, *([by] if by else []), *time_columns(time, names)}, time)
    _named_once([*outputs, *inputs, *(name for name in (by, time) if name is not None)])
    wanted = [*outputs, *inputs, *([by] if by is not None else []), *time_columns(time, names)]
    refuse_unknown(where, wanted, names)
    columns = [column_of(frame, name, name in (*outputs, *inputs)) for name in wanted]
    if index is not None:
        time = "index" if "index" not in wanted else "the index"
        columns.append(series_of(time, index))
    if not len(columns[0]):
        raise ValueError(f"{where} has no rows; at least two samples are needed.")
    refuse_large(where, len(columns[0]), len(columns))
    table = pl.DataFrame(columns)
    opened = opened._replace(names=table.columns, read=lambda wanted, _: rows_of(table.select(wanted)))
    read = table_of(where, opened, (*outputs, *inputs), by, time)
    return recording_of(where, split(where, "", read), outputs, inputs, by, time, [(opened, read.dialect)], ())


def _only(where: str, opened: Opened, but: set[str], time: str | None) -> tuple[str, ...]:
    """Return the one column of numbers."""
    found = [name for name in opened.numeric if name not in but]
    if len(found) != 1:
        what = f"the columns of numbers are {', '.join(found)}" if found else "there is no column of numbers"
        dated = f"; {opened.dated[0]} holds dates or times (--time)" if opened.dated and time is None else ""
        raise ValueError(f"{where}: which column is the output? Name it; {what}{dated}.")
    return tuple(found)


def _named_once(names: list[str]) -> list[str]:
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(
            f"column {twice[0]!r} is named twice; each column is an output, an input, the time or the run."
        )
    return names


def _file_labels(files: Sequence[Path]) -> list[str]:
    """Return a short name for each file: its stem, or its path below the common folder where stems repeat."""
    stems = [file.stem for file in files]
    if len(set(stems)) == len(stems):
        return stems
    common = os.path.commonpath([file.parent for file in files])
    return [Path(os.path.relpath(file, common)).as_posix() for file in files]
