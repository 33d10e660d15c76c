"""The bands of all forecasts of a recording at once; live bands have the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from .band_sums import BandSums
from .band_tracker import LEVEL, BandTracker, check_level
from .scored import scored_ahead

BLOCK = 4096  # samples of all runs at once


class Bands(NamedTuple):
    """The bands of forecasts, and what they have shown.

    Attributes:
        half_width: The half-width of the band of each forecast, made before its sample; NaN before there is one.
        ahead: The half-widths of the forecasts after the last sample.
        sums: For each run its sums without about the first twentieth: ``coverage``, ``half_width``, ``calibrated``.
    """

    half_width: Float[np.ndarray, "batch time lookahead size output"]
    ahead: Float[np.ndarray, "batch lookahead size output"]
    sums: tuple[BandSums, ...]


def bands(
    forecasts: ArrayLike,
    outputs: ArrayLike,
    *,
    lookaheads: Sequence[int] = (1,),
    level: float = LEVEL,
    scored: Bool[np.ndarray, "batch time lookahead output"] | None = None,
) -> Bands:
    """Return bands around forecasts that cover a share ``level`` of their samples, whatever the data.

    Each band is made from the errors known when its forecast was made. The share missed is
    ``1 - level + ln(r_n / r_0) / (0.02 n)`` after n errors, where r is the half-width in units of the errors' scale
    (docs/bands.md). The bands of any forecasts will do: those of ``replay``, or your own.

    Args:
        forecasts: ``(batch, time, lookahead, size, output)`` as from ``replay``, entry t made at t - lookahead.
        outputs: ``(batch, time, output)``; NaN where missing.
        lookaheads: Lookaheads of the forecasts.
        level: The share to cover, from 0.5 to 0.999.
        scored: Which forecasts count; by default those from sample lookahead - 1 on whose sample is observed.

    Raises:
        ValueError: The level or the shapes are not valid.

    Examples:
        >>> import numpy as np
        >>> y = np.cumsum(np.random.default_rng(0).standard_normal(2000))[None, :, None]
        >>> last = np.concatenate([np.zeros((1, 1, 1)), y[:, :-1]], axis=1)[:, :, None, None]  # forecast: as before
        >>> found = bands(last, y)
        >>> found.half_width.shape, found.sums[0].coverage.round(2)
        ((1, 2000, 1, 1, 1), array([[0.95]]))
    """
    check_level(level)
    f, y = np.asarray(forecasts, np.float64), np.asarray(outputs, np.float64)
    expected = (*y.shape[:2], len(lookaheads), f.shape[3] if f.ndim == 5 else 0, *y.shape[2:])
    if y.ndim != 3 or f.shape != expected:
        raise ValueError(
            "forecasts must be (batch, time, lookahead, size, output) and outputs (batch, time, output), with "
            f"{len(lookaheads)} lookahead(s); got {f.shape} and {y.shape}."
        )
    f, y = np.moveaxis(f, 0, -1), np.moveaxis(y, 0, -1)
    if scored is None:
        known = scored_ahead(y, np.ones(y.shape[1:], np.int64), lookaheads)
    else:
        known = np.moveaxis(scored, 0, -1)
    tracker = BandTracker(lookaheads, f.shape[2], y.shape[1], y.shape[2], level)
    half = np.full(f.shape, np.nan)
    for first in range(0, len(y), BLOCK):
        rows: Any = slice(first, first + BLOCK)
        steps = np.full(y.shape[-1], len(y[rows]), np.int64)
        half[rows] = tracker.take(f[rows], y[rows], known[rows], steps)
    runs = range(y.shape[-1])
    ahead = np.moveaxis(tracker.ahead(runs), -1, 0)
    return Bands(np.moveaxis(half, -1, 0), ahead, tuple(tracker.lane(i) for i in runs))
