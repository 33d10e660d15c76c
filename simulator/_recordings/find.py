"""Recordings wherever they are: files, data frames, arrays, runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from .dialect import Dialect
from .frames import dated_index, frame_of, is_frame, is_series
from .read import read_frame, read_recording
from .runs import check_outputs
from .trajectories import Trajectories, check_step


def is_data(source: Any) -> bool:
    """Return whether an object holds samples: trajectories, a data frame, an array, or a list of them."""
    if isinstance(source, str | bytes | os.PathLike) or callable(source):
        return False
    return (
        isinstance(source, Trajectories | Iterable | pl.LazyFrame) or is_frame(source) or hasattr(source, "__array__")
    )


def find_recording(
    source: Any,
    output: str | Sequence[str] = (),
    input: str | Sequence[str] | ArrayLike = (),
    by: str | None = None,
    time: str | None = None,
    dt: float | None = None,
    dialect: Dialect | None = None,
) -> Trajectories:
    """Return the recording of a file, a data frame, an array, or an iterable of arrays, one a run.

    Args:
        source: A path as for ``read_recording``, a frame (or a dict of columns) as for ``read_frame``, arrays as for
            ``Trajectories.of``, or Trajectories, which are returned as they are. A series has a name; of pandas with
            an index of dates, it is a frame of one column.
        output: Columns to predict, of a file or a frame, as a list or with commas between them; names of the channels
            of an array.
        input: Columns that are known; of arrays the inputs themselves.
        by: Column that names the run.
        time: Column of seconds or dates.
        dt: Sampling time in seconds, of arrays, and of a file or a frame without times.
        dialect: How a file is written, and what is done with its rows or those of a frame.

    Raises:
        ValueError: The source is none of these, or an option does not belong to it; the message says what to do.
    """
    columns: dict[str, Any] = dict(output=output, input=input, by=by, time=time)
    given = [word for word, value in columns.items() if not (value is None or (isinstance(value, tuple) and not value))]
    given += ["dialect"] if dialect is not None else []
    if isinstance(source, Trajectories):
        if given or dt is not None:
            wrong = ", ".join([*given, *(["dt"] if dt is not None else [])])
            raise ValueError(f"trajectories have their own columns and step: leave {wrong} out.")
        return source
    if isinstance(source, Mapping):
        source = frame_of(source)
    elif isinstance(source, pl.LazyFrame):
        source = source.collect()
    elif is_series(source):
        output = _names(output) or (() if source.name in (None, "") else (str(source.name),))
        if dated_index(source) is not None:
            if not isinstance(input, tuple) or input:
                raise ValueError("a series with dates, and an input beside it: give one data frame with both columns.")
            source = source.to_frame(name=(output or ("y",))[0])
    text = isinstance(source, str | os.PathLike)
    if text or is_frame(source):
        names: dict[str, Any] = dict(outputs=_names(output), inputs=_names(input), by=by, time=time, dialect=dialect)
        recording = read_recording(source, **names) if text else read_frame(source, **names)
        return recording if dt is None else _with_step(recording, dt, "the file" if text else "the frame")
    for word, what in (("by", "names a column"), ("time", "names a column"), ("dialect", "tells how columns are read")):
        if word in given:
            raise ValueError(f"{word} {what}, and arrays have none: leave it out, or give a data frame.")
    if isinstance(source, list | tuple) and any(is_frame(run) for run in source):
        raise ValueError("got a list of frames: join them into one, with a column that names the run (by=..).")
    if isinstance(input, str):
        raise ValueError(f"the inputs of arrays are arrays, got {input!r}: give the samples, input=u.")
    inputs = None if isinstance(input, tuple) and not input else input
    made = Trajectories.of(source, inputs, dt, output_names=_names(output))
    runs = zip(made.run_names, made.outputs, made.lengths.tolist(), strict=True)
    check_outputs([(f"run {name} of the array", y[:n]) for name, y, n in runs], made.output_names, "the array")
    return made


def _with_step(recording: Trajectories, dt: float, where: str) -> Trajectories:
    if recording.dt is not None:
        raise ValueError(f"{where} has times, which give its step: leave dt out, or leave out the column of the time.")
    check_step(dt)
    reading = recording.reading
    return replace(recording, dt=dt, reading=None if reading is None else reading._replace(step=dt))


def _names(names: Any) -> tuple[str, ...]:
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(","))
    if not isinstance(names, Iterable) or isinstance(names, np.ndarray) or not all(isinstance(n, str) for n in names):
        raise ValueError(f"columns of a file or a frame are named, such as 'y' or ['y1', 'y2']; got {names!r}.")
    return tuple(names)
