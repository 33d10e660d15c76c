"""Everyday payloads over Mosquitto, as its own client publishes them; restarts, retained messages, what is lost."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.learners import ladder
from ergoscope.streams import Forecasts, MemorySink, Observation, Service, connect, serve
from ergoscope.streams._connect import output_sink
from ergoscope.streams._dashboard.mqtt_monitor import LiveBoard
from ergoscope.streams._inspect import inspect
from ergoscope.streams._mapping.automatic import Choice
from ergoscope.streams._mapping.mapping import PayloadMapping, payload_mapping
from ergoscope.streams._mapping.topics import read_mappings
from ergoscope.streams._mqtt.address import is_filter, read_filter, read_streams

needs_clients = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed")
PAYLOADS = Path(__file__).parents[1] / "_mapping" / "payloads"
VALUES = [21.5, 21.75, -3.125]


def run(main: Any) -> Any:
    return asyncio.run(asyncio.wait_for(main, 60))


def publish(port: int, topic: str, payload: bytes, *words: str) -> None:
    """Publish a payload byte by byte as it is."""
    command = ["mosquitto_pub", "-p", str(port), "-t", topic, *words, "-s"]
    subprocess.run(command, input=payload, check=True, timeout=20)


async def heard(where: str, count: int, send: Callable[[], None], **options: Any) -> tuple[list[Observation], Any]:
    """Return the first observations of an address while payloads are published, and the source."""
    got: list[Observation] = []
    source = connect(where, **options)
    async with source:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(send)
        async for item in source:
            got.append(item)
            if len(got) == count:
                break
    return got, source


def outputs(items: list[Observation]) -> list[float]:
    return [float(row[0]) for item in items for row in item.output]


FILES: list[tuple[str, PayloadMapping | None, list[float]]] = [
    ("plain", None, VALUES),
    ("epoch_ms", None, VALUES),
    ("influx_line", None, VALUES),
    ("numbers_in_strings", None, VALUES),
    ("python_nan", None, [21.5, np.nan, -3.125]),
    ("tasmota", None, VALUES),
    ("telegraf_json", None, VALUES),
    ("array", payload_mapping("."), VALUES),
    ("csv_line", payload_mapping("1"), VALUES),
    ("rtl433", payload_mapping("temperature_C"), VALUES),
    ("zigbee2mqtt", payload_mapping("temperature"), VALUES),
]


@needs_clients
@pytest.mark.parametrize(("name", "mapping", "expected"), FILES, ids=[name for name, *_ in FILES])
def test_a_publisher_of_each_shape_is_heard(
    name: str, mapping: PayloadMapping | None, expected: list[float], mosquitto: Callable[..., Any]
) -> None:
    port, lines = mosquitto().port, (PAYLOADS / f"{name}.txt").read_bytes().splitlines()

    def send() -> None:
        for line in lines:
            publish(port, "site/device", line)

    got, source = run(heard(f"mqtt://127.0.0.1:{port}/site/device", 3, send, mapping=mapping))
    np.testing.assert_array_equal(outputs(got), expected)
    assert {item.stream for item in got} == {"device"} and not source.rejections.counts


@needs_clients
def test_each_topic_below_a_wildcard_is_a_stream(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port

    def send() -> None:
        publish(port, "plant/a/temperature", b"1")
        publish(port, "plant/b/temperature", b"2")
        publish(port, "plant/b/pressure", b"9")
        publish(port, "plant/a/ergoscope/temperature", b"9")  # an output of a learner
        publish(port, "plant/a/temperature", b"3", "-r")  # retained, but new to this client

    got, _ = run(heard(f"mqtt://127.0.0.1:{port}/plant/+/temperature", 3, send))
    assert [(item.stream, float(item.output[0, 0])) for item in got] == [
        ("a:temperature", 1.0),
        ("b:temperature", 2.0),
        ("a:temperature", 3.0),
    ]
    got, source = run(heard(f"mqtt://127.0.0.1:{port}/plant/#", 1, lambda: publish(port, "plant/x", b"4")))
    assert [(item.stream, float(item.output[0, 0])) for item in got] == [("x", 4.0)]
    assert source.rejections.counts == {"retained": 1}  # the old reading of a/temperature is none


@needs_clients
def test_the_own_format_and_others_come_side_by_side(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port

    def send() -> None:
        publish(port, "lab/own/data", b'{"y": 1, "seq": 0}')
        publish(port, "lab/bare", b'{"y": 2, "seq": 7}')
        publish(port, "lab/plain", b"3")
        publish(port, "lab/plain", b'{"y": 4}')  # after a plain number: rejected, and a missing sample

    got, source = run(heard(f"mqtt://127.0.0.1:{port}/lab/+", 4, send))
    np.testing.assert_array_equal(outputs(got), [1, 2, 3, np.nan])
    assert [(item.stream, item.sequence) for item in got] == [("own", 0), ("bare", 7), ("plain", None), ("plain", None)]
    assert source.rejections.counts == {"schema": 1}


@needs_clients
def test_a_topic_with_several_numbers_ends_with_the_choice(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port
    with pytest.raises(Choice, match=r"device --y PATH, where PATH is one of a \(1\), b \(2\)"):
        run(heard(f"mqtt://127.0.0.1:{port}/device", 1, lambda: publish(port, "device", b'{"a": 1, "b": 2}')))


@needs_clients
def test_a_file_maps_many_topics(mosquitto: Callable[..., Any], tmp_path: Path) -> None:
    port = mosquitto().port
    (tmp_path / "plant.toml").write_text(
        'time = "arrival"\n[[stream]]\ntopic = "zigbee2mqtt/+"\ny = "temperature"\n'
        '[[stream]]\ntopic = "esp/cellar/temp"\nname = "cellar"\ny = "."\n'
    )

    def send() -> None:
        publish(port, "zigbee2mqtt/kitchen", b'{"battery": 88, "temperature": 21.5}')
        publish(port, "esp/cellar/temp", b"11.5")

    mapping = read_mappings(tmp_path / "plant.toml")
    got, _ = run(heard(f"mqtt://127.0.0.1:{port}", 2, send, mapping=mapping))
    assert [(item.stream, float(item.output[0, 0])) for item in got] == [
        ("zigbee2mqtt:kitchen", 21.5),
        ("cellar", 11.5),
    ]


class Until(MemorySink[Any]):
    """A sink that ends the service after so many forecasts."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count, self.work = count, asyncio.current_task()

    async def send(self, item: Any) -> None:
        await super().send(item)
        if sum(one.output.shape[0] for one in self.sent if isinstance(one, Forecasts)) == self.count:
            assert self.work is not None
            self.work.cancel()


KEPT = "allow_anonymous true\npersistence true\nmax_queued_messages 0"


def learned(port: int, count: int, folder: Path, mapping: PayloadMapping, send: Callable[[], None]) -> list[Forecasts]:
    async def main() -> list[Forecasts]:
        service, sink = Service(lambda outputs, inputs: ladder(range(3))), Until(count)
        source = connect(f"mqtt://127.0.0.1:{port}/site/device", mapping=mapping, state=folder)
        opened = asyncio.Event()
        work = asyncio.create_task(serve(service, source, sink, state=folder, opened=opened.set))
        sink.work = work
        await opened.wait()
        await asyncio.to_thread(send)
        await work
        return [one for one in sink.sent if isinstance(one, Forecasts)]

    made: list[Forecasts] = run(main())
    return made


@needs_clients
def test_a_restart_goes_on_with_the_next_number_and_what_the_broker_kept(
    mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    port, mapping = mosquitto(KEPT).port, payload_mapping("y")

    def send(values: list[float]) -> None:
        for value in values:
            publish(port, "site/device", json.dumps({"y": value}).encode(), "-q", "1")

    first = learned(port, 3, tmp_path, mapping, lambda: send([1, 2, 3]))
    send([4, 5])  # while nobody listens
    second = learned(port, 3, tmp_path, mapping, lambda: send([6]))
    got = [(one.first + k, float(row[0])) for one in [*first, *second] for k, row in enumerate(one.output)]
    assert got == [(k, k + 1.0) for k in range(6)]


@needs_clients
def test_a_restart_of_a_grid_goes_on_at_its_time_and_counts_what_is_missing(
    mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    port, mapping = mosquitto(KEPT).port, payload_mapping("y", every="1s")

    def send(seconds: list[int]) -> None:
        for at in seconds:
            publish(port, "site/device", json.dumps({"y": float(at), "ts": 1_700_000_000 + at}).encode())

    first = learned(port, 3, tmp_path, mapping, lambda: send([0, 1, 2, 3]))
    second = learned(port, 7, tmp_path, mapping, lambda: send([8, 9, 10]))
    start, got = 1_700_000_000, {}
    for one in [*first, *second]:
        got |= {one.first + k - start: float(row[0]) for k, row in enumerate(one.output)}
    assert list(got) == list(range(10))  # 3 was not complete, and is missing as 4 to 7 are
    np.testing.assert_array_equal(list(got.values()), [0, 1, 2, *[np.nan] * 5, 8, 9])


def test_a_state_folder_belongs_to_one_mapping(tmp_path: Path) -> None:
    where = "mqtt://127.0.0.1:1/site/device"
    connect(where, mapping=payload_mapping("a"), state=tmp_path)
    with pytest.raises(ValueError, match="is of another mapping"):
        connect(where, mapping=payload_mapping("b"), state=tmp_path)
    address = "mqtt://127.0.0.1:1/lab/device"
    connect(address, mapping=payload_mapping("a"), state=tmp_path / "lab")
    with pytest.raises(ValueError, match="is of another mapping: '.*--y a', here it is 'no options of payloads'"):
        connect(address, state=tmp_path / "lab")


@needs_clients
def test_inspect_prints_a_command_that_takes_each_path(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port

    async def main() -> Any:
        work = asyncio.create_task(inspect(f"mqtt://127.0.0.1:{port}/#", 3.0))
        await asyncio.sleep(0.5)
        for payload in (b'{"battery": 88, "temperature": 21.5}', b'{"battery": 87, "temperature": 21.75}'):
            await asyncio.to_thread(publish, port, "zigbee2mqtt/kitchen", payload)
        await asyncio.to_thread(publish, port, "esp/temp", b"11.5", "-r")
        return await work

    rows, ignored = run(main())
    assert [row.topic for row in rows] == ["esp/temp", "zigbee2mqtt/kitchen"] and ignored == 0
    kitchen = rows[1]
    assert (kitchen.kind, kitchen.messages, kitchen.values) == ("JSON", 2, {"battery": 87, "temperature": 21.75})
    root = f"ergoscope learn mqtt://127.0.0.1:{port}"
    assert kitchen.commands["temperature"] == f"{root}/zigbee2mqtt/kitchen --y temperature"
    assert rows[0].commands == {".": f"{root}/esp/temp"}


def test_outputs_go_beside_the_topics() -> None:
    places = {
        "mqtt://h/zigbee2mqtt/+": "zigbee2mqtt/a/ergoscope",
        "mqtt://h/plant/+/temp": "plant/a/ergoscope",
        "mqtt://h/#": "a/ergoscope",
        "mqtt://h/spBv1.0/#": "ergoscope/a/ergoscope",  # nothing else may stand below spBv1.0
        "mqtt://h": "ergoscope/a/ergoscope",
    }
    for where, place in places.items():
        sink: Any = output_sink(where)
        assert sink.address.topic("ergoscope", stream="a") == place


@pytest.mark.parametrize(
    "where", ["mqtt://h", "mqtt://h/a/#/b", "mqtt://h/a+/b", "mqtt://h/a#", "mqtt:///#", "mqtt://h/a?b/#", "http://h/#"]
)
def test_topics_of_another_form_are_refused(where: str) -> None:
    with pytest.raises(ValueError, match="topics are written mqtt://"):
        read_filter(where)


def test_a_filter_names_topics_and_an_address_streams() -> None:
    assert not is_filter("mqtt://h/lab/+") and not is_filter("mqtt://h/lab/plant1")
    assert is_filter("mqtt://h/#") and is_filter("mqtt://h/a/+/b") and is_filter("mqtts://h/spBv1.0/+")
    address, topics = read_filter("mqtts://h/a%20b/+/c/#")
    assert (topics, address.root, address.stream, address.port) == ("a b/+/c/#", "a b", "+", 8883)
    assert read_filter("mqtt://h//espeasy/+/")[1] == "/espeasy/+"  # topics may begin with a slash


# What the programs of docs/recipes.md publish, by their documentation.
RECIPES: list[tuple[str, PayloadMapping | None, str, bytes, str]] = [
    (
        "telegraf/+/temp",
        payload_mapping("fields.temp", by="tags.sensor"),
        "telegraf/host1/temp",
        b"temp,host=host1,sensor=coretemp_core0 temp=21.5 1700000000000000000\n",
        "host1:temp:coretemp_core0",
    ),
    (
        "telegraf/+/temp",
        payload_mapping("fields.temp", by="tags.sensor", each="metrics"),
        "telegraf/host1/temp",
        b'{"metrics":[{"fields":{"temp":21.5},"name":"temp","tags":{"sensor":"a"},"timestamp":1700000000}]}',
        "host1:temp:a",
    ),
    ("lab/boiler", None, "lab/boiler/data", b'{"epoch":1700000000000,"seq":0,"t":1700000000.5,"y":21.5}', "boiler"),
    (
        "homeassistant/sensor/+/state",
        None,
        "homeassistant/sensor/kitchen_temperature/state",
        b'"21.5"',
        "kitchen_temperature:state",
    ),
]


@needs_clients
@pytest.mark.parametrize(("topics", "mapping", "topic", "payload", "stream"), RECIPES)
def test_a_recipe_takes_what_its_program_publishes(
    topics: str, mapping: PayloadMapping | None, topic: str, payload: bytes, stream: str, mosquitto: Callable[..., Any]
) -> None:
    port = mosquitto().port
    where = f"mqtt://127.0.0.1:{port}/{topics}"
    ((item,), _) = run(heard(where, 1, lambda: publish(port, topic, payload), mapping=mapping))
    assert (item.stream, item.output.tolist()) == (stream, [[21.5]])


@needs_clients
def test_an_edge_node_of_sparkplug_is_heard(mosquitto: Callable[..., Any]) -> None:
    """Births and data of another library, by Mosquitto's client; the values come by name and by alias."""
    spb = pytest.importorskip("pysparkplug", reason="needs pysparkplug: pip install --no-deps pysparkplug")
    port = mosquitto().port

    def metric(value: float, name: str | None) -> Any:
        return spb.Metric(timestamp=1, name=name, datatype=spb.DataType.DOUBLE, value=value, alias=5)

    def send() -> None:
        messages = [
            ("NBIRTH/e", spb.NBirth(timestamp=1, seq=0, metrics=())),
            ("DBIRTH/e/d", spb.DBirth(timestamp=1, seq=1, metrics=(metric(20.0, "Temp/PV"),))),
            ("DDATA/e/d", spb.DData(timestamp=2, seq=2, metrics=(metric(21.5, "Temp/PV"),))),
            ("DDATA/e/d", spb.DData(timestamp=3, seq=3, metrics=(metric(21.75, None),))),
            ("DDATA/e/d", spb.DData(timestamp=4, seq=5, metrics=(metric(-3.125, None),))),  # one before it is lost
        ]
        for topic, message in messages:
            publish(port, f"spBv1.0/g/{topic}", message.encode())

    where = f"mqtt://127.0.0.1:{port}/spBv1.0/g/DDATA/e/d"
    got, _ = run(heard(where, 4, send, mapping=payload_mapping("Temp/PV")))
    np.testing.assert_array_equal(outputs(got), [21.5, 21.75, np.nan, -3.125])
    assert {item.stream for item in got} == {"g:e:d"}


def test_a_message_with_several_samples_is_acknowledged_after_the_last(tmp_path: Path) -> None:
    source: Any = connect("mqtt://127.0.0.1:1/site/device", mapping=payload_mapping("v"), state=tmp_path)
    acknowledged: list[str] = []

    class Slip:
        def __init__(self, name: str) -> None:
            self.name = name

        def acknowledge(self) -> None:
            acknowledged.append(self.name)

    source._receipts.extend([(Slip("two"), 2), (Slip("none"), 0), (None, 1), (Slip("one"), 1)])
    after = []
    for count in (1, 1, 1, 1):
        source.acknowledge(count)
        after.append(list(acknowledged))
    assert after == [[], ["two", "none"], ["two", "none"], ["two", "none", "one"]]


@needs_clients
def test_a_board_records_payloads(mosquitto: Callable[..., Any], tmp_path: Path) -> None:
    port = mosquitto().port
    where = f"mqtt://127.0.0.1:{port}/plant/#"

    async def main() -> None:
        source = connect(where, mapping=payload_mapping("v"))
        async with LiveBoard(tmp_path, lambda: source) as board:
            await board.listen(read_streams(where))
            await asyncio.sleep(0.5)
            await asyncio.to_thread(publish, port, "plant/a/b", b'{"v": 21.5, "w": 1}')
            await asyncio.sleep(0.5)

    run(main())
    (part,) = tmp_path.glob("*.parquet")
    assert pl.read_parquet(part).select("stream", "y").rows() == [("a:b", 21.5)]


def test_silence_names_the_topics(caplog: pytest.LogCaptureFixture) -> None:
    source: Any = connect("mqtt://127.0.0.1:1/plant/#", mapping=payload_mapping("v"))
    source._note_silence()
    own: Any = connect("mqtt://127.0.0.1:1/lab/+")
    own._note_silence()
    assert "nothing has come from plant/# in 10 s: ergoscope inspect shows" in caplog.messages[0]
    assert "nothing has come from lab/+/data in 10 s: publish samples" in caplog.messages[1]
