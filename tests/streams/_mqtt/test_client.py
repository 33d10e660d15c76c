"""What we rely on in aiomqtt and paho below it, and what a broker makes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest

from ergoscope.streams import (
    Observation,
)
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.broker import Broker
from ergoscope.streams._mqtt.client import Client, Receipt
from ergoscope.streams._mqtt.source_and_sinks import MqttSource

LINES = "user root\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 10"


def test_these_are_the_versions_that_were_read() -> None:
    assert version("aiomqtt").startswith("2.5.") and version("paho-mqtt").startswith("2.")


def test_a_subscription_that_is_not_granted_is_said(
    port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(self: Client, topic: str, qos: int) -> tuple[int, ...]:
        return (128,)

    async def main() -> None:
        async with Broker(port), MqttSource(Address("127.0.0.1", port, "lab", "a")):
            pass

    monkeypatch.setattr(Client, "subscribe", refuse)
    asyncio.run(main())
    assert "rejects the subscription of lab/a/data" in caplog.text


async def session(port: int, work: Callable[[Client], Awaitable[Any]]) -> Any:
    """Do something in a session that the broker keeps, and leave."""
    async with Client("127.0.0.1", port, identifier="one", clean_session=False, by_hand=True) as client:
        await client.subscribe("a", 1)
        return await work(client)


async def some(client: Client, most: int = 100) -> list[aiomqtt.Message]:
    """Return what comes until nothing comes for a while."""
    came: list[aiomqtt.Message] = []
    while len(came) < most:
        try:
            came.append(await asyncio.wait_for(anext(client.messages), 0.3))
        except TimeoutError:
            break
    return came


def test_what_is_not_acknowledged_comes_again_on_the_next_connection_in_its_order(
    mosquitto: Callable[..., Any],
) -> None:
    port = mosquitto(LINES).port
    old: list[Receipt] = []

    async def first(client: Client) -> list[bytes]:
        assert isinstance(client._client, paho.Client)
        async with aiomqtt.Client("127.0.0.1", port) as other:
            for k in range(12):
                await other.publish("a", str(k), 1)
        came = await some(client)
        assert len({message.mid for message in came}) == len(came) == 10  # the window of the broker, and no more
        for message in came[:4]:
            Receipt(client, message.mid).acknowledge()
        later = await some(client)
        assert not client.lost.done()
        old.extend(Receipt(client, message.mid) for message in came[4:])
        return [message.payload for message in came + later]

    async def again(client: Client) -> list[bytes]:
        for receipt in old:
            receipt.acknowledge()  # of a connection that is over: nothing may be sent on this one
        return [message.payload for message in await some(client)]

    async def main() -> list[list[bytes]]:
        return [await session(port, first), await session(port, again), await session(port, again)]

    whole, second, third = asyncio.run(asyncio.wait_for(main(), 30))
    assert whole == [b"%d" % k for k in range(12)] and second == third == whole[4:]


def test_what_is_read_ahead_is_taken_to_its_end_though_nothing_comes_after(
    mosquitto: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ergoscope.streams._mqtt.client.TOGETHER", 2)  # messages before others have their turn
    port = mosquitto(LINES).port

    async def take(client: Client) -> list[aiomqtt.Message]:
        other = paho.Client(paho.CallbackAPIVersion.VERSION2)
        other.connect("127.0.0.1", port)
        other.loop_start()
        for k in range(50):
            other.publish("a", str(k)).wait_for_publish(10)
        time.sleep(0.3)  # nothing is read meanwhile: all of it waits in the socket
        other.disconnect()
        other.loop_stop()
        return await some(client)

    async def main() -> list[aiomqtt.Message]:
        async with Client("127.0.0.1", port) as client:
            await client.subscribe("a", 0)
            return await take(client)

    came = asyncio.run(asyncio.wait_for(main(), 30))
    assert [message.payload for message in came] == [b"%d" % k for k in range(50)]


def test_a_source_is_sent_again_what_was_not_acknowledged_and_what_came_meanwhile(
    mosquitto: Callable[..., Any],
) -> None:
    address = Address("127.0.0.1", mosquitto(LINES).port, "lab", "+")
    payloads = [b'{"y":%d,"seq":%d}' % (k, k) if k % 3 else b"bad" for k in range(40)]  # 26 good ones

    async def take(most: int, keep: int, send: list[bytes]) -> list[int | None]:
        came: list[Observation] = []
        async with MqttSource(address, client="me") as source, aiomqtt.Client("127.0.0.1", address.port) as other:
            for payload in send:
                await other.publish("lab/a/data", payload, 1)
            async for item in source:
                came.append(item)
                if len(came) <= keep:
                    source.acknowledge(1)
                if len(came) == most:
                    await asyncio.sleep(0.2)  # a socket that is closed with something unread takes back what it sent
                    break
        return [item.sequence for item in came]

    async def main() -> list[list[int | None]]:
        first = await take(8, 5, payloads[:20])
        async with aiomqtt.Client("127.0.0.1", address.port) as other:
            for payload in payloads[20:]:
                await other.publish("lab/a/data", payload, 1)
        second = await take(21, 21, [])
        for left in (1, 0):  # the bad one at the end, which is acknowledged once it is met
            async with MqttSource(address, client="me") as source:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(aiter(source)), 0.5)
                assert source.rejections.counts.total() == left
        return [first, second]

    first, second = asyncio.run(asyncio.wait_for(main(), 30))
    good = [k for k in range(40) if k % 3]
    assert first == good[:8] and second == good[5:]


def test_a_connection_that_is_lost_while_it_is_to_be_written_to_is_an_error_and_no_trace(
    mosquitto: Callable[..., Any], caplog: Any
) -> None:
    broker = mosquitto(LINES)

    async def main() -> None:
        async with Client("127.0.0.1", broker.port, by_hand=True) as client:
            client.acknowledge(1)
            client._client._sock_close()  # before the loop comes to watch it, as where it is read from and breaks
            await asyncio.sleep(0.1)
            broker.stop(kill=True)
            with pytest.raises(aiomqtt.MqttError):
                await client.publish("a", b"x", 1, timeout=1)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_that_a_connection_is_lost_can_be_waited_for(mosquitto: Callable[..., Any]) -> None:
    broker = mosquitto(LINES)

    async def main() -> None:
        async with Client("127.0.0.1", broker.port) as client:
            assert not client.lost.done()
            broker.stop(kill=True)
            await asyncio.wait({client.lost}, timeout=10)
            assert isinstance(client.lost.exception(), aiomqtt.MqttError)

    asyncio.run(asyncio.wait_for(main(), 30))
