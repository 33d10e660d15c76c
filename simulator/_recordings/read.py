"""Read recordings: CSV and Parquet files become trajectories.

Time: row ``t`` of a run holds ``y[t]`` and ``u[t]``; ``t`` counts samples from 0, ``dt`` seconds apart. With a time
column, rows of the regular grid that the file does not have are missing samples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .memory import refuse_large
from .stamps import Times
from .tables import Table, find_files, numeric_columns, read_table
from .time_grid import Stamps, regular_grid
from .trajectories import Reading, Trajectories


class _Run(NamedTuple):
    name: str
    where: str
    values: NDArray[np.float64]
    times: Times | None
    rows: NDArray[np.int64]


def read_recording(
    path: str | os.PathLike[str],
    outputs: Sequence[str] = (),
    inputs: Sequence[str] = (),
    by: str | None = None,
    time: str | None = None,
) -> Trajectories:
    """Read measured runs from CSV or Parquet.

    Only the named columns are read. Commas, semicolons or tabs separate the columns of a CSV; where it is not commas, a
    decimal comma is read. Empty cells, null, NaN and NA are missing samples (NaN), also in inputs; infinite values are
    refused. A blank line is no row in a file of several columns, and a missing sample in a file of one. Runs of
    different length are padded with NaN. Without ``time``, rows are evenly spaced, in the order of the file.

    Args:
        path: A file; or a folder or a pattern with ``*`` or ``?``: each file is one run, sorted by name. The name of a
            file that exists is never a pattern.
        outputs: Columns to predict. Optional if the file has one column of numbers beside the others named here.
        inputs: Columns that are known.
        by: Column that names the run; runs are in the order of their first rows. With several files, a run is a file
            and a value.
        time: Column of seconds or dates, evenly spaced except for holes, with the same spacing in every run. Dates are
            2026-05-31, 2026-05-31T12:00:00, or numbers: YYYYMMDD with or without HHMMSS, YYYYMM, HHMMSS. Whole numbers
            above 1e11, 1e14 and 1e17 are milli-, micro- and nanoseconds. Rounded stamps are fitted over the run.

    Returns:
        Trajectories, float64; ``dt`` is None without ``time``. ``reading`` counts rows and missing samples.

    Raises:
        FileNotFoundError: There is no such file, the folder is empty, or no file matches the pattern.
        ValueError: A file or column is not as described, sampling is irregular, a run has fewer than two rows, an
            output has nothing to predict, or memory does not suffice; the message says where, and the remedy.
    """
    outputs, inputs = ((names,) if isinstance(names, str) else tuple(names) for names in (outputs, inputs))
    files = find_files(path)
    extra = tuple(name for name in (by, time) if name is not None)
    if not outputs:
        outputs = _only_column(files[0], (*inputs, *extra))
    named = (*outputs, *inputs, *extra)
    twice = [name for i, name in enumerate(named) if name in named[:i]]
    if twice:
        raise ValueError(
            f"column {twice[0]!r} is named twice; each column is an output, an input, the time or the run."
        )
    labels = _file_labels(files)
    runs: list[_Run] = []
    for file, label in zip(files, labels, strict=True):
        runs += _split(file, label if len(files) > 1 else "", read_table(file, (*outputs, *inputs), by, time))
    for run in runs:
        if len(run.rows) < 2:
            hint = f"; is {by!r} the column that names the run?" if by is not None else ""
            raise ValueError(f"{run.where} has one row; at least two samples are needed{hint}.")
    _check_outputs(runs, outputs, str(path))
    dt, places = _grid(runs, time)
    lengths = np.array([place[-1] + 1 for place in places], np.int64)
    refuse_large(str(path), len(runs) * int(lengths.max()), len(outputs) + len(inputs))
    values = np.full((len(runs), lengths.max(), len(outputs) + len(inputs)), np.nan)
    for row, run, place in zip(values, runs, places, strict=True):
        row[place] = run.values
    present = int((~np.isnan(values[..., : len(outputs)])).all(axis=-1).sum())
    total = int(lengths.sum())
    return Trajectories(
        outputs=values[..., : len(outputs)],
        inputs=values[..., len(outputs) :],
        lengths=lengths,
        dt=dt,
        output_names=outputs,
        input_names=inputs,
        run_names=tuple(run.name for run in runs),
        reading=Reading(
            rows=sum(len(run.rows) for run in runs),
            missing=total - present,
            step=dt,
            filled=present / total,
            files=tuple(file.name for file in files),
        ),
    )


def _only_column(file: Path, but: Sequence[str]) -> tuple[str, ...]:
    found = numeric_columns(file, but)
    if len(found) != 1:
        what = f"the columns of numbers are {', '.join(found)}" if found else "there is no column of numbers"
        raise ValueError(f"{file}: which column is the output? Name it; {what}.")
    return tuple(found)


def _file_labels(files: Sequence[Path]) -> list[str]:
    """Return a short name for each file: its stem, or its path below the common folder where stems repeat."""
    stems = [file.stem for file in files]
    if len(set(stems)) == len(stems):
        return stems
    common = os.path.commonpath([file.parent for file in files])
    return [Path(os.path.relpath(file, common)).as_posix() for file in files]


def _split(file: Path, label: str, table: Table) -> list[_Run]:
    if table.runs is None:
        return [_Run(label or file.stem, str(file), table.values, table.times, table.rows)]
    rows = pl.DataFrame({"run": table.runs, "at": np.arange(len(table.rows))})
    members = rows.group_by("run", maintain_order=True).agg("at")
    runs = []
    for value, at in zip(members["run"], members["at"], strict=True):
        i = at.to_numpy()
        times = None if table.times is None else table.times._replace(seconds=table.times.seconds[i])
        where = f"{file}, run {value!r}"
        name = f"{label}/{value}" if label else value
        runs.append(_Run(name, where, table.values[i], times, table.rows[i]))
    return runs


def _grid(runs: Sequence[_Run], column: str | None) -> tuple[float | None, list[NDArray[np.int64]]]:
    if column is None:
        return None, [np.arange(len(run.rows)) for run in runs]
    return regular_grid(
        [
            Stamps(
                run.times.seconds - run.times.seconds[0],
                run.times.resolution,
                run.rows,
                run.where,
                column,
                run.times.dates,
            )
            for run in runs
            if run.times is not None
        ]
    )


def _check_outputs(runs: Sequence[_Run], outputs: Sequence[str], path: str) -> None:
    width = len(outputs)
    for run in runs:
        if np.isnan(run.values[:, :width]).all():
            raise ValueError(
                f"{run.where} has no value of {', '.join(outputs)}: every sample is missing. Leave the run out."
            )
    for i, name in enumerate(outputs):
        present = [column[~np.isnan(column)] for column in (run.values[:, i] for run in runs)]
        if not any(len(column) for column in present):
            raise ValueError(f"{path}: output {name!r} has no value in any run: every sample is missing. Leave it out.")
        if all((column == column[:1]).all() for column in present):
            value = next(column[0] for column in present if len(column))
            same = f"always {value:g}" if len(runs) == 1 else "constant within every run"
            raise ValueError(f"{path}: output {name!r} is {same}: there is nothing to predict. Leave it out.")
