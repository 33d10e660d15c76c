"""What is heard becomes rows; what is hostile becomes nothing, and commands no terminal."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import time
from typing import Any

import aiomqtt
import numpy as np
import pytest
from rich.console import Console

from ergoscope.cli._dashboard import _line, _table, _View
from ergoscope.learners import ladder, lattice
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    MemorySource,
    RejectedMessage,
    Service,
    forward,
    observation,
)
from ergoscope.streams._dashboard.monitor import Monitor, Row
from ergoscope.streams._dashboard.mqtt_monitor import watch
from ergoscope.streams._messages.output_json import output_messages
from ergoscope.streams._mqtt.address import read_address
from ergoscope.streams._mqtt.broker import Broker
from ergoscope.streams._mqtt.source_and_sinks import MqttOutputSink, MqttSink


def learned(outputs: int, block: int, steps: int = 96) -> list[Any]:
    """What a service says of one stream."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((steps, outputs)).cumsum(axis=0)
    items = [observation("a", y[k : k + block], sequence=k, epoch=7) for k in range(0, steps, block)]
    sink = MemorySink[Any]()
    service = Service(lambda p, q: ladder(range(4)) if p == 1 else lattice(range(4), outputs=p, inputs=q))
    service.rejections.add(RejectedMessage("malformed", "no message."))
    for item in items:
        for said in service.take([item]):
            asyncio.run(sink.send(said))
    return [*sink.sent, *service.finish()]


def heard(said: list[Any], watch: Monitor, meta: dict[str, Any] | None = None, pause: float = 0.01) -> float:
    """Let a watch hear it all, and return the time."""
    now = 100.0
    if meta is not None:
        watch.hear("lab/a/meta", json.dumps(meta).encode(), now)
    for item in said:
        for kind, payload in output_messages(item, ("error", "threshold")):
            watch.hear(f"lab/a/ergoscope/{kind}", payload, now)
        now += pause
    return now


@pytest.mark.parametrize(("outputs", "block"), [(1, 1), (1, 4), (1, 16), (4, 1), (2, 3)])
def test_what_a_learner_says_becomes_a_row(outputs: int, block: int) -> None:
    said = learned(outputs, block)
    watch = Monitor(read_address("mqtt://h/lab"))
    watch.hear("lab/a/status", b"online", 100.0)
    now = heard(said, watch, dict(schema=1, outputs=[f"y{i}" for i in range(outputs)], inputs=[]))
    (row,) = watch.rows(now + 2)
    last = said[-1]
    assert row[:3] == ("a", "online", 96) and watch.ignored == 0
    assert (row.verdict, row.critical_size) == (last.found.critical.verdict, last.found.critical.size)
    assert row.best == last.found.best.size and row.sizes == [0, 1, 2, 3]
    assert row.use == last.found.advice.size
    assert row.advice == dict(size=row.use, sentence=last.found.advice.sentence)
    assert row.counts == vars(last.counts) and row.refused == last.refused == {"malformed": 1}
    squares, seen = np.zeros(4), np.zeros(4)
    for error in [part.error for part in said if isinstance(part, Forecasts)]:
        past = 0.5 ** (len(error) / 1000)
        squares = past * squares + np.nansum(error**2, axis=(0, 2))
        seen = past * seen + (~np.isnan(error).any(axis=2)).sum(axis=0)
    np.testing.assert_allclose(row.errors, squares / seen, rtol=1e-9)
    assert row.age is not None and row.rate is not None
    assert 2 <= row.age < 2.1 and math.isclose(row.rate, 96 / (now + 2 - 100), rel_tol=0.01)
    (late,) = watch.rows(now + 60)
    assert late.rate == 0 and late.age is not None and math.isclose(late.age, row.age + 58)


@pytest.mark.parametrize(
    ("sizes", "bounded", "tried"),
    [([3, 4], 3, "the smallest tried"), ([0, 2, 3], 2, "the size before it was not tried"), ([2], 2, "")],
)
def test_a_verdict_of_at_most_names_its_size(sizes: list[int], bounded: int, tried: str) -> None:
    """Random walks: the error is bounded from size 1 on, which is not tried."""
    walks = np.random.default_rng(0).standard_normal((8, 1024)).cumsum(axis=1)
    watch, service = Monitor(read_address("mqtt://h/lab")), Service(lambda p, q: ladder(sizes), together=True)
    for k in range(0, 1024, 64):
        service.take([observation(f"{i}", walk[k : k + 64, None], sequence=k, epoch=7) for i, walk in enumerate(walks)])
    *_, last = service.finish()
    assert last.stream == "*"
    ((_, payload),) = output_messages(last, ("threshold",))
    record = json.loads(payload)
    assert (record["verdict"], record["critical_size"], record["bounded"]) == ("at most", None, bounded)
    words = (
        f"The critical filter length is at most {bounded} ({tried})" if tried else "the only one tried, the error is"
    )
    assert words in record["sentence"]
    watch.hear("lab/*/ergoscope/threshold", payload, 1.0)
    (row,) = watch.rows(1.0)
    assert (row.verdict, row.critical_size, row.bounded) == ("at most", None, bounded)
    assert f"critical size at most {bounded}, 0 lost" in _line(row)
    console = Console(width=80, color_system=None)
    with console.capture() as printed:
        console.print(_table([row], 0, 1, 80))
    assert f" at most {bounded} " in printed.get()
    older = json.dumps({word: value for word, value in record.items() if word != "bounded"}).encode()
    watch.hear("lab/*/ergoscope/threshold", older, 2.0)  # of a learner that does not publish it
    assert "critical size at most, 0 lost" in _line(watch.rows(2.0)[0])


def test_a_message_that_comes_twice_is_not_counted_again_and_a_new_epoch_goes_on() -> None:
    said, watch = learned(1, 16), Monitor(read_address("mqtt://h/lab/+"))
    heard(said[:5], watch)
    now = heard(said[:5], watch)
    assert watch.rows(now)[0].samples == 80
    again = [part._replace(epoch=8) if isinstance(part, Forecasts) else part for part in said[:2]]
    now = heard(again, watch)
    assert watch.rows(now)[0].samples == 112


def test_an_advice_prints_nothing_that_commands_a_terminal_and_an_older_learner_has_none() -> None:
    watch, ((_, payload),) = Monitor(read_address("mqtt://h/lab")), output_messages(learned(1, 16)[-1], ("threshold",))
    record = json.loads(payload)
    assert record["advice"]["sentence"].startswith("use filter length") and record["advice"]["needed"]
    hostile = record | dict(advice=dict(size=3, sentence="\x1b[31muse" + "x" * 5000))
    watch.hear("lab/a/ergoscope/threshold", json.dumps(hostile).encode(), 1.0)
    (row,) = watch.rows(1.0)
    assert row.advice is not None and row.use == 3
    assert row.advice["sentence"].startswith("\\x1b[31muse") and len(row.advice["sentence"]) == 1000
    older = {word: value for word, value in record.items() if word != "advice"}
    watch.hear("lab/a/ergoscope/threshold", json.dumps(older).encode(), 2.0)
    assert watch.ignored == 0 and watch.rows(2.0)[0].use == record["best"]["size"]


def test_which_topics_are_heard() -> None:
    rest = ["meta", "status", "ergoscope/threshold", "ergoscope/change", "ergoscope/error", "ergoscope/beside"]
    rest.append("ergoscope/beside-error")
    assert Monitor(read_address("mqtt://h/lab/+")).topics == [f"lab/+/{one}" for one in rest]
    assert Monitor(read_address("mqtt://h/lab/plant1")).topics == [
        f"{place}/{one}" for place in ("lab/plant1", "lab/plant1/+") for one in rest
    ]


HOSTILE: list[tuple[str, bytes]] = [
    ("lab/a/status", b"\x1b[31monline"),
    ("lab/a/status", b"\xff"),
    ("lab/a/meta", b"[" * 100_000),
    ("lab/a/meta", b'{"outputs": -1}'),
    ("lab/a/data", b'{"y": 1}'),
    ("lab/a/ergoscope/error", b""),
    ("lab/a/ergoscope/error", b"[]"),
    ("lab/a/ergoscope/error", b"{" * 2_000_000),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 0, "y": 1, "error": "x"}'),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 0, "y": 1, "error": [NaN]}'),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 0, "y": 1, "error": [[1], [2, 3]]}'),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 0, "y": 1, "error": []}'),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 0, "y": 1, "error": [1' + b"0" * 400 + b"]}"),
    ("lab/a/ergoscope/error", b'{"epoch": 0, "seq": 1e300, "y": 1, "error": [1]}'),
    ("lab/a/ergoscope/error", json.dumps({"epoch": 0, "seq": 2**70, "y": 1, "error": [1]}).encode()),
    ("lab/a/ergoscope/threshold", b'{"verdict": "located"}'),
    ("lab/a/ergoscope/threshold", b'{"verdict": ["located"], "sizes": [], "errors": [], "best": null}'),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_what_is_not_as_described_is_counted_and_changes_nothing(number: int) -> None:
    watch = Monitor(read_address("mqtt://h/lab"))
    watch.hear(*HOSTILE[number], 0.0)
    assert watch.rows(1.0) == [] and watch.ignored == 1
    now = heard(learned(1, 16, 64), watch)
    before = watch.rows(now)
    watch.hear(*HOSTILE[number], now)
    assert watch.rows(now) == before and watch.ignored == 2


def test_a_threshold_with_one_wrong_part_changes_nothing() -> None:
    watch, said = Monitor(read_address("mqtt://h/lab")), learned(1, 16, 64)
    now = heard(said, watch)
    before = watch.rows(now)
    ((_, payload),) = output_messages(said[-1], ("threshold",))
    whole = json.loads(payload)
    changes: dict[str, Any] = dict(
        stream=None,
        samples=-1,
        critical_size="2",
        bounded=-1,
        advice=dict(size="2", sentence=""),
        verdict="sure",
        best=3,
        sizes=[0, 1],
        errors=[None],
        counts={},
        refused=[1],
    )
    for word, value in changes.items():
        watch.hear("lab/a/ergoscope/threshold", json.dumps(whole | {word: value}).encode(), now)
    watch.hear("lab/a/ergoscope/threshold", json.dumps(whole | dict(counts=dict(taken=1e9))).encode(), now)
    assert watch.rows(now) == before and watch.ignored == len(changes)  # of the stream's name the topic tells


COUNTS = dict(taken=5, repeated=2, lost=7, reordered=0, outdated=1)
ROWS = [
    Row(
        "plant",
        "online",
        345_600,
        199.6,
        2,
        "located",
        2,
        [0, 1, 2],
        [100.0, 10.0, 1.0],
        COUNTS,
        dict(malformed=3),
        0,
        0.4,
        None,
        dict(size=1, sentence="use size 1"),
    ),
    Row("[red]x[/red]\\x1b", "unknown", 0, None, None, None, None, [], [], COUNTS, {}, 0, None),
    Row(
        "other",
        "offline",
        9,
        None,
        9,
        "above",
        2,
        [0, 1, 2],
        [0.0, None, 1e300],
        COUNTS,
        dict(malformed=4, dropped=1),
        0,
        4.0,
    ),
]


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_fits_its_terminal_and_shows_names_as_they_are(width: int) -> None:
    console = Console(width=width, color_system=None)
    with console.capture() as printed:
        console.print(_table(ROWS, 3, 3, width))
    lines = printed.get().splitlines()
    assert all(len(line) <= width for line in lines) and "…" not in lines[0]
    assert lines[1].split()[:6] == ["plant", "online", "345600", "200", "1", "2"] and "█▅▁" in lines[1]
    assert "[red]x" in lines[2] and "above 2" in lines[3]
    notes = " ".join(" ".join(lines[4:]).split())
    assert notes.startswith("messages that the learner rejected: 1 dropped, 4 malformed; 3 messages had another form")
    assert _line(ROWS[0]).startswith("plant: online, 345600 samples, 200 per s, use size 1 (mean squared")
    assert _line(ROWS[1]).endswith("unknown, 0 samples, 7 lost, 2 repeated, 1 outdated")


def test_one_table_in_a_file_has_room_for_all_columns(capsys: pytest.CaptureFixture[str]) -> None:
    view = _View(once=True, as_json=False)
    with view:
        view.show(ROWS, 0)
        assert capsys.readouterr().out == ""
    printed = capsys.readouterr().out
    assert "dropped" in printed and "its error" in printed and "…" not in printed


def test_errors_that_were_not_heard_are_said() -> None:
    console = Console(width=140, color_system=None)
    for rows, note in (
        ([ROWS[0]], ""),
        ([ROWS[0]._replace(unheard=30)], "the errors of 30 samples were not heard here"),
        ([ROWS[0]._replace(unheard=30), ROWS[1], ROWS[2]._replace(unheard=7)], "the errors of 37 samples were not"),
    ):
        with console.capture() as printed:
            console.print(_table(rows, 0, 3, 140))
        said = " ".join(printed.get().split())
        assert note in said and ("not heard" in said) == bool(note)
    assert _line(ROWS[0]._replace(unheard=30)).endswith("1 outdated, the errors of 30 samples not heard here")
    assert "not heard" not in _line(ROWS[0])


def test_news_of_a_stream_is_a_line_and_no_news_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with (view := _View(once=False, as_json=False)):
        for rows in (ROWS, [row._replace(samples=row.samples + 9, age=1.0) for row in ROWS]):
            view.show(rows, 0)
        assert len(capsys.readouterr().out.splitlines()) == 3
        view.show([ROWS[0]._replace(status="offline"), *ROWS[1:]], 0)
        assert capsys.readouterr().out.startswith("plant: offline")


def test_the_command_shows_what_is_published_and_nothing_that_commands_a_terminal(port: int) -> None:
    address, said = read_address(f"mqtt://127.0.0.1:{port}/lab/+"), learned(1, 16)[-1]

    async def main() -> subprocess.CompletedProcess[bytes]:
        async with Broker(port), aiomqtt.Client("127.0.0.1", port) as client:
            await forward(MemorySource([observation("a", 1.0, sequence=0)]), MqttSink(address))
            async with MqttOutputSink(address, ["threshold"]) as out:
                await out.send(said)
            await client.publish("lab/\x1b[31mred/status", b"online", retain=True)
            await client.publish("lab/a/meta", b"\x1b[31m", retain=True)
            words = ["watch", f"mqtt://127.0.0.1:{port}/lab", "--once", "--json", "--for", "1"]
            command = [sys.executable, "-m", "ergoscope", *words]
            return await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=100)

    done = asyncio.run(asyncio.wait_for(main(), 120))
    assert done.returncode == 0 and done.stderr == b"" and b"\x1b" not in done.stdout
    rows = {row["stream"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["a"]["samples"] == 96 and rows["a"]["status"] == "offline" and rows["a"]["sizes"] == [0, 1, 2, 3]
    assert rows["\\x1b[31mred"]["status"] == "online"


def test_counts_beyond_those_of_json_are_shown() -> None:
    watch, said = Monitor(read_address("mqtt://h/lab")), learned(1, 16, 64)
    ((_, payload),) = output_messages(said[-1], ("threshold",))
    record = json.loads(payload)
    record["counts"]["lost"], record["refused"] = 2**54 + 2**53, dict(dropped=2**60)
    watch.hear("lab/a/ergoscope/threshold", json.dumps(record).encode(), 1.0)
    (row,) = watch.rows(1.0)
    assert watch.ignored == 0 and row.counts["lost"] == 2**54 + 2**53 and row.refused == dict(dropped=2**60)


def test_a_watch_at_which_nobody_looks_takes_no_memory() -> None:
    watch = Monitor(read_address("mqtt://h/lab"))
    for k in range(20_000):
        watch.hear("lab/a/ergoscope/error", b'{"epoch":0,"seq":%d,"y":1,"error":[1,2]}' % k, 0.01 * k)
    assert len(watch._streams["a"].ticks) <= 501


def test_old_errors_that_the_broker_has_kept_are_no_new_samples(port: int) -> None:
    rows: list[list[Row]] = []

    async def main() -> None:
        async with Broker(port), aiomqtt.Client("127.0.0.1", port) as client:
            payload = b'{"epoch":0,"seq":0,"y":1,"error":[1,2]}'
            await client.publish("lab/a/ergoscope/error", payload, qos=1, retain=True)
            await watch(f"mqtt://127.0.0.1:{port}/lab", lambda seen, ignored: rows.append([*seen]), seconds=1)

    asyncio.run(asyncio.wait_for(main(), 60))
    assert rows and rows[-1] == []


def test_a_watch_for_a_time_ends_where_there_is_no_broker(port: int) -> None:
    begun, looks = time.monotonic(), []
    looking = watch(f"mqtt://127.0.0.1:{port}/lab", lambda *seen: looks.append(seen), seconds=1)
    asyncio.run(asyncio.wait_for(looking, 30))
    assert time.monotonic() - begun < 20 and looks[-1] == ([], 0)
