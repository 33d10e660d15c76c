"""Look on at streams over MQTT; nothing is sent."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable

from ._address import read_address
from ._mqtt import Connection
from ._watch import Row, Watch


async def watch(
    where: str, show: Callable[[list[Row], int], None], every: float = 0.5, seconds: float = math.inf
) -> None:
    """Hear what is said of streams and show it, again and again.

    Args:
        where: ``mqtt://host:1883/lab`` or ``lab/+`` for all of ``lab``, ``lab/plant1`` for one.
        show: Called with a row for each stream, and how many messages were not as described.
        every: Seconds from one showing to the next.
        seconds: After which it ends; it ends, too, when it is cancelled.

    Raises:
        ConnectionError: No broker takes us there.
        ValueError: It is no such address, or the time is not positive.
    """
    if not seconds > 0:
        raise ValueError(f"a time to watch is a positive number of seconds, got {seconds}.")
    address, clock = read_address(where), asyncio.get_running_loop().time
    heard = Watch(address)
    async with Connection(address, subscriptions=heard.topics) as connection:

        async def hear() -> None:
            async for message in connection.messages():
                heard.hear(message[0], message[1], clock())

        hearing = asyncio.create_task(hear(), name="ergoscope-watch")
        end = clock() + seconds
        try:
            with contextlib.suppress(asyncio.CancelledError):
                while clock() < end and not hearing.done():
                    await asyncio.wait([hearing], timeout=min(every, max(end - clock(), 0)))
                    show(heard.rows(clock()), heard.ignored)
        finally:
            hearing.cancel()
        if hearing.done() and not hearing.cancelled():
            hearing.result()
