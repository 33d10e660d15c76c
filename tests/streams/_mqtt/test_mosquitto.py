"""Streams over Mosquitto, the broker that a plant has, with its own clients."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import ladder, replay
from ergoscope.simulator import Trajectories
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    Observation,
    RecordSink,
    Service,
    connect,
    forward,
    play,
    serve,
)
from ergoscope.streams._connect import output_sink
from ergoscope.streams._mqtt.address import read_address
from ergoscope.streams._mqtt.source_and_sinks import MqttSink, MqttSource
from ergoscope.streams._sources.parquet import RecordedSource

needs_clients = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed")
SIZES = range(4)


def run(main: Any) -> Any:
    return asyncio.run(asyncio.wait_for(main, 60))


def recorded(runs: int = 1, steps: int = 200) -> Trajectories:
    walk = np.random.default_rng(0).standard_normal((runs, steps, 1)).cumsum(axis=1)
    walk[:, 20] = np.nan
    names = tuple(f"plant{i}" for i in range(runs))
    return Trajectories(walk, np.zeros((runs, steps, 0)), np.full(runs, steps), 0.1, ("y",), (), names)


def forecasts(said: list[Any], stream: str) -> bytes:
    return b"".join(part.forecast.tobytes() for part in said if isinstance(part, Forecasts) and part.stream == stream)


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def heard(port: int, topic: str, count: int) -> list[dict[str, Any]]:
    """Return the first messages that mosquitto_sub prints."""
    words = ["-h", "127.0.0.1", "-p", str(port), "-t", topic, "-C", str(count), "-W", "40"]
    client = await asyncio.create_subprocess_exec("mosquitto_sub", *words, stdout=subprocess.PIPE)
    printed, _ = await client.communicate()
    return [json.loads(line) for line in printed.splitlines()]


@needs_clients
def test_mosquitto_pub_feeds_a_learner_and_mosquitto_sub_hears_it(mosquitto: Callable[..., Any]) -> None:
    broker, recording = mosquitto("allow_anonymous true\nlog_type all"), recorded()
    port, log = broker.port, broker.folder / "log"
    values = [None if np.isnan(y) else y for y in recording.outputs[0, :, 0].tolist()]
    lines = "\n".join(json.dumps({"seq": k, "y": y}) for k, y in enumerate(values)).encode()
    where, service = f"mqtt://127.0.0.1:{port}/lab/+", Service(lambda outputs, inputs: ladder(SIZES))

    async def main() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        predictions = asyncio.create_task(heard(port, "lab/plant0/ergoscope/prediction", 1))
        errors = asyncio.create_task(heard(port, "lab/plant0/ergoscope/error", 1))
        learning = asyncio.create_task(serve(service, connect(where), output_sink(where)))
        topics = ("lab/+/data", "ergoscope/prediction", "ergoscope/error")
        await until(lambda: all(f"{topic} (QoS" in log.read_text() for topic in topics))
        command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "lab/plant0/data", "-l"]
        await asyncio.to_thread(subprocess.run, command, input=lines, check=True, timeout=20)
        await until(lambda: service.samples == len(values))
        learning.cancel()
        await learning
        # One that comes late hears the verdict, which is retained.
        return await predictions, await errors, await heard(port, "lab/plant0/ergoscope/threshold", 1)

    (prediction,), (error,), (threshold,) = run(main())
    expected = replay(ladder(SIZES), recording, center="first")[0, :, 0, :, 0]
    assert (prediction["seq"], error["seq"]) == (1, 0)
    forecast, y, gap = (np.array(part, float) for part in (prediction["forecast"], error["y"], error["error"]))
    forecast, gap = forecast.reshape(-1, 4), gap.reshape(-1, 4)  # of one sample or of several
    assert forecast.tobytes() == expected[1 : 1 + len(forecast)].tobytes()
    assert gap[1:].tobytes() == (expected - recording.outputs[0])[1 : len(gap)].tobytes() and np.isnan(gap[0]).all()
    assert y.tobytes() == recording.outputs[0, : y.size].tobytes()
    assert threshold["samples"] == len(values) and threshold["counts"]["taken"] == len(values)
    assert threshold["sizes"] == list(SIZES) and threshold["verdict"] == "undecided"


@pytest.mark.parametrize("block", [1, 7])
def test_a_live_run_that_was_recorded_gives_the_same_forecasts_again_bit_for_bit(
    block: int, tmp_path: Path, mosquitto: Callable[..., Any]
) -> None:
    address, recording = read_address(f"mqtt://127.0.0.1:{mosquitto().port}/lab/+"), recorded(runs=2)
    live, sink, kept = Service(lambda p, q: ladder(SIZES)), MemorySink[Any](), RecordSink(tmp_path / "run")

    async def record(source: MqttSource) -> int:
        seen = 0
        async with kept:
            async for item in source:
                await kept.send(item)
                seen += item.steps
                if seen == recording.outputs[..., 0].size:
                    return seen
        return seen

    async def main() -> None:
        ready = asyncio.Event()
        async with MqttSource(address) as other:
            learning = asyncio.create_task(serve(live, MqttSource(address), sink, opened=ready.set))
            await ready.wait()
            recording_it = asyncio.create_task(record(other))
            await forward(play(recording, block=block), MqttSink(address))
            await recording_it
            await until(lambda: live.samples == recording.outputs[..., 0].size)
            learning.cancel()
            await learning

    run(main())
    again, played = Service(lambda p, q: ladder(SIZES)), MemorySink[Any]()
    run(serve(again, RecordedSource(tmp_path / "run"), played))
    expected = replay(ladder(SIZES), recording, center="first")
    for i, name in enumerate(recording.run_names):
        assert forecasts(played.sent, name) == forecasts(sink.sent, name) == expected[i].tobytes()
    assert again.counts == live.counts


@needs_clients
def test_what_mosquitto_pub_sends_is_heard(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port

    async def main() -> list[Observation]:
        async with MqttSource(read_address(f"mqtt://127.0.0.1:{port}/lab/+")) as source:
            lines = b'{"y": 0.1}\n{"seq": 1, "y": [0.2], "t": 5}\nno\n{"seq": 2, "y": [[0.3], [null]]}\n'
            command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "lab/plant/data", "-l"]
            await asyncio.to_thread(subprocess.run, command, input=lines, check=True, timeout=20)
            came: list[Observation] = []
            async for item in source:
                came.append(item)
                if len(came) == 3:
                    assert source.rejections.counts == {"malformed": 1}
                    return came
        return []

    came = run(main())
    assert [item.sequence for item in came] == [None, 1, 2] and came[1].time.tolist() == [5.0]
    assert np.array_equal(np.concatenate([item.output[:, 0] for item in came]), [0.1, 0.2, 0.3, np.nan], equal_nan=True)
