"""From time stamps to a regular grid with holes.

Time: a run's first stamp is ``t = 0``; the sample at stamp ``s`` has ``t = (s - first) / dt``, a whole number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01
LARGEST_HOLE = 100


class Stamps(NamedTuple):
    """The time stamps of one run, and the words for it in a message."""

    times: NDArray[np.float64]  # seconds
    rows: NDArray[np.int64]  # number of each row in its file
    where: str
    column: str
    dates: bool


def regular_grid(runs: list[Stamps]) -> tuple[float, list[NDArray[np.int64]]]:
    """Find the sampling time of some runs and the place of every sample on the regular grid.

    dt is the median step over all runs (the lower of the two middle ones). Every step must be a whole multiple k >= 1
    of it, |step - k dt| <= 0.01 dt; k > 1 is a hole of k - 1 missing samples.

    Args:
        runs: Stamps of each run, at least two.

    Returns:
        dt in seconds, and for each run the sample numbers ``(row,)``, from 0.

    Raises:
        ValueError: Stamps that do not increase, another dt in another run, a step that is no multiple of dt, or a hole
            over 100 times as long as the run's data; the message says where and what to do.
    """
    steps = [_increasing_steps(run) for run in runs]
    dt = _lower_median(np.concatenate(steps))
    dt = _shortest_decimal(dt, max(float(np.abs(run.times).max()) for run in runs))
    return dt, [_places(run, step, dt) for run, step in zip(runs, steps, strict=True)]


def _increasing_steps(run: Stamps) -> NDArray[np.float64]:
    steps = np.diff(run.times)
    wrong = np.flatnonzero(steps <= 0)
    if len(wrong):
        at = int(wrong[0])
        pair = f"rows {run.rows[at]} and {run.rows[at + 1]}"
        if steps[at] == 0:
            raise ValueError(f"{run.where}: {pair} have the same time in column {run.column!r}; keep one of them.")
        raise ValueError(
            f"{run.where}: time must increase; column {run.column!r} goes back by {-steps[at]:g} s between {pair}: "
            "sort the rows, or, if the file holds several runs, name the column that tells them apart (by)."
        )
    return steps


def _places(run: Stamps, steps: NDArray[np.float64], dt: float) -> NDArray[np.int64]:
    own = _lower_median(steps)
    if abs(own - dt) > TOLERANCE * dt:
        raise ValueError(
            f"{run.where}: its usual step is {own:g} s, that of all runs together {dt:g} s; runs that are read "
            "together must share one sampling time: read this one by itself, or resample it."
        )
    multiples = np.maximum(np.rint(steps / dt), 1.0)
    wrong = np.flatnonzero(np.abs(steps - multiples * dt) > TOLERANCE * dt)
    if len(wrong):
        at = int(wrong[0])
        column = f"pl.col({run.column!r})"
        key = f"{column}.dt.round('{round(dt * 1e6)}us')" if run.dates else f"({column} / {dt:g}).round() * {dt:g}"
        raise ValueError(
            f"{run.where}: sampling is irregular; the step to row {run.rows[at + 1]} in column {run.column!r} is "
            f"{steps[at]:g} s, no multiple of the usual {dt:g} s. Resample first, in polars: frame.group_by({key}, "
            "maintain_order=True).mean(); or leave the time column out if the samples are evenly spaced and only the "
            "stamps are rough."
        )
    if multiples.sum() >= LARGEST_HOLE * len(run.times):
        at, gone = int(np.argmax(multiples)), multiples.sum() + 1 - len(run.times)
        raise ValueError(
            f"{run.where}: {gone:.0f} samples are missing between {len(run.times)} that "
            f"are there; the longest hole, {steps[at]:g} s, ends at row {run.rows[at + 1]} in column {run.column!r}. "
            "Split the run there."
        )
    return np.concatenate([[0], np.cumsum(multiples)]).astype(np.int64)


def _lower_median(values: NDArray[np.float64]) -> float:
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle])


def _shortest_decimal(value: float, largest: float) -> float:
    """Return the shortest decimal that the rounding of stamps up to ``largest`` cannot tell from the value."""
    margin = 4 * np.finfo(np.float64).eps * largest
    return next(short for digits in range(1, 18) if abs((short := float(f"{value:.{digits}g}")) - value) <= margin)
