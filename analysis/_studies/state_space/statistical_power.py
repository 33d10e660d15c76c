"""Statistical power: the number and the length of runs that a verdict needs on four systems, from easy to hard.

Time: a stretch ``(edges[k], edges[k+1]]`` counts samples from 1; a verdict at horizon T uses the first T samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.progress import Progress, no_progress
from ....learners import ladder
from ....learners._engine.replay import Scores
from ....simulator import LinearSystem, zoo
from ..._exact.filter_errors import best_errors
from ..._exact.modes import critical_length
from ..._growth.critical_size import Critical, critical_size
from ..._growth.curves import curves, log_edges, rebin
from ..._growth.laws import DRAWS, FEWEST_GROUPS, growth_laws
from ..._location.visibility import detection_horizon
from ..study import FALSE_ALARM, StudyResult, binomial_quantile, simulated_scores

SYSTEMS = ("random-walk", "double-integrator", "two-tones", "weak-tone")
REPLICATES = (4, 8, 16, 64)
HORIZONS = (500, 2000, 20_000)
BATCH = 128  # runs simulated together, as in the quick form of the growth laws: both use the same compiled code
FURTHER = 2  # lengths tried beyond the critical one
FALSE_SHARE = 0.05  # share of verdicts that may be wrong: a verdict needs 95 % of the draws
OUTCOMES = ("right", "not visible yet", "undecided", "wrong")


def reproduce_power(
    replicates: int = 4096,
    seed: int = 0,
    horizons: Sequence[int] = HORIZONS,
    draws: int = DRAWS,
    progress: Progress = no_progress,
) -> StudyResult:
    """Count how often a critical length is located rightly, wrongly or not at all, by the number and length of runs.

    All cells share one simulation: a shorter run is the start of a longer one, and fewer runs are the first of more.
    Neighbouring cells therefore differ by the added data only. A verdict is

    * *right*: h* is located,
    * *not visible yet*: another length than h* is located, and it is the length at which the exact error of the best
      filters stops growing at this horizon. A weak mode is still hidden by the rest of the error and shows later
      (``detection_horizon``),
    * *undecided*, or *wrong*: another length, or a length above all that were tried.

    A verdict needs 95 % of the draws. At most 5 % may therefore be wrong, and there is no verdict for fewer than 8
    runs. The limit of a cell is that of the binomial law at 1e-4 / entries.

    Args:
        replicates: Simulated runs for each system; every 64 of them have their own seed.
        seed: Seed of the simulation and the bootstraps.
        horizons: Horizons in samples, rising, at least 100 each.
        draws: Number of draws of each bootstrap.
        progress: Called with the systems done and the systems in all.

    Returns:
        A table ``system, replicates, horizon, seeds, critical, exact, shows, right, not visible yet, undecided, wrong,
        high``. The four outcomes are shares; ``high`` is the limit of ``wrong``. ``exact`` is the length at which the
        exact error stops growing at this horizon, null if undecided. ``shows`` is the horizon from which on the error
        of that length grows visibly, if it is less than h*.

    Raises:
        ValueError: There are fewer than 64 replicates.
    """
    most = REPLICATES[-1]
    if replicates < most:
        raise ValueError(f"replicates must be at least {most}, the runs of one seed; got {replicates}.")
    seeds, entries, rows = replicates // most, len(SYSTEMS) * len(REPLICATES) * len(horizons), []
    edges = np.unique(np.concatenate([log_edges(T) for T in horizons]))
    criticals = [critical_length(zoo(name)) for name in SYSTEMS]
    learner = ladder(range(max(criticals) + FURTHER + 1))  # one for all systems: it is compiled once
    high = binomial_quantile(1 - FALSE_ALARM / entries, seeds, FALSE_SHARE) / seeds
    for place, (name, critical) in enumerate(zip(SYSTEMS, criticals, strict=True)):
        progress(place, len(SYSTEMS))
        system, sizes = zoo(name), critical + FURTHER + 1
        batches = [
            simulated_scores(system, learner, edges.tolist(), BATCH, int(one.generate_state(1)[0]))
            for one in np.random.SeedSequence([seed, place]).spawn(-(-seeds * most // BATCH))
        ]
        sums = Scores(
            edges, *(np.concatenate(leaves, axis=-1) for leaves in zip(*(b[1:] for b in batches), strict=True))
        )
        sums = sums._replace(error=sums.error[:, :, :sizes])
        for horizon in horizons:
            part = _late(sums, horizon)
            exact = _exact(system, part, horizon)
            shows = None if exact is None else detection_horizon(system, exact)
            hidden = exact if shows is not None and shows > horizon else None
            for runs in REPLICATES:
                found = [_located(_some(part, most * k, runs), horizon, runs, seed + k, draws) for k in range(seeds)]
                words = [_outcome(one, critical, hidden) for one in found]
                shares = [words.count(word) / seeds for word in OUTCOMES]
                limit = high if runs >= FEWEST_GROUPS else 0.0
                rows.append((name, runs, horizon, seeds, critical, exact, shows, *shares, limit))
    counts = ("replicates", "horizon", "seeds", "critical", "exact", "shows")
    kinds = dict(system=pl.String) | dict.fromkeys(counts, pl.Int64) | dict.fromkeys((*OUTCOMES, "high"), pl.Float64)
    table = pl.DataFrame(rows, schema=kinds, orient="row")
    return StudyResult(table, *_verdict(table))


def _late(sums: Scores, horizon: int) -> Scores:
    """Return the scores up to a horizon, over its own stretches."""
    count = int(np.searchsorted(sums.edges, horizon))
    return rebin(Scores(sums.edges[: count + 1], *(leaf[:count] for leaf in sums[1:])), log_edges(horizon))


def _some(sums: Scores, first: int, runs: int) -> Scores:
    return Scores(sums.edges, *(leaf[..., first : first + runs] for leaf in sums[1:]))


def _located(sums: Scores, horizon: int, runs: int, seed: int, draws: int) -> Critical:
    frame = curves(sums, ladder(range(sums.error.shape[2])), groups=runs).filter(pl.col("first") > horizon // 20)
    return critical_size(growth_laws(frame, seed, draws))


def _exact(system: LinearSystem, sums: Scores, horizon: int) -> int | None:
    """Return the length that the verdict names on the exact error of the best filters."""
    middles = (sums.edges[:-1] + sums.edges[1:]) // 2
    widths: NDArray[np.float64] = np.diff(sums.edges).astype(float)
    errors = (
        best_errors(system, range(sums.error.shape[2]), middles)[:, None, :, None, None]
        * widths[:, None, None, None, None]
    )
    alike = np.ones(FEWEST_GROUPS)
    exact = Scores(
        sums.edges, errors * alike, np.zeros((len(widths), 1, 0, 1, len(alike))), widths[:, None, None, None] * alike
    )
    return _located(exact, horizon, len(alike), 0, 1).size


def _outcome(found: Critical, critical: int, hidden: int | None) -> str:
    if found.verdict == "undecided":
        return "undecided"
    if found.size == critical:
        return "right"
    return "not visible yet" if found.size is not None and found.size == hidden else "wrong"


def _verdict(table: pl.DataFrame) -> tuple[bool, str]:
    seeds, runs = table["seeds"][0], REPLICATES[-1]
    horizon = int(table["horizon"].max())  # type: ignore[arg-type]
    sentence = f"power: verdicts measured on {seeds} seeds a cell, exact theory beside: "
    outside = table.filter((pl.col("wrong") > pl.col("high")) | ((pl.col("high") == 0) & (pl.col("undecided") < 1)))
    if outside.height:
        first = outside.row(0, named=True)
        return False, (
            f"{sentence}{outside.height} of {table.height} cells beyond their limits, the first {first['system']} with "
            f"{first['replicates']} runs of {first['horizon']} samples"
        )
    most = table.filter((pl.col("replicates") == runs) & (pl.col("horizon") == horizon))
    shares = ", ".join(f"{100 * row['right']:.0f} % on {row['system']}" for row in most.to_dicts())
    worst = 100 * float(table["wrong"].max())  # type: ignore[arg-type]
    return True, (
        f"{sentence}agree within {worst:.0f} % of wrong verdicts; {100 * FALSE_SHARE:.0f} % are allowed. {runs} runs "
        f"of {horizon} samples locate the critical length in {shares}"
    )
