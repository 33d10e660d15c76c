"""The constructed network: at which numbers of neurons it is exact, and at which it breaks."""

from __future__ import annotations

import polars as pl

from ..claims import Claim, at_least, at_most, at_place
from .five_neurons import five_neurons

P = 67
EXACT = dict(square=(3, 5, 6, 7, 8, 10), relu=(5, 7, 10))
BROKEN = dict(square=(2, 4), relu=(3, 4, 6, 8))
NEURONS = range(2, 11)


def constructed_table() -> pl.DataFrame:
    """Return how many of all pairs the constructed network answers right: ``activation, neurons, accuracy``."""
    rows = [(name, n, five_neurons(P, n, name).accuracy) for name in EXACT for n in NEURONS]
    return pl.DataFrame(rows, schema=["activation", "neurons", "accuracy"], orient="row")


def constructed_claims(table: pl.DataFrame) -> list[Claim]:
    """Return what is claimed of the constructed network: exact at these numbers of neurons, broken at those."""
    made = []
    for name, sign, ground, limit in (("square", "x^2", "theory", 0.05), ("relu", "ReLU", "trial", 0.7)):
        of = table.filter(activation=name)
        exact, broken = (of.filter(pl.col("neurons").is_in(part[name]))["accuracy"] for part in (EXACT, BROKEN))
        words = [f"{sign}, N = {', '.join(map(str, part[name]))}" for part in (EXACT, BROKEN)]
        part = "constructed network"
        made += [
            at_least(part, f"{words[0]}: least accuracy", at_place(exact, 0), 1.0, ground),
            at_most(part, f"{words[1]}: most accuracy", at_place(broken, -1), limit, ground),
        ]
    return made
