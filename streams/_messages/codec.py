"""The two forms of a message, told apart by their first bytes: docs/streams.md is the page, the schema lies beside it.

A JSON object starts with a brace, an Arrow IPC stream with four bytes 0xff. Whatever comes, nothing but
``RejectedMessage`` is raised; nothing is evaluated or unpickled.
"""

from __future__ import annotations

from .arrow_codec import decode_arrow, encode_arrow
from .errors import RejectedMessage
from .json_codec import decode_json, encode_json
from .observation import Observation

LARGEST = 1 << 20  # bytes of a message; seen before anything is parsed
ARROW = b"\xff\xff\xff\xff"


def decode(payload: bytes | bytearray | memoryview, stream: str | None = None, largest: int = LARGEST) -> Observation:
    """Return the observation that a message holds.

    Args:
        payload: The bytes as they came.
        stream: Its name where the topic tells; else the message must, or it is ``"stream"``.
        largest: Bytes beyond which it is refused unread.

    Raises:
        RejectedMessage: It is not as described; the message says what was expected, what came, and what to do.
    """
    if len(payload) > largest:
        raise RejectedMessage(
            "oversized", f"a message may have {largest} bytes, got {len(payload)}: put fewer samples into one."
        )
    raw = bytes(payload)
    if raw[:4] == ARROW:
        return decode_arrow(raw, stream)
    return decode_json(raw, stream)


def encode(observation: Observation, *, arrow: bool | None = None) -> bytes:
    """Return the message that holds an observation.

    Args:
        observation: What to send; its numbers come back bit for bit.
        arrow: Whether as an Arrow block; by default for more than one sample.
    """
    block = observation.steps > 1 if arrow is None else arrow
    return encode_arrow(observation) if block else encode_json(observation)
