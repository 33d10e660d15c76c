"""Messages on a pipe: four bytes of length, then the content."""

from __future__ import annotations

import struct

LENGTH = struct.Struct("<I")


def frame(content: bytes) -> bytes:
    """Return the content after its length."""
    return LENGTH.pack(len(content)) + content


def frame_end(received: bytearray) -> int:
    """Return where the first frame ends, 0 while it is not whole."""
    end = LENGTH.size + LENGTH.unpack_from(received)[0] if len(received) >= LENGTH.size else 0
    return end if end <= len(received) else 0
