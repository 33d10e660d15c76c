"""Streams as Parquet parts in a folder, message by message, for replay.

Columns: ``stream``, ``epoch``, ``seq`` (null if the publisher does not count), ``t``, the outputs, the inputs, and
``message``, the number of the message in its part. A part is written whole or not at all. Such a folder is also a
recording: ``locate run/ --by stream --output y``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl

from ..._core.files import atomic_path, parquet_schema
from ..._core.lock import FolderLock
from .._messages.arrow_codec import channel_names
from .._messages.errors import RejectedMessage
from .._messages.json_codec import check_observation
from .._messages.observation import Observation
from .interfaces import NullContext, RejectionCounts

PART = 1 << 17  # samples in a part
SECONDS = 10.0  # after which samples are written, even if they are few
COLUMNS = ("stream", "epoch", "seq", "t", "message")


class RecordSink(NullContext):
    """Writes observations into a folder, part by part; existing parts stay, new ones get the next numbers.

    Args:
        folder: It is made if it does not exist.

    Raises:
        ValueError: It is a file, it cannot be made or written, or another process records into it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ValueError(f"cannot make the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
        self._lock = FolderLock(self.folder)
        self._timer: asyncio.Task[None] | None = None
        parts = [int(name.stem[5:]) for name in self.folder.glob("part-*.parquet") if name.stem[5:].isdecimal()]
        self._next = max(parts, default=0) + 1
        self._held: list[Observation] = []
        self._samples, self._since, self.samples = 0, 0.0, 0

    async def send(self, item: Observation) -> None:
        """Take an observation; a part is written when it is long or old, and before the width changes.

        Raises:
            RejectedMessage: The observation has a wrong name, epoch, number or value.
        """
        check_observation(item)
        if self._timer is not None and self._timer.done():
            self._timer.result()  # the disk could not be written
        if self._held and _width(item) != _width(self._held[0]):
            self.write()
        if not self._held:
            self._since = asyncio.get_running_loop().time()
        self._held.append(item)
        self._samples += item.steps
        if self._samples >= PART:
            self.write()

    async def __aenter__(self) -> Self:
        self._timer = asyncio.create_task(self._write_old(), name="ergoscope-record")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            while self._held:
                with contextlib.suppress(KeyboardInterrupt):  # polars ends its work at a signal: write once more
                    self.write()
        finally:
            self._lock.close()

    async def _write_old(self) -> None:
        """Write samples that have waited long, until cancelled: a stream may fall silent."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(SECONDS / 4)
            if self._held and clock() - self._since >= SECONDS:
                self.write()

    def write(self) -> None:
        """Write the samples since the last part as a part."""
        if not self._held:
            return
        with atomic_path(self.folder / f"part-{self._next:06d}.parquet") as path:
            _frame(self._held).write_parquet(path)
        self.samples += self._samples
        self._held, self._samples, self._next = [], 0, self._next + 1


class RecordedSource(NullContext):
    """Plays the parts of ``RecordSink``, message by message.

    Args:
        folder: Folder of the parts.
        speed: Multiple of the recorded speed, by the times of the samples; None: as fast as possible.

    Raises:
        ValueError: A part is no such file, or the speed is not positive.
    """

    def __init__(self, folder: str | os.PathLike[str], speed: float | None = None) -> None:
        if speed is not None and not 0 < speed < np.inf:
            raise ValueError(f"a speed is a positive number, got {speed}.")
        self.rejections, self._speed = RejectionCounts(), speed
        self._parts = sorted(Path(folder).glob("part-*.parquet"))
        for part in self._parts:
            if not _is_part(part):
                raise ValueError(f"{part} is not a recorded part: its columns must be {', '.join(COLUMNS)}, y, ..")

    async def __aiter__(self) -> AsyncIterator[Observation]:
        clock = asyncio.get_running_loop().time
        begun, start = clock(), None
        for part in self._parts:
            for observation in self._valid(part):
                if self._speed is not None:
                    if np.isnan(observation.time[-1]):
                        raise ValueError(f"{part}: a sample has no time: leave the speed out.")
                    start = observation.time[0] if start is None else start
                    await asyncio.sleep(max(begun + (observation.time[-1] - start) / self._speed - clock(), 0))
                yield observation

    def _valid(self, part: Path) -> Iterator[Observation]:
        for number, observation in enumerate(_messages(part)):
            try:
                check_observation(observation)
            except RejectedMessage as rejected:
                self.rejections.add(rejected, f"{part}, message {number}", str(part))
            else:
                yield observation


def is_recorded(folder: str | os.PathLike[str]) -> bool:
    """Return whether a folder holds parts of ``RecordSink``."""
    first = next(iter(sorted(Path(folder).glob("part-*.parquet"))), None)
    return first is not None and _is_part(first)


def _is_part(file: Path) -> bool:
    try:
        return set(COLUMNS) <= set(parquet_schema(file))
    except (pl.exceptions.PolarsError, OSError):
        return False


def _width(item: Observation) -> tuple[int, int]:
    return item.output.shape[1], item.input.shape[1]


def _frame(items: list[Observation]) -> pl.DataFrame:
    steps = np.array([item.steps for item in items])
    message = np.repeat(np.arange(len(items)), steps)
    within = np.arange(len(message)) - np.repeat(np.cumsum(steps) - steps, steps)
    first = pl.Series([item.sequence for item in items], dtype=pl.Int64)
    columns = {
        "stream": pl.Series([item.stream for item in items], dtype=pl.String).gather(message),
        "epoch": np.array([item.epoch for item in items], np.int64)[message],
        "seq": first.gather(message) + pl.Series(within, dtype=pl.Int64),
        "t": np.concatenate([item.time for item in items]),
    }
    for letter, rows in (("y", [item.output for item in items]), ("u", [item.input for item in items])):
        whole = np.concatenate(rows)
        columns |= dict(zip(channel_names(letter, whole.shape[1]), whole.T, strict=True))
    frame = pl.DataFrame(columns | {"message": message.astype(np.int64)})
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def _messages(part: Path) -> list[Observation]:
    frame = pl.read_parquet(part, glob=False)
    names = {letter: [name for name in frame.columns if name[:1] == letter] for letter in "yu"}
    try:
        y, u, t = (
            frame.select(pl.col(some).cast(pl.Float64)).to_numpy().astype(np.float64).reshape(frame.height, len(some))
            for some in (names["y"], names["u"], ["t"])
        )
        if not names["y"] or not frame.height:
            raise ValueError("it has no rows or no output columns")
        starts = np.flatnonzero(np.diff(frame["message"].cast(pl.Int64).to_numpy(), prepend=-1)).tolist()
        frame = frame.with_columns(pl.col("epoch", "seq").cast(pl.Int64), pl.col("stream").cast(pl.String))
    except (pl.exceptions.PolarsError, ValueError, TypeError) as exc:
        raise RejectedMessage("schema", f"{part} is not a recorded part: {exc!s:.100}.") from exc
    first, epoch, stream = (frame[name].gather(starts).to_list() for name in ("seq", "epoch", "stream"))
    stops = [*starts[1:], frame.height]
    return [
        Observation(stream[k], epoch[k], first[k], t[a:b, 0], y[a:b], u[a:b])
        for k, (a, b) in enumerate(zip(starts, stops, strict=True))
    ]
