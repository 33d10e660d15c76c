"""Lines, one message for each: a source of the product's own format and of everyday payloads, and a sink of JSON."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from time import time_ns
from types import TracebackType
from typing import BinaryIO, Generic, Self, TypeVar

from .._messages.codec import decode, encode
from .._messages.errors import RejectedMessage
from .._messages.limits import LARGEST
from .._messages.observation import Observation
from .interfaces import Mapper, NullContext, RejectionCounts
from .missing import MissingSamples

T = TypeVar("T")
CHUNK = 1 << 16
AHEAD = 16  # chunks read in advance


class LineSource(NullContext):
    """Observations from the lines of an open file, such as standard input; empty lines are skipped.

    A thread reads, from a pipe or a file. It may live on after the source is closed, because nothing wakes it while it
    waits for input.

    Args:
        descriptor: Descriptor of the open file.
        close: Whether to close it at the end.
        mapper: Takes the lines that are not in the product's own format.
        mapped: Whether all lines are its; else the first line that can be read decides for all.
    """

    def __init__(
        self, descriptor: int, close: bool = False, mapper: Mapper | None = None, mapped: bool = False
    ) -> None:
        self.rejections = RejectionCounts() if mapper is None else mapper.rejections
        self._descriptor, self._close = descriptor, close
        self._mapper, self._mapped, self._own = mapper, mapped, mapper is None
        self._room, self._closed = threading.Semaphore(AHEAD), threading.Event()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._missing = MissingSamples()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), name="ergoscope-lines", daemon=True).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._room.release()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._read_all(loop)
        finally:
            if self._close:
                os.close(self._descriptor)

    def _read_all(self, loop: asyncio.AbstractEventLoop) -> None:
        chunk = b"?"
        while chunk:
            self._room.acquire()
            if self._closed.is_set():
                return
            try:
                chunk = os.read(self._descriptor, CHUNK)
            except OSError:
                chunk = b""
            try:
                loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
            except RuntimeError:  # the loop is closed
                return

    async def __aiter__(self) -> AsyncIterator[Observation]:
        rest, skipping, number = b"", False, 0
        while True:
            chunk = await self._chunks.get()
            self._room.release()
            *lines, rest = (rest + chunk).split(b"\n")
            if not chunk and rest:
                lines, rest = [rest], b""
            for line in lines:
                number += 1
                if skipping:
                    skipping = False  # the end of a line that was too long
                elif line.strip():
                    for observation in self._decode(line, number):
                        yield observation
            if len(rest) > LARGEST:
                oversized = RejectedMessage("oversized", f"a line may have {LARGEST} bytes: put fewer samples into it.")
                for observation in () if skipping else self._rejected(oversized, number + 1):
                    yield observation
                rest, skipping = b"", True
            elif skipping:
                rest = b""
            if not chunk:
                break
        for observation in [] if self._mapper is None else self._mapper.finish():
            yield observation

    def _decode(self, line: bytes, number: int) -> Sequence[Observation]:
        if self._mapped:
            return self._map(line)
        try:
            observation = decode(line)
        except RejectedMessage as rejected:
            if self._own or rejected.numbered:
                return self._rejected(rejected, number)
            observations = self._map(line)  # which counts what it rejects
            self._mapped = self._mapper is not None and self._mapper.knows("stream")
            return observations if self._mapped else self._replace(rejected)
        self._own = True
        self._missing.note(observation)
        return (observation,)

    def _map(self, line: bytes) -> Sequence[Observation]:
        assert self._mapper is not None
        return self._mapper.take("stream", line, time_ns() if self._mapper.needs_arrival else None)

    def _rejected(self, rejected: RejectedMessage, number: int) -> Sequence[Observation]:
        """Count a line; return missing samples of its stream, or of the only stream if the line names none."""
        if self._mapped and self._mapper is not None:
            return self._mapper.reject("stream", rejected)
        self.rejections.add(rejected, f"line {number}", rejected.stream or "lines")
        return self._replace(rejected)

    def _replace(self, rejected: RejectedMessage) -> Sequence[Observation]:
        missing = self._missing.replace(rejected, rejected.stream or self._missing.only)
        return () if missing is None else (missing,)

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        missing = self._mapper if self._mapped and self._mapper is not None else self._missing
        missing.remember(stream, epoch, outputs, inputs)

    def resume(self, numbers: dict[str, int]) -> None:
        """Go on with the next numbers that the streams had before a restart."""
        if self._mapper is not None:
            self._mapper.resume(numbers)


class LineSink(NullContext, Generic[T]):
    """One or several lines for each item, written at once.

    Args:
        handle: An open binary file.
        lines: Returns the lines of an item.
    """

    def __init__(self, handle: BinaryIO, lines: Callable[[T], Iterable[bytes]]) -> None:
        self._handle, self._lines = handle, lines

    async def send(self, item: T) -> None:
        """Write an item; this blocks while the reader is slow."""
        self._handle.write(b"".join(line + b"\n" for line in self._lines(item)))
        self._handle.flush()


def observation_lines(item: Observation) -> Iterable[bytes]:
    """Return an observation as one JSON object."""
    return (encode(item, arrow=False),)
