"""A queue of messages that keeps the newest; the queue of aiomqtt drops the newest and counts nothing."""

from __future__ import annotations

import asyncio

import aiomqtt

MOST_BYTES = 1 << 26  # in the waiting messages


class DropOldestQueue(asyncio.Queue[aiomqtt.Message]):
    """A queue that drops and counts the oldest messages when it holds too many messages or bytes."""

    dropped = 0
    size = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        while self.full() or (self.size > MOST_BYTES and not self.empty()):
            self.get_nowait()
            self.dropped += 1
        super().put_nowait(item)

    def _put(self, item: aiomqtt.Message) -> None:
        self.size += len(item.payload)
        super()._put(item)

    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        self.size -= len(item.payload)
        return item
