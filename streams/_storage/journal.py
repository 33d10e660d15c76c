"""A journal: arrivals, appended to files in a folder, and on the disk before they are acknowledged.

A record is a frame (length of the body, CRC-32 of number and body, number), and a body: a head (epoch, sequence or -1,
steps, outputs, inputs, length of the name), the name, and the float64 of time, output and input; or, with epoch -1, the
plant of a stream. Records are numbered from 0; a file, a segment, has the number of its first record as its name.

A record that a crash has torn at the end is cut off when the journal is opened: it was not acknowledged. The bytes that
are cut off are kept beside the segment. Damaged bytes before the end stay where they are. The records in them are left
out when the journal is read; all others are read.
"""

from __future__ import annotations

import asyncio
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from ..._core.files import private_folder
from ..._core.lock import FolderLock
from .._messages.metadata import Arrival, Plant
from .._messages.observation import Observation
from .._sources.interfaces import log

SEGMENT = 1 << 23  # bytes after which a new segment begins
GROUP = 0.01  # seconds from one bringing to disk to the next, at least
_FRAME = struct.Struct("<IIq")
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
        private_folder(folder)
        self._lock = FolderLock(folder, "lock")
        self._file: int | None = None
        try:
            self._starts = sorted(int(path.stem) for path in folder.glob("*.journal") if path.stem.isdecimal())
            self.position = self._starts[-1] if self._starts else 0
            if self._starts:
                self._file, self._size = self._mend(self._path(self.position))
            else:
                self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    @property
    def first(self) -> int:
        return self._starts[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._rolling:
            if self._file is not None:
                os.close(self._file)
            self._lock.close()
            self._file = None

    def start_at(self, number: int) -> None:
        """Number the next record at least so: a checkpoint covers the records before it, and they are not here."""
        if number > self.position:
            log.warning(
                "the journal %s ends before record %d, and the checkpoint covers the records up to there: it goes on "
                "from the checkpoint.",
                *(self.folder, number),
            )
            self.position = number
            self._begin()

    def append(self, items: Sequence[Arrival]) -> None:
        """Append arrivals, all or none; they are on the disk after the next ``sync``.

        Raises:
            ValueError: They cannot be written, for example because the disk is full.
        """
        assert self._file is not None
        raw = b"".join(_encode(item, number) for number, item in enumerate(items, self.position))
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
            self._begin()

    def sync(self) -> None:
        """Bring the appended records to the disk; this may run in another thread.

        Raises:
            ValueError: The disk cannot be written.
        """
        try:
            with self._rolling:
                if self._file is not None:
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
        """Yield the records from ``number`` on; the log says how many are missing or damaged."""
        expected, missing = number, 0
        stops = [*self._starts[1:], self.position]
        for start, stop in zip(self._starts, stops, strict=True):
            if stop <= number:
                continue
            for record in _records(self._path(start).read_bytes()):
                if record.number >= expected:
                    missing += record.number - expected
                    expected = record.number + 1
                    yield _decode(record.body)
        missing += self.position - expected
        if missing > 0:
            log.warning(
                "%d records of the journal %s are damaged or missing and are left out: samples with numbers count as "
                "lost.",
                *(missing, self.folder),
            )

    def drop_before(self, number: int) -> None:
        """Remove the segments that hold only earlier records."""
        while len(self._starts) > 1 and self._starts[1] <= number:
            self._path(self._starts.pop(0)).unlink(missing_ok=True)

    def _path(self, start: int) -> Path:
        return self.folder / f"{start:012d}.journal"

    def _begin(self) -> None:
        """Begin a new segment at the position."""
        try:
            file = os.open(self._path(self.position), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            if os.name == "posix":  # elsewhere a folder cannot be opened
                handle = os.open(self.folder, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)
        except OSError as exc:
            raise self._failed(exc) from exc
        with self._rolling:
            before, self._file, self._size = self._file, file, 0
            if before is not None:
                os.close(before)
        self._starts.append(self.position)

    def _mend(self, path: Path) -> tuple[int, int]:
        """Open the last segment, count its records, and cut off a torn end."""
        raw, end, damaged = path.read_bytes(), 0, 0
        for record in _records(raw):
            damaged += record.offset - end
            end = record.offset + _FRAME.size + len(record.body)
            self.position = record.number + 1
        if damaged:
            log.warning("%s: %d bytes before the end are damaged; they stay there and are not read.", path, damaged)
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        if end < len(raw):
            aside = path.with_suffix(".cut")
            aside.write_bytes(raw[end:])
            aside.chmod(0o600)
            log.warning(
                "%s ends in %d bytes that are no whole record: they are cut off and kept in %s.",
                *(path, len(raw) - end, aside.name),
            )
            os.ftruncate(file, end)
        return file, end

    def _failed(self, exc: OSError) -> ValueError:
        return ValueError(
            f"cannot write in {str(self.folder)!r}: {exc.strerror}. What is not on disk was not acknowledged and comes "
            "again: make room, and start again."
        )


class _Record(NamedTuple):
    """A whole record of a segment, and the offset of its frame."""

    offset: int
    number: int
    body: bytes


def _encode(item: Arrival, number: int) -> bytes:
    name = item.stream.encode()
    if isinstance(item, Plant):
        return _framed(_HEAD.pack(-1, -1, 0, 0, 0, len(name)) + name + item.record.encode(), number)
    sequence = -1 if item.sequence is None else item.sequence
    head = _HEAD.pack(item.epoch, sequence, item.steps, item.output.shape[1], item.input.shape[1], len(name))
    rows = (np.ascontiguousarray(part, np.float64).tobytes() for part in (item.time, item.output, item.input))
    return _framed(b"".join((head, name, *rows)), number)


def _framed(body: bytes, number: int) -> bytes:
    return _FRAME.pack(len(body), _checksum(body, number), number) + body


def _checksum(body: bytes, number: int) -> int:
    return zlib.crc32(body, zlib.crc32(number.to_bytes(8, "little")))


def _records(raw: bytes) -> Iterator[_Record]:
    """Yield the whole records of a segment; damaged bytes between them are passed over."""
    at = 0
    while at < len(raw):
        record = _record(raw, at) or _next_record(raw, at + 1)
        if record is None:
            return
        yield record
        at = record.offset + _FRAME.size + len(record.body)


def _record(raw: bytes, at: int) -> _Record | None:
    """Return the record at an offset; None if it is not whole."""
    if at + _FRAME.size > len(raw):
        return None
    length, checksum, number = _FRAME.unpack_from(raw, at)
    body = raw[at + _FRAME.size : at + _FRAME.size + length]
    whole = length >= _HEAD.size and len(body) == length and number >= 0 and _checksum(body, number) == checksum
    return _Record(at, number, body) if whole else None


def _next_record(raw: bytes, first: int) -> _Record | None:
    """Return the first whole record at an offset or after it."""
    end = len(raw) - _FRAME.size
    if first > end:
        return None
    codes = np.frombuffer(raw, np.uint8).astype(np.uint32)
    lengths = sum((codes[first + k : end + 1 + k] << np.uint32(8 * k) for k in range(4)), np.uint32(0))
    room = end - np.arange(first, end + 1)
    highest = codes[first + 15 : end + 16]  # of the number: no journal has 2^56 records
    for offset in np.flatnonzero((lengths >= _HEAD.size) & (lengths <= room) & (highest == 0)).tolist():
        record = _record(raw, first + offset)
        if record is not None:
            return record
    return None


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
