"""A broker, a publisher whose messages exist before it connects, and two subscribers: the service and a bare one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiomqtt
import numpy as np

from ergoscope.learners import Learner, ladder
from ergoscope.streams import (
    Forecasts,
    Service,
    serve,
)
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.source_and_sinks import MqttOutputSink, MqttSource
from ergoscope.streams._sources.interfaces import NullContext

HERE = ("mosquitto", "/usr/sbin/mosquitto")  # Debian keeps it where not everybody looks


def make(outputs: int, inputs: int) -> Learner:
    """Return a ladder of 32 lengths."""
    return ladder(range(33))


def found() -> str | None:
    """Return where Mosquitto is."""
    return next((path for name in HERE if (path := shutil.which(name))), None)


@contextmanager
def mosquitto(program: str) -> Iterator[int]:
    """Run a broker that drops nothing, and yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with TemporaryDirectory() as folder:
        file = Path(folder) / "mosquitto.conf"
        file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        running = subprocess.Popen([program, "-c", os.fspath(file)], stderr=subprocess.DEVNULL)
        try:
            for _ in range(500):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.01)
            yield port
        finally:
            running.kill()
            running.wait()


def write_messages(file: Path, count: int, streams: int) -> float:
    """Write so many messages of 100 bytes, of the streams in turn, as MQTT wants them; return their mean length."""
    walk = np.random.default_rng(0).standard_normal(count).cumsum().tolist()
    payloads = []
    for k, y in enumerate(walk):
        plain = json.dumps(dict(epoch=1_700_000_000_000, seq=k // streams, t=round(1.7e9 + k / 1000, 3), y=y))
        payloads.append(f"{plain:100s}".encode())
    hello = _packet(0x10, _text("MQTT") + bytes([4, 2, 0, 60]) + _text("publisher"))
    told = [_packet(0x30, _text(f"lab/s{k % streams}/data") + payload) for k, payload in enumerate(payloads)]
    file.write_bytes(b"".join([hello, *told, b"\xe0\x00"]))
    return sum(map(len, payloads)) / count


def publish(file: Path, port: int) -> subprocess.Popen[bytes]:
    """Send what was written, as fast as the broker takes it, in a process of its own."""
    lines = (
        f"import socket; s = socket.create_connection(('127.0.0.1', {port}))",
        f"s.sendall(open({os.fspath(file)!r}, 'rb').read()); s.shutdown(socket.SHUT_WR)",
        "while s.recv(1 << 16): pass",
    )
    return subprocess.Popen([sys.executable, "-c", "\n".join(lines)])


def _packet(kind: int, body: bytes) -> bytes:
    """Return a control packet: kind, remaining length in digits to the base 128, body."""
    digits, rest = bytearray(), len(body)
    while rest or not digits:
        rest, digit = rest >> 7, rest & 127
        digits.append(digit | 128 * (rest > 0))
    return bytes([kind, *digits]) + body


def _text(word: str) -> bytes:
    return len(word).to_bytes(2, "big") + word.encode()


class Timed(NullContext):
    """Ends a source after so many observations; notes when the first came and when the last forecast was sent."""

    def __init__(self, source: MqttSource, sink: MqttOutputSink, most: int) -> None:
        self.source, self.sink, self.most, self.rejections = source, sink, most, source.rejections
        self.begun = self.ended = 0.0

    async def __aiter__(self) -> Any:
        number = 0
        async for came in self.source:
            self.begun, number = self.begun or time.perf_counter(), number + 1
            yield came
            if number == self.most:
                return

    async def send(self, item: Any) -> None:
        await self.sink.send(item)
        if isinstance(item, Forecasts):
            self.ended = time.perf_counter()


async def bare(port: int, file: Path, messages: int) -> float:
    """Return the seconds in which a subscriber parses what comes."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("lab/+/data", 0)
        sending, begun, number = publish(file, port), 0.0, 0
        async for message in client.messages:
            begun, number = begun or time.perf_counter(), number + 1
            json.loads(message.payload)
            if number == messages:
                break
        sending.wait()
        return time.perf_counter() - begun


async def served(port: int, file: Path, messages: int, kinds: tuple[str, ...]) -> float:
    """Return the seconds in which the service forecasts what comes."""
    address = Address("127.0.0.1", port, "lab", "+")
    async with MqttSource(address, waiting=messages) as source, MqttOutputSink(address, kinds) as sink:
        sending, timed = publish(file, port), Timed(source, sink, messages)
        await serve(Service(make), timed, timed)  # type: ignore[arg-type]
        sending.wait()
        assert not source.rejections.counts
        return timed.ended - timed.begun


async def waits(port: int, samples: int, echo: bool) -> list[float]:
    """Return the microseconds from sending a sample to its answer: the next forecast, or the message sent back."""
    address = Address("127.0.0.1", port, "lab", "+")

    async def answer() -> None:
        if not echo:
            await serve(Service(make), MqttSource(address), MqttOutputSink(address, ("prediction",)))
            return  # cancelled
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("lab/+/data", 0)
            async for message in client.messages:
                json.loads(message.payload)
                await client.publish("lab/a/ergoscope/prediction", message.payload)

    taken, other = [], asyncio.create_task(answer())
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("lab/a/ergoscope/prediction", 0)
        await asyncio.sleep(0.5)
        for k, y in enumerate(np.random.default_rng(0).standard_normal(samples).tolist()):
            begun = time.perf_counter()
            await client.publish("lab/a/data", json.dumps(dict(seq=k, y=y)))
            await anext(client.messages)
            taken.append((time.perf_counter() - begun) * 1e6)
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    return taken[samples // 10 :]
