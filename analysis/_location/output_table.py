"""The sizes located for each of several outputs by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...learners import Learner
from ...learners._engine.replay import Scores
from .._growth.critical_size import Critical, best_of_curves, critical_size
from .._growth.curves import curves
from .._growth.laws import growth_laws
from .._growth.output_units import one_output
from .location import OUTPUTS


def output_table(
    sums: Scores,
    scales: NDArray[np.float64],
    names: Sequence[str],
    learner: Learner,
    lookahead: int,
    seed: int,
    inputs: pl.DataFrame | None = None,
    steady: bool = False,
    claimed: Callable[[Critical], Critical] = lambda critical: critical,
) -> pl.DataFrame:
    """Return one row for each output: its noise in its own unit, its best size, and its critical size.

    Args:
        sums: The sums of the driver, over the stretches of ``log_edges``.
        scales: Noise of each output, ``(output,)``; infinity marks an output that is left out.
        names: Names of the outputs.
        learner: The learner that was scored.
        lookahead: H.
        seed: Seed of the bootstrap.
        inputs, steady: As in ``growth_laws``.
        claimed: Takes back a critical size that the data cannot show.
    """
    rows: list[tuple[object, ...]] = []
    for k, name in enumerate(names if len(names) > 1 else ()):
        if not np.isfinite(scales[k]):
            reason = "rounding reaches its error: it is left out"
            rows.append((name, None, None, None, "undecided", reason))
            continue
        frame = curves(one_output(sums, k), learner).filter(pl.col("lookahead") == lookahead)
        critical = claimed(critical_size(growth_laws(frame, seed, inputs=inputs, steady=steady)))
        best = best_of_curves(frame, seed).size
        rows.append((name, float(scales[k]), best, critical.size, critical.verdict, critical.reason))
    return pl.DataFrame(rows, schema=OUTPUTS, orient="row")
