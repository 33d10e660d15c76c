"""Acknowledging by hand, which aiomqtt does not offer: the one file that reaches through it to paho below.

It relies on three things, which tests/streams/test_acknowledge.py pins: ``aiomqtt.Client._client`` is the client of
paho; with ``manual_ack_set`` that acknowledges nothing by itself, and with ``ack`` what it is told; a message carries
its ``mid``, which counts on its own connection alone.
"""

from __future__ import annotations

from typing import NamedTuple

import aiomqtt


class Receipt(NamedTuple):
    """What a message is acknowledged by: the connection it came on, and its number there."""

    client: aiomqtt.Client
    number: int


def acknowledge_by_hand(client: aiomqtt.Client) -> None:
    """Let a client, before it connects, acknowledge nothing by itself."""
    client._client.manual_ack_set(True)


def acknowledge(receipt: Receipt) -> None:
    """Acknowledge a message at QoS 1; nothing where its connection is over: it is sent again on the next one."""
    client = receipt.client._client
    if client.is_connected():
        client.ack(receipt.number, 1)
