"""The horizon from which on it is visible that an error grows, or that it is bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...simulator import LinearSystem
from .._exact.filter_errors import best_errors
from .._exact.modes import critical_length
from .._growth.laws import BORDER

_SHORTEST, _LONGEST = 20, 10**8


def exact_slope(system: LinearSystem, size: int, horizon: int, lookahead: int = 1) -> float:
    """Return the log-log slope over t > T/20 of the exact error of the best filter of a length, fitted as in a verdict.

    Args:
        system: Time-invariant.
        size: Filter length h.
        horizon: T, at least 20.
        lookahead: H, at least 1.
    """
    times = np.unique(np.geomspace(max(horizon / 20, lookahead + 1), horizon, 12).astype(int))
    errors = best_errors(system, [size], times, lookahead=lookahead)[:, 0]
    return float(np.polyfit(np.log(times), np.log(errors), 1)[0]) if np.isfinite(errors).all() else np.inf


def detection_horizon(system: LinearSystem, size: int, lookahead: int = 1) -> int | None:
    """Return the horizon from which on the exact error of a filter that is too short grows visibly, within 1 %.

    It grows visibly if ``exact_slope`` is at least 1/2, the border of the verdict. A mode driven by little noise is
    hidden by the rest of the error for a long time.

    Args:
        system: Time-invariant.
        size: Filter length h.
        lookahead: H, at least 1.

    Returns:
        A horizon of at least 20; None if the error is bounded (h at least the critical length) or its growth shows only
        beyond 1e8.
    """
    if size >= critical_length(system, lookahead=lookahead):
        return None
    return _from_on(lambda horizon: exact_slope(system, size, horizon, lookahead) >= BORDER)


def settling_horizon(system: LinearSystem, size: int, lookahead: int = 1) -> int | None:
    """Return the horizon from which on the exact error of a filter looks bounded, within 1 %.

    An error near the unit circle rises for a long time before it reaches its limit. The arguments are those of
    ``detection_horizon``.

    Returns:
        A horizon of at least 20; None if the error is not bounded or looks bounded only beyond 1e8.
    """
    if size < critical_length(system, lookahead=lookahead):
        return None
    return _from_on(lambda horizon: exact_slope(system, size, horizon, lookahead) < BORDER)


def _from_on(shows: Callable[[int], bool]) -> int | None:
    """Return the horizon from which on something shows, within 1 %; None if it does not show at 1e8."""
    hidden, shown = 0, _LONGEST
    if not shows(shown):
        return None
    for horizon in np.geomspace(_LONGEST, _SHORTEST, 46)[1:].astype(int).tolist():
        if not shows(horizon):
            hidden = horizon
            break
        shown = horizon
    while hidden and shown - hidden > max(hidden // 100, 1):
        middle = (hidden + shown) // 2
        hidden, shown = (hidden, middle) if shows(middle) else (middle, shown)
    return shown
