"""What acknowledging by hand relies on in aiomqtt and paho, and what a broker does of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

import aiomqtt
import paho.mqtt.client as paho

from ergoscope.streams import MqttSource, Observation
from ergoscope.streams._acknowledge import Receipt, acknowledge, acknowledge_by_hand
from ergoscope.streams._address import Address

LINES = "user root\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 10"


def test_these_are_the_versions_that_were_read() -> None:
    assert version("aiomqtt").startswith("2.5.") and version("paho-mqtt").startswith("2.")


async def session(port: int, work: Callable[[aiomqtt.Client], Awaitable[Any]]) -> Any:
    """Do something in a session that the broker keeps, and leave."""
    client = aiomqtt.Client("127.0.0.1", port, identifier="one", clean_session=False)
    acknowledge_by_hand(client)
    async with client:
        await client.subscribe("a", 1)
        return await work(client)


async def some(client: aiomqtt.Client, most: int = 100) -> list[aiomqtt.Message]:
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

    async def first(client: aiomqtt.Client) -> list[bytes]:
        assert isinstance(client._client, paho.Client)
        async with aiomqtt.Client("127.0.0.1", port) as other:
            for k in range(12):
                await other.publish("a", str(k), 1)
        came = await some(client)
        assert len({message.mid for message in came}) == len(came) == 10  # the window of the broker, and no more
        for message in came[:4]:
            acknowledge(Receipt(client, message.mid))
        later = await some(client)
        old.extend(Receipt(client, message.mid) for message in came[4:])
        return [message.payload for message in came + later]

    async def again(client: aiomqtt.Client) -> list[bytes]:
        for receipt in old:
            acknowledge(receipt)  # of a connection that is over: nothing may be sent on this one
        return [message.payload for message in await some(client)]

    async def main() -> list[list[bytes]]:
        return [await session(port, first), await session(port, again), await session(port, again)]

    whole, second, third = asyncio.run(asyncio.wait_for(main(), 30))
    assert whole == [b"%d" % k for k in range(12)] and second == third == whole[4:]


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
                    break
        return [item.sequence for item in came]

    async def main() -> list[list[int | None]]:
        first = await take(8, 5, payloads[:20])
        async with aiomqtt.Client("127.0.0.1", address.port) as other:
            for payload in payloads[20:]:
                await other.publish("lab/a/data", payload, 1)
        return [first, await take(21, 21, [])]

    first, second = asyncio.run(asyncio.wait_for(main(), 30))
    good = [k for k in range(40) if k % 3]
    assert first == good[:8] and second == good[5:]
