"""Measure the live service: samples per second, the cost of its parts, latency, and memory over time.

    python benchmarks/streams.py [--samples 512] [--messages 20000] [--rounds 5] [--seconds 20]
    python benchmarks/streams.py --long       memory over five minutes at full rate

Blocks: 256 streams with 32 lengths, in Arrow blocks, decoded and learned in one process, and its parts alone: the
kernel (the floor), decoding, adding up the errors, and writing forecasts as JSON (a share). Verdicts, due each time the
age of a stream has doubled, are measured apart. Messages of 100 bytes over Mosquitto, at QoS 0, as fast as they come:
the service and an aiomqtt subscriber that only parses them, from the first message to the last forecast. One stream,
sample by sample: from the message to its forecast, and a program that returns each message. Written to
benchmarks/results/streams.json.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write
from _messages import bare, found, make, mosquitto, served, waits, write_messages

from ergoscope.streams import Forecasts, Observation, Service, decode, encode, observation
from ergoscope.streams._messages.output_json import OUTPUT_KINDS, output_messages
from ergoscope.streams._service.error_sums import ErrorSums

STREAMS, LENGTHS = 256, 32
LEARNED = 4096  # samples of each stream before the clock starts: the first ones cost more


def blocks(samples: int) -> Iterator[list[tuple[str, bytes]]]:
    """Yield block after block of every stream, endless."""
    rng = np.random.default_rng(0)
    for first in itertools.count(0, samples):
        y = rng.standard_normal((STREAMS, samples, 1))
        yield [(f"s{i}", encode(observation(f"s{i}", y[i], sequence=first))) for i in range(STREAMS)]


def decoded(block: list[tuple[str, bytes]]) -> list[Observation]:
    return [decode(payload, name) for name, payload in block]


def in_blocks(samples: int, rounds: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows and ratios of what comes in Arrow blocks, in nanoseconds a sample."""
    service, learned = Service(make), -(-LEARNED // samples)
    coming = list(itertools.islice(blocks(samples), learned + rounds + 1))
    for block in coming[:learned]:
        said = service.take(decoded(block))
    for stream in service.streams.values():
        stream.schedule.due = 1 << 60
    later, driver = iter(coming[learned:]), service.table.driver  # type: ignore[union-attr]
    tiles = [(driver.start(), driver.record()) for _ in range(-(-STREAMS // driver.width))]
    y = np.random.default_rng(0).standard_normal((driver.block, 1, driver.width))
    u, end = np.zeros((driver.block + driver.ahead, 0, driver.width)), np.full(driver.width, driver.block, np.int32)
    sums = [ErrorSums(LENGTHS + 1, 1, driver.width) for _ in tiles]
    forecast = np.random.default_rng(0).standard_normal((driver.block, LENGTHS + 1, 1, driver.width))
    for one, _ in itertools.product(sums, range(LEARNED // driver.block)):
        one.add(forecast, y, y < np.inf, end)
    steps = range(samples // driver.block)

    def kernel(k: int) -> None:
        for _ in steps:
            tiles[k] = driver.advance(*tiles[k], y, u, np.int32(0), end)
        jax.block_until_ready(tiles[k])

    def add() -> None:
        for one in sums:
            for _ in steps:
                one.add(forecast, y, y < np.inf, end)

    forecasts = [part for part in said if isinstance(part, Forecasts)][:16]
    shared = sum(len(part.output) for part in forecasts)
    whole, ran = STREAMS * len(steps) * driver.block, f"{STREAMS} streams x {samples} samples"
    with ThreadPoolExecutor(driver.workers) as workers:
        contenders = {
            "decoded and taken in": Contender(lambda: service.take(decoded(next(later))), STREAMS * samples, ran),
            "floor: the kernel alone": Contender(lambda: list(workers.map(kernel, range(len(tiles)))), whole, ran),
            "decoding alone": Contender(lambda: decoded(coming[0]), STREAMS * samples, ran),
            "adding errors up alone, one thread": Contender(add, whole, ran),
            "forecasts and errors as JSON alone": Contender(
                lambda: [output_messages(part) for part in forecasts], shared, f"{shared} samples"
            ),
        }
        timed = interleaved(contenders, rounds)
    took, floor = timed.wall["decoded and taken in"], timed.wall["floor: the kernel alone"]
    ratios = [
        dict(name="million samples a second", values=[1e3 / ns for ns in took], goal="at least 1"),
        dict(name="decoded and taken in / floor", values=ratio([took], floor)),
    ]
    names, verdicts = list(service.streams)[:8], []
    for _ in range(rounds):
        begun = time.perf_counter()
        for name in names:
            service._threshold(name, [name])
        verdicts.append((time.perf_counter() - begun) / len(names) * 1e6)
    verdict = dict(name="a verdict of one stream", ran=f"{len(names)} streams", unit="us", values=verdicts)
    return [*rows(contenders, timed), verdict], ratios


def over_mqtt(port: int, messages: int, rounds: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows and ratios of messages of 100 bytes, in microseconds a message."""
    with TemporaryDirectory() as folder:
        many, one = Path(folder) / "many", Path(folder) / "one"
        write_messages(many, messages, 32)
        write_messages(one, messages, 1)
        contenders = {
            "aiomqtt and json.loads": partial(bare, port, many, messages),
            "the service, 32 streams, thresholds said": partial(served, port, many, messages, ("threshold",)),
            "the service, 32 streams, all said": partial(served, port, many, messages, OUTPUT_KINDS),
            "the service, one stream, thresholds said": partial(served, port, one, messages, ("threshold",)),
        }
        took: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                took[name].append(asyncio.run(run()) / messages * 1e6)
    base, *others = took
    goals = {others[0]: dict(goal="at most 1.2")}
    ratios = [
        dict(name=f"{name} / {base}", values=ratio([took[name]], took[base])) | goals.get(name, {}) for name in others
    ]
    return [dict(name=n, ran=f"{messages} messages", unit="us", values=values) for n, values in took.items()], ratios


def latency(port: int, samples: int, rounds: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows and ratios of one stream, sample by sample."""
    kinds = {"message sent back": True, "message to forecast": False}
    took: dict[str, list[list[float]]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, echo in kinds.items():
            took[name].append(asyncio.run(waits(port, samples, echo)))
    found = {f"{name}, p{q}": [float(np.percentile(one, q)) for one in took[name]] for q in (50, 99) for name in kinds}
    echoed, forecast = kinds
    ratios = [
        dict(name=f"{forecast} / {echoed}, p{q}", values=ratio([found[f"{forecast}, p{q}"]], found[f"{echoed}, p{q}"]))
        for q in (50, 99)
    ]
    return [dict(name=n, ran=f"{samples} samples", unit="us", values=values) for n, values in found.items()], ratios


def growth(seconds: float) -> list[dict[str, Any]]:
    """Return the row of memory over so many seconds at full rate."""
    command = [sys.executable, str(Path(__file__).with_name("_growth.py")), str(seconds)]
    done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    values = [done[word] * 1024 for word in ("slope", "low", "high")]
    ran = f"{done['rate'] * seconds / 1e6:.0f}e6 samples in {seconds:.0f} s, {done['resident']:.0f} MiB"
    return [dict(name="memory, slope and its 95 % interval", ran=ran, unit="KiB/s", values=values)]


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--samples", type=count, default=512, help="samples of each stream in a block")
    parser.add_argument("--messages", type=count, default=20_000, help="number of messages of 100 bytes")
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--seconds", type=count, default=20, help="length of the memory test")
    parser.add_argument("--long", action="store_true", help="the memory test over 300 seconds")
    given = parser.parse_args()
    lines, ratios = in_blocks(given.samples, given.rounds)
    skipped, program = {}, found()
    if program is None:
        skipped["over MQTT"] = "Mosquitto is not installed"
    else:
        with mosquitto(program) as port:
            for part in (
                over_mqtt(port, given.messages, given.rounds),
                latency(port, max(given.messages // 20, 100), given.rounds),
            ):
                lines, ratios = lines + part[0], ratios + part[1]
    lines += growth(300 if given.long else given.seconds)
    record = dict(
        title="Live streams",
        command="python benchmarks/streams.py" + " --long" * given.long,
        work=f"{STREAMS} streams with {LENGTHS} lengths in Arrow blocks, times per sample; messages of 100 bytes over "
        "Mosquitto, times per message; one stream, sample by sample; float64",
        floor="the driver's kernel on the same tiles, one thread a core: what the step form of the ladder takes",
        machine=machine(),
        rows=lines,
        ratios=ratios,
        skipped=skipped,
    )
    show(record)
    write("streams", record)


if __name__ == "__main__":
    main()
