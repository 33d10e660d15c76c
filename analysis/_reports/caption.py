"""The record of a caption."""

from __future__ import annotations

from typing import NamedTuple


class Caption(NamedTuple):
    """Title and caption of a file of results; ``shown`` in the report, or only listed there."""

    name: str
    seen: str
    shown: bool = True


CLAIMS = Caption(
    "Measured beside expected",
    "low and high: where the value must lie; without them it is reported only. ground: who says so, theory, the "
    "source, or an earlier trial of ours.",
)
