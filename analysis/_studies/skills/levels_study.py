"""Skills on levels: where each level is acquired, and the plateaus of accuracy where the levels of tasks lie apart."""

from __future__ import annotations

from typing import NamedTuple, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._emergence.plateaus import plateaus
from ..._exact.compute_split import split_limit
from ..._exact.skill_levels import (
    ONE_LEVEL,
    SEVERAL_LEVELS,
    Links,
    acquired_shares,
    level_weights,
    task_accuracy,
)
from ..claims import Claim, at_least, at_most

MEAN = 6.0
BUDGETS = np.geomspace(1e8, 1e17, 181)
TASKS = {"one": ONE_LEVEL, "several": SEVERAL_LEVELS}
HEIGHTS, CLOSE = (0.4, 0.8), 0.02
TOLERANCE = 0.01  # half of the band of a plateau
SHORTEST = 10**0.5  # half a decade
NOTHING, ALL = 0.05, 0.95  # a curve that has not begun or has ended is no plateau


class LevelsFound(NamedTuple):
    """What was found.

    Attributes:
        acquired: ``links, compute, level, acquired``: the share of the skills of each tenth level.
        accuracy: ``links, tasks, compute, accuracy``.
        plateaus: ``links, tasks, first, last, height, decades``: those between nothing and all.
        claims: What is claimed.
    """

    acquired: pl.DataFrame
    accuracy: pl.DataFrame
    plateaus: pl.DataFrame
    claims: list[Claim]


def study_levels() -> LevelsFound:
    """Return how skills emerge level by level with the budget C, where R = .4697 sqrt(C). Nothing is random."""
    concepts = split_limit(MEAN) * np.sqrt(BUDGETS)
    acquired, accuracy, found = [], [], []
    for links in get_args(Links):
        shares = acquired_shares(concepts, BUDGETS / concepts, MEAN, links=links)
        acquired.append(_long(shares, links))
        for tasks, parts in TASKS.items():
            values = task_accuracy(shares, level_weights(parts))
            labels = pl.lit(links).alias("links"), pl.lit(tasks).alias("tasks")
            accuracy.append(pl.DataFrame(dict(compute=BUDGETS, accuracy=values)).select(*labels, pl.all()))
            found.append(inner_plateaus(BUDGETS, values).select(*labels, pl.all()))
    stairs = pl.concat(found)
    return LevelsFound(pl.concat(acquired), pl.concat(accuracy), stairs, _claims(stairs))


def inner_plateaus(compute: NDArray[np.float64], accuracy: NDArray[np.float64]) -> pl.DataFrame:
    """Return the plateaus of half a decade or more above .05 and below .95: ``first, last, height, decades``."""
    found = plateaus(compute, accuracy, TOLERANCE, SHORTEST)
    return found.filter(pl.col("height").is_between(NOTHING, ALL)).with_columns(
        decades=(pl.col("last") / pl.col("first")).log10()
    )


def _long(shares: NDArray[np.float64], links: str) -> pl.DataFrame:
    levels = np.arange(10, len(shares) + 1, 10)
    columns = dict(
        compute=np.tile(BUDGETS, len(levels)),
        level=np.repeat(levels, len(BUDGETS)),
        acquired=shares[levels - 1].ravel(),
    )
    return pl.DataFrame(columns).select(pl.lit(links).alias("links"), pl.all())


def _claims(stairs: pl.DataFrame) -> list[Claim]:
    claims = []
    for links in get_args(Links):
        part = f"plateaus, {links} law of links"
        several = stairs.filter(links=links, tasks="several")
        count = several.height
        claims.append(Claim(part, "number, tasks of several levels", count, len(HEIGHTS), len(HEIGHTS), "theory"))
        for height, row in zip(HEIGHTS, several.iter_rows(named=True), strict=False):
            claims += [
                Claim(part, f"height of that at {height:g}", row["height"], height - CLOSE, height + CLOSE, "theory"),
                at_least(part, "its length (decades of C)", row["decades"], np.log10(SHORTEST), "trial"),
            ]
        single = stairs.filter(links=links, tasks="one").height
        claims.append(at_most(part, "number, tasks of one level", single, 0, "trial"))
    return claims
