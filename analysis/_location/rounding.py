"""The number of samples of a recording until rounding reaches the error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision
from ...learners._engine.replay import Scores
from ...simulator import Trajectories
from .options import SHORTEST

SHARE = 1e-3  # of the error that rounding may reach


def rounding_limits(recording: Trajectories, sums: Scores, precision: Precision) -> list[int | None]:
    """Return for each output the number of samples from which on its error is rounding; None for never.

    Rounding is eps |y - y_0|. It reaches the error at a horizon if it is above a thousandth of the root mean square
    error of the best size over the later half of the samples up to it, one sample ahead. It must do so for the rest of
    the recording. A stretch in which no run moves tells nothing: an error of 0 on a constant signal is no rounding.

    Args:
        recording: One or many runs.
        sums: Their sums over the stretches of ``log_edges``.
        precision: ``"float32"`` or ``"float64"``.
    """
    outputs = _filled(np.asarray(recording.outputs, np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        away = np.abs(outputs - outputs[:, :1])
        reached = np.maximum.accumulate(np.nan_to_num(away, nan=0.0).max(axis=0), axis=0)
        moves = np.cumsum((np.abs(np.diff(outputs, axis=1, prepend=outputs[:, :1])) > 0).any(axis=0), axis=0)
        error, samples = sums.error[:, 0].sum(axis=3), sums.samples[:, 0].sum(axis=2)
        limits = []
        for p in range(outputs.shape[2]):
            limit = None
            for k, stop in enumerate(sums.edges[1:].tolist()):
                first = int(np.searchsorted(sums.edges, stop / 2))
                still = moves[stop - 1, p] == moves[int(sums.edges[first]), p]
                scored = samples[first : k + 1, p].sum()
                if stop < SHORTEST or still or not scored:
                    continue
                best = np.sqrt((error[first : k + 1, :, p].sum(axis=0) / scored).min())
                lost = not reached[stop - 1, p] * np.finfo(precision).eps <= SHARE * best  # NaN counts as lost
                limit = (limit if limit is not None else int(sums.edges[k])) if lost else None
            limits.append(limit)
    return limits


def _filled(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return outputs ``(batch, time, output)`` with each missing value replaced by the last one, or the first."""
    there = ~np.isnan(outputs)
    times = np.arange(outputs.shape[1])[None, :, None]
    last = np.maximum.accumulate(np.where(there, times, -1), axis=1)
    first = there.argmax(axis=1)[:, None]
    return np.asarray(np.take_along_axis(outputs, np.where(last < 0, first, last), axis=1))
