"""What raises in this room.

ValueError
 +- RejectedMessage        a message that is not taken in; it is counted by its kind and the stream goes on
ConnectionError    (Python's own) a broker that cannot be reached
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["oversized", "malformed", "schema", "dimension", "non-finite", "dropped"]
KINDS: tuple[str, ...] = get_args(Kind)


class RejectedMessage(ValueError):
    """A message that is not taken in.

    Attributes:
        kind: What it is counted as: ``oversized``, ``malformed`` (no JSON object, no Arrow block), ``schema`` (a key or
            a column that is wrong), ``dimension`` (another width than the stream's), ``non-finite``, or ``dropped`` (it
            came faster than it could be taken in).
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
