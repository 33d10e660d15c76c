"""From time stamps to a regular grid with holes.

Time: a run's first stamp is ``t = 0``; the sample at stamp ``s`` has ``t = (s - first) / dt``, a whole number.

Stamps are regular in one of two ways. *Step by step*: each step is a multiple of the usual step, to 1 %; the stamps may
drift. *Over the whole run*: stamps that were rounded or cut lie within one digit of a grid, s = a + k dt + e, where the
errors e of a run span one digit at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.01
LARGEST_HOLE = 100
CHANCE_HOLES = 3  # so many holes may lie evenly by chance
# Of the 2^n sequences of n steps of one digit more or less, about n^3 / pi^2 lie on a grid: 5e-5 for n = 25.
COARSE, CERTAIN = 0.1, 25

Vector = NDArray[np.float64]
Places = list[NDArray[np.int64]]


class Stamps(NamedTuple):
    """The time stamps of one run, and the words for it in a message."""

    times: Vector  # seconds
    resolution: float  # the last digit in seconds, 0 where nothing was rounded
    rows: NDArray[np.int64]  # number of each row in its file
    where: str
    column: str
    dates: bool
    unit: float = 1.0  # seconds that the numbers of the column count


class Grid(NamedTuple):
    """The sampling time in seconds, and the number of each sample, ``(row,)`` for each run, from 0."""

    dt: float
    places: Places

    @property
    def holes(self) -> int:
        """Number of samples that the grid has and the stamps have not."""
        return sum(int(place[-1]) + 1 - len(place) for place in self.places)


def regular_grid(runs: list[Stamps]) -> Grid:
    """Find the sampling time of some runs and the place of every sample on the regular grid.

    Step by step, dt is the median step over all runs (the lower of the two middle ones); every step must be a multiple
    k >= 1 of it, |step - k dt| <= 0.01 dt; k > 1 is a hole of k - 1 missing samples. Over the whole run, dt is fitted
    to all stamps.

    Args:
        runs: Stamps of each run, at least two.

    Raises:
        ValueError: Stamps that do not increase, another dt in another run, stamps on no grid or on two, or a hole over
            100 times as long as the run's data; the message says where and what to do.
    """
    steps = [_increasing_steps(run) for run in runs]
    try:
        stepwise = _stepwise_grid(runs, steps)
    except ValueError:
        rounded = _whole_run_grid(runs, steps)
        if rounded is None:
            raise
        _check_holes(runs, steps, rounded.places)
        return rounded
    exact = _exact(runs, stepwise)
    if exact and stepwise.holes <= CHANCE_HOLES:
        return stepwise
    rounded = _whole_run_grid(runs, steps)
    if rounded is not None and rounded.holes == stepwise.holes:
        return stepwise if exact else rounded
    if rounded is not None and stepwise.holes - rounded.holes > CHANCE_HOLES:
        run = runs[0]
        raise ValueError(
            f"{run.where}: the stamps in column {run.column!r} fit two grids: {stepwise.dt:g} s with {stepwise.holes} "
            f"samples missing, and {rounded.dt:.6g} s with {rounded.holes} missing and stamps rounded to "
            f"{run.resolution:g} s. If no sample is missing, leave the time column out; else write the stamps with "
            "more digits."
        )
    return stepwise


def usual_step(times: list[Vector]) -> float | None:
    """Return the median of the steps that go on in time, the lower of the two middle ones; None where none does."""
    steps = np.concatenate([np.diff(run) for run in times])
    forward = steps[steps > 0]
    if not len(forward):
        return None
    return _shortest_decimal(_lower_median(forward), max(float(np.abs(run).max()) for run in times))


def _increasing_steps(run: Stamps) -> Vector:
    steps = np.diff(run.times)
    wrong = np.flatnonzero(steps <= 0)
    if len(wrong):
        at = int(wrong[0])
        pair = f"rows {run.rows[at]} and {run.rows[at + 1]}"
        if steps[at] == 0:
            raise ValueError(
                f"{run.where}: {pair} have the same time in column {run.column!r}. Leave the time column out, or give "
                "--time-order, if the samples are evenly spaced; else keep one of the two rows."
            )
        raise ValueError(
            f"{run.where}: time must increase; column {run.column!r} goes back by {-steps[at]:g} s between {pair}: "
            "sort the rows (--sort), or, if the file holds several runs, name the column that tells them apart (by)."
            + " If a clock was set back, --time-order takes the rows in their order."
            * run.dates
        )
    return steps


def _stepwise_grid(runs: list[Stamps], steps: list[Vector]) -> Grid:
    dt = _lower_median(np.concatenate(steps))
    dt = _shortest_decimal(dt, max(float(np.abs(run.times).max()) for run in runs))
    places = [_places(run, step, dt) for run, step in zip(runs, steps, strict=True)]
    _check_holes(runs, steps, places)
    return Grid(dt, places)


def _places(run: Stamps, steps: Vector, dt: float) -> NDArray[np.int64]:
    own = _lower_median(steps)
    if abs(own - dt) > TOLERANCE * dt:
        raise ValueError(
            f"{run.where}: its usual step is {own:g} s, that of all runs together {dt:g} s; runs that are read "
            "together must share one sampling time: read this one by itself, or resample it."
        )
    multiples = np.maximum(np.rint(steps / dt), 1.0)
    wrong = np.flatnonzero(np.abs(steps - multiples * dt) > TOLERANCE * dt)
    if len(wrong):
        raise ValueError(_irregular(run, steps, dt, int(wrong[0])))
    return np.concatenate([[0], np.cumsum(multiples)]).astype(np.int64)


def _irregular(run: Stamps, steps: Vector, dt: float, at: int) -> str:
    """Return the message: leave the time column out, or put each sample on the nearest place of a grid as it is."""
    mean = run.times[-1] / max(np.rint(run.times[-1] / dt), 1.0)
    if run.dates:
        every = round(mean * 1e6)
        key, near = (
            f"pl.datetime_range(pl.col({run.column!r}).min(), pl.col({run.column!r}).max(), '{every}us')",
            (f"'{every // 2}us'"),
        )
    else:
        key = (
            f"(pl.col({run.column!r}).min() + pl.int_range({round(run.times[-1] / mean) + 1}) * {mean / run.unit:.9g})"
        )
        near = f"{mean / run.unit / 2:.9g}"
    return (
        f"{run.where}: sampling is irregular; the step to row {run.rows[at + 1]} in column {run.column!r} is "
        f"{steps[at]:g} s, no multiple of the usual {dt:g} s. Leave the time column out, or give --time-order, if "
        "the samples are evenly spaced and only the stamps are rough. Else put each sample on the nearest place of a "
        "grid, in polars: "
        f"frame.select({key}.alias({run.column!r})).join_asof(frame, on={run.column!r}, strategy='nearest', "
        f"tolerance={near}); values stay as they were measured, and empty places are missing samples."
    )


def _check_holes(runs: list[Stamps], steps: list[Vector], places: Places) -> None:
    for run, step, place in zip(runs, steps, places, strict=True):
        if place[-1] >= LARGEST_HOLE * len(place):
            at, gone = int(np.argmax(step)), int(place[-1]) + 1 - len(place)
            raise ValueError(
                f"{run.where}: {gone} samples are missing between {len(place)} that "
                f"are there; the longest hole, {step[at]:g} s, ends at row {run.rows[at + 1]} in column "
                f"{run.column!r}. Split the run there."
            )


def _whole_run_grid(runs: list[Stamps], steps: list[Vector]) -> Grid | None:
    """Return the grid whose places all stamps are within one digit of, None if there is none."""
    digit = max(run.resolution for run in runs)
    if digit == 0:
        return None
    together = np.concatenate(steps)
    single = together[together <= _lower_median(together) + digit * (1 + 1e-6)]
    dt = float(single.mean())
    if dt <= digit or (digit > COARSE * dt and len(together) < CERTAIN):
        return None
    counts = [np.concatenate([[0.0], np.cumsum(np.maximum(np.rint(step / dt), 1.0))]) for step in steps]
    largest = max(float(np.abs(run.times).max()) for run in runs)
    allowed = digit * (1 + 1e-6) + 8 * float(np.spacing(largest))

    def span(dt: float) -> float:
        """Return the largest span of the errors of a run."""
        return max(float(np.ptp(run.times - count * dt)) for run, count in zip(runs, counts, strict=True))

    centred = [(run.times - run.times.mean(), count - count.mean()) for run, count in zip(runs, counts, strict=True)]
    fitted = float(sum(t @ k for t, k in centred) / sum(k @ k for _, k in centred))
    longest = max(float(count[-1]) for count in counts)
    if span(fitted) > 4 * allowed:  # least squares are no further off than this where there is a grid
        return None
    if span(fitted) > allowed:
        fitted = _least(span, fitted - 2 * digit / longest, fitted + 2 * digit / longest)
        if span(fitted) > allowed:
            return None
    return Grid(_shortest(fitted, span, allowed), [count.astype(np.int64) for count in counts])


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a convex function is least, by thirds."""
    for _ in range(60):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if function(first) < function(second):
            high = second
        else:
            low = first
    return (low + high) / 2


def _shortest(fitted: float, span: Callable[[float], float], allowed: float) -> float:
    """Return the sampling time of fewest digits, in seconds or samples a second, that all stamps allow."""
    for digits in range(1, 12):
        for dt in (float(f"{fitted:.{digits}g}"), 1 / float(f"{1 / fitted:.{digits}g}")):
            if span(dt) <= allowed:
                return dt
    return fitted


def _exact(runs: list[Stamps], grid: Grid) -> bool:
    """Return whether every stamp is on the grid to the rounding of doubles: then no digit was rounded."""
    return all(
        np.abs(run.times - place * grid.dt).max() <= 1e-3 * run.resolution + 8 * np.spacing(np.abs(run.times).max())
        for run, place in zip(runs, grid.places, strict=True)
    )


def _lower_median(values: Vector) -> float:
    middle = (len(values) - 1) // 2
    return float(np.partition(values, middle)[middle])


def _shortest_decimal(value: float, largest: float) -> float:
    """Return the shortest decimal that the rounding of stamps up to ``largest`` cannot tell from the value."""
    margin = 4 * np.finfo(np.float64).eps * largest
    return next(short for digits in range(1, 18) if abs((short := float(f"{value:.{digits}g}")) - value) <= margin)
