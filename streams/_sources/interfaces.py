"""The interfaces: a source gives observations, a sink takes them; both exist in memory for tests.

    async with source, sink:
        async for observation in source:
            await sink.send(observation)

``async with`` opens and closes the resource, ``async for`` ends when the source ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .._messages.metadata import Arrival
from .._messages.observation import Observation

MOST_LOGGED = 1000  # rejections in the log
MOST_CAUSES = 8  # of a kind and place, in the log
log = logging.getLogger("ergoscope.streams")
T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class RejectionCounts:
    """Counts of the rejected messages, by kind; the log has the first of each kind, cause and place."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: RejectedMessage | None = None
        self._logged: dict[tuple[str, str], set[str]] = {}  # causes, by place and kind
        self._lines = 0

    def add(self, rejected: RejectedMessage, where: str = "", place: str | None = None) -> None:
        """Count a message.

        Args:
            rejected: The reason.
            where: Where the message came, such as a topic or a line, for the log.
            place: The place for which a kind is logged once; None: ``where``.
        """
        self.counts[rejected.kind] += 1
        if rejected.kind not in ("retained", "repeated"):  # an old reading is no error
            self.first = self.first or rejected
        causes = self._logged.setdefault((where if place is None else place, rejected.kind), set())
        if rejected.cause not in causes and len(causes) < MOST_CAUSES and self._lines < MOST_LOGGED:
            causes.add(rejected.cause)
            self._lines += 1
            head = f"{printable(where)}: " if where else ""
            log.warning("%s%s (%s: the first; more are only counted)", head, rejected, rejected.kind)


class Arrivals(Protocol):
    """A source of observations and of the plants behind them."""

    rejections: RejectionCounts

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[Arrival]: ...


class Source(Arrivals, Protocol):
    """A source of observations."""

    def __aiter__(self) -> AsyncIterator[Observation]: ...


@runtime_checkable
class Acknowledging(Protocol):
    """A source that sends an arrival again until it is acknowledged."""

    def acknowledge(self, count: int) -> None:
        """Acknowledge the next ``count`` arrivals, in their order."""
        ...


@runtime_checkable
class Replacing(Protocol):
    """A source that gives missing samples in place of rejected messages of streams that do not count."""

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        ...


@runtime_checkable
class Resuming(Protocol):
    """A source that numbers the samples of streams itself, by their time."""

    def resume(self, numbers: dict[str, int]) -> None:
        """Go on with the next numbers that the streams had before a restart."""
        ...


class Mapper(Protocol):
    """What takes observations from payloads that are not in the product's own format."""

    rejections: RejectionCounts

    @property
    def needs_arrival(self) -> bool:
        """Whether the time of arrival is asked for."""
        ...

    def knows(self, stream: str) -> bool:
        """Return whether a payload of a stream has been taken."""
        ...

    def take(self, stream: str, payload: bytes, arrived: int | None) -> list[Observation]:
        """Return the observations in a payload; what is rejected is counted."""
        ...

    def reject(self, stream: str, rejected: RejectedMessage) -> list[Observation]:
        """Count a payload; return a missing sample in its place, if there must be one."""
        ...

    def finish(self) -> list[Observation]:
        """Return the last observations, at the end of a recording."""
        ...

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count its samples before a restart."""
        ...

    def resume(self, numbers: dict[str, int]) -> None:
        """Go on with the next numbers that the streams had before a restart."""
        ...


class Sink(Protocol[T_contra]):
    """A sink of observations, or of the outputs of a service."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, item: T_contra) -> None:
        """Take an item; return when there is room for the next."""
        ...


class NullContext:
    """Sources and sinks that open nothing: ``async with`` does nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class MemorySource(NullContext):
    """Arrivals from a list."""

    def __init__(self, items: Iterable[Arrival]) -> None:
        self.items, self.rejections = items, RejectionCounts()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self.items:
            yield item


class MemorySink(NullContext, Generic[T]):
    """A list of the items that were sent."""

    def __init__(self) -> None:
        self.sent: list[T] = []

    async def send(self, item: T) -> None:
        """Take an item."""
        self.sent.append(item)


async def forward(source: Source, sink: Sink[Observation], opened: Callable[[], None] = lambda: None) -> int:
    """Send everything from a source to a sink, which are opened and closed here; return the number of samples.

    Cancelling ends it in order: the sink keeps what has come. ``opened`` is called when both are open.
    """
    samples = 0
    with contextlib.suppress(asyncio.CancelledError):
        async with source, sink:
            opened()
            async for item in source:
                await sink.send(item)
                samples += item.steps
    return samples
