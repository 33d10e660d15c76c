"""Error curves as tidy frames: one row for each size, group of replicates, stretch of time and metric.

Time: a stretch ``[first, last]`` counts samples from 1. ``last`` is a horizon: the number of samples predicted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.checks import check_whole
from ...learners import Learner
from ...learners._engine.replay import Scores

GROUPS = 64
KEYS = ("run", "system", "learner", "lookahead")  # one analysis has one value of each
SCHEMA: dict[str, pl.DataType] = {
    "run": pl.String(),
    "system": pl.String(),
    "learner": pl.String(),
    "size": pl.Int64(),
    "parameters": pl.Int64(),
    "lookahead": pl.Int64(),
    "first": pl.Int64(),
    "last": pl.Int64(),
    "horizon": pl.Float64(),
    "group": pl.Int64(),
    "metric": pl.String(),
    "value": pl.Float64(),
    "samples": pl.Float64(),
}


def log_edges(horizon: int, per_octave: int = 8) -> NDArray[np.int64]:
    """Return the edges of stretches of equal length on a log scale: whole numbers that rise from 0 to the horizon."""
    octaves = np.arange(0, np.log2(max(horizon, 1)), 1 / per_octave)
    return np.unique(np.concatenate([[0], np.round(2.0**octaves), [horizon]]).astype(np.int64))


def block_edges(horizon: int, most: int = 2000, lookahead: int = 1) -> NDArray[np.int64]:
    """Return the edges of equal stretches of about horizon^(1/3) samples, the block length of a block bootstrap.

    Errors of forecasts H samples ahead overlap by H - 1 samples. A stretch has at least twice that length.
    """
    length = max(int(np.ceil(horizon ** (1 / 3))), -(-horizon // most), 2 * (lookahead - 1))
    return np.unique(np.append(np.arange(0, horizon, length), horizon)).astype(np.int64)


def rebin(scores: Scores, edges: NDArray[np.int64]) -> Scores:
    """Return the scores summed over coarser stretches.

    Args:
        scores: The sums of the driver.
        edges: Whole numbers that rise from 0 to the last edge of ``scores`` or beyond. Those up to the last edge must
            be edges of ``scores``.

    Raises:
        ValueError: The edges do not rise from 0, or are not among those of ``scores``.
    """
    edges = check_whole("edges", edges)
    if len(edges) < 2 or edges[0] != 0 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges must rise from 0, got {edges}.")
    kept = edges[edges <= scores.edges[-1]]
    starts = np.searchsorted(scores.edges, kept[:-1])
    if (scores.edges[starts] != kept[:-1]).any() or kept[-1] != scores.edges[-1]:
        raise ValueError("coarser edges must be among the finer edges and end at the last of them.")
    return Scores(kept, *(np.add.reduceat(leaf, starts, axis=0) for leaf in scores[1:]))


def curves(scores: Scores, learner: Learner, system: str = "", groups: int = GROUPS, run: str = "") -> pl.DataFrame:
    """Return mean squares as a tidy frame.

    ``error`` is the mean of |e|^2 and ``excess`` the mean of |yhat - yhat_oracle|^2. The mean is over scored samples
    of a stretch and the replicates of a group; the outputs are summed.

    Args:
        scores: The sums of the driver.
        learner: The learner that was scored; gives the labels.
        system: Name of the plant or recording.
        groups: Replicates are averaged into at most this many groups, the units of the bootstrap.
        run: Name of this run, for frames that hold several runs.

    Returns:
        A sorted frame with the columns of ``SCHEMA``. A stretch in which a group has no sample is left out.
    """
    batch = scores.samples.shape[-1]
    if scores.error.shape[2] != len(learner.sizes) or groups < 1:
        raise ValueError(
            f"scores must have the learner's {len(learner.sizes)} sizes, and groups must be at least 1; got "
            f"{scores.error.shape[2]} sizes and {groups} groups."
        )
    groups = min(groups, batch)
    starts = np.arange(groups) * batch // groups
    samples = np.add.reduceat(scores.samples, starts, axis=-1)
    parts = []
    for metric in ("error", "excess"):
        sums = np.add.reduceat(getattr(scores, metric), starts, axis=-1)
        if sums.shape[2] == 0:
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums / samples[:, :, None]).sum(axis=3)
        parts.append(_tidy(mean, samples.min(axis=2), metric, scores.edges, learner))
    frame = pl.concat(parts).with_columns(run=pl.lit(run), system=pl.lit(system), learner=pl.lit(learner.name))
    return frame.filter(pl.col("samples") > 0).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _tidy(
    mean: NDArray[np.float64], samples: NDArray[np.float64], metric: str, edges: NDArray[np.int64], learner: Learner
) -> pl.DataFrame:
    bins, lookaheads, sizes, groups = mean.shape
    index = np.indices(mean.shape).reshape(4, -1)
    first, last = edges[:-1] + 1, edges[1:]
    return pl.DataFrame(
        {
            "size": np.array(learner.sizes)[index[2]],
            "parameters": np.array(learner.parameters)[index[2]],
            "lookahead": np.array(learner.lookaheads)[index[1]],
            "first": first[index[0]],
            "last": last[index[0]],
            "horizon": ((first + last) / 2)[index[0]],
            "group": index[3],
            "value": mean.ravel(),
            "samples": np.broadcast_to(samples[:, :, None], (bins, lookaheads, sizes, groups)).ravel(),
        }
    ).with_columns(metric=pl.lit(metric))


def check_curves(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame, or raise ValueError that names the column that is missing or of another type."""
    return check_frame(frame, SCHEMA, "the frame of error curves")


def curve_array(
    frame: pl.DataFrame, metric: str = "error"
) -> tuple[NDArray[np.float64], list[int], NDArray[np.float64]]:
    """Return horizon ``(time,)``, sizes and values ``(time, size, group)`` of one metric; a missing value is NaN.

    Raises:
        ValueError: A column is missing or of another type, the metric is missing or all NaN, or the frame holds several
            runs, systems, learners or look-aheads.
    """
    part = check_curves(frame).filter(pl.col("metric") == metric)
    if part.is_empty():
        there = ", ".join(frame["metric"].unique().sort())
        raise ValueError(f"expected curves of the metric {metric!r}, got {there}.")
    mixed = part.select(pl.col(KEYS).ne_missing(pl.col(KEYS).first()).any()).row(0)
    for word, several in zip(KEYS, mixed, strict=True):
        if several:
            raise ValueError(f"choose one {word} of {part[word].unique().sort().to_list()} first, or use each_run.")
    axes = [np.unique(part[name].to_numpy(), return_inverse=True) for name in ("last", "size", "group")]
    shape, places = tuple(len(axis) for axis, _ in axes), tuple(where for _, where in axes)
    null = part.select("last", "size", "group").null_count().row(0) != (0, 0, 0)
    if null or np.bincount(np.ravel_multi_index(places, shape)).max() > 1:
        raise ValueError("expected one row for each size, group and stretch, got several or null: remove the others.")
    if not part["value"].is_not_nan().any():
        raise ValueError(f"every value of the metric {metric!r} is NaN or null: there is nothing to fit.")
    values, horizon = np.full(shape, np.nan), np.full(shape[0], np.nan)
    values[places] = part["value"].to_numpy()
    horizon[places[0]] = part["horizon"].to_numpy()
    return horizon, axes[1][0].tolist(), values


def check_frame(frame: Any, kinds: Mapping[str, pl.DataType], where: str) -> pl.DataFrame:
    """Return the frame, or raise ValueError if it is no polars frame, is empty, or lacks or mistypes a column."""
    if not isinstance(frame, pl.DataFrame):
        also = ": call collect() on it, or pass it to each_run" if isinstance(frame, pl.LazyFrame) else ""
        raise ValueError(f"{where} must be a polars DataFrame, got {type(frame).__name__}{also}.")
    check_columns(frame.schema, kinds, where)
    if frame.is_empty():
        raise ValueError(f"{where} must have rows, got none: check the filters before it.")
    return frame


def check_columns(schema: Mapping[str, pl.DataType], kinds: Mapping[str, pl.DataType], where: str) -> None:
    """Raise ValueError that names the first column that is missing or of another type."""
    for name, kind in kinds.items():
        if name not in schema:
            raise ValueError(f"{where} needs the column {name!r}; there are {', '.join(schema)}.")
        if schema[name] != kind:
            raise ValueError(f"column {name!r} of {where} must be {kind}, got {schema[name]}: cast it.")
