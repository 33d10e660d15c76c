"""Listen to a broker for some seconds, and say what comes; nothing is published."""

from __future__ import annotations

import asyncio
import contextlib

from ._mapping.survey import Row, Survey
from ._mqtt.address import PORTS, Address, read_filter
from ._mqtt.connection import Connection


async def inspect(where: str, seconds: float = 10.0) -> tuple[list[Row], int]:
    """Return a row for each topic that something came from, and the number of messages that were left out.

    Args:
        where: ``mqtt://host/#`` for all topics, or any topics; ``mqtt://host`` means all.
        seconds: It listens for so many; when cancelled, it returns what has come.

    Raises:
        ConnectionError: The broker rejects the connection.
        ValueError: The address has another form, or the time is not positive.
    """
    if not 0 < seconds < 1e9:
        raise ValueError(f"a time to listen is a positive number of seconds, got {seconds}.")
    head, mark, rest = where.partition("://")
    address, topics = read_filter(where if rest.strip("/").count("/") else f"{head}{mark}{rest.rstrip('/')}/#")
    survey = Survey(_written(address))

    async def hear() -> None:
        clock = asyncio.get_running_loop().time
        async with Connection(address, subscriptions=[topics]) as connection:
            async for message in connection.messages():
                survey.ignored += connection.take_dropped()
                survey.hear(message.topic, message.payload, message.retained, clock())

    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(hear(), seconds)
    return survey.rows(), survey.ignored


def _written(address: Address) -> str:
    scheme = "mqtts" if address.secure else "mqtt"
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}" + (f":{address.port}" if address.port != PORTS[scheme] else "")
