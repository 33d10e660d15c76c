"""Networks on sparse parity: when each task is learned along steps, widths and rows, and how the mean loss falls."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.text import counted
from ....learners._neural.model import Model
from ....simulator._tasks.process import Process
from ..._emergence.early_stopping import stopped_early
from ..._emergence.kinds import learned_counts
from ..._emergence.learning_order import LearningOrder, order_against_frequency
from ..._emergence.passages import first_passages
from ..._emergence.scaling_exponent import ScalingExponent, scaling_exponent
from ..._exact.quanta import Quanta
from ..claims import Claim, at_least, at_most, at_place

LEARNED, BEFORE = 0.1, 0.9  # bits
METRIC = "exam loss"
SPEARMAN, POWER, STEEP = -0.85, (0.6, 1.1), 5.0
SOON = 4000  # steps of the trial that STEEP is of
STRETCH = 9  # edges of a local exponent along the steps, over which noise averages out


class Scaling(NamedTuple):
    """A mean loss along an axis.

    Attributes:
        axis: ``"steps"``, ``"parameters"`` or ``"rows"``.
        points: ``axis, x, run, loss`` (bits).
        exponent: Of the loss.
        corrected: Of the loss and the tail that the finite number of tasks lacks.
        exact: That of the exact curve at the same points, where there is one; None else.
    """

    axis: str
    points: pl.DataFrame
    exponent: ScalingExponent
    corrected: ScalingExponent
    exact: float | None


class Steps(NamedTuple):
    """What was found along the steps.

    Attributes:
        order: In which order the tasks are learned, and by which power of their frequency.
        falls: ``kind, run, before, learned, factor``: steps at .9 and at .1 bit, and their ratio, of the tasks that
            every run learned.
        scaling: The mean loss.
        claims: What is claimed and reported.
    """

    order: LearningOrder
    falls: pl.DataFrame
    scaling: Scaling
    claims: list[Claim]


class Found(NamedTuple):
    """What was found along widths or rows.

    Attributes:
        learned: Tasks that each run learned: ``run``, the axis, ``seed, learned``.
        appears: ``kind`` and the axis: the first value from which on most runs learn a task; no row without one.
        scaling: The mean loss.
        claims: What is claimed and reported.
    """

    learned: pl.DataFrame
    appears: pl.DataFrame
    scaling: Scaling
    claims: list[Claim]


def study_steps(curves: pl.DataFrame, process: Process) -> Steps:
    """Return what runs of one width on fresh batches show along the steps."""
    passages = _passages(curves, process, LEARNED)
    order = order_against_frequency(passages, dict(zip(process.kinds, process.frequency, strict=True)))
    before = _passages(curves, process, BEFORE).select("run", "kind", before="high")
    whole = order.table.filter(pl.col("step").is_not_null())["kind"].to_list()
    falls = passages.filter(pl.col("kind").is_in(whole)).select("run", "kind", learned="high")
    falls = falls.join(before, on=["run", "kind"]).with_columns(factor=pl.col("learned") / pl.col("before"))
    scaling = _steps_scaling(curves, process, order)
    word = ".9 to .1 bit (ratio of steps)"
    name, count = "steps", f"{counted(order.kinds, 'task')}, {counted(order.runs, 'network')}"
    soon = falls.filter(pl.col("learned") <= SOON)["factor"]
    claims = [
        at_most(name, f"rank correlation of frequency and passage ({count})", order.spearman, SPEARMAN, "source"),
        Claim(name, "s of passage ~ frequency^-s", order.exponent, *POWER, "source"),
        Claim(name, "s, low end of 95 %", order.low),
        Claim(name, "s, high end of 95 %", order.high),
        at_most(name, f"slowest fall of a task learned by step {SOON}, {word}", at_place(soon, -1), STEEP, "trial"),
        Claim(name, "slowest fall of all tasks that every network learned", at_place(falls["factor"], -1)),
        Claim(name, "fall of a task, median", None if falls.is_empty() else float(np.median(falls["factor"]))),
        at_least(name, f"fall of the mean, at least, {word}", _mean_fall(curves), STEEP, "trial"),
        *_exponents(name, scaling, process),
    ]
    return Steps(order, falls, scaling, claims)


def study_sizes(curves: pl.DataFrame, process: Process, model: Model) -> Found:
    """Return what networks of several widths show at the end of as many steps."""
    passages = _passages(curves, process, LEARNED)
    learned = learned_counts(passages, "size")
    medians = learned.group_by("size").agg(pl.col("learned").median()).sort("size")["learned"].to_numpy()
    scaling = _scaling("parameters", _last(curves, "size", model.parameters), process, None)
    name = "sizes"
    claims = [
        at_most(name, "widths that learn fewer tasks than the one before, medians", _falling(medians), 0, "trial"),
        at_most(name, "tasks of the narrowest, median", float(medians[0]), 1, "trial"),
        at_least(name, "tasks of the widest, median", float(medians[-1]), 3, "trial"),
        *_exponents(name, scaling, process),
    ]
    return Found(learned, _appears(passages, "size"), scaling, claims)


def study_rows(curves: pl.DataFrame, process: Process) -> Found:
    """Return what networks on sets of several lengths show, each where its mean loss on the exam is least."""
    early = stopped_early(curves)
    passages = _passages(early, process, LEARNED)
    learned = learned_counts(passages, "rows")
    medians = learned.group_by("rows").agg(pl.col("learned").median()).sort("rows")["learned"].to_numpy()
    scaling = _scaling("rows", _last(early, "rows", lambda rows: rows), process, None)
    name = "rows"
    claims = [
        at_most(name, "sets that teach fewer tasks than the one before, medians", _falling(medians), 0, "theory"),
        Claim(name, "tasks of the shortest set, median", float(medians[0])),
        Claim(name, "tasks of the longest set, median", float(medians[-1])),
        *_exponents(name, scaling, process),
    ]
    return Found(learned, _appears(passages, "rows"), scaling, claims)


def alpha_of(process: Process) -> float:
    """Return alpha of the task, read off its frequencies: p_1 / p_2 = 2^(alpha + 1)."""
    return float(np.log2(process.frequency[0] / process.frequency[1]) - 1)


def _passages(curves: pl.DataFrame, process: Process, bits: float) -> pl.DataFrame:
    each = curves.filter(pl.col("kind").is_in(process.kinds))
    return first_passages(each, METRIC, bits * process.chance)


def _appears(passages: pl.DataFrame, axis: str) -> pl.DataFrame:
    """Return the first value of an axis from which on most runs learn a task: ``kind`` and the axis."""
    shares = passages.group_by("kind", axis).agg(share=(~pl.col("censored")).mean())
    absent = pl.col(axis).filter(pl.col("share") <= 0.5).max()
    later = pl.col(axis).filter((pl.col("share") > 0.5) & (pl.col(axis) > absent.fill_null(0)))
    return shares.group_by("kind").agg(later.min()).drop_nulls().sort(axis, "kind")


def _mean_fall(curves: pl.DataFrame) -> float | None:
    """Return the least ratio of steps over which the mean falls from .9 to .1 bit; if it does not, up to its end."""
    mean = curves.filter(pl.col("kind") == "all")
    ends = [first_passages(mean, METRIC, bits * np.log(2)).sort("run") for bits in (BEFORE, LEARNED)]
    last = ends[1].select(pl.col("high").fill_null(pl.col("last")))["high"]
    ratio = (last / ends[0]["high"]).drop_nulls()
    return None if ratio.is_empty() else float(ratio.min())  # type: ignore[arg-type]


def _falling(values: NDArray[np.float64]) -> float:
    return float((np.diff(values) < 0).sum())


def _last(curves: pl.DataFrame, label: str, x: object) -> pl.DataFrame:
    """Return the mean loss of each run at its last edge: ``x, run, loss``."""
    mean = curves.filter((pl.col("metric") == METRIC) & (pl.col("kind") == "all"))
    ends = mean.filter(pl.col("step") == pl.col("step").max().over("run"))
    places = {value: x(value) for value in ends[label].unique().to_list()}  # type: ignore[operator]
    return ends.select(
        x=pl.col(label).replace_strict(places, return_dtype=pl.Float64), run="seed", loss=pl.col("value") / np.log(2)
    ).sort("x", "run")


def _steps_scaling(curves: pl.DataFrame, process: Process, order: LearningOrder) -> Scaling:
    """Return the mean loss along the steps, from the passage of the first task on, beside that of its exact law."""
    mean = curves.filter((pl.col("metric") == METRIC) & (pl.col("kind") == "all") & (pl.col("step") > 0))
    points = mean.select(x=pl.col("step").cast(pl.Float64), run="run", loss=pl.col("value") / np.log(2))
    found = order.table.filter(pl.col("step").is_not_null())
    if order.exponent is None:
        return _scaling("steps", points, process, None)
    steps, frequency = (found[word].to_numpy() for word in ("step", "frequency"))
    cost = float(np.exp(np.mean(np.log(steps) + order.exponent * np.log(frequency))))
    x = points["x"].unique().sort().to_numpy()
    loss = Quanta(alpha_of(process), len(process.kinds)).loss_by_steps(x, cost, order.exponent)
    window = float(steps[0]), float(x[loss > 0][-1])  # after it the law has learned every task
    exact = scaling_exponent(x, loss, window=window)
    return _scaling("steps", points, process, exact.exponent, window)


def _scaling(
    axis: str, points: pl.DataFrame, process: Process, exact: float | None, window: tuple[float, float] | None = None
) -> Scaling:
    missing = Quanta(alpha_of(process), len(process.kinds)).missing
    table = points.pivot("x", index="run", values="loss", sort_columns=False).sort("run").drop("run")
    x = np.array([float(name) for name in table.columns])
    losses = table.to_numpy()[:, np.argsort(x)]
    x = np.sort(x)
    stretch = STRETCH if axis == "steps" else 2
    found = [scaling_exponent(x, losses, missing=tail, window=window, stretch=stretch) for tail in (0.0, missing)]
    return Scaling(axis, points.select(pl.lit(axis).alias("axis"), pl.all()), found[0], found[1], exact)


def _exponents(name: str, scaling: Scaling, process: Process) -> list[Claim]:
    """Return the lines about an exponent: measured, corrected for the missing tail, exact, and of endless tasks."""
    quanta = Quanta(alpha_of(process), len(process.kinds))
    limit = quanta.size_exponent if scaling.axis == "parameters" else quanta.data_exponent
    word = f"exponent of the mean loss in {scaling.axis}"
    lines = [
        Claim(name, word, scaling.exponent.exponent),
        Claim(name, f"{word}, low end of 95 %", scaling.exponent.low),
        Claim(name, f"{word}, high end of 95 %", scaling.exponent.high),
        Claim(name, f"{word}, missing tail added", scaling.corrected.exponent),
        Claim(name, f"{word}, theory for endless tasks", limit),
    ]
    return lines + ([Claim(name, f"{word}, exact for these passages", scaling.exact)] if scaling.exact else [])
