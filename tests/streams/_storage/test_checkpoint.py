"""Checkpoints: a service taken up again has the bits of one that never ended, and what is damaged is seen."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice
from ergoscope.streams import Forecasts, MemorySink, MemorySource, Observation, Service, observation, serve
from ergoscope.streams._service.durability import Durability
from ergoscope.streams._storage.checkpoint import SCHEMA, read_checkpoint, write_checkpoint

SIZES = range(4)


def make(outputs: int, inputs: int) -> Learner:
    return ladder(SIZES) if outputs + inputs == 1 else lattice(SIZES, outputs=outputs, inputs=inputs)


def messages(seed: int, inputs: int) -> list[Observation]:
    """Three streams in blocks, some lost, some twice, out of order; an epoch ends."""
    rng = np.random.default_rng(seed)
    items = []
    for epoch, steps in enumerate((150, 100)):
        for name in ("a", "b", "c"):
            at = 0
            while at < steps:
                count = int(rng.integers(1, 8))
                y, u = rng.standard_normal((count, 1 + inputs)), rng.standard_normal((count, inputs))
                u[rng.random(u.shape) < 0.1] = np.nan
                item = observation(name, y, u, sequence=at, epoch=epoch, time=rng.random(count))
                items += [item] * int(rng.choice([0, 1, 1, 1, 2]))
                at += count
    keys = [(item.epoch, (item.sequence or 0) + rng.uniform(0, 20)) for item in items]
    return [items[k] for k in sorted(range(len(items)), key=lambda k: keys[k])]


def run(items: list[Observation], state: Path, **options: Any) -> tuple[Service, list[Any]]:
    service, sink = Service(make, window=8, **options), MemorySink[Any]()
    asyncio.run(serve(service, MemorySource(items), sink, state=state))
    return service, sink.sent


def same(left: Path, right: Path) -> None:
    a, b = read_checkpoint(left), read_checkpoint(right)
    assert a is not None and b is not None and sorted(a[0]) == sorted(b[0])
    for name in a[0]:
        assert a[0][name].dtype == b[0][name].dtype and a[0][name].tobytes() == b[0][name].tobytes(), name
    for one, other in zip(a[1]["streams"], b[1]["streams"], strict=True):
        assert {w: one[w] for w in one if w != "next_verdict"} == {w: other[w] for w in other if w != "next_verdict"}


@pytest.mark.parametrize("inputs", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_a_service_taken_up_again_has_the_bits_of_one_that_never_ended(seed: int, inputs: int, tmp_path: Path) -> None:
    items = messages(seed, inputs)
    _, whole = run(items, state=tmp_path / "whole")
    rng = np.random.default_rng(seed)
    cuts = [0, *sorted(rng.integers(1, len(items), 5).tolist()), len(items)]
    said = []
    for first, stop in zip(cuts, cuts[1:], strict=False):
        said += run(items[first:stop], state=tmp_path / "parts")[1]
    same(tmp_path / "whole", tmp_path / "parts")
    for name in ("a", "b", "c"):
        rows: list[dict[Any, bytes]] = [{}, {}]
        for k, parts in enumerate((whole, said)):
            for part in parts:
                if isinstance(part, Forecasts) and part.stream == name:
                    for i in range(len(part.output)):
                        rows[k].setdefault((part.epoch, part.first + i), part.forecast[i].tobytes())
        # What an end gave up in its last words is said again, and right, by the service that took over.
        assert rows[0].keys() <= rows[1].keys()
    assert len(list((tmp_path / "parts").glob("state-*"))) == 2


def test_samples_that_come_again_after_a_crash_are_dropped(tmp_path: Path) -> None:
    items = messages(9, 0)
    run(items, state=tmp_path / "whole")
    service = Service(make, window=8)
    with Durability(service, tmp_path / "crashed", MemorySource([]), 60.0) as disk:
        disk.append(items[:150])
        service.take(items[:150])
        disk.save()  # what follows is lost with the process
        service.take(items[150:200])
    run([*items[120:150], *items[150:]], state=tmp_path / "crashed")
    a, b = read_checkpoint(tmp_path / "whole"), read_checkpoint(tmp_path / "crashed")
    assert a is not None and b is not None
    assert all(a[0][name].tobytes() == b[0][name].tobytes() for name in a[0])


def test_a_damaged_checkpoint_is_seen_and_the_one_before_it_taken(tmp_path: Path, caplog: Any) -> None:
    for number in (1, 2, 3):
        write_checkpoint(tmp_path, {"x": np.full(1000, float(number))}, {"n": number})
    newest = tmp_path / "state-00000003.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state-00000002.npz", newest.name]
    whole = newest.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(100):
        raw = bytearray(whole)
        raw[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        newest.write_bytes(raw[: int(rng.integers(1, len(raw)))] if rng.random() < 0.3 else raw)
        found = read_checkpoint(tmp_path)
        assert found is not None
        number = found[1]["n"]
        assert number in (2, 3) and (found[0]["x"] == number).all()
    newest.write_bytes(b"")
    (tmp_path / "state-00000002.npz").write_bytes(whole[:100])
    with pytest.raises(ValueError, match="remove the folder"):
        read_checkpoint(tmp_path)


def test_others_cannot_read_a_checkpoint(tmp_path: Path, modes: Callable[[Path], dict[str, int]]) -> None:
    folder = tmp_path / "new" / "state"
    for number in range(3):
        write_checkpoint(folder, {"x": np.full(9, float(number))}, {"n": number})
    (folder / "state-00000003.npz").write_bytes(b"damaged")
    read_checkpoint(folder)
    names = ("state-00000002.npz", "state-00000003.npz.damaged")
    assert modes(folder) == {".": 0o700} | dict.fromkeys(names, 0o600)


def test_others_cannot_read_the_state_of_a_service(tmp_path: Path, modes: Callable[[Path], dict[str, int]]) -> None:
    items = [observation("a", float(k), sequence=k) for k in range(40)]
    for begin in (0, 20):  # begun, and taken up again
        run(items[begin : begin + 20], state=tmp_path / "state")
        found = modes(tmp_path / "state")
        assert found.pop(".") == found.pop("journal") == 0o700
        assert any(name.endswith(".npz") for name in found) and set(found.values()) == {0o600}, found


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    run([observation("a", 1.0, sequence=0)], state=tmp_path)
    with pytest.raises(ValueError, match="of another center: 'first', here it is 'none'"):
        run([], state=tmp_path, center="none")
    service = Service(lambda p, q: ladder(range(9)), window=8)
    with pytest.raises(ValueError, match="another sizes"):
        asyncio.run(serve(service, MemorySource([]), MemorySink(), state=tmp_path))


def test_another_schema_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path, {}, {})
    monkeypatch.setattr("ergoscope.streams._storage.checkpoint.SCHEMA", SCHEMA + 1)
    with pytest.raises(ValueError, match=f"schema {SCHEMA}, this version reads {SCHEMA + 1}"):
        read_checkpoint(tmp_path)


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again_ends_in_the_state_of_one_that_is_not(tmp_path: Path) -> None:
    """SIGKILL at random times; the lines come again from the start, as from a source that keeps them."""
    rng = np.random.default_rng(0)
    walk = rng.standard_normal((3, 3000)).cumsum(axis=1).tolist()
    lines = [json.dumps(dict(stream=f"s{i}", seq=t, y=walk[i][t])) for t in range(3000) for i in range(3)]
    payload = "\n".join(lines).encode() + b"\n"
    words = ["learn", "-", "--sizes", "0..3", "--say", "threshold", "--quiet", "--checkpoint", "0.02", "--state"]
    command = [sys.executable, "-m", "ergoscope", *words]
    whole = subprocess.run([*command, "whole"], input=payload, cwd=tmp_path, capture_output=True, timeout=120)
    assert whole.returncode == 0, whole.stderr
    killed = 0
    for _ in range(2):
        going = subprocess.Popen([*command, "killed"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert going.stdin is not None
        end = None
        for first in range(0, len(lines), 60):
            going.stdin.write("\n".join(lines[first : first + 60]).encode() + b"\n")
            going.stdin.flush()
            time.sleep(0.02)
            if end is None and (tmp_path / "killed").exists():
                end = time.monotonic() + rng.uniform(0.1, 0.6)  # from the first checkpoint on
            if end is not None and time.monotonic() > end:
                break
        going.send_signal(signal.SIGKILL)
        going.stdin.close()
        killed += going.wait(timeout=60) == -signal.SIGKILL
    assert killed == 2 and (tmp_path / "killed").exists()
    last = subprocess.run([*command, "killed"], input=payload, cwd=tmp_path, capture_output=True, timeout=120)
    assert last.returncode == 0, last.stderr
    a, b = read_checkpoint(tmp_path / "whole"), read_checkpoint(tmp_path / "killed")
    assert a is not None and b is not None
    assert [name for name in a[0] if a[0][name].tobytes() != b[0][name].tobytes()] == []
    for one, other in zip(a[1]["streams"], b[1]["streams"], strict=True):
        assert other["counts"]["taken"] == one["counts"]["taken"] == 3000
        assert other["counts"]["lost"] == 0 and other["counts"]["repeated"] > 0
