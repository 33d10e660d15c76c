"""A journal: arrivals, appended to files in a folder, and on the disk before they are acknowledged.

A record is a frame (length and CRC-32 of what follows), a head (epoch, sequence or -1, steps, outputs, inputs, length
of the name), the name, and the float64 of time, output and input; or, with epoch -1, the plant of a stream. Records are
numbered from 0; a file, a segment, has the number of its first record as its name. A record that a crash has torn at
the end is cut off when the journal is opened: it was not acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from .._messages.metadata import Arrival, Plant
from .._messages.observation import Observation
from .._sources.interfaces import log

if sys.platform != "win32":
    import fcntl

SEGMENT = 1 << 23  # bytes after which a new segment begins
GROUP = 0.01  # seconds from one bringing to disk to the next, at least
_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<qqIHHH")


class Journal:
    """An append-only folder of arrivals, while the block runs; only one process may use it.

    Args:
        folder: It is made if it does not exist.
        segment: Bytes after which a new segment begins.

    Attributes:
        first: Number of the oldest record.
        position: Number of the next record.

    Raises:
        ValueError: The folder cannot be made or written, or another process uses it.
    """

    def __init__(self, folder: Path, segment: int = SEGMENT) -> None:
        self.folder, self._most = folder, segment
        self._appended, self._rolling = asyncio.Event(), threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o666)
        except OSError as exc:
            raise ValueError(f"cannot write in the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
        if sys.platform != "win32":
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(self._lock)
                raise ValueError(f"another process uses {str(folder)!r}: end it, or name another folder.") from None
        self._starts = sorted(int(path.stem) for path in folder.glob("*.journal") if path.stem.isdecimal())
        self.position = self._starts[-1] if self._starts else 0
        if self._starts:
            self._file, self._size = self._mend(self._path(self.position))
        else:
            self._begin()
        self._open = True

    @property
    def first(self) -> int:
        return self._starts[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._rolling:
            os.close(self._file)
            os.close(self._lock)
            self._open = False

    def append(self, items: Sequence[Arrival]) -> None:
        """Append arrivals, all or none; they are on the disk after the next ``sync``.

        Raises:
            ValueError: They cannot be written, for example because the disk is full.
        """
        raw = b"".join(_encode(item) for item in items)
        try:
            done = 0
            while done < len(raw):
                done += os.write(self._file, memoryview(raw)[done:])
        except OSError as exc:
            os.ftruncate(self._file, self._size)
            raise self._failed(exc) from exc
        self._size += len(raw)
        self.position += len(items)
        self._appended.set()
        if self._size >= self._most:
            self.sync()
            with self._rolling:
                os.close(self._file)
                self._begin()

    def sync(self) -> None:
        """Bring the appended records to the disk; this may run in another thread.

        Raises:
            ValueError: The disk cannot be written.
        """
        try:
            with self._rolling:
                if self._open:
                    os.fsync(self._file)
        except OSError as exc:
            raise self._failed(exc) from exc

    async def keep(self, kept: Callable[[int], None]) -> None:
        """Bring the appended records to the disk, group by group, until cancelled; report each position."""
        while True:
            await self._appended.wait()
            self._appended.clear()
            position = self.position
            await asyncio.to_thread(self.sync)
            kept(position)
            await asyncio.sleep(GROUP)

    def read(self, number: int) -> Iterator[Arrival]:
        """Yield the records from ``number`` on.

        Raises:
            ValueError: They are not there any more, or damaged.
        """
        if not self.first <= number <= self.position:
            raise ValueError(
                f"the journal {str(self.folder)!r} holds the records {self.first} to {self.position}, and {number} is "
                "asked for: files were removed. Remove the whole folder to start anew."
            )
        stops = [*self._starts[1:], self.position]
        for start, stop in zip(self._starts, stops, strict=True):
            raw, at = self._path(start).read_bytes() if stop > number else b"", 0
            for here in range(start, stop if stop > number else start):
                body = _frame(raw, at)
                if body is None:
                    raise ValueError(f"{self._path(start)} is damaged: remove the folder to start anew.")
                at += _FRAME.size + len(body)
                if here >= number:
                    yield _decode(body)

    def drop_before(self, number: int) -> None:
        """Remove the segments that hold only earlier records."""
        while len(self._starts) > 1 and self._starts[1] <= number:
            self._path(self._starts.pop(0)).unlink(missing_ok=True)

    def _path(self, start: int) -> Path:
        return self.folder / f"{start:012d}.journal"

    def _begin(self) -> None:
        """Begin a new segment at the position."""
        try:
            self._file, self._size = (
                os.open(self._path(self.position), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666),
                0,
            )
            if os.name == "posix":  # elsewhere a folder cannot be opened
                handle = os.open(self.folder, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)
        except OSError as exc:
            raise self._failed(exc) from exc
        self._starts.append(self.position)

    def _mend(self, path: Path) -> tuple[int, int]:
        """Open the last segment, count its records, and cut off what is no whole one."""
        raw, at = path.read_bytes(), 0
        while (body := _frame(raw, at)) is not None:
            at += _FRAME.size + len(body)
            self.position += 1
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        if at < len(raw):
            log.warning("%s ends in %d bytes that are no whole record: they are cut off.", path, len(raw) - at)
            os.ftruncate(file, at)
        return file, at

    def _failed(self, exc: OSError) -> ValueError:
        return ValueError(
            f"cannot write in {str(self.folder)!r}: {exc.strerror}. What is not on disk was not acknowledged and comes "
            "again: make room, and start again."
        )


def _encode(item: Arrival) -> bytes:
    name = item.stream.encode()
    if isinstance(item, Plant):
        return _framed(_HEAD.pack(-1, -1, 0, 0, 0, len(name)) + name + item.record.encode())
    sequence = -1 if item.sequence is None else item.sequence
    head = _HEAD.pack(item.epoch, sequence, item.steps, item.output.shape[1], item.input.shape[1], len(name))
    rows = (np.ascontiguousarray(part, np.float64).tobytes() for part in (item.time, item.output, item.input))
    return _framed(b"".join((head, name, *rows)))


def _framed(body: bytes) -> bytes:
    return _FRAME.pack(len(body), zlib.crc32(body)) + body


def _frame(raw: bytes, at: int) -> bytes | None:
    """Return the body of the frame at an offset; None if the frame is not whole."""
    if at + _FRAME.size > len(raw):
        return None
    length, checksum = _FRAME.unpack_from(raw, at)
    body = raw[at + _FRAME.size : at + _FRAME.size + length]
    return body if length and len(body) == length and zlib.crc32(body) == checksum else None


def _decode(body: bytes) -> Arrival:
    epoch, sequence, steps, outputs, inputs, length = _HEAD.unpack_from(body)
    name = body[_HEAD.size : _HEAD.size + length].decode()
    if epoch < 0:
        return Plant(name, body[_HEAD.size + length :].decode())
    numbers = np.frombuffer(body[_HEAD.size + length :])
    time, output, input = np.split(numbers, [steps, steps * (1 + outputs)])
    return Observation(
        name,
        epoch,
        None if sequence < 0 else sequence,
        time,
        output.reshape(steps, outputs),
        input.reshape(steps, inputs),
    )
