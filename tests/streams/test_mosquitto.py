"""Streams over Mosquitto, the broker that a plant has."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from ergoscope.streams import MqttSource
from ergoscope.streams._address import read_address

needs_clients = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed")


@needs_clients
def test_what_mosquitto_pub_sends_is_heard(mosquitto: Callable[..., Any]) -> None:
    port = mosquitto().port

    async def main() -> list[float]:
        async with MqttSource(read_address(f"mqtt://127.0.0.1:{port}/lab/+")) as source:
            lines = "\n".join(json.dumps({"seq": k, "y": k / 3}) for k in range(5))
            command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "lab/plant/data", "-l"]
            await asyncio.to_thread(subprocess.run, command, input=lines.encode(), check=True, timeout=20)
            came = []
            async for item in source:
                came.append(float(item.output[0, 0]))
                if len(came) == 5:
                    return came
        return []

    assert asyncio.run(asyncio.wait_for(main(), 30)) == [k / 3 for k in range(5)]
