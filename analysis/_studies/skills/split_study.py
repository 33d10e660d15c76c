"""The best use of computation: how concepts and texts grow with the budget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from ..._exact.compute_split import CHINCHILLA, as_language_model, optimal_split, split_limit
from ..claims import Claim

MEAN = 6.0
BUDGETS = np.geomspace(1e6, 1e20, 141)
FROM_SLOPE, FROM_RATIO = 1e8, 1e13
SLOPE, CLOSE_SLOPE, CLOSE_RATIO = 0.5, 0.01, 0.005


class SplitFound(NamedTuple):
    """What was found.

    Attributes:
        table: Of ``split_table``, for both signs.
        claims: What is claimed and reported.
    """

    table: pl.DataFrame
    claims: list[Claim]


def study_split() -> SplitFound:
    """Return the best split of budgets from 1e6 to 1e20, and what is claimed of it. Nothing is random."""
    table = split_table()
    return SplitFound(table, _claims(table.filter(signs="derived")))


def split_table(mean: float = MEAN) -> pl.DataFrame:
    """Return the best split of each budget, with both signs of the finite-length law.

    Returns:
        ``signs, compute, concepts, texts, learned, ratio, parameters, tokens, flops``: ratio is R* / sqrt(C), and the
        last three are those of the language model that it stands for.
    """
    frames = []
    for signs in ("derived", "published"):
        found = optimal_split(BUDGETS, mean, signs=signs)
        columns = dict(compute=BUDGETS) | found._asdict() | dict(ratio=found.concepts / np.sqrt(BUDGETS))
        columns |= as_language_model(found.concepts, found.texts)._asdict()
        frames.append(pl.DataFrame(columns).select(pl.lit(signs).alias("signs"), pl.all()))
    return pl.concat(frames)


def _claims(table: pl.DataFrame) -> list[Claim]:
    part, limit = "best split", split_limit(MEAN)
    large = table.filter(pl.col("compute") >= FROM_SLOPE)
    x = np.log(large["compute"].to_numpy())
    slopes = [
        Claim(
            part,
            f"slope of log {word} over log C, from C = {FROM_SLOPE:.0e}",
            float(np.polyfit(x, np.log(large[column].to_numpy()), 1)[0]),
            SLOPE - CLOSE_SLOPE,
            SLOPE + CLOSE_SLOPE,
            "theory",
        )
        for word, column in (("R*", "concepts"), ("T*", "texts"))
    ]
    ratio = table.filter(pl.col("compute") >= FROM_RATIO)["ratio"].to_numpy()
    farthest = float(ratio[np.abs(ratio - limit).argmax()])
    what = f"R* / sqrt(C), farthest from its limit from C = {FROM_RATIO:.0e}"
    near = Claim(part, what, farthest, limit - CLOSE_RATIO, limit + CLOSE_RATIO, "theory")
    flops, parameters = np.log(table["flops"].to_numpy()), np.log(table["parameters"].to_numpy())
    at_marker = float(np.exp(np.interp(np.log(CHINCHILLA.flops), flops, parameters)))
    said = f"parameters at {CHINCHILLA.flops:.3g} FLOPs (Chinchilla: {CHINCHILLA.parameters:.3g})"
    return [*slopes, near, Claim(part, said, at_marker)]
