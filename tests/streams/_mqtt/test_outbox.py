"""The outbox: what is published is there in the end, in order, whatever goes away between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.simulator import zoo
from ergoscope.streams import MemorySink, Observation, forward, play_simulation
from ergoscope.streams._connect import outbox
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.outbox import AGAIN, Outbox
from ergoscope.streams._mqtt.source_and_sinks import MqttSource

LINES = "user root\nallow_anonymous true\nmax_queued_messages 0"


def simulated(skip: int = 0, count: int = 300, rate: float | None = None) -> Any:
    return play_simulation(zoo("random-walk"), count, ["a", "b"], seed=3, rate=rate, block=1, epoch=5, skip=skip)


def test_a_simulation_goes_on_where_it_was(tmp_path: Path) -> None:
    sink, rest = MemorySink[Observation](), MemorySink[Observation]()
    asyncio.run(forward(simulated(), sink))
    for skip in (1, 7, 255, 599, 600):
        rest.sent.clear()
        asyncio.run(forward(simulated(skip), rest))
        assert [item[:3] for item in rest.sent] == [item[:3] for item in sink.sent[skip:]]
        assert all(np.array_equal(a.output, b.output) for a, b in zip(rest.sent, sink.sent[skip:], strict=True))


async def first_part(address: Address, folder: Path, count: int) -> None:
    """Publish so many and end as a crash does: nothing is said, and what is in flight is left."""
    box = Outbox(address, {}, folder, "box")
    await box.__aenter__()
    async for item in simulated(box.position):
        await box.send(item)
        if box.position == count:
            break
    for task in box._tasks:
        task.cancel()
    box._journal.__exit__(None, None, None)
    await box.connection.__aexit__(None, None, None)


def test_a_broker_and_a_publisher_that_go_away_lose_nothing_and_the_order_is_kept(
    tmp_path: Path, mosquitto: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.connection.PAUSES", (0.05, 0.1))
    broker = mosquitto(LINES)  # without persistence: a restart forgets all
    address = Address("127.0.0.1", broker.port, "lab", "+")
    came: list[tuple[str, int]] = []

    async def hear(source: MqttSource) -> None:
        async for item in source:
            assert item.epoch == 5
            came.append((item.stream, item.sequence or 0))

    async def main() -> None:
        async with MqttSource(address, 1) as source:
            hearing = asyncio.create_task(hear(source))
            await first_part(address, tmp_path, 150)
            await first_part(address, tmp_path, 301)
            box = Outbox(address, {}, tmp_path, "box")
            opened = box.connection._open

            async def after_who_hears() -> None:  # a broker that has forgotten all keeps nothing for who is not there
                while source._connection.broken:
                    await asyncio.sleep(0.01)
                await opened()

            monkeypatch.setattr(box.connection, "_open", after_who_hears)
            publishing = asyncio.create_task(forward(simulated(301, rate=200.0), box))  # longer than the broker lives
            await asyncio.sleep(0.1)
            await asyncio.to_thread(broker.stop, kill=True)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(broker.start)
            await publishing
            while len(set(came)) < 600:
                await asyncio.sleep(0.05)
            hearing.cancel()

    asyncio.run(asyncio.wait_for(main(), 60))
    first = list(dict.fromkeys(came))
    assert first == [(name, t) for t in range(300) for name in ("a", "b")] and len(came) > 600


def test_so_many_are_in_flight_and_the_plant_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.outbox.IN_FLIGHT", 20)
    flying, most, seen = 0, 0, list[str]()

    class Slow:
        """A connection that acknowledges late, and breaks once."""

        broken = False

        async def __aenter__(self) -> None: ...
        async def __aexit__(self, *_: Any) -> None: ...

        async def publish(self, *_: Any) -> None: ...

        async def lives(self) -> Any:
            from ergoscope.streams._mqtt.connection import Broken

            async def send(topic: str, payload: bytes, retain: bool) -> None:
                nonlocal flying, most
                flying, most = flying + 1, max(most, flying + 1)
                seen.append(payload.decode())
                try:
                    await asyncio.sleep(0.002)
                    if len(seen) > 100 and not self.broken:
                        self.broken = True
                        raise Broken
                finally:
                    flying -= 1

            while True:
                yield send

    async def main() -> None:
        box = Outbox(Address("h", 1, "lab", "+"), {}, tmp_path, "box")
        box.connection = Slow()  # type: ignore[assignment]
        await forward(simulated(), box)

    asyncio.run(asyncio.wait_for(main(), 60))
    assert most == 20 and len(list(dict.fromkeys(seen))) == 600 and seen[-600:] == list(dict.fromkeys(seen))
    assert len(seen) > 600


def test_what_is_sent_again_is_bounded_by_the_journal_that_is_kept(tmp_path: Path) -> None:
    from ergoscope.streams._storage.journal import Journal

    with Journal(tmp_path / "journal", 1000) as journal:
        items = _all(simulated(count=1000))
        journal.append(items)
    box = Outbox(Address("h", 1, "lab", "+"), {}, tmp_path, "box")
    assert box.position == 2000 and box._last.maxlen == AGAIN
    box._journal.__exit__(None, None, None)


def _all(source: Any) -> list[Observation]:
    sink = MemorySink[Observation]()
    asyncio.run(forward(source, sink))
    return sink.sent


def test_a_folder_is_of_one_plant_and_of_one_process(tmp_path: Path) -> None:
    words = dict(plant="random-walk", streams=["a"], seed=0, input="zero", block=1)
    where = "mqtt://127.0.0.1:1/lab/a"
    box, epoch = outbox(where, tmp_path, words)
    assert epoch > 10**12
    with pytest.raises(ValueError, match="another process uses"):
        outbox(where, tmp_path, words)
    box._journal.__exit__(None, None, None)
    with pytest.raises(ValueError, match="is of another seed: 0, here it is 1"):
        outbox(where, tmp_path, words | dict(seed=1))
    again, same = outbox(where, tmp_path, words)
    again._journal.__exit__(None, None, None)
    assert same == epoch
    for name in ("identity.json", "identity-copy.json"):
        (tmp_path / name).write_text("{")
    with pytest.raises(ValueError, match="and its copy are damaged: remove the folder"):
        outbox(where, tmp_path, words)
    with pytest.raises(ValueError, match="a state folder needs an address mqtt"):
        outbox("-", tmp_path, words)
