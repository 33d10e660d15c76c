"""A block of a stream of kinds, sorted by kind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int


class Block(NamedTuple):
    """The examples of a block by kind, and those of a kind in their order; a row is a place in this order.

    Attributes:
        kind: Kind of each example.
        time: Its place in the block.
        met: How often its kind has been met, itself included.
        key: kind times the length of the block plus time; it rises.
    """

    kind: Int[np.ndarray, " example"]
    time: Int[np.ndarray, " example"]
    met: Int[np.ndarray, " example"]
    key: Int[np.ndarray, " example"]

    @classmethod
    def of(cls, kinds: Int[np.ndarray, " example"], met: Int[np.ndarray, " kind"]) -> Block:
        """Return the block of kinds that were met so often before it."""
        time = np.argsort(kinds, kind="stable")
        kind = kinds[time]
        row = np.arange(len(kinds))
        count = met[kind] + 1 + row - np.searchsorted(kind, kind)
        return cls(kind, time, count, kind * len(kinds) + time)

    def rows(self, kinds: Int[np.ndarray, "*shape"], time: int = 0) -> Int[np.ndarray, "*shape"]:
        """Return the first row of each kind at or after a time; the next kind's first row if there is none."""
        return np.searchsorted(self.key, kinds * len(self.key) + time)
