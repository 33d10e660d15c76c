"""Where the error passes a level: the place along the axis of each size, and from which size on half of the runs do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ..._core.text import counted
from .._emergence.emergence import Emergence
from .._emergence.judge import emergence
from .._emergence.on_axis import FEWEST
from .._emergence.passages import CURVE, PASSAGE, first_passages
from .._emergence.shares import run_times, within
from .._emergence.survival import median_passage
from .table import ErrorTable
from .words import short

SIZES = dict(
    size=pl.Float64, runs=pl.Int64, passed=pl.Int64, place=pl.Float64, low=pl.Float64, high=pl.Float64
)  # fmt: skip
WHOLE = 2.0**53


class Level(NamedTuple):
    """The passages of a level.

    Attributes:
        level: In the unit of the error.
        below: Whether a run passes at or below it.
        sizes: One row for each size: ``size, runs, passed`` (up to its last place, for good), and ``place, low, high``:
            the median passage by Kaplan and Meier, null where fewer than half pass, and its 95 % interval, null with
            fewer than 6 runs.
        passages: One row for each size and run, as ``first_passages`` returns them.
        emergence: From which size on half of the runs pass; None for one size.
        ranked: Whether the horizon of ``emergence`` is a rank among the places, as it is if they are no whole numbers.
    """

    level: float
    below: bool
    sizes: pl.DataFrame
    passages: pl.DataFrame
    emergence: Emergence | None
    ranked: bool

    def words(self, size: str, error: str) -> str:
        """Return the answer as a clause."""
        to = f"{error} {'gets down to' if self.below else 'reaches'} {self.level:g}"
        found = self.emergence
        if found is not None and found.verdict == "located" and found.value is not None:
            ends = [".." if end is None else short(end) for end in (found.value, found.low, found.high)]
            place = f"{size} {ends[0]} [{ends[1]}, {ends[2]}]"
            if found.end is not None:
                return f"in half of the runs {to} from {place} to {short(found.end)}"
            return f"in half of the runs {to} {f'from {place} on' if found.rising else f'up to {place}'}"
        if found is not None and found.verdict == "above":
            return f"at no {size} tried {to} in half of the runs"
        fewest = int(self.sizes["runs"].min())  # type: ignore[arg-type]
        if fewest >= FEWEST and found is not None:
            return f"from which {size} on {to} in half of the runs is undecided: {found.reason.rstrip('.')}"
        passing = self.sizes.filter(pl.col("passed") == pl.col("runs"))["size"].to_list()
        few = f"{counted(fewest, 'run')} of a size, and an interval needs {FEWEST}"
        if not passing:
            return f"{to} at no {size} in all of its runs ({few})"
        every = "" if fewest == 1 else " in all of its runs"
        return f"{to}{every} at {size} {short(passing[0])}, the smallest that does ({few})"


def level_passages(table: ErrorTable, level: float, below: bool, seed: int) -> Level:
    """Return where the runs pass a level for good; see ``first_passages`` and ``emergence``."""
    label = str(table.names["size"])
    label = "size" if label in (*PASSAGE, *CURVE, "seed") else label
    steps, back = _steps(table)
    passages = first_passages(_curves(table, label, steps), "error", level, below)
    passages = passages.with_columns(pl.col(label).cast(pl.Float64))
    several = passages[label].n_unique() > 1
    ability = f"{table.names['error']} {'at most' if below else 'at least'} {level:g}"
    found = emergence(passages, label, ability=ability, horizon_word="places", seed=seed) if several else None
    rows = []
    for (size,), part in passages.sort(label).group_by(label, maintain_order=True):
        median = median_passage(*run_times(part, within(part)))
        place = [None if step is None else float(back(step)) for step in median]
        rows.append((size, len(part), int((~part["censored"]).sum()), *place))
    placed = _placed(passages, back)
    return Level(level, below, pl.DataFrame(rows, schema=SIZES, orient="row"), placed, found, back is not float)


def _steps(table: ErrorTable) -> tuple[pl.Expr, Any]:
    """Return the place along the axis as a whole number, and the way back: itself, or its rank."""
    places = table.frame["along"].unique().sort().to_numpy()
    if (places == np.round(places)).all() and np.abs(places).max() < WHOLE:
        return pl.col("along").cast(pl.Int64), float
    return pl.col("along").rank("dense").cast(pl.Int64), lambda step: np.interp(
        step, np.arange(1, len(places) + 1), places
    )


def _curves(table: ErrorTable, label: str, steps: pl.Expr) -> pl.DataFrame:
    """Return the curves as ``first_passages`` takes them; what ``emerge`` has written keeps the runs that diverged."""
    if table.kind == "emerge" and table.names["along"] == "step" and table.names["run"] == "run":
        own = pl.col(str(table.names["size"])).alias(label)
        value = pl.col(str(table.names["error"])).alias("value")
        return table.raw.select("run", "step", pl.lit("error").alias("metric"), "kind", value, own)
    number = pl.struct("size", "run").rank("dense").cast(pl.Int64)
    return table.frame.select(
        number.alias("run"),
        steps.alias("step"),
        pl.lit("error").alias("metric"),
        pl.lit("all").alias("kind"),
        pl.col("error").alias("value"),
        pl.col("size").alias(label),
    )


def _placed(passages: pl.DataFrame, back: Any) -> pl.DataFrame:
    """Return the passages with places along the axis for its steps."""
    if back is float:
        return passages
    columns = [
        pl.Series(name, [None if step is None else float(back(step)) for step in passages[name]], pl.Float64)
        for name in ("low", "high", "last")
    ]
    return passages.with_columns(columns)
