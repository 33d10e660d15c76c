"""The two forms of a message, distinguished by their first bytes: see docs/streams.md.

A JSON object starts with a brace, an Arrow IPC stream with four bytes 0xff. Any bytes give an observation or raise
``RejectedMessage``; nothing is evaluated or unpickled.
"""

from __future__ import annotations

from .arrow_codec import decode_arrow, encode_arrow
from .errors import RejectedMessage
from .json_codec import decode_json, encode_json
from .limits import LARGEST
from .observation import Observation

ARROW = b"\xff\xff\xff\xff"


def decode(payload: bytes | bytearray | memoryview, stream: str | None = None, largest: int = LARGEST) -> Observation:
    """Return the observation in a message.

    Args:
        payload: The bytes of the message.
        stream: Name of the stream; None: the name in the message, by default ``"stream"``.
        largest: A message of more bytes is rejected unread.

    Raises:
        RejectedMessage: It has another form; the text says what was expected, what came, and the remedy.
    """
    if len(payload) > largest:
        raise RejectedMessage(
            "oversized", f"a message may have {largest} bytes, got {len(payload)}: put fewer samples into a message."
        )
    raw = bytes(payload)
    if raw[:4] == ARROW:
        return decode_arrow(raw, stream)
    return decode_json(raw, stream)


def encode(observation: Observation, *, arrow: bool | None = None) -> bytes:
    """Return an observation as a message.

    Args:
        observation: The samples; ``decode`` returns their bits.
        arrow: Whether to write an Arrow block; None: if there is more than one sample.
    """
    block = observation.steps > 1 if arrow is None else arrow
    return encode_arrow(observation) if block else encode_json(observation)
