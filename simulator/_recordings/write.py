"""Write trajectories to tidy files.

Time: row ``t`` of a run holds ``y[t]``, ``u[t]`` and ``x[t]``; ``t`` counts samples from 0, ``dt`` seconds apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.files import TABLE_SUFFIXES, atomic_path, temporary_folder
from .trajectories import Trajectories

ROWS_AT_ONCE = 1 << 18


def write_trajectories(trajectories: Trajectories | Iterable[Trajectories], path: str | os.PathLike[str]) -> None:
    """Write trajectories as a tidy table, atomically.

    Columns: run (0, 1, ..), t (sample number), time (seconds; absent if ``dt`` is None), one per output and input with
    its name, and x1, x2, .. if the states are known. A missing sample is an empty cell. Read the file with
    ``read_recording(path, outputs, inputs, by="run", time="time")``.

    Args:
        trajectories: One record; or an iterable of records, consecutive stretches of time of the same runs. Only a few
            of them are in memory at once; the rows follow stretch by stretch.
        path: File to write, ``.parquet`` or ``.csv``; its folder must exist.

    Raises:
        ValueError: The suffix is another, the folder is not writable, two columns have one name, the iterable is empty,
            or its records belong to different runs. No file is written then.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise ValueError(f"cannot write {str(path)!r}: the name must end in .parquet or .csv.")
    chunks = iter((trajectories,)) if isinstance(trajectories, Trajectories) else iter(trajectories)
    with atomic_path(path) as temporary:
        (_write_parquet if suffix == ".parquet" else _write_csv)(_frames(chunks), temporary)


def _write_csv(frames: Iterator[pl.DataFrame], file: Path) -> None:
    with file.open("wb") as handle:
        for i, frame in enumerate(frames):
            # As float64: a float32 sample then reads back as the same number.
            frame.cast({pl.Float32: pl.Float64}).write_csv(handle, include_header=i == 0)


def _write_parquet(frames: Iterator[pl.DataFrame], file: Path) -> None:
    """Write one file per frame, then join the files: polars cannot append row groups."""
    with temporary_folder(file.with_name(f"{file.name}.parts")) as folder:
        parts: list[Path] = []
        for frame in frames:
            parts.append(folder / f"{len(parts)}.parquet")
            frame.write_parquet(parts[-1])
        if len(parts) == 1:
            os.replace(parts[0], file)
        else:
            pl.scan_parquet(parts, glob=False).sink_parquet(file, maintain_order=True)


def _frames(chunks: Iterator[Trajectories]) -> Iterator[pl.DataFrame]:
    """Yield the table in large pieces: small chunks are collected first."""
    first: Trajectories | None = None
    done = np.zeros(0, np.int64)
    held: list[pl.DataFrame] = []
    for chunk in chunks:
        if first is None:
            first, done = chunk, np.zeros(len(chunk.outputs), np.int64)
        _check_same(first, chunk)
        held.append(_table(chunk, done))
        done = done + chunk.lengths
        if sum(frame.height for frame in held) >= ROWS_AT_ONCE:
            yield pl.concat(held)
            held = []
    if first is None:
        raise ValueError("there is nothing to write: the iterable of trajectories is empty.")
    if held:
        yield pl.concat(held)


def _check_same(first: Trajectories, chunk: Trajectories) -> None:
    names = ("output_names", "input_names", "run_names", "dt")
    differing = [name for name in names if getattr(chunk, name) != getattr(first, name)]
    if differing or (chunk.states is None) != (first.states is None):
        raise ValueError(
            f"stretches of trajectories must belong to the same runs; {', '.join(differing) or 'states'} changed."
        )


def _table(chunk: Trajectories, done: NDArray[np.int64]) -> pl.DataFrame:
    """Return the rows of a chunk, run by run; ``done`` samples of each run came before it."""
    states = 0 if chunk.states is None else chunk.states.shape[-1]
    names = ["run", "t", *(() if chunk.dt is None else ("time",)), *chunk.output_names, *chunk.input_names]
    names += [f"x{i + 1}" for i in range(states)]
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise ValueError(f"two columns would be called {twice[0]!r}; rename the output or input of that name.")
    there = np.arange(chunk.outputs.shape[1]) < chunk.lengths[:, None]
    run, t = np.nonzero(there)
    sample = t + done[run]
    columns: list[NDArray[np.generic]] = [run, sample]
    if chunk.dt is not None:
        columns.append(sample * chunk.dt)
    for block in (chunk.outputs, chunk.inputs, *(() if chunk.states is None else (chunk.states,))):
        columns += list(block[there].T)
    frame = pl.DataFrame(dict(zip(names, columns, strict=True)))
    return frame.with_columns(pl.selectors.float().fill_nan(None))
