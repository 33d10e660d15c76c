"""How much more data decides what is undecided: the record, its numbers and its words."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..._core.text import spaced

POWER = 0.9  # probability with which the data asked for decide
LARGEST = 1e15  # of a number of samples or runs


class More(NamedTuple):
    """How much data decides what is undecided.

    Attributes:
        sizes: The two sizes that are not told apart, or the one size whose growth is undecided.
        runs: Runs in all; None if that is not the question.
        samples: Samples of each run, in all; None if that is not the question.
        enough: Whether the numbers decide, with probability ``power``. If not, they are a lower bound.
        power: Probability of a decision; None for a lower bound.
        sentence: The answer in words, without a full stop.
    """

    sizes: tuple[int, ...]
    runs: int | None
    samples: int | None
    enough: bool
    power: float | None
    sentence: str


def more_json(more: tuple[More, ...]) -> list[dict[str, Any]]:
    """Return the records as plain JSON."""
    return [each._asdict() | dict(sizes=list(each.sizes)) for each in more]


def rounded_up(number: float) -> int:
    """Return a number rounded up to two digits: 12 340 becomes 13 000."""
    whole = math.ceil(min(number, LARGEST))
    step: int = 10 ** max(len(str(whole)) - 2, 0)
    return -(-whole // step) * step


def rounded_down(number: float) -> int:
    """Return a number rounded down to two digits: 12 940 becomes 12 000."""
    whole = math.floor(min(number, LARGEST))
    step: int = 10 ** max(len(str(whole)) - 2, 0)
    return whole // step * step


def samples_words(number: int, runs: int) -> str:
    """Return a number of samples in words: 12 000 samples of each run."""
    return f"{spaced(number)} samples" + " of each run" * (runs > 1)
