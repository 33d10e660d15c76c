"""What a service keeps on disk: wherever it ends, it goes on with the bits of one that did not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import ladder
from ergoscope.streams import MemorySink, MemorySource, Observation, Service, observation, serve
from ergoscope.streams._service.durability import Durability
from ergoscope.streams._storage.checkpoint import _read, read_checkpoint, write_checkpoint
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


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A folder with two checkpoints and a journal beyond them; the samples of each checkpoint."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ergoscope.streams._storage.journal.Journal.__init__.__defaults__", (2000,))
        source = Again(walks())
        for gone in (60, 100):
            source.gone = gone
            run(folder, source, MemorySink())
        service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
        with Durability(service, folder, source, 60.0) as disk:
            disk.append(walks()[100:])  # and the process is killed
    samples = {}
    for path in folder.glob("state-*"):
        found = _read(path)
        samples[path.name] = found[1]["samples"]
    assert len(samples) == 2 and min(samples.values()) > 200
    return folder, samples


def test_flipped_and_torn_bytes_lose_no_state_that_a_whole_checkpoint_has(
    kept: tuple[Path, dict[str, int]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """At random places of journal and checkpoints; the long form has 200 places."""
    folder, samples = kept
    rng, places = np.random.default_rng(0), 200 if request.config.getoption("--campaign") else 24
    for k in range(places):
        here = tmp_path / str(k)
        shutil.copytree(folder, here)
        files = sorted(path for path in here.rglob("*") if path.is_file() and path.name != "lock")
        hurt = {files[i] for i in rng.integers(len(files), size=int(rng.integers(1, 3)))}
        if {path.name for path in hurt} >= samples.keys():
            hurt.pop()  # one checkpoint stays whole
        for path in hurt:
            raw = bytearray(path.read_bytes())
            place = int(rng.integers(max(len(raw), 1)))
            if rng.random() < 0.5 or not raw:
                del raw[place:]
            else:
                raw[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(raw)
        whole = max(number for name, number in samples.items() if here / name not in hurt)
        service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
        with Durability(service, here, MemorySource([]), 60.0) as disk:
            assert service.samples >= whole, (k, hurt)
            for batch in disk.recover():
                service.take(batch)
            more = observation("a", [[0.5]], sequence=200)
            disk.append([more])
            service.take([more])
            disk.save()
        again = Service(lambda outputs, inputs: ladder(range(3)), window=8)
        with Durability(again, here, MemorySource([]), 60.0):
            assert again.samples == service.samples and again.counts["a"] == service.counts["a"]
        shutil.rmtree(here)


@pytest.mark.parametrize("odd", ["folder", "link", "position", "streams", "samples"])
def test_an_odd_checkpoint_is_left_out_and_the_one_before_is_used(
    odd: str, kept: tuple[Path, dict[str, int]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, samples = kept
    here = tmp_path / "here"
    shutil.copytree(folder, here)
    newest = here / "state-99999999.npz"
    whole = max(here.glob("state-*"))
    if odd == "folder":
        newest.mkdir()
    elif odd == "link":
        newest.symlink_to(whole)
    else:
        arrays, words = _read(whole)
        words.pop("schema")
        words[odd] = dict(position=-1, samples="x").get(odd)
        write_checkpoint(tmp_path / "forged", arrays, {k: v for k, v in words.items() if v is not None})
        shutil.move(tmp_path / "forged" / "state-00000001.npz", newest)
    service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
    with Durability(service, here, MemorySource([]), 60.0) as disk:
        assert service.samples == max(samples.values()) and "the one before is tried" in caplog.text
        disk.save()
    aside = newest.with_name(f"{newest.name}.damaged")
    assert aside.exists() or aside.is_symlink()


def test_a_journal_without_its_checkpoints_is_an_error(kept: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    here = tmp_path / "here"
    shutil.copytree(kept[0], here)
    for path in here.glob("state-*"):
        path.unlink()
    service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
    with pytest.raises(ValueError, match="no checkpoint covers the records before"):
        Durability(service, here, MemorySource([]), 60.0)


@pytest.mark.parametrize("checkpoints", [1, 2])
def test_a_whole_journal_makes_up_for_damaged_checkpoints(
    checkpoints: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items = walks(steps=20)
    service = Service(lambda outputs, inputs: ladder(range(3)), window=8)
    with Durability(service, tmp_path / "kept", MemorySource([]), 60.0) as disk:
        for batch in (items[:9], items[9:])[:checkpoints]:
            disk.append(batch)
            service.take(batch)
            disk.save()
    assert disk._journal.first == 0
    for path in (tmp_path / "kept").glob("state-*"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = Service(lambda outputs, inputs: ladder(range(3)), window=8)
    with Durability(again, tmp_path / "kept", MemorySource([]), 60.0) as disk:
        for batch in disk.recover():
            again.take(batch)
        assert again.samples == service.samples > 0 and again.counts == service.counts
        assert "learned again from the journal" in caplog.text
        disk.save()
    assert len(list((tmp_path / "kept").glob("*.damaged"))) >= 1
