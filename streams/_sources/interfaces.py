"""The seam: whatever observations come from is a source, whatever takes things is a sink; fakes of both beside.

    async with source, sink:
        async for observation in source:
            await sink.send(observation)

``async with`` owns what is behind it, ``async for`` ends where the source does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable

from .._messages.errors import RejectedMessage
from .._messages.metadata import Arrival
from .._messages.observation import Observation

log = logging.getLogger("ergoscope.streams")
T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class RejectionCounts:
    """Messages that were not taken in, by kind; the first of each kind is said in the log."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: RejectedMessage | None = None

    def add(self, refused: RejectedMessage, where: str = "") -> None:
        """Count one."""
        self.counts[refused.kind] += 1
        self.first = self.first or refused
        if self.counts[refused.kind] == 1:
            place = where if where.isprintable() else ascii(where)  # a topic must not command the terminal
            log.warning("%s%s (%s: the first; more are only counted)", place and f"{place}: ", refused, refused.kind)


class Arrivals(Protocol):
    """Where observations come from, and beside them what is known of the plants behind."""

    rejections: RejectionCounts

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[Arrival]: ...


class Source(Arrivals, Protocol):
    """Where observations come from."""

    def __aiter__(self) -> AsyncIterator[Observation]: ...


@runtime_checkable
class Acknowledging(Protocol):
    """A source that sends again what is not acknowledged."""

    def acknowledge(self, count: int) -> None:
        """Acknowledge the first so many of the observations given and not acknowledged yet."""
        ...


class Sink(Protocol[T_contra]):
    """Where observations, or what a learner says, go."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, item: T_contra) -> None:
        """Take one; returns when there is room for the next."""
        ...


class NullContext:
    """What sources and sinks share: ``async with`` that owns nothing yet."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class MemorySource(NullContext):
    """Observations, or whatever arrives, from a list."""

    def __init__(self, items: Iterable[Arrival]) -> None:
        self.items, self.rejections = items, RejectionCounts()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            yield item


class MemorySink(NullContext, Generic[T]):
    """A list of what was sent."""

    def __init__(self) -> None:
        self.sent: list[T] = []

    async def send(self, item: T) -> None:
        """Take one."""
        self.sent.append(item)


async def forward(source: Source, sink: Sink[Observation]) -> int:
    """Send all that a source has to a sink, both opened here; return the samples."""
    samples = 0
    with contextlib.suppress(asyncio.CancelledError):  # told to end: what has come is kept
        async with source, sink:
            async for item in source:
                await sink.send(item)
                samples += item.steps
    return samples
