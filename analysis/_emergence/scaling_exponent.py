"""The exponent of a scaling curve: how fast the loss falls with parameters, examples or steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.text import counted
from .run_interval import FEWEST, mean_interval
from .sentences import estimate_words, number_words

FEWEST_POINTS = 3  # of a window: a line through two says nothing of the fit


@dataclass(frozen=True, repr=False)
class ScalingExponent:
    """The answer of ``scaling_exponent``.

    Attributes:
        exponent: The loss falls as x^-exponent over the window.
        low, high: Its 95 % interval over further runs of the same points; None with fewer than three runs.
        first, last: The first and the last point of the window.
        points: Points in the window.
        runs: Number of runs.
        local: One row for each stretch of neighbouring points, over the whole curve: ``x`` (their geometric mean),
            ``exponent, low, high``. Null where the loss has reached the floor.
        reason: Why there is no interval; empty if there is one.
    """

    exponent: float
    low: float | None
    high: float | None
    first: float
    last: float
    points: int
    runs: int
    local: pl.DataFrame
    reason: str

    @property
    def sentence(self) -> str:
        """The answer in words."""
        fall = f"the loss falls with the exponent {estimate_words((self.exponent, self.low, self.high))}"
        window = f"from {number_words(self.first)} to {number_words(self.last)}"
        why = f"; {self.reason}" if self.reason else ""
        return f"{fall} {window} ({counted(self.points, 'point')}, {counted(self.runs, 'run')}){why}."

    def __repr__(self) -> str:
        return self.sentence


def scaling_exponent(
    x: ArrayLike,
    losses: ArrayLike,
    *,
    floor: float = 0.0,
    missing: float = 0.0,
    window: tuple[float, float] | None = None,
    stretch: int = 2,
) -> ScalingExponent:
    """Return the exponent of mean loss - floor + missing ~ x^-exponent.

    It is minus the least-squares slope of log(mean over the runs of loss - floor + missing) against log x, each point
    with the same weight. The window belongs to the answer: at its start the first kinds are learned one by one, and at
    its end a finite task runs out of kinds.

    The interval is exponent +- t s / sqrt(R), with the 97.5 % quantile t of Student's law of R - 1 degrees of freedom.
    s is the spread, over the R runs, of what a run adds to the slope to first order, sum_i w_i y_i / mean_i: y_i is its
    loss at point i, w_i the weight of point i in the slope. The mean loss must be known to much better than itself.
    The runs may share their points, as edges of time, or have a network of their own at each.
    (``tests/analysis/_emergence`` holds that the interval covers. A bootstrap over runs covers 75 % with 3 runs and
    89 % with 8. The spread of the exponents of the runs misleads where runs are noisy.)

    Args:
        x: Parameters, examples or steps, rising, above 0, ``(point,)``.
        losses: ``(run, point)``; of one run also ``(point,)``.
        floor: The loss with everything learned.
        missing: The known loss of what a finite task lacks, as ``Quanta.missing``.
        window: First and last x of the fit; None: all points.
        stretch: Neighbouring points of each local exponent, at least 2.

    Raises:
        ValueError: x does not rise from above 0, the shapes do not match, a loss is not finite, fewer than three points
            lie in the window, the curve reaches its floor there, or ``stretch`` is not from 2 to the number of points.

    Examples:
        >>> scaling_exponent([1, 10, 100], [1.0, 0.1, 0.01])
        the loss falls with the exponent 1 [.., ..] from 1 to 100 (3 points, 1 run); an interval needs 3 runs.
    """
    place, values = _checked(x, losses)
    if len(place) < FEWEST_POINTS:
        raise ValueError(f"an exponent takes {FEWEST_POINTS} points, got {len(place)}: measure more.")
    if not (math.isfinite(floor) and math.isfinite(missing) and missing >= 0):
        raise ValueError(f"floor must be finite and missing at least 0, got {floor} and {missing}.")
    if not 2 <= stretch <= len(place):
        raise ValueError(f"stretch must be from 2 to the {len(place)} points of the curve, got {stretch}.")
    low, high = (place[0], place[-1]) if window is None else window
    inside = (place >= low) & (place <= high)
    if inside.sum() < FEWEST_POINTS:
        raise ValueError(
            f"the window from {low:g} to {high:g} holds {counted(int(inside.sum()), 'point')}, and it takes "
            f"{FEWEST_POINTS}: widen it, or measure more points."
        )
    above = values - floor + missing
    mean = above.mean(axis=0)
    reached = place[inside & (mean <= 0)]
    if len(reached):
        raise ValueError(
            f"the mean loss is at or below the floor at {reached[0]:g}: end the window before it, or lower the floor."
        )
    rows = []
    for start in range(len(place) - stretch + 1):
        part = slice(start, start + stretch)
        middle = float(np.exp(np.log(place[part]).mean()))
        found = _slope(place[part], above[:, part]) if (mean[part] > 0).all() else (None, None, None)
        rows.append((middle, *found))
    local = pl.DataFrame(rows, schema=dict.fromkeys(("x", "exponent", "low", "high"), pl.Float64), orient="row")
    used, runs = place[inside], len(values)
    return ScalingExponent(
        *_slope(used, above[:, inside]),
        first=float(used[0]),
        last=float(used[-1]),
        points=len(used),
        runs=runs,
        local=local,
        reason="" if runs >= FEWEST else f"an interval needs {FEWEST} runs",
    )


def _slope(x: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float | None, float | None]:
    """Return the exponent of the mean over runs, and its interval."""
    log = np.log(x) - np.log(x).mean()
    weights = -log / (log @ log)
    mean = values.mean(axis=0)
    exponent = float(np.log(mean) @ weights)
    half = mean_interval((values / mean) @ weights)
    return (exponent, None, None) if half is None else (exponent, exponent - half, exponent + half)


def _checked(x: ArrayLike, losses: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    place, values = np.asarray(x, float), np.atleast_2d(np.asarray(losses, float))
    if place.ndim != 1 or values.ndim != 2 or values.shape[1] != len(place) or not len(values):
        raise ValueError(
            f"expected losses of shape (run, point) with one point for each x, got {values.shape} and {place.shape}."
        )
    if not np.isfinite(place).all() or (place <= 0).any() or (np.diff(place) <= 0).any():
        raise ValueError("x must rise from above 0, because exponents are slopes on a log scale: sort it, drop 0.")
    if not np.isfinite(values).all():
        run, point = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"the loss of run {run} at {place[point]:g} is not finite: drop the run, or the point.")
    return place, values
