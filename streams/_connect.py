"""From a word to the source it names."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import time_ns

from ..simulator import read_recording
from ._lines import LineSink, LineSource, observation_lines
from ._observation import Observation
from ._playback import play
from ._recorded import RecordedSource, is_recorded
from ._seam import Sink, Source

LINES = (".ndjson", ".jsonl", ".json")


def connect(
    where: str,
    *,
    outputs: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    by: str | None = None,
    time: str | None = None,
    speed: float | None = None,
    block: int = 1,
) -> Source:
    """Return the source that a word names.

        async with connect("run/") as source:
            async for observation in source: ...

    Args:
        where: ``-`` for lines of JSON on standard input; a file of such lines (.ndjson, .jsonl); a folder that
            ``ergoscope record`` wrote; or a recording in CSV or Parquet.
        outputs, inputs, by, time: Of a recording, as in ``read_recording``.
        speed: Of what is played, in multiples of the speed at which it was recorded; None: as fast as it is taken.
        block: Samples in an observation of a recording.

    Raises:
        ValueError: There is no such source, or it cannot be read.
        FileNotFoundError: No such file.
    """
    path = Path(where).expanduser()
    recording = not (where == "-" or path.suffix.lower() in LINES or (path.is_dir() and is_recorded(path)))
    if not recording and (outputs or inputs or by or time):
        raise ValueError(f"columns are named for a recording in CSV or Parquet, and {where} is none.")
    if where == "-" or path.suffix.lower() in LINES:
        if speed is not None:
            raise ValueError(f"a speed belongs to what was recorded, and {where} comes at its own: leave it out.")
        if where == "-":
            return LineSource(sys.stdin.fileno())
        if not path.is_file():
            raise FileNotFoundError(f"no file is called {where!r}.")
        return LineSource(os.open(path, os.O_RDONLY), close=True)
    if not recording:
        return RecordedSource(path, speed)
    return play(read_recording(where, outputs, inputs, by=by, time=time), speed=speed, block=block)


def observation_sink(where: str) -> Sink[Observation]:
    """Return where observations go.

    Args:
        where: ``-`` for lines of JSON on standard output.

    Raises:
        ValueError: It is nothing of the kind.
    """
    if where != "-":
        raise ValueError(f"streams go to -, standard output, got {where!r}.")
    return LineSink(sys.stdout.buffer, observation_lines)


def stream_names(where: str, name: str, count: int) -> list[str]:
    """Return the names of streams made here: the one given, or with a number from 0 on where there are several."""
    if count < 1:
        raise ValueError(f"there must be at least 1 stream, got {count}.")
    return [name] if count == 1 else [f"{name}-{i}" for i in range(count)]


def new_epoch() -> int:
    """Return an epoch for a publisher that starts anew: milliseconds since 1970, by which a later one is greater."""
    return time_ns() // 1_000_000
