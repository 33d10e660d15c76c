"""Which forecasts are scored: the same rule for the driver, bands, streams and changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int


def scored_ahead(
    output: Float[np.ndarray, "time output lane"],
    centered: Int[np.ndarray, "output lane"],
    lookaheads: Sequence[int],
) -> Bool[np.ndarray, "time lookahead output lane"]:
    """Return where the driver scores forecasts: the output is observed, and the center was known at their issue.

    Args:
        output: The outputs, NaN where missing.
        centered: Samples since the center is known, before these; 0 while it is not (``TileState.centered``).
        lookaheads: Lookaheads of the forecasts.
    """
    observed, rows = ~np.isnan(output), np.arange(len(output))[:, None, None]
    first = np.where(observed.any(axis=0), observed.argmax(axis=0), len(output))  # sample that gives the center
    known = np.where(centered > 0, centered + rows, np.maximum(rows - first, 0))
    return np.asarray(observed[:, None] & (known[:, None] >= np.array(lookaheads)[:, None, None]))
