"""The journal: what is appended comes back bit for bit, whatever a crash leaves at its end."""

from __future__ import annotations

import errno
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


def test_what_is_appended_comes_back_over_segments_and_openings(tmp_path: Path) -> None:
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
        with pytest.raises(ValueError, match="0 is asked for: files were removed"):
            list(journal.read(0))


def test_a_torn_or_damaged_end_is_cut_off_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    items, ends = some(20), [0]
    with Journal(tmp_path) as journal:
        for item in items:
            journal.append([item])
            ends.append(next(tmp_path.glob("*.journal")).stat().st_size)
    path = next(tmp_path.glob("*.journal"))
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(100):
        raw = bytearray(whole[: int(rng.integers(len(whole)))])
        torn = len(raw)
        if raw and rng.random() < 0.5:
            torn = int(rng.integers(len(raw)))
            raw[torn] ^= 1 << int(rng.integers(8))
        raw += bytes(int(rng.integers(2)) * 40)  # some file systems leave zeros
        path.write_bytes(raw)
        good = sum(end <= torn for end in ends[1:])
        caplog.clear()
        with Journal(tmp_path) as journal:
            assert journal.position == good and same(list(journal.read(0)), items[:good])
            assert ("cut off" in caplog.text) == (len(raw) > ends[good])
            journal.append(items[good:])
        with Journal(tmp_path) as journal:
            assert same(list(journal.read(0)), items)


def test_damage_before_the_end_is_an_error(tmp_path: Path) -> None:
    with Journal(tmp_path, segment=500) as journal:
        for item in some(50):
            journal.append([item])
    first = min(tmp_path.glob("*.journal"))
    raw = bytearray(first.read_bytes())
    raw[200] ^= 1
    first.write_bytes(raw)
    with Journal(tmp_path) as journal, pytest.raises(ValueError, match=r"0\.journal is damaged"):
        list(journal.read(0))


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
