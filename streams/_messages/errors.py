"""The errors of streams.

ValueError
 +- RejectedMessage        a message that is not taken in; it is counted by its kind, and the stream goes on
ConnectionError    (of Python) a broker cannot be reached
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "oversized", "malformed", "schema", "dimension", "non-finite", "retained", "dropped", "failed", "repeated", "time"
]
REJECTION_KINDS: tuple[str, ...] = get_args(Kind)


class RejectedMessage(ValueError):
    """A message that is not taken in.

    Attributes:
        kind: Kind that is counted: ``oversized``, ``malformed`` (no JSON object, no Arrow block),
            ``schema`` (a wrong key or column), ``dimension`` (another width than the stream's), ``non-finite``,
            ``retained`` (an old message that the broker has kept), ``dropped`` (it came faster than the program reads),
            ``failed`` (the program failed on it), ``repeated`` (a payload that came before), or ``time`` (a payload
            whose time is too late or too early).
        stream: Name of the stream, if the message has a valid one.
        numbered: Whether the message has a sequence number.
        samples: Number of samples in the message, if it is known.
        cause: What is wrong, without the values: the log has the first message of each kind and cause.
    """

    def __init__(self, kind: Kind, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.kind, self.cause = kind, cause
        self.stream: str | None = None
        self.numbered, self.samples = False, 1
