"""The first value from which on something is there: the question of critical sizes and of every other threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PRESENT, ABSENT, UNDECIDED = "present", "absent", "undecided"


class Onset(NamedTuple):
    """Where it begins, along values in order.

    Attributes:
        verdict: ``"located"``; ``"above"``, if it is absent at every value; or ``"undecided"``.
        at: Place of the first value at which it is present, if every value before is absent; else None.
        cause: Place of the undecided value that comes before; else None.
        again: Places after ``at`` at which it is absent again. Then the verdict is ``"undecided"``.
    """

    verdict: str
    at: int | None = None
    cause: int | None = None
    again: tuple[int, ...] = ()


def onset(states: Sequence[str]) -> Onset:
    """Return the first place from which on it is present, from ``"present"``, ``"absent"`` or ``"undecided"`` each."""
    for k, state in enumerate(states):
        if state == PRESENT:
            again = tuple(j for j in range(k + 1, len(states)) if states[j] == ABSENT)
            return Onset(UNDECIDED if again else "located", k, again=again)
        if state == UNDECIDED:
            return Onset(UNDECIDED, cause=k)
    return Onset("above")
