"""Sources and sinks: lines, recordings played at a pace, parts in a folder."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import Trajectories, find_task, read_recording, simulate, task_trajectories, zoo
from ergoscope.streams import (
    MemorySink,
    MemorySource,
    Observation,
    RecordSink,
    connect,
    forward,
    observation,
    play,
    play_simulation,
    play_task,
)
from ergoscope.streams._mapping.mapping import PayloadMapping
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._messages.errors import RejectedMessage
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.source_and_sinks import MqttSink
from ergoscope.streams._sources.interfaces import RejectionCounts
from ergoscope.streams._sources.json_lines import LineSink, LineSource, observation_lines
from ergoscope.streams._sources.parquet import RecordedSource


def all_of(source: Any) -> list[Observation]:
    sink = MemorySink[Observation]()
    asyncio.run(forward(source, sink))
    return sink.sent


def same(left: list[Observation], right: list[Observation]) -> bool:
    heads = [[item[:3] for item in items] for items in (left, right)]
    rows = [[[part.tobytes() for part in item[3:]] for item in items] for items in (left, right)]
    return heads[0] == heads[1] and rows[0] == rows[1]


def some(count: int = 300) -> list[Observation]:
    rng = np.random.default_rng(0)
    items = []
    for k in range(count):
        y, u = rng.standard_normal((1 + k % 3, 2)), rng.standard_normal((1 + k % 3, 1))
        y[0, k % 2] = np.nan
        number = None if k % 5 == 0 else int(rng.integers(1000))
        items.append(observation(f"s{k % 4}", y, u, sequence=number, epoch=k // 100, time=np.full(len(y), 0.5 * k)))
    return items


def piped(payload: bytes) -> LineSource:
    end, begin = os.pipe()
    os.write(begin, payload)
    os.close(begin)
    return LineSource(end, close=True)


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    items = [item._replace(time=item.time[:1] + np.arange(item.steps)) for item in some()]
    items = [item if item.steps > 1 else item._replace(time=item.time[:1]) for item in items]
    file = tmp_path / "some.ndjson"
    with file.open("wb") as handle:
        asyncio.run(forward(MemorySource(items), LineSink(handle, observation_lines)))
    assert same(all_of(connect(str(file))), items)


def test_bad_lines_are_counted_and_the_others_taken() -> None:
    source = piped(b'{"y":1}\n\nnot\r\n{"y":"a"}\n' + b'{"y":Infinity}\n{"y":NaN}\n{"y":2}')
    values = [float(item.output[0, 0]) for item in all_of(source)]
    np.testing.assert_equal(values, [1.0, *[np.nan] * 4, 2.0])  # a rejected line takes its time as a missing sample
    assert source.rejections.counts == {"malformed": 1, "schema": 1, "non-finite": 1}


@pytest.mark.parametrize(
    ("bad", "missing"),
    [
        (b'{"y": 1e200}', 1),
        (b'{"y": "unavailable"}', 1),
        (b'{"y": [1.0, Infinity], "u": 1}', 1),
        (b'{"y": [[1.0, 2.0], [1.0, "x"], [3.0, 4.0]]}', 3),
        (b'{"y": null}', 0),  # valid, and of another width
        (b'{"y": Infinity, "seq": 5}', 0),  # its number shows that it is missing
        (b'{"y": Infinity, "stream": "new"}', 0),  # nothing is known of this stream
        (b"unavailable", 1),  # a line without the name of a stream is of the only one
    ],
)
def test_a_rejected_value_of_a_stream_without_numbers_is_a_missing_sample(bad: bytes, missing: int) -> None:
    source = piped(b'{"y": [1.0, 2.0], "u": 3.0}\n' + bad + b'\n{"y": [4.0, 5.0], "u": 6.0}\n')
    first, *between, last = all_of(source)
    assert (first.output.tolist(), last.output.tolist()) == ([[1.0, 2.0]], [[4.0, 5.0]])
    if bad != b'{"y": null}':
        assert sum(item.steps for item in between) == missing and source.rejections.counts.total() == 1
        assert all(np.isnan(item.output).all() and item.output.shape[1] == 2 for item in between)


@pytest.mark.parametrize("first", [b'{"y": 1.0}', b"1.0"])
def test_the_first_line_decides_whose_format_all_lines_have(first: bytes) -> None:
    """A line of the other format is then rejected, and a missing sample."""
    mapper = StreamMapper(PayloadMapping(), RejectionCounts())
    end, begin = os.pipe()
    os.write(begin, b"nothing\n" + first + b'\n{"y": 2.0}\n3.0\n')
    os.close(begin)
    source = LineSource(end, close=True, mapper=mapper)
    values = [float(item.output[0, 0]) for item in all_of(source)]
    np.testing.assert_equal(values, [1.0, 2.0, np.nan] if first.startswith(b"{") else [1.0, np.nan, 3.0])
    assert source.rejections.counts.total() == 2


def test_two_recorders_do_not_share_a_folder(tmp_path: Path) -> None:
    async def main() -> None:
        async with RecordSink(tmp_path) as sink:
            with pytest.raises(ValueError, match="another process uses"):
                RecordSink(tmp_path)
            await sink.send(observation("a", 1.0))
        async with RecordSink(tmp_path) as sink:
            await sink.send(observation("a", 2.0))

    asyncio.run(main())
    assert [float(item.output[0, 0]) for item in all_of(RecordedSource(tmp_path))] == [1.0, 2.0]


def test_a_silent_stream_is_written_after_some_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._sources.parquet.SECONDS", 0.2)

    async def main() -> None:
        async with RecordSink(tmp_path) as sink:
            await sink.send(observation("a", 1.0))
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if sink.samples:
                    break
            assert sink.samples == 1 and len(list(tmp_path.glob("part-*"))) == 1

    asyncio.run(main())


WRONG_PARTS: dict[str, dict[str, Any]] = {
    "null epoch": dict(epoch=None),
    "negative epoch": dict(epoch=-1),
    "huge epoch": dict(epoch=2**60),
    "negative number": dict(seq=-1),
    "no stream": dict(stream=None),
    "a stream beside the topic": dict(stream="a/../b"),
    "all streams": dict(stream="*"),
    "a control character": dict(stream="a\x00b"),
    "an infinite value": dict(y=np.inf),
}


@pytest.mark.parametrize("name", WRONG_PARTS)
def test_a_wrong_message_of_a_recorded_part_is_rejected_and_the_others_are_played(name: str, tmp_path: Path) -> None:
    rows = [dict(stream="a", epoch=0, seq=k, t=0.0, y=float(k), message=k) for k in range(3)]
    rows[1] |= WRONG_PARTS[name]
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "part-000001.parquet")
    source = RecordedSource(tmp_path)
    assert [item.sequence for item in all_of(source)] == [0, 2]
    assert source.rejections.counts.total() == 1


@pytest.mark.parametrize("wrong", [dict(epoch="x"), dict(seq=[1]), dict(stream=1.5), dict(y="a"), dict(message="x")])
def test_a_part_with_a_column_of_another_type_is_rejected(wrong: dict[str, Any], tmp_path: Path) -> None:
    row = dict(stream="a", epoch=0, seq=0, t=0.0, y=1.0, message=0) | wrong
    pl.DataFrame([row]).write_parquet(tmp_path / "part-000001.parquet")
    if wrong == dict(stream=1.5):
        assert [item.stream for item in all_of(RecordedSource(tmp_path))] == ["1.5"]
        return
    with pytest.raises(RejectedMessage, match="is not a recorded part"):
        all_of(RecordedSource(tmp_path))


def test_what_is_wrong_is_refused_before_it_is_recorded_or_published(tmp_path: Path) -> None:
    bad = [observation(name, 1.0) for name in ("a/../b", "*", "a\n")] + [observation("a", np.inf)]

    async def main() -> None:
        async with RecordSink(tmp_path) as sink:
            for item in bad:
                with pytest.raises(RejectedMessage):
                    await sink.send(item)

    asyncio.run(main())
    sink = MqttSink(Address("h", 1, "lab", "+"))
    for item in bad[:3]:
        with pytest.raises(RejectedMessage):
            sink.message(item)


def test_ten_thousand_damaged_lines_leave_the_good_ones_between_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    good = [observation(f"s{k % 3}", float(k), sequence=k) for k in range(5000)]
    lines = []
    for item in good:
        (line,) = observation_lines(item)
        lines.append(line)
        for _ in range(2):
            bad = bytearray(line)
            for at in rng.integers(len(bad), size=3):
                bad[at] = int(rng.integers(256))
            lines.append(b"#" + bytes(bad).replace(b"\n", b"?"))
    (tmp_path / "lines.ndjson").write_bytes(b"\n".join(lines))
    source = connect(str(tmp_path / "lines.ndjson"))
    assert same(all_of(source), good)
    assert source.rejections.counts.total() == 10_000


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    file.write_bytes(b'{"y":1}\n' + b"7" * 5_000_000 + b'\n{"y":2}\n')
    source = connect(str(file))
    np.testing.assert_equal([float(item.output[0, 0]) for item in all_of(source)], [1.0, np.nan, 2.0])
    assert source.rejections.counts == {"oversized": 1}


def test_what_is_sent_is_written_at_once() -> None:
    handle = io.BytesIO()

    async def one() -> None:
        await LineSink(handle, observation_lines).send(observation("a", 1.0, sequence=3))

    asyncio.run(one())
    assert json.loads(handle.getvalue()) == {"stream": "a", "epoch": 0, "seq": 3, "y": 1.0}


@pytest.mark.parametrize("block", [1, 7, 128, 200])
def test_a_simulation_is_played_with_the_numbers_of_simulate(block: int) -> None:
    names = ["a", "b", "c"]
    items = all_of(play_simulation(zoo("double-integrator"), 300, names, seed=5, block=block))
    whole = simulate(5, zoo("double-integrator"), 300, 3).outputs
    for i, name in enumerate(names):
        mine = [item for item in items if item.stream == name]
        assert [item.sequence for item in mine] == np.cumsum([0, *(item.steps for item in mine)])[:-1].tolist()
        assert np.concatenate([item.output for item in mine]).tobytes() == whole[i].tobytes()


def test_a_task_is_played_with_its_label_as_output() -> None:
    items = all_of(play_task(find_task("parity:bits=4,k=2"), 40, ["a", "b"], seed=5, block=7))
    for i, name in enumerate("ab"):
        mine = [item for item in items if item.stream == name]
        u, y = (np.concatenate([getattr(item, word) for item in mine]) for word in ("input", "output"))
        whole = next(task_trajectories(find_task("parity:bits=4,k=2"), 40, 1, seed=5 + i))
        assert (y == whole.outputs[0]).all() and (u == whole.inputs[0]).all()
        assert (y[:, 0] == (u[:, :2] > 0).sum(axis=1) % 2).all()


def test_runs_of_different_length_end_where_they_end() -> None:
    y = np.arange(12.0).reshape(2, 6, 1)
    runs = Trajectories(y, np.zeros((2, 6, 0)), np.array([6, 4]), None, ("y",), (), ("a/1", "b"))
    items = all_of(play(runs, block=4))
    assert [(item.stream, item.sequence, item.steps) for item in items] == [("a:1", 0, 4), ("b", 0, 4), ("a:1", 4, 2)]


def test_a_pace_is_kept_and_never_runs_ahead() -> None:
    begun = time.monotonic()
    assert len(all_of(play_simulation(zoo("random-walk"), 100, rate=200.0, block=4))) == 25
    assert time.monotonic() - begun >= 0.49


@pytest.mark.parametrize("wrong", [dict(rate=0.0), dict(rate=np.inf), dict(block=0), dict(speed=2.0)])
def test_a_pace_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    runs = Trajectories(np.zeros((1, 3, 1)), np.zeros((1, 3, 0)), np.array([3]), None, ("y",), (), ("a",))
    with pytest.raises(ValueError, match="got|needs"):
        play(runs, **wrong)


def test_what_is_recorded_is_played_message_by_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._sources.parquet.PART", 100)
    items = some()
    asyncio.run(forward(MemorySource(items[:200]), RecordSink(tmp_path / "run[1]")))
    asyncio.run(forward(MemorySource(items[200:]), RecordSink(tmp_path / "run[1]")))
    assert len(list((tmp_path / "run[1]").iterdir())) > 4
    assert same(all_of(connect(str(tmp_path / "run[1]"))), items)


def test_a_folder_that_was_recorded_is_a_recording_too(tmp_path: Path) -> None:
    names = ["a", "b"]
    asyncio.run(forward(play_simulation(zoo("random-walk"), 50, names, block=8), RecordSink(tmp_path)))
    runs = read_recording(tmp_path / "part-000001.parquet", ["y"], by="stream", time="t")
    assert runs.outputs.tobytes() == simulate(0, zoo("random-walk"), 50, 2).outputs.tobytes()


def test_a_record_is_played_at_its_speed(tmp_path: Path) -> None:
    asyncio.run(forward(play_simulation(zoo("random-walk"), 50, ["a"]), RecordSink(tmp_path)))  # dt = 1 s
    begun = time.monotonic()
    assert len(all_of(RecordedSource(tmp_path, speed=100.0))) == 50
    assert 0.48 <= time.monotonic() - begun < 5


def test_a_damaged_part_is_refused(tmp_path: Path) -> None:
    asyncio.run(forward(MemorySource(some(10)), RecordSink(tmp_path)))
    (tmp_path / "part-000002.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ValueError, match="part-000002"):
        connect(str(tmp_path))


def test_streams_of_several_widths_are_recorded(tmp_path: Path) -> None:
    items = [observation("a", 1.0), observation("b", [1.0, 2.0]), observation("a", 3.0)]
    asyncio.run(forward(MemorySource(items), RecordSink(tmp_path)))
    assert same(all_of(connect(str(tmp_path))), items)
