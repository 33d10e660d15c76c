"""The disk of a service: a journal of the arrivals, and checkpoints of what was learned from them.

Each arrival is appended to the journal before the service takes it in. It is acknowledged to the source when it is on
the disk. A checkpoint holds the state of the service and its journal position: the number of the first record that it
does not cover. After a crash the service takes in the journal from that position on. A segment of the journal is
removed when the older of the two checkpoints covers it, because either checkpoint may be the one that is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from ..._core.files import private_folder
from .._messages.metadata import Arrival
from .._sources.interfaces import Acknowledging, Arrivals
from .._storage.checkpoint import NotUsable, read_checkpoint, write_checkpoint
from .._storage.journal import Journal
from .service import Service
from .stream_state import OtherSettings

SAMPLES = 1 << 24  # a checkpoint is due after so many samples, even if the time is not over
TOGETHER = 1024  # records of the journal that are taken in at once


class Durability:
    """The journal and the checkpoints of a service, while the block runs.

    Args:
        service: A service without a sample; the last checkpoint is restored into it.
        folder: Folder of the checkpoints and of the journal.
        source: Source of the arrivals; it is sent acknowledgements if it takes them.
        every: Seconds between checkpoints.

    Raises:
        ValueError: Another process uses the folder, it is not writable, the checkpoint has other settings, or files in
            the folder are missing or damaged.
    """

    def __init__(self, service: Service, folder: Path, source: Arrivals, every: float) -> None:
        self._service, self._folder, self._source, self._every = service, folder, source, every
        private_folder(folder)
        self._journal = Journal(folder / "journal")
        try:
            self._position = self._restore()
        except BaseException:
            self._journal.__exit__(None, None, None)
            raise
        self._acknowledged, self._covered = self._journal.position, self._position
        self._due, self._enough = monotonic() + every, service.samples + SAMPLES

    def _restore(self) -> int:
        """Restore the newest usable checkpoint; return its journal position, 0 without a checkpoint."""
        found = read_checkpoint(self._folder, self._use, needed=self._journal.first > 0)
        if found is None and self._journal.first > 0:
            raise ValueError(
                f"the journal in {str(self._folder)!r} begins at record {self._journal.first}, and no checkpoint "
                "covers the records before: files were removed. Remove the folder to start again."
            )
        position = 0 if found is None else found[1]["position"]
        self._journal.start_at(position)
        return int(position)

    def _use(self, arrays: dict[str, NDArray[Any]], words: dict[str, Any]) -> None:
        """Restore a checkpoint; NotUsable: it is no state of a service."""
        try:
            if type(words["position"]) is not int or words["position"] < 0:
                raise TypeError("position must be a whole number")
            self._service.restore(arrays, words)
        except OtherSettings:
            raise
        except Exception as exc:
            raise NotUsable(f"is no state of a service ({type(exc).__name__}: {exc!s:.100})") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.__exit__(kind, value, trace)

    def recover(self) -> Iterator[list[Arrival]]:
        """Yield the records of the journal after the checkpoint."""
        records = self._journal.read(self._position)
        while batch := list(islice(records, TOGETHER)):
            yield batch

    def append(self, batch: Sequence[Arrival]) -> None:
        """Append the arrivals that the service takes in next."""
        self._journal.append(batch)

    async def keep(self) -> None:
        """Bring the journal to the disk as it grows, and acknowledge each group; this runs until it is cancelled."""
        await self._journal.keep(self._acknowledge)

    def save_when_due(self) -> None:
        """Write a checkpoint if enough seconds or samples have passed since the last one."""
        if monotonic() >= self._due or self._service.samples >= self._enough:
            self.save()

    def save(self) -> None:
        """Write a checkpoint; the service must have taken in all records of the journal."""
        self._journal.sync()
        state = self._service.state()
        if state is not None:
            arrays, words = state
            self._position = self._journal.position
            write_checkpoint(self._folder, arrays, words | dict(position=self._position))
            self._journal.drop_before(self._covered)
            self._covered = self._position
        self._due, self._enough = monotonic() + self._every, self._service.samples + SAMPLES
        self._acknowledge(self._journal.position)

    def _acknowledge(self, position: int) -> None:
        if isinstance(self._source, Acknowledging):
            self._source.acknowledge(position - self._acknowledged)
        self._acknowledged = position
