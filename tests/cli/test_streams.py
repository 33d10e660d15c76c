"""The live commands as a user meets them: pipes, interrupts; real processes where they matter."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pytest

from ergoscope.cli import _streams, main
from ergoscope.learners import ladder, replay
from ergoscope.simulator import read_recording
from ergoscope.streams import MemorySource, Observation, RejectedMessage, observation
from ergoscope.streams._messages.outputs import Counts
from ergoscope.streams._sources.interfaces import RejectionCounts
from ergoscope.streams._storage.journal import Journal

ERGOSCOPE = [sys.executable, "-m", "ergoscope"]


def process(*words: str, cwd: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*ERGOSCOPE, *words], cwd=cwd, input=given, capture_output=True, timeout=200)


@contextlib.contextmanager
def pipe(given: bytes) -> Iterator[IO[bytes]]:
    """The reading end of a pipe into which something is written."""
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb") as end, contextlib.suppress(BrokenPipeError):
            end.write(given)

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading, "rb") as end:
        yield end
    writer.join()


def run(*words: str, cwd: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """As ``process``, but in this process: it need not import everything and load what is compiled anew."""
    printed = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patched, pipe(given) as stdin:
        patched.chdir(cwd)
        patched.setattr(sys, "argv", ["ergoscope", *words])
        patched.setattr(sys, "stdin", stdin)
        patched.setattr(sys, "stdout", printed[0])
        patched.setattr(sys, "stderr", printed[1])
        patched.setattr("warnings.showwarning", None)  # put back after: main replaces it
        patched.setattr(logging.getLogger("ergoscope.streams"), "handlers", [])
        with pytest.raises(SystemExit) as ended:
            main()
    out, err = (each.buffer.getvalue() for each in printed)  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), out, err)


def lines(printed: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_learning_from_a_pipe_gives_the_forecasts_of_replay_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((3, 200)).cumsum(axis=1).round(6)
    rows = [
        f"{t * 0.5},{i},{'' if t == 77 else repr(y)}"
        for i, walk in enumerate(walks.tolist())
        for t, y in enumerate(walk)
    ]
    (tmp_path / "runs.csv").write_text("time,run,y\n" + "\n".join(rows) + "\n")
    words = ["runs.csv", "--output", "y", "--by", "run", "--time", "time"]
    played = process("replay", *words, "--block", "7", cwd=tmp_path)
    assert played.returncode == 0, played.stderr
    learned = process("learn", "-", "--sizes", "0..5", cwd=tmp_path, given=played.stdout)
    assert learned.returncode == 0, learned.stderr
    said = lines(learned.stdout)
    recording = read_recording(tmp_path / "runs.csv", ["y"], by="run", time="time")
    expected = replay(ladder(range(6), intercept=True), recording, center="first")[:, :, 0, :, 0]
    for i, name in enumerate(recording.run_names):
        mine = [one for one in said if one["stream"] == name]
        forecasts = {one["seq"]: one["forecast"] for one in mine if one["kind"] == "prediction"}
        assert sorted(forecasts) == list(range(1, 201))
        assert np.array([forecasts[t] for t in range(1, 200)]).tobytes() == expected[i, 1:].tobytes()
        errors = {one["seq"]: one["error"] for one in mine if one["kind"] == "error"}
        assert errors[0] == errors[77] == [None] * 6
        assert np.array(errors[150]).tobytes() == (expected[i, 150] - recording.outputs[i, 150]).tobytes()
        order = [(one["seq"], one["kind"]) for one in mine if one["kind"] != "threshold"]
        assert order == sorted(order, key=lambda pair: (pair[0], pair[1] == "error"))  # a forecast before its sample
        assert mine[-1]["kind"] == "threshold" and mine[-1]["samples"] == 200
    again = run("learn", *words, "--sizes", "0..5", "--say", "prediction", "--quiet", cwd=tmp_path)
    assert again.stderr == b"" and sorted(again.stdout.splitlines()) == sorted(
        line for line in learned.stdout.splitlines() if b'"prediction"' in line
    )


def test_a_plant_is_published_recorded_and_played_again(tmp_path: Path) -> None:
    published = process(
        "publish", "double-integrator", "--steps", "100", "--streams", "2", "--block", "5", cwd=tmp_path
    )
    kept = process("record", "-", "--out", "kept", cwd=tmp_path, given=published.stdout)
    assert kept.returncode == 0 and b"200 samples" in kept.stderr
    assert run("replay", "kept", cwd=tmp_path).stdout == published.stdout


def test_a_line_of_the_log_commands_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("ergoscope.streams")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", True)
    _streams.start_log()
    log.getChild("storage").warning("%s is damaged.", "st\x1b[31mate\x07")
    assert capsys.readouterr().err == "ergoscope: st\\x1b[31mate\\x07 is damaged.\n"


class Ticks:
    """A service that takes in so many samples between two lines of progress."""

    def __init__(self, samples: list[int]) -> None:
        self.given = iter(samples)
        self.counts = {"a": Counts(taken=3, lost=2, repeated=1), "b": Counts(taken=4, lost=5)}
        self.forgotten, self.rejections = 0, RejectionCounts()
        self.seen = 0

    @property
    def samples(self) -> int:
        return self.seen

    async def pass_by(self, seconds: float) -> None:
        """Stand in for ``asyncio.sleep``."""
        assert seconds == _streams._PROGRESS
        self.seen = next(self.given, -1)
        if self.seen < 0:
            raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("samples", "lines"),
    [([0, 0], []), ([7], [7]), ([0, 7, 7, 7, 9], [7, 9]), ([227_460, 454_920], [227_460, 454_920])],
)
def test_learn_prints_a_line_of_progress_while_samples_come(
    samples: list[int], lines: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Ticks(samples)
    monkeypatch.setattr(asyncio, "sleep", service.pass_by)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_streams._report(service))  # type: ignore[arg-type]
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err.splitlines() == [
        f"learn: 2 streams, {number} samples, 7 lost, 1 repeated, 0 outdated" for number in lines
    ]


def test_the_line_of_progress_names_what_was_forgotten_and_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Ticks([7])
    service.forgotten = 3
    for kind in ("schema", "malformed", "malformed"):
        service.rejections.add(RejectedMessage(kind, "no message."))
    monkeypatch.setattr(asyncio, "sleep", service.pass_by)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_streams._report(service))  # type: ignore[arg-type]
    assert capsys.readouterr().err.endswith(
        "0 outdated, 3 streams forgotten, 2 messages rejected (malformed), 1 message rejected (schema)\n"
    )


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_learn_prints_progress_while_it_waits_for_more(quiet: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty samples, then a source that is silent until a line has come."""
    said: list[str] = []

    class Silent(MemorySource):
        async def __aiter__(self) -> AsyncIterator[Observation]:
            for item in self.items:
                yield item
            while not said and not quiet:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)

    source = Silent([observation("a", [float(k)], sequence=k) for k in range(40)])
    monkeypatch.setattr("ergoscope.streams.connect", lambda *where, **options: source)
    monkeypatch.setattr(_streams, "_PROGRESS", 0.05)
    monkeypatch.setattr(_streams, "note", said.append)
    monkeypatch.setattr(sys, "argv", ["ergoscope", "learn", "-", "--sizes", "0..2", *quiet])
    monkeypatch.setattr("warnings.showwarning", None)
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    if quiet:
        assert not said
    else:
        assert len(said) > 1  # one while it waits, and that of the end
        assert said[-1] == "learn: 1 stream, 40 samples, 0 lost, 0 repeated, 0 outdated"


BAD = {
    "no source": (["learn", "nowhere.ndjson"], "nowhere.ndjson"),
    "no good line": (["learn", "bad.ndjson"], "a payload is a number, JSON"),
    "no learner": (["learn", "-", "--learner", "ladr"], "no learner is called"),
    "no kind": (["learn", "-", "--say", "all"], "the outputs are"),
    "no center": (["learn", "-", "--center", "mean"], "--center must be"),
    "no window": (["learn", "-", "--window", "-1"], "window must be"),
    "columns of lines": (["learn", "-", "--output", "y"], "is none"),
    "a path of a recording": (["learn", "runs.csv", "--y", "y"], "paths belong to payloads"),
    "a path that is none": (["learn", "-", "--y", "a..b"], "a path is written temperature"),
    "inputs alone": (["learn", "-", "--u", "a"], "inputs need outputs"),
    "a unit alone": (["learn", "-", "--y", "a", "--time-unit", "s"], "a unit belongs to a time"),
    "no duration": (["learn", "-", "--every", "often"], "is written 100ms, 10s"),
    "no rule": (["record", "-", "--out", "o", "--every", "1s", "--rule", "last"], "is hold or mean"),
    "no file of mappings": (["replay", "-", "--mapping", "none.toml"], "no file is called 'none.toml'"),
    "no TOML": (["replay", "-", "--mapping", "bad.ndjson"], "bad.ndjson is no TOML file"),
    "options beside a file": (["learn", "-", "--mapping", "m.toml", "--y", "a"], "leave --y out"),
    "a wildcard in a level": (["learn", "mqtt://localhost/a+/b/#"], "topics are written mqtt://"),
    "levels after #": (["inspect", "mqtt://localhost/#/b"], "topics are written mqtt://"),
    "no time to listen": (["inspect", "mqtt://localhost/#", "--for", "0"], "a time to listen"),
    "paths of a table": (["watch", "mqtt://localhost/lab", "--y", "a"], "give them with --page and --record"),
    "no speed": (["replay", "bad.ndjson", "--speed", "fast"], "a speed is written"),
    "a speed of lines": (["replay", "bad.ndjson", "--speed", "2x"], "leave it out"),
    "nowhere to": (["publish", "random-walk", "--to", "file"], "got 'file'"),
    "no rate": (["publish", "random-walk", "--rate", "0"], "a rate is"),
    "no streams": (["publish", "random-walk", "--streams", "0"], "1 to 10000 streams"),
    "too many streams": (["publish", "random-walk", "--streams", "100000000000"], "1 to 10000 streams"),
    "no time between checkpoints": (["learn", "bad.ndjson", "--checkpoint", "-1"], "must be at least 0"),
    "a time that is no number": (["learn", "bad.ndjson", "--checkpoint", "nan"], "must be at least 0"),
    "no folder to record": (["record", "-", "--out", ""], "must not be empty"),
    "no state folder": (["learn", "-", "--state", ""], "must not be empty"),
    "no folder for a page": (["watch", "mqtt://localhost/lab", "--page", "--record", ""], "must not be empty"),
    "a state of lines": (["publish", "random-walk", "--state", "s"], "a state folder needs an address mqtt"),
    "no plant": (["publish", "random-wlk"], "random-walk"),
    "no port": (["learn", "mqtt://localhost:0/lab/+"], "an address is written mqtt://"),
    "a line break in a topic": (["learn", "mqtt://localhost/a%0Ab/+"], "an address is written mqtt://"),
    "no output": (["learn", "bad.ndjson", "--say", ""], "there must be an output"),
    "no epoch": (["publish", "random-walk", "--epoch", "-1"], "epoch must be a whole number"),
    "nowhere to look": (["watch", "http://host/lab"], "an address is written mqtt://"),
    "no unit": (["publish", "random-walk", "--units", "y:m"], "units are written y=m,u=N"),
    "no channels": (["learn", "-", "--channels", "0"], "channels at least 1"),
    "no time to look": (["watch", "mqtt://localhost/lab", "--for", "0"], "a time to watch"),
    "a folder that is a file": (["record", "bad.ndjson", "--out", "bad.ndjson"], "cannot make the folder"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_words_end_in_one_message(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, message = BAD[name]
    (tmp_path / "bad.ndjson").write_text("bad\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2 and message in printed.err and printed.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ndjson"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_with_the_last_verdict(number: int, tmp_path: Path) -> None:
    words = ["learn", "-", "--sizes", "0..3"]
    going = subprocess.Popen(
        [*ERGOSCOPE, *words], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert going.stdin is not None and going.stdout is not None
    going.stdin.write(b'{"y": 1}\n{"y": 2}\n')
    going.stdin.flush()
    first = [going.stdout.readline() for _ in range(4)]
    assert json.loads(first[-1])["kind"] == "prediction"  # while the pipe is still open
    going.send_signal(number)
    rest, said = going.communicate(timeout=60)
    assert going.returncode == 0 and b"2 samples" in said and b"Traceback" not in said
    assert json.loads(rest.splitlines()[-1])["kind"] == "threshold"


def test_a_reader_that_leaves_is_an_end(tmp_path: Path) -> None:
    command = f"{' '.join(ERGOSCOPE)} publish random-walk | {' '.join(ERGOSCOPE)} learn - --sizes 0..2 | head -n 3"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, timeout=200)
    assert len(done.stdout.splitlines()) == 3 and b"Traceback" not in done.stderr


def test_a_full_disk_ends_in_one_message_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    given = b"".join(b'{"seq":%d,"y":%d}\n' % (k, k % 7) for k in range(6000))
    words = ["learn", "-", "--sizes", "0..2", "--say", "threshold", "--state", "kept"]
    limited = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)); "
        "runpy.run_module('ergoscope', run_name='__main__')"
    )
    full = subprocess.run(
        [sys.executable, "-c", limited, *words], cwd=tmp_path, input=given, capture_output=True, timeout=200
    )
    assert full.returncode == 2 and full.stdout.count(b"\n") < 10
    assert b"cannot write in 'kept/journal': File too large" in full.stderr and b"Traceback" not in full.stderr
    with Journal(tmp_path / "kept" / "journal") as journal:
        kept = [item.sequence for item in journal.read(0)]
    assert kept == list(range(len(kept))) and 0 < len(kept) < 6000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_recorder_that_is_ended_leaves_whole_parts(number: int, tmp_path: Path) -> None:
    """A signal loses no sample that has come; a kill leaves whole parts, and the next start records on."""
    command = [*ERGOSCOPE, "record", "-", "--out", "kept"]
    going = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert going.stdin is not None
    many = b"".join(b'{"y": %d}\n' % k for k in range(140_000))  # more than a part
    going.stdin.write(many)
    going.stdin.flush()
    until_there = time.monotonic() + 120
    while not list((tmp_path / "kept").glob("part-*")):
        assert time.monotonic() < until_there
        time.sleep(0.05)
    time.sleep(1)
    going.send_signal(number)
    _, said = going.communicate(timeout=60)
    assert b"Traceback" not in said and (going.returncode == 0 or number == signal.SIGKILL)

    def kept() -> list[float]:
        parts = sorted((tmp_path / "kept").glob("part-*"))
        return [value for part in parts for value in pl.read_parquet(part)["y"].to_list()]

    values = kept()
    assert values == list(range(len(values))) and len(values) >= 1 << 17
    assert number == signal.SIGKILL or len(values) == 140_000
    again = run("record", "-", "--out", "kept", cwd=tmp_path, given=b'{"y": -1}\n')
    assert again.returncode == 0 and kept() == [*values, -1]


@pytest.mark.parametrize("pause", [0, 0.01, 0.2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_loses_nothing_that_was_recorded(number: int, pause: float, tmp_path: Path) -> None:
    command = [*ERGOSCOPE, "record", "-", "--out", "kept"]
    going = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert going.stdin is not None
    going.stdin.write(b"".join(b'{"y": %d}\n' % k for k in range(8)))
    going.stdin.flush()
    until_there = time.monotonic() + 60
    while not (tmp_path / "kept" / ".lock").exists():
        assert time.monotonic() < until_there
        time.sleep(0.05)
    time.sleep(1)
    for _ in range(3):
        going.send_signal(number)
        time.sleep(pause)
    _, said = going.communicate(timeout=60)
    assert b"Traceback" not in said
    assert pl.read_parquet(tmp_path / "kept" / "part-000001.parquet")["y"].to_list() == list(range(8))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("words", ["watch mqtt://127.0.0.1:1/lab", "record mqtt://127.0.0.1:1/lab/+ --out r"])
def test_a_signal_ends_a_command_without_a_traceback(words: str, number: int, tmp_path: Path) -> None:
    command = [*ERGOSCOPE, *words.split()]
    going = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert going.stderr is not None and b"there is no broker" in going.stderr.readline()
    going.send_signal(number)
    _, said = going.communicate(timeout=60)
    assert going.returncode == 0 and b"Traceback" not in said and b"Cancelled" not in said


@pytest.mark.parametrize("words", ["learn -", "record - --out d"])
def test_closed_standard_input_is_an_error(words: str, tmp_path: Path) -> None:
    command = f"{shlex.join([*ERGOSCOPE, *words.split()])} <&-"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 2 and b"standard input is closed" in done.stderr and b"Traceback" not in done.stderr


def test_a_watch_once_ends_where_nothing_is(tmp_path: Path) -> None:
    done = run("watch", "mqtt://127.0.0.1:1/lab", "--once", cwd=tmp_path)
    assert done.returncode == 0 and b"nothing came from" in done.stderr


def learned(given: list[str], *words: str, folder: Path) -> list[dict[str, Any]]:
    """The errors that ``learn`` prints for lines."""
    text = "".join(line + "\n" for line in given).encode()
    done = run("learn", "-", "--sizes", "0..2", "--say", "error", *words, cwd=folder, given=text)
    assert done.returncode == 0, done.stderr
    return lines(done.stdout)


WALK = [f'{{"y": {y:.6f}}}' for y in np.random.default_rng(8).standard_normal(40).cumsum()]
REFUSED = ["unavailable", '{"y": 22', '{"y": 23, "unit": "m"}', '{"y": NaN}', '{"y": ["a"]}', "x" * (1 << 20) + "x"]


def test_a_refused_line_keeps_its_time(tmp_path: Path) -> None:
    """Whatever is wrong with it: a line of a stream that does not count is a missing sample."""
    got = learned([*WALK[:20], *REFUSED, *WALK[20:]], folder=tmp_path)
    assert got == learned([*WALK[:20], *['{"y": null}'] * len(REFUSED), *WALK[20:]], folder=tmp_path)
    several = [line.replace("{", f'{{"stream": "{name}", ', 1) for line in WALK for name in "ab"]
    assert learned([*several[:20], "unavailable", *several[20:]], folder=tmp_path) == learned(several, folder=tmp_path)


def test_a_refused_line_keeps_its_time_after_a_restart(tmp_path: Path) -> None:
    parts = WALK[:20], [*REFUSED[:2], *WALK[20:]]
    whole = learned([line for part in parts for line in part], folder=tmp_path)
    again = [learned(part, "--state", "kept", folder=tmp_path) for part in parts]
    assert [error for part in again for error in part] == whole


ZIGBEE = [f'{{"battery": 88, "temperature": {y:.3f}, "at": {1700000000 + 10 * k}}}' for k, y in enumerate(range(30))]


def test_payloads_are_learned_recorded_and_replayed_as_own_messages(tmp_path: Path) -> None:
    """The same numbers come out of a pipe of payloads, a recording of it, and the product's own lines."""
    given = "".join(line + "\n" for line in ZIGBEE).encode()
    words = ["--y", "temperature", "--time", "at"]
    played = run("replay", "-", *words, cwd=tmp_path, given=given)
    assert [(line["y"], line["t"]) for line in lines(played.stdout)] == [(k, 1700000000 + 10 * k) for k in range(30)]
    kept = run("record", "-", "--out", "kept", *words, cwd=tmp_path, given=given)
    assert kept.returncode == 0 and run("replay", "kept", cwd=tmp_path).stdout == played.stdout
    (tmp_path / "zigbee.txt").write_bytes(given)
    learn = ["--sizes", "0..2", "--quiet"]
    learned = run("learn", "zigbee.txt", *words, *learn, cwd=tmp_path)
    assert learned.returncode == 0 and learned.stderr == b""
    assert learned.stdout == run("learn", "-", *learn, cwd=tmp_path, given=played.stdout).stdout


def test_a_grid_says_its_rule(tmp_path: Path) -> None:
    given = "".join(line + "\n" for line in ZIGBEE).encode()
    done = run("replay", "-", "--y", "temperature", "--time", "at", "--every", "5s", cwd=tmp_path, given=given)
    assert b"one sample every 5s, at multiples of 5s since 1970: the last value, at most 15s old" in done.stderr
    got = lines(done.stdout)
    assert [one["seq"] for one in got][:2] == [340000000, 340000002]
    assert [one["y"] for one in got][:2] == [[[0], [0]], [[1], [1]]]


def test_a_mapping_in_a_file_takes_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('y = ["1", "0"]\n')
    done = run("replay", "-", "--mapping", "map.toml", cwd=tmp_path, given=b"1,2\n3,4\n")
    assert [line["y"] for line in lines(done.stdout)] == [[2, 1], [4, 3]]


def test_a_pipe_with_several_numbers_ends_with_the_choice(tmp_path: Path) -> None:
    done = run("record", "-", "--out", "kept", cwd=tmp_path, given=ZIGBEE[0].encode())
    assert done.returncode == 2 and b"Traceback" not in done.stderr
    assert b"write ergoscope record - --out kept --y PATH" in done.stderr  # the command that was typed
    assert b"--y PATH, where PATH is one of battery (88), temperature (0.0), at (1700000000)" in done.stderr


def test_a_later_line_with_a_key_of_a_device_names_the_remedy(tmp_path: Path) -> None:
    done = run("replay", "-", cwd=tmp_path, given=b'{"y": 1}\n{"y": 2, "battery": 88}\n')
    assert b"got 'battery': leave it out, or take the messages as those of a device with --y y" in done.stderr
    done = run("replay", "-", "--y", "y", cwd=tmp_path, given=b'{"y": 1}\n{"y": 2, "battery": 88}\n')
    assert [line["y"] for line in lines(done.stdout)] == [1, 2]


def test_a_state_folder_of_lines_belongs_to_one_mapping(tmp_path: Path) -> None:
    words = ["learn", "-", "--sizes", "0..2", "--state", "kept"]
    assert run(*words, cwd=tmp_path, given=b'{"y": 1}\n').returncode == 0
    other = run(*words, "--y", "y", cwd=tmp_path, given=b'{"y": 1}\n')
    assert other.returncode == 2
    assert b"is of another mapping: 'no options of payloads', here it is '--y y'" in other.stderr
    assert run(*words, cwd=tmp_path, given=b'{"y": 1}\n').returncode == 0
