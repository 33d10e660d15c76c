"""Lines of JSON, one message for each line: a source and a sink."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import BinaryIO, Generic, Self, TypeVar

from .._messages.codec import decode, encode
from .._messages.errors import RejectedMessage
from .._messages.limits import LARGEST
from .._messages.observation import Observation
from .interfaces import NullContext, RejectionCounts
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
    """

    def __init__(self, descriptor: int, close: bool = False) -> None:
        self.rejections, self._descriptor, self._close = RejectionCounts(), descriptor, close
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
                    observation = self._decode(line, number)
                    if observation is not None:
                        yield observation
            if len(rest) > LARGEST:
                oversized = RejectedMessage("oversized", f"a line may have {LARGEST} bytes: put fewer samples into it.")
                if not skipping:
                    missing = self._rejected(oversized, number + 1)
                    if missing is not None:
                        yield missing
                rest, skipping = b"", True
            elif skipping:
                rest = b""
            if not chunk:
                return

    def _decode(self, line: bytes, number: int) -> Observation | None:
        try:
            observation = decode(line)
        except RejectedMessage as rejected:
            return self._rejected(rejected, number)
        self._missing.note(observation)
        return observation

    def _rejected(self, rejected: RejectedMessage, number: int) -> Observation | None:
        """Count a line; return missing samples of its stream, or of the only stream if the line names none."""
        self.rejections.add(rejected, f"line {number}", rejected.stream or "lines")
        return self._missing.replace(rejected, rejected.stream or self._missing.only)

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        self._missing.remember(stream, epoch, outputs, inputs)


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
