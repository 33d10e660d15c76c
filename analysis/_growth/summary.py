"""The sizes located from the curves of one run, as one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from .critical_size import Critical, best_of_curves, critical_size
from .laws import critical_interval, growth_laws
from .regret_size import regret_size


def located(
    curves: pl.DataFrame, seed: int = 0, check: Callable[[Critical], Critical] = lambda critical: critical
) -> pl.DataFrame:
    """Return the sizes located from the curves of one run, as one row.

    The columns are

    * ``critical_size, low, high, verdict, reason``, from ``critical_size`` and ``critical_interval``; the interval is
      null unless the verdict is ``located`` or ``at most``, and ``low`` is null if it is open below;
    * ``regret_size, regret_low, regret_high``; null without an oracle and for one replicate;
    * ``best_size, best_low, best_high``: the size of least error after the first twentieth, and the smallest and the
      largest size that the data do not tell apart from it.

    Args:
        curves: Error curves (``SCHEMA``) of one run and look-ahead.
        seed: Seed of the draws.
        check: Takes back a critical size that theory contradicts.

    Raises:
        ValueError: ``growth_laws`` raises it.
    """
    critical = check(critical_size(growth_laws(curves, seed)))
    low, high = critical_interval(curves, seed) if critical.bounded is not None else (None, None)
    row: dict[str, Any] = dict(
        critical_size=critical.size, low=low, high=high, verdict=critical.verdict, reason=critical.reason
    )
    several = curves["group"].n_unique() > 1
    regret = regret_size(curves, seed) if several and "excess" in curves["metric"].unique() else None
    ends = (None, None, None) if regret is None else (regret.size, regret.low, regret.high)
    row |= dict(zip(("regret_size", "regret_low", "regret_high"), ends, strict=True))
    best = best_of_curves(curves, seed)
    row |= dict(best_size=best.size, best_low=min(best.alike), best_high=max(best.alike))
    kinds = {name: pl.String if name in ("verdict", "reason") else pl.Int64 for name in row}
    return pl.DataFrame([row], schema=kinds)
