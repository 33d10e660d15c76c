"""What a study measures beside what the source or theory says, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl


class Claim(NamedTuple):
    """One line of the table.

    Attributes:
        part: What it is about.
        what: The quantity, with its unit.
        measured: Its value; None: it could not be measured, because no run came so far.
        low, high: Where it must lie; both None: it is reported only.
        ground: Who says so: ``"theory"``, ``"source"`` or ``"trial"``; empty where it is reported only.
    """

    part: str
    what: str
    measured: float | None
    low: float | None = None
    high: float | None = None
    ground: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the value lies in its limits; None where it is reported only. What was not measured disagrees."""
        if self.low is None and self.high is None:
            return None
        if self.measured is None:
            return False
        above = self.low is None or self.measured >= self.low
        return bool(above and (self.high is None or self.measured <= self.high))


def at_least(part: str, what: str, measured: float | None, limit: float, ground: str) -> Claim:
    """Return the claim that a value is this limit or more."""
    return Claim(part, what, measured, limit, None, ground)


def at_most(part: str, what: str, measured: float | None, limit: float, ground: str) -> Claim:
    """Return the claim that a value is this limit or less."""
    return Claim(part, what, measured, None, limit, ground)


VERDICT = {True: "yes", False: "no", None: "reported"}


def claims_table(claims: Sequence[Claim]) -> pl.DataFrame:
    """Return the claims as a table: ``part, what, measured, low, high, agrees, ground``."""
    number, text = pl.Float64(), pl.String()
    schema = dict(part=text, what=text, measured=number, low=number, high=number, agrees=text, ground=text)
    rows = [
        dict(one._asdict(), agrees=VERDICT[one.agrees])
        | {
            word: None if (value := getattr(one, word)) is None else float(value)
            for word in ("measured", "low", "high")
        }
        for one in claims
    ]
    return pl.DataFrame(rows, schema=schema)


def verdict(claims: Sequence[Claim]) -> tuple[bool, str]:
    """Return whether every claim with limits holds, and that in words."""
    held = [one for one in claims if one.agrees is not None]
    wrong = [one for one in held if not one.agrees]
    if not wrong:
        return True, f"{len(held)} of {len(held)} claims hold"
    first = f"{wrong[0].part}: {wrong[0].what}"
    return False, f"{len(wrong)} of {len(held)} claims do not hold, the first {first}"


def at_place(values: pl.Series, place: int) -> float | None:
    """Return the value at a place of the sorted values: 0 is the least, -1 the most; None where there is none."""
    known = values.drop_nulls().sort()
    return None if known.is_empty() else float(known[place])
