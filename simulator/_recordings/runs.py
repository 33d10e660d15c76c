"""Runs of tables become trajectories: one regular grid, missing samples where it has no row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import time_columns
from .dialect import Dialect
from .memory import refuse_large
from .notes import file_notes, grid_notes, stand_in_notes
from .opened import Opened
from .reading import Reading
from .stamps import Times
from .tables import Table
from .time_grid import Stamps, regular_grid, usual_step
from .time_units import TIME_UNITS
from .trajectories import Trajectories


class Run(NamedTuple):
    name: str
    where: str
    values: NDArray[np.float64]
    times: Times | None
    rows: NDArray[np.int64]


def recording_of(
    path: str,
    runs: list[Run],
    outputs: tuple[str, ...],
    inputs: tuple[str, ...],
    by: str | None,
    time: str | None,
    found: list[tuple[Opened, Dialect]],
    files: tuple[str, ...],
) -> Trajectories:
    for run in runs:
        if len(run.rows) < 2:
            hint = f"; is {by!r} the column that names the run?" if by is not None else ""
            raise ValueError(f"{run.where} has one row; at least two samples are needed{hint}.")
    check_outputs([(run.where, run.values) for run in runs], outputs, path)
    opened, dialect = found[0]
    dt, places = _grid(runs, time, dialect.time_order)
    lengths = np.array([place[-1] + 1 for place in places], np.int64)
    refuse_large(path, len(runs) * int(lengths.max()), len(outputs) + len(inputs))
    values = np.full((len(runs), lengths.max(), len(outputs) + len(inputs)), np.nan)
    for row, run, place in zip(values, runs, places, strict=True):
        row[place] = run.values
    present = int((~np.isnan(values[..., : len(outputs)])).all(axis=-1).sum())
    total = int(lengths.sum())
    dated = all(run.times is not None and run.times.dates for run in runs)
    stamped = time_columns(time, opened.names)
    notes = file_notes(opened, [used for _, used in found], files, (*outputs, *inputs, *stamped), time)
    notes += grid_notes(dt, places, dated, total)
    names = (*outputs, *inputs)
    notes += stand_in_notes([(name, values[..., i]) for i, name in enumerate(names)])
    named = (*names, *([] if dialect.time_format in TIME_UNITS else stamped))  # else the dialect tells its unit
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
            files=files,
            format=opened.format,
            dialect=dialect,
            units={name: unit for name, unit in opened.units.items() if name in named},
            notes=tuple(notes),
        ),
    )


def split(where: str, label: str, table: Table) -> list[Run]:
    if table.runs is None:
        return [Run(label or "0", where, table.values, table.times, table.rows)]
    rows = pl.DataFrame({"run": table.runs, "at": np.arange(len(table.rows))})
    members = rows.group_by("run", maintain_order=True).agg("at")
    runs = []
    for value, at in zip(members["run"], members["at"], strict=True):
        i = at.to_numpy()
        times = None if table.times is None else table.times._replace(seconds=table.times.seconds[i])
        name = f"{label}/{value}" if label else value
        runs.append(Run(name, f"{where}, run {value!r}", table.values[i], times, table.rows[i]))
    return runs


def _grid(runs: Sequence[Run], column: str | None, time_order: bool) -> tuple[float | None, list[NDArray[np.int64]]]:
    if column is None or time_order:
        times = [run.times.seconds for run in runs if run.times is not None]
        return usual_step(times) if times else None, [np.arange(len(run.rows)) for run in runs]
    return regular_grid(
        [
            Stamps(
                run.times.seconds - run.times.seconds[0],
                run.times.resolution,
                run.rows,
                run.where,
                column,
                run.times.dates,
                TIME_UNITS.get(run.times.format or "s", 1.0),
            )
            for run in runs
            if run.times is not None
        ]
    )


def check_outputs(runs: Sequence[tuple[str, NDArray[np.float64]]], outputs: Sequence[str], path: str) -> None:
    """Refuse outputs without values.

    Args:
        runs: Where each run is from, and its values, ``(time, column)``, outputs first.
        outputs: Their names.
        path: Of all runs, for messages.

    Raises:
        ValueError: A run has no value, or an output has none.
    """
    width = len(outputs)
    for where, values in runs:
        if np.isnan(values[:, :width]).all():
            raise ValueError(
                f"{where} has no value of {', '.join(outputs)}: every sample is missing. Leave the run out."
            )
    for i, name in enumerate(outputs):
        present = [column[~np.isnan(column)] for column in (values[:, i] for _, values in runs)]
        if not any(len(column) for column in present):
            raise ValueError(f"{path}: output {name!r} has no value in any run: every sample is missing. Leave it out.")
