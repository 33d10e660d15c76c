"""At each place along the axis: the size of least error, and the sizes that are not told apart from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from .._emergence.run_interval import FEWEST, mean_interval

BUDGETS: dict[str, pl.DataType] = {
    "along": pl.Float64(),
    "sizes": pl.Int64(),
    "runs": pl.Int64(),
    "size": pl.Float64(),
    "least": pl.Float64(),
    "alike": pl.List(pl.Float64()),
    "error": pl.Float64(),
    "at_edge": pl.Boolean(),
}


def budget_table(frame: pl.DataFrame, higher_is_better: bool = False) -> pl.DataFrame:
    """Compare the sizes at each place along the axis at which two sizes or more have an error.

    Two sizes are told apart if 0 lies outside the 95 % interval of the difference of their mean errors. Runs with one
    name are pairs: the interval is that of the mean of the differences. Without three pairs it is that of Welch for
    two independent samples. With fewer than three runs of a size there is no interval.

    Args:
        frame: ``size, along, run, error``, one row each.
        higher_is_better: Whether the error is a score, of which the largest is best.

    Returns:
        One row for each place: ``along, sizes, runs`` (the fewest of a size), ``size`` (the smallest that no larger one
        is shown to beat), ``least`` (of least error), ``alike`` (the sizes not told apart from it; null without an
        interval), ``error`` (the mean of ``size``), ``at_edge`` (whether ``least`` is the largest size there).

    References:
        B. L. Welch, The generalization of "Student's" problem when several different population variances are
        involved, 1947.
    """
    rows = [
        dict(along=along) | _budget(part, -1.0 if higher_is_better else 1.0)
        for (along,), part in frame.sort("along", "size", "run").group_by("along", maintain_order=True)
        if part["size"].n_unique() > 1
    ]
    return pl.DataFrame(rows, schema=BUDGETS)


def _budget(part: pl.DataFrame, sign: float) -> dict[str, Any]:
    sizes = part["size"].unique().sort().to_list()
    runs = [dict(part.filter(pl.col("size") == size).select("run", "error").iter_rows()) for size in sizes]
    means = np.array([sign * np.mean(list(run.values())) for run in runs])
    least = int(means.argmin())
    halves = [_half(runs[k], runs[least]) for k in range(len(sizes))]
    alike = None
    if all(half is not None for k, half in enumerate(halves) if k != least):
        alike = [k for k, half in enumerate(halves) if k == least or means[k] - means[least] <= (half or 0.0)]
    chosen = least if alike is None else next(k for k in alike if k == least or not _beaten(runs, means, k))
    return dict(
        sizes=len(sizes),
        runs=min(map(len, runs)),
        size=sizes[chosen],
        least=sizes[least],
        alike=None if alike is None else [sizes[k] for k in alike],
        error=float(sign * means[chosen]),
        at_edge=least == len(sizes) - 1,
    )


def _beaten(runs: list[dict[str, float]], means: NDArray[np.float64], k: int) -> bool:
    """Return whether a larger size has less error, with its whole 95 % interval."""
    for j in range(k + 1, len(runs)):
        half = _half(runs[k], runs[j])
        if half is not None and means[k] - means[j] > half:
            return True
    return False


def _half(one: dict[str, float], other: dict[str, float]) -> float | None:
    """Return half of the 95 % interval of the difference of two means; None with too few runs."""
    paired = sorted(one.keys() & other.keys())
    if len(paired) == len(one) == len(other):
        return mean_interval(np.array([one[run] - other[run] for run in paired]))
    if min(len(one), len(other)) < FEWEST:
        return None
    shares = [np.var(list(run.values()), ddof=1) / len(run) for run in (one, other)]
    total = sum(shares)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(share**2 / (len(run) - 1) for share, run in zip(shares, (one, other), strict=True))
    return float(stdtrit(freedom, 0.975) * np.sqrt(total))
