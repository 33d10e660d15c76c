"""Early stopping: leave out of each run what comes after its least loss on the exam."""

from __future__ import annotations

import polars as pl

from .passages import checked_metric


def stopped_early(curves: pl.DataFrame, metric: str = "exam loss") -> pl.DataFrame:
    """Return the curves of each run up to the first edge at which its mean loss on the exam is least.

    The exam then chooses the edge that it is also judged at: the loss there is a little too low, by the noise of the
    exam. A run whose loss is never finite keeps all its edges.

    Args:
        curves: The frame of ``first_passages``, with the kind ``"all"``, the mean over all kinds.
        metric: The loss that is compared.

    Raises:
        ValueError: ``first_passages`` raises it, or there is no kind ``"all"``.
    """
    mean = checked_metric(curves, metric).filter(pl.col("kind") == "all")
    if mean["run"].n_unique() < curves["run"].n_unique():
        raise ValueError(
            f"expected {metric!r} of the kind 'all', the mean over all examples, for every run: name it so."
        )
    finite = mean.filter(pl.col("value").is_finite()).sort("run", "step")
    ends = finite.group_by("run").agg(stop=pl.col("step").get(pl.col("value").arg_min()))
    kept = curves.join(ends, on="run", how="left", maintain_order="left")
    return kept.filter(pl.col("stop").is_null() | (pl.col("step") <= pl.col("stop"))).drop("stop")
