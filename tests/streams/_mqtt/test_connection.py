"""Streams over MQTT, through a broker in this process."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import numpy as np
import pytest

from ergoscope.learners import ladder, replay
from ergoscope.simulator import Trajectories, simulate, zoo
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    MemorySource,
    Observation,
    Service,
    forward,
    observation,
    play,
    serve,
)
from ergoscope.streams._connect import observation_sink
from ergoscope.streams._messages.output_json import output_messages
from ergoscope.streams._mqtt.address import Address, read_address
from ergoscope.streams._mqtt.broker import Broker
from ergoscope.streams._mqtt.source_and_sinks import MqttOutputSink, MqttSink, MqttSource


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(main, 60))


class Until(MemorySink[Any]):
    """Calls ``ended`` once, when so many samples have been forecast."""

    ended: Callable[[], object] | None = None

    def __init__(self, service: Service, samples: int) -> None:
        super().__init__()
        self.service, self.samples = service, samples

    async def send(self, item: Any) -> None:
        await super().send(item)
        if self.service.samples >= self.samples and self.ended is not None:
            self.ended()
            self.ended = None


async def heard(port: int, topic: str, enough: int) -> list[tuple[str, bool, bytes]]:
    """Return the first messages that an outside client hears."""
    messages: list[tuple[str, bool, bytes]] = []
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe(topic)
        async for message in client.messages:
            messages.append((message.topic.value, message.retain, bytes(message.payload)))  # type: ignore[arg-type]
            if len(messages) == enough:
                return messages
    return messages


@asynccontextmanager
async def opened(source: MqttSource) -> AsyncIterator[list[Observation]]:
    """Open a source and gather what comes from it while the block runs."""
    came: list[Observation] = []

    async def gather() -> None:
        async for item in source:
            came.append(item)

    async with source:
        task = asyncio.create_task(gather())
        yield came
        task.cancel()


async def until(condition: Any, seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it has not come about")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://localhost:1884/lab/plant1", Address("localhost", 1884, "lab", "plant1")),
        ("mqtt://h/a/b/+", Address("h", 1883, "a/b", "+")),
        ("mqtt://h/plant", Address("h", 1883, "", "plant")),
        ("mqtts://h/lab/plant", Address("h", 8883, "lab", "plant", secure=True)),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://h",
        "mqtt:///a",
        "mqtt://h:x/a",
        "mqtt://h/+/a",
        "mqtt://h/a/#",
        "mqtt://h/a?b=1",
        "http://h/a",
        "mqtt:h/a",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="an address is written mqtt://host"):
        read_address(url)


def test_a_password_is_neither_taken_nor_repeated() -> None:
    with pytest.raises(ValueError, match="must not hold a password") as refused:
        read_address("mqtt://me:secret@h/lab/a")
    assert "secret" not in str(refused.value)


def test_what_is_published_comes_back_and_says_what_it_is(port: int) -> None:
    items = [observation(f"s{k % 3}", [[k, np.nan]] * (1 + k % 2), sequence=k, epoch=7, time=0.5) for k in range(60)]

    async def main() -> tuple[list[Observation], list[tuple[str, bool, bytes]]]:
        address = Address("127.0.0.1", port, "lab/x", "+")
        async with Broker(port), opened(MqttSource(address)) as came:
            await forward(MemorySource(items), MqttSink(address, dict(dt=0.5)))
            await until(lambda: len(came) == len(items))
            return came, await heard(port, "lab/x/#", 6)

    came, kept = run(main())
    assert [item[:3] for item in came] == [item[:3] for item in items]
    assert all(a.output.tobytes() == b.output.tobytes() for a, b in zip(came, items, strict=True))
    assert all(retained for _, retained, _ in kept)
    said = {topic: payload for topic, _, payload in kept}
    assert [said[f"lab/x/s{k}/status"] for k in range(3)] == [b"offline"] * 3
    assert json.loads(said["lab/x/s1/meta"]) == {"schema": 1, "outputs": ["y1", "y2"], "inputs": [], "dt": 0.5}


def test_the_names_of_a_recording_stand_in_its_meta(port: int) -> None:
    y, u = np.zeros((1, 3, 1)), np.zeros((1, 3, 1))
    played = play(Trajectories(y, u, np.array([3]), 0.25, ("flow",), ("valve",), ("plant",)))

    async def main() -> list[tuple[str, bool, bytes]]:
        async with Broker(port):
            await forward(played, observation_sink(f"mqtt://127.0.0.1:{port}/lab/plant", played.meta))
            return await heard(port, "lab/plant/meta", 1)

    ((_, retained, payload),) = run(main())
    assert retained and json.loads(payload) == {"schema": 1, "outputs": ["flow"], "inputs": ["valve"], "dt": 0.25}


def test_learning_over_mqtt_gives_the_bits_of_replay_and_publishes_them(port: int) -> None:
    recording = simulate(2, zoo("double-integrator"), 200, 3)
    address = Address("127.0.0.1", port, "lab", "+")
    service = Service(lambda outputs, inputs: ladder(range(5)))
    sink = Until(service, 600)

    async def main() -> list[tuple[str, bool, bytes]]:
        ready = asyncio.Event()
        async with Broker(port):
            learning = asyncio.create_task(serve(service, MqttSource(address), sink, opened=ready.set))
            await ready.wait()
            sink.ended = learning.cancel
            await forward(play(recording, block=16), MqttSink(address))
            await learning
            said = MqttOutputSink(address)
            count = sum(len(output_messages(item)) for item in sink.sent)
            hearing = asyncio.create_task(heard(port, "lab/+/ergoscope/+", count))
            await asyncio.sleep(0.3)
            async with said:
                for item in sink.sent:
                    await said.send(item)
            return await hearing

    messages = run(main())
    expected = replay(ladder(range(5)), recording, center="first")
    for i, name in enumerate(recording.run_names):
        mine = [part for part in sink.sent if isinstance(part, Forecasts) and part.stream == name]
        assert np.concatenate([part.forecast for part in mine]).tobytes() == expected[i].tobytes()
        rows: dict[int, Any] = {}
        for topic, _, payload in messages:
            if topic == f"lab/{name}/ergoscope/prediction":
                said = json.loads(payload)
                block = said["forecast"] if isinstance(said["forecast"][0], list) else [said["forecast"]]
                rows |= dict(enumerate(block, said["seq"]))
        assert np.array([rows[t] for t in range(1, 200)]).tobytes() == expected[i, 1:, 0, :, 0].tobytes()
    assert sum(topic.endswith("threshold") for topic, *_ in messages) >= 3


def test_bad_messages_are_counted_and_the_others_taken(port: int) -> None:
    async def main() -> tuple[MqttSource, list[Observation]]:
        source = MqttSource(Address("127.0.0.1", port, "lab", "+"))
        async with Broker(port), opened(source) as came, aiomqtt.Client("127.0.0.1", port) as client:
            for payload in (b'{"y":1}', b"", b"bad", b'{"y":[]}', b" " * 1_100_000, b'{"y":2}'):
                await client.publish("lab/a/data", payload)
            await until(lambda: len(came) == 6)
        return source, came

    source, came = run(main())
    np.testing.assert_equal([float(item.output[0, 0]) for item in came], [1.0, *[np.nan] * 4, 2.0])
    assert source.rejections.counts == {"malformed": 2, "schema": 1, "oversized": 1}


def test_a_reading_that_the_broker_has_kept_is_no_new_sample(mosquitto: Callable[..., Any]) -> None:
    """At each connection the broker sends it again; what is published retained while we listen is a sample."""
    port = mosquitto().port
    address = Address("127.0.0.1", port, "lab", "+")

    async def main() -> tuple[list[float], dict[str, int]]:
        values, counts = [], {}
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish("lab/a/data", b'{"y": 999}', qos=1, retain=True)
            for first in (1, 3):
                async with opened(MqttSource(address)) as came:
                    await asyncio.sleep(0.3)
                    for value in (first, first + 1):
                        await client.publish("lab/a/data", json.dumps(dict(y=value)), qos=1, retain=True)
                    await until(lambda came=came: len(came) == 2)
                values += [float(item.output[0, 0]) for item in came]
            source = MqttSource(address)
            async with opened(source):
                await until(lambda: source.rejections.counts.total() == 1)
            counts = dict(source.rejections.counts)
        return values, counts

    assert run(main()) == ([1.0, 2.0, 3.0, 4.0], {"retained": 1})


def test_a_value_that_is_unavailable_takes_its_time_and_is_counted(port: int) -> None:
    async def main() -> tuple[MqttSource, list[float]]:
        source = MqttSource(Address("127.0.0.1", port, "lab", "+"))
        async with Broker(port), opened(source) as came, aiomqtt.Client("127.0.0.1", port) as client:
            payloads = [b"unavailable", b'{"y": 1}', b'{"y": Infinity}', b"unavailable", b'{"y": "off"}', b'{"y": 2}']
            for payload in payloads:
                await client.publish("lab/a/data", payload)
            await until(lambda: len(came) == 5)
        return source, [float(item.output[0, 0]) for item in came]

    source, values = run(main())
    np.testing.assert_equal(values, [1.0, np.nan, np.nan, np.nan, 2.0])
    assert source.rejections.counts == {"malformed": 2, "non-finite": 1, "schema": 1}


def test_each_stream_and_kind_is_logged_once(port: int, caplog: pytest.LogCaptureFixture) -> None:
    source = MqttSource(Address("127.0.0.1", port, "lab", "+"))
    for stream in ("a", "b", "a", "b"):
        for payload in (b"no", b'{"y": []}'):
            source._decode(f"lab/{stream}/data", payload, False)
    assert len(caplog.records) == 4 and source.rejections.counts == {"malformed": 4, "schema": 4}


def test_a_source_that_hears_nothing_names_its_topic(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.source_and_sinks.SILENT", 0.3)

    async def main() -> None:
        source = MqttSource(Address("127.0.0.1", port, "lab", "+"))
        async with Broker(port), opened(source), aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish("lab/plant1", b'{"y": 1}')  # a sensor that forgets /data
            await until(lambda: "nothing has come" in caplog.text)

    run(main())
    assert "nothing has come from lab/+/data" in caplog.text


def test_two_clients_with_one_identifier_are_told_and_one_of_them_ends(
    mosquitto: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in dict(PAUSES=(0.02, 0.3), STABLE=5.0, GIVE_UP=1.5).items():
        monkeypatch.setattr(f"ergoscope.streams._mqtt.connection.{name}", value)
    address = Address("127.0.0.1", mosquitto().port, "lab", "+")

    async def main() -> str:
        async def hear() -> None:
            async with MqttSource(address, client="twin") as source:
                async for _ in source:
                    pass

        tasks = [asyncio.create_task(hear()) for _ in range(2)]
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        (first,) = done
        await asyncio.sleep(1)
        assert not next(iter(left)).done()  # the other one goes on
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return str(first.exception())

    assert "does another process use this state folder" in run(main())
    assert sum("again and again" in record.message for record in caplog.records) <= 2


def test_a_connection_lost_before_the_subscription_is_granted_is_opened_again() -> None:
    """A broker ends it there when another client takes its identifier; to wait for an answer would be no use."""
    asked: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def packet() -> bytes:
            return await reader.readexactly((await reader.readexactly(2))[1])

        await packet()  # CONNECT
        writer.write(bytes([0x20, 2, 0, 0]))
        subscribe = await packet()
        asked.append(len(asked))
        if len(asked) > 1:
            writer.write(bytes([0x90, 3, *subscribe[:2], 0]))
            await reader.read()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1")
        async with server, MqttSource(Address("127.0.0.1", server.sockets[0].getsockname()[1], "lab", "+")):
            assert asked == [0, 1]

    run(main())


def test_a_connection_that_is_lost_costs_no_message_that_has_come(port: int) -> None:
    """Also where the queue is full: what tells of the loss takes no place in it."""

    async def main() -> tuple[MqttSource, list[int | None]]:
        source = MqttSource(Address("127.0.0.1", port, "lab", "a"), waiting=50)
        broker = Broker(port)
        await broker.__aenter__()
        async with source:
            sink = MqttSink(Address("127.0.0.1", port, "lab", "a"))
            await forward(MemorySource([observation("a", 1.0, sequence=k) for k in range(50)]), sink)
            queue, client = source._connection._queue, source._connection._client
            assert client is not None
            await until(queue.full)
            await broker.__aexit__(None, None, None)
            await until(client.lost.done)
            came = [(await anext(source.__aiter__())).sequence for _ in range(50)]
        return source, came

    source, came = run(main())
    assert came == list(range(50)) and not source.rejections.counts


def test_what_comes_too_fast_pushes_out_the_oldest_and_is_counted(port: int) -> None:
    async def main() -> tuple[MqttSource, list[int | None]]:
        source = MqttSource(Address("127.0.0.1", port, "lab", "a"), waiting=50)
        async with Broker(port), source:
            await forward(
                MemorySource([observation("a", 1.0, sequence=k) for k in range(300)]),
                MqttSink(Address("127.0.0.1", port, "lab", "a")),
            )
            queue = source._connection._queue
            await until(lambda: queue.qsize() + queue.dropped == 300)
            came: list[int | None] = []
            async for item in source:
                came.append(item.sequence)
                if len(came) == 50:
                    break
        return source, came

    source, came = run(main())
    assert came == list(range(250, 300)) and source.rejections.counts == {"dropped": 250}


def test_a_broker_that_comes_back_is_found_again_and_what_was_lost_is_counted(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.connection.PAUSES", (0.1, 0.2))
    address = Address("127.0.0.1", port, "lab", "a")
    service = Service(lambda outputs, inputs: ladder(range(3)))
    sink = Until(service, 300)

    class Slow(MemorySource):
        async def __aiter__(self) -> AsyncIterator[Observation]:
            for k in range(400):
                yield observation("a", float(k), sequence=k)
                await asyncio.sleep(0.01)

    async def main() -> MqttSink:
        first = Broker(port)
        await first.__aenter__()
        out = MqttSink(address)
        learning = asyncio.create_task(serve(service, MqttSource(address), sink))
        sink.ended = learning.cancel
        publishing = asyncio.create_task(forward(Slow([]), out))
        await until(lambda: service.samples > 50)
        await first.__aexit__(None, None, None)
        await asyncio.sleep(0.5)
        async with Broker(port):
            await learning
            publishing.cancel()
            await publishing
        return out

    run(main())
    counts = service.counts["a"]
    numbers = [part.first + k for part in sink.sent if isinstance(part, Forecasts) for k in range(len(part.output))]
    assert numbers == list(range(len(numbers))) and len(numbers) >= 300
    missing = sum(int(np.isnan(part.output).sum()) for part in sink.sent if isinstance(part, Forecasts))
    assert 0 < counts.lost == missing and counts.taken + counts.lost == len(numbers)
    said = [record.message for record in caplog.records if record.name == "ergoscope.streams"]
    assert 1 <= sum("is lost" in message for message in said) <= 2  # of the learner and of the publisher


def test_while_the_broker_is_gone_learning_goes_on_and_the_last_verdict_is_said_when_it_is_back(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.connection.PAUSES", (0.1, 0.2))
    monkeypatch.setattr("ergoscope.streams._mqtt.source_and_sinks.WAITING_OUTPUTS", 10)
    service, sink = Service(lambda outputs, inputs: ladder(range(3))), MemorySink[Any]()
    asyncio.run(serve(service, MemorySource([observation("a", float(k), sequence=k) for k in range(40)]), sink))
    *made, verdict = sink.sent

    async def main() -> tuple[int, list[tuple[str, bool, bytes]]]:
        first = Broker(port)
        await first.__aenter__()
        async with MqttOutputSink(Address("127.0.0.1", port, "lab", "+")) as out:
            await out.send(verdict)
            await first.__aexit__(None, None, None)
            for item in made * 50:
                await asyncio.wait_for(out.send(item), 1)
                await asyncio.sleep(0)
            unsent = out.unsent
            async with Broker(port):
                await until(lambda: not out.connection._opening)
                return unsent, await heard(port, "lab/a/ergoscope/threshold", 1)

    unsent, ((_, retained, payload),) = run(main())
    assert unsent > 0 and retained and json.loads(payload)["samples"] == 40


def test_a_broker_that_is_not_there_yet_is_waited_for_and_that_is_said_once(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.connection.PAUSES", (0.05, 0.1))
    address = Address("127.0.0.1", port, "lab", "a")

    async def main() -> list[int | None]:
        source, came = MqttSource(address), list[int | None]()
        opening = asyncio.create_task(source.__aenter__())
        await asyncio.sleep(0.5)
        assert not opening.done()
        async with Broker(port):
            await opening
            async with source:
                await forward(MemorySource([observation("a", 1.0, sequence=7)]), MqttSink(address))
                async for item in source:
                    came.append(item.sequence)
                    break
        return came

    assert run(main()) == [7]
    said = [record.message for record in caplog.records if record.name == "ergoscope.streams"]
    assert [f"127.0.0.1:{port}" in message for message in said] == [True, True]
    assert "there is no broker at" in said[0] and "is there" in said[1]


@pytest.mark.parametrize(
    "words", [["learn", "mqtt://127.0.0.1:{}/lab/+"], ["publish", "random-walk", "--to", "mqtt://127.0.0.1:{}/a"]]
)
def test_a_command_that_waits_for_its_broker_can_be_told_to_end(words: list[str], port: int) -> None:
    command = [sys.executable, "-m", "ergoscope", *(word.format(port) for word in words)]
    going = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert going.stderr is not None and b"there is no broker at 127.0.0.1" in going.stderr.readline()
    going.send_signal(signal.SIGTERM)
    printed, said = going.communicate(timeout=60)
    assert going.returncode == 0 and printed == b"" and b"Traceback" not in said


def test_a_port_in_use_is_said(port: int) -> None:
    async def main() -> None:
        async with Broker(port), Broker(port):
            pass

    with pytest.raises(ConnectionError, match="Choose another"):
        run(main())
