"""A broker in this process, for trials and tests; use Mosquitto for anything else.

It keeps no messages for clients that are away, and knows only MQTT 3.1.1.
"""

from __future__ import annotations

import importlib
import logging
from types import TracebackType
from typing import Any, Self


class Broker:
    """An MQTT broker while the block runs.

    Args:
        port: Port of the broker.
        host: Address to listen on; by default only this machine can connect.
    """

    def __init__(self, port: int = 1883, host: str = "127.0.0.1") -> None:
        try:
            module = importlib.import_module("amqtt.broker")
        except ImportError as exc:
            raise ValueError(
                "the broker needs amqtt: in a checkout, pip install '.[broker]'; or run Mosquitto."
            ) from exc
        self._module, self.where = module, f"{host}:{port}"
        self._broker: Any = None

    async def __aenter__(self) -> Self:
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        anyone = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        listener = {"type": "tcp", "bind": self.where, "max_connections": 1000}
        self._broker = self._module.Broker({"listeners": {"default": listener}, "plugins": anyone})
        try:
            await self._broker.start()
        except Exception as exc:
            raise ConnectionError(
                f"the broker cannot start at {self.where}: is the port in use? Choose another port."
            ) from exc
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._broker.shutdown()
