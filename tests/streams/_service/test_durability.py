"""What a service keeps on disk: wherever it ends, it goes on with the bits of one that did not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import ladder
from ergoscope.streams import MemorySink, MemorySource, Observation, Service, observation, serve
from ergoscope.streams._storage.checkpoint import read_checkpoint
from ergoscope.streams._storage.journal import Journal

NAMES = ("a", "b", "c")


def walks(steps: int = 200, block: int = 4) -> list[Observation]:
    walk = np.random.default_rng(3).standard_normal((3, steps)).cumsum(axis=1)
    return [
        observation(name, walk[i, t : t + block, None], sequence=t)
        for t in range(0, steps, block)
        for i, name in enumerate(NAMES)
    ]


class Again(MemorySource):
    """Gives again what was not acknowledged, as a broker does; is gone after so many."""

    acknowledged = 0
    gone: int | None = None

    async def __aiter__(self) -> AsyncIterator[Observation]:
        for item in list(self.items)[self.acknowledged : self.gone]:
            yield item
            await asyncio.sleep(0.002)

    def acknowledge(self, count: int) -> None:
        self.acknowledged += count


class Failing(MemorySink[Any]):
    """Ends the service as a crash does, after so many things."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    async def send(self, item: Any) -> None:
        await super().send(item)
        if len(self.sent) == self.after:
            raise BrokenPipeError


def run(folder: Path, source: MemorySource, sink: MemorySink[Any], every: float = 60.0) -> None:
    service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
    asyncio.run(serve(service, source, sink, state=folder, every=every))


def bits(folder: Path) -> dict[str, bytes]:
    found = read_checkpoint(folder)
    assert found is not None
    assert [one["counts"]["taken"] for one in found[1]["streams"]] == [200] * 3
    assert [one["counts"]["lost"] for one in found[1]["streams"]] == [0] * 3
    return {name: array.tobytes() for name, array in found[0].items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    run(folder, MemorySource(walks()), MemorySink())
    return bits(folder)


@pytest.mark.parametrize("every", [60.0, 0.0])
def test_a_service_that_crashes_again_and_again_has_the_bits_of_one_that_never_did(
    every: float, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    source = Again(walks())
    for after in (1, 25, 2, 30, 9, 12):
        with pytest.raises(BrokenPipeError):
            run(tmp_path, source, Failing(after), every)
    assert 20 < source.acknowledged < 150
    run(tmp_path, source, MemorySink(), every)
    assert source.acknowledged == 150 and bits(tmp_path) == whole


def test_what_is_acknowledged_is_in_the_journal_and_nothing_before_it_is(tmp_path: Path) -> None:
    events: list[tuple[str, int]] = []

    class Watched(Again):
        def acknowledge(self, count: int) -> None:
            super().acknowledge(count)
            events.append(("acknowledged", self.acknowledged))

    sync = Journal.sync
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "sync", lambda one: (sync(one), events.append(("kept", one.position)))[0])
        run(tmp_path, Watched(walks()), Failing(10_000))
    kept = 0
    for kind, number in events:
        kept = max(kept, number) if kind == "kept" else kept
        assert number <= kept
    assert len([kind for kind, _ in events if kind == "acknowledged"]) > 3 and events[-1] == ("acknowledged", 150)


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._storage.journal.Journal.__init__.__defaults__", (500,))


@pytest.mark.usefixtures("small_segments")
def test_a_damaged_checkpoint_costs_nothing_for_the_journal_is_there(tmp_path: Path, whole: dict[str, bytes]) -> None:
    source = Again(walks())
    for gone in (60, 61, 100):
        source.gone = gone
        run(tmp_path, source, MemorySink())
    newest = max(tmp_path.glob("state-*"))
    newest.write_bytes(newest.read_bytes()[:-100])
    source.gone = None
    run(tmp_path, source, MemorySink())
    assert bits(tmp_path) == whole


@pytest.mark.usefixtures("small_segments")
def test_segments_that_both_checkpoints_cover_go(tmp_path: Path) -> None:
    source = Again(walks())
    kept = []
    for gone in range(10, 151, 10):
        source.gone = gone
        run(tmp_path, source, MemorySink())
        kept.append(len(list((tmp_path / "journal").glob("*.journal"))))
    assert max(kept) <= kept[1] + 2


def test_two_services_in_one_folder_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal"), pytest.raises(ValueError, match="another process uses"):
        run(tmp_path, MemorySource(walks()), MemorySink())


def test_a_full_disk_ends_the_service_and_nothing_is_acknowledged_that_is_not_kept(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    source, write, left = Again(walks()), Journal.append, [70]

    def full(journal: Journal, batch: list[Observation]) -> None:
        left[0] -= len(batch)
        if left[0] < 0:
            raise ValueError("no room")
        write(journal, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "append", full)
        with pytest.raises(ValueError, match="no room"):
            run(tmp_path, source, MemorySink())
    assert source.acknowledged <= 70
    run(tmp_path, source, MemorySink())
    assert bits(tmp_path) == whole
