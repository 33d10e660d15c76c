"""What a service keeps on disk: a journal of what it took in, and checkpoints of what it learned of it.

Observations are appended to the journal when they are taken in, and acknowledged to a source that can send them again
when they are on disk. A checkpoint tells the record up to which it has learned; after a crash the journal is taken in
from there. Segments of the journal go when the older of the two checkpoints covers them: either may be the one that is
taken up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .._messages.metadata import Arrival
from .._sources.interfaces import Acknowledging, Arrivals
from .._storage.journal import Journal
from .snapshot import save_service

if TYPE_CHECKING:
    from .service import Service

SAMPLES = 1 << 24  # after which a checkpoint is due, soon as it may be
TOGETHER = 1024  # records of the journal that are taken in at once


class Durability:
    """The disk of a service while the block runs.

    Args:
        service: With its last checkpoint taken up.
        folder: Of its checkpoints, and of the journal.
        source: Is told what is kept, if it can be.
        every: Seconds between checkpoints.

    Raises:
        ValueError: Another process has the folder, it cannot be written in, or files in it are missing or damaged.
    """

    def __init__(self, service: Service, folder: Path, source: Arrivals, every: float) -> None:
        self._service, self._folder, self._source, self._every = service, folder, source, every
        self._journal = Journal(folder / "journal")
        self._acknowledged, self._covered = self._journal.position, service.position
        self._due, self._enough = monotonic() + every, service.samples + SAMPLES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.__exit__(kind, value, trace)

    def recover(self) -> Iterator[list[Arrival]]:
        """Yield what was taken in after the checkpoint."""
        records = self._journal.read(self._service.position)
        while batch := list(islice(records, TOGETHER)):
            yield batch

    def append(self, batch: Sequence[Arrival]) -> None:
        """Put into the journal what is taken in next."""
        self._journal.append(batch)

    async def keep(self) -> None:
        """Bring the journal to disk as it grows, and acknowledge what is there, for ever."""
        await self._journal.keep(self._kept)

    def save_when_due(self) -> None:
        """Write a checkpoint after so many seconds or samples."""
        if monotonic() >= self._due or self._service.samples >= self._enough:
            self.save()

    def save(self) -> None:
        """Write a checkpoint of all that is in the journal, which must be taken in."""
        self._journal.sync()
        if self._service.lanes is not None:
            self._service.position = self._journal.position
            save_service(self._service, self._folder)
            self._journal.drop_before(self._covered)
            self._covered = self._service.position
        self._due, self._enough = monotonic() + self._every, self._service.samples + SAMPLES
        self._kept(self._journal.position)

    def _kept(self, position: int) -> None:
        if isinstance(self._source, Acknowledging):
            self._source.acknowledge(position - self._acknowledged)
        self._acknowledged = position
