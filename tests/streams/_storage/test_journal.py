"""The journal: what is appended comes back bit for bit, whatever a crash leaves at its end."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation, observation
from ergoscope.streams._storage.journal import Journal


def some(count: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    items = []
    for k in range(count):
        steps = int(rng.integers(1, 5))
        y, u = rng.standard_normal((steps, 1 + k % 3)), rng.standard_normal((steps, k % 2))
        y[0, 0] = rng.choice([np.nan, 5e-324, -0.0, 1e308])
        number = None if k % 7 == 0 else int(rng.integers(1 << 50))
        items.append(observation(f"straße {k % 5}", y, u, sequence=number, epoch=k, time=rng.random(steps)))
    return items


def same(left: list[Observation], right: list[Observation]) -> bool:
    def bits(items: list[Observation]) -> list[Any]:
        return [(*item[:3], *((part.shape, part.tobytes()) for part in item[3:])) for item in items]

    return bits(left) == bits(right)


def test_what_is_appended_comes_back_over_segments_and_openings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items = some(300)
    for first in range(0, 300, 50):
        with Journal(tmp_path, segment=1000) as journal:
            assert journal.position == first
            for at in range(first, first + 50, 5):
                journal.append(items[at : at + 5])
            journal.sync()
    assert len(list(tmp_path.glob("*.journal"))) > 10
    with Journal(tmp_path, segment=1000) as journal:
        for number in (0, 1, 149, 299, 300):
            assert same(list(journal.read(number)), items[number:])
        journal.drop_before(150)
        assert 100 < journal.first <= 150
        assert same(list(journal.read(journal.first)), items[journal.first :])
        assert same(list(journal.read(0)), items[journal.first :])
        assert f"{journal.first} records" in caplog.text


def written(folder: Path, items: list[Observation]) -> tuple[Path, list[int]]:
    """Write a journal of one segment; return its file, and its length before and after each record."""
    ends = [0]
    with Journal(folder) as journal:
        (path,) = folder.glob("*.journal")
        for item in items:
            journal.append([item])
            ends.append(path.stat().st_size)
    return path, ends


def test_a_torn_end_is_cut_off_and_kept_beside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    items = some(20)
    path, ends = written(tmp_path, items)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(60):
        raw = whole[: int(rng.integers(len(whole)))]
        raw += bytes(int(rng.integers(2)) * 40)  # some file systems leave zeros
        path.write_bytes(raw)
        good = sum(end <= len(raw) for end in ends[1:]) if raw[-40:] != bytes(40) else None
        caplog.clear()
        with Journal(tmp_path) as journal:
            good = journal.position if good is None else good
            assert journal.position == good and same(list(journal.read(0)), items[:good])
            assert ("cut off" in caplog.text) == (len(raw) > ends[good])
            if len(raw) > ends[good]:
                assert path.with_suffix(".cut").read_bytes() == raw[ends[good] :]
            journal.append(items[good:])
        with Journal(tmp_path) as journal:
            assert same(list(journal.read(0)), items)


def test_damaged_bytes_cost_the_records_that_they_are_in_and_no_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items = some(40)
    path, ends = written(tmp_path, items)
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(60):
        raw = bytearray(whole)
        places = rng.integers(len(raw), size=int(rng.integers(1, 4)))
        for place in places:
            raw[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(raw)
        hit = {int(np.searchsorted(ends, place, side="right")) - 1 for place in places}
        last = max(k for k in range(40) if k not in hit)
        caplog.clear()
        with Journal(tmp_path) as journal:
            assert journal.position == last + 1
            assert same(list(journal.read(0)), [item for k, item in enumerate(items) if k not in hit])
            lost = sum(k < last for k in hit)
            assert (f"{lost} records" in caplog.text) == (lost > 0)
            journal.append(items[:2])
        with Journal(tmp_path) as journal:
            assert same(list(journal.read(last + 1)), items[:2])  # numbered after those that are there
    path.write_bytes(whole)


def test_damage_in_an_earlier_segment_costs_one_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    items = some(50)
    with Journal(tmp_path, segment=500) as journal:
        for item in items:
            journal.append([item])
    first = min(tmp_path.glob("*.journal"))
    raw = bytearray(first.read_bytes())
    raw[60] ^= 1
    first.write_bytes(raw)
    with Journal(tmp_path) as journal:
        assert journal.position == 50 and same(list(journal.read(0)), items[1:]) and "1 records" in caplog.text


def test_a_journal_that_ends_before_its_checkpoint_goes_on_from_there(tmp_path: Path) -> None:
    items = some(9)
    with Journal(tmp_path) as journal:
        journal.append(items[:3])
    with Journal(tmp_path) as journal:
        journal.start_at(5)
        journal.append(items[5:])
    with Journal(tmp_path) as journal:
        assert journal.position == 9 and same(list(journal.read(5)), items[5:])


def test_a_new_segment_that_cannot_be_made_is_said_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, opened = some(6), os.open

    def full(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if str(path).endswith(".journal") and flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        return opened(path, flags, *rest, **more)

    with Journal(tmp_path, segment=10) as journal:
        with monkeypatch.context() as patch:
            patch.setattr("os.open", full)
            with pytest.raises(ValueError, match="No space left on device"):
                journal.append(items[:3])
        journal.append(items[3:])
    with Journal(tmp_path) as journal:
        assert same(list(journal.read(0)), items)


def test_others_cannot_read_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "kept") as journal:
        journal.append(some(1))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "kept").iterdir()}
    assert modes == {0o600} and (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_one_process_has_a_journal(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(ValueError, match="another process uses"):
        Journal(tmp_path)
    with Journal(tmp_path):
        pass


FILL = """
import resource, sys
from pathlib import Path
from ergoscope.streams import observation
from ergoscope.streams._storage.journal import Journal
with Journal(Path(sys.argv[1])) as journal:
    journal.append([observation("a", [[1.0]] * 100)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
    try:
        journal.append([observation("a", [[2.0]] * 100)] * 3)
    except ValueError as exc:
        print(exc)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append([observation("a", [[3.0]] * 100)])
"""


def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, timeout=60)
    assert done.returncode == 0 and b"was not acknowledged and comes again: make room" in done.stdout, done
    with Journal(tmp_path) as journal:
        assert [float(item.output[0, 0]) for item in journal.read(0)] == [1.0, 3.0]


def test_a_disk_that_refuses_to_keep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with Journal(tmp_path) as journal:
        journal.append(some(1))
        monkeypatch.setattr("os.fsync", refuse)
        with pytest.raises(ValueError, match="Input/output error"):
            journal.sync()
