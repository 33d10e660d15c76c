"""Power: how many runs, and how long, a verdict takes on four systems, from plain to hard.

Time: a stretch ``(edges[k], edges[k+1]]`` counts samples from 1; a verdict at horizon T reads the first T samples only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

from ...._core.progress import Progress, no_progress
from ....learners import Scores, ladder
from ....simulator import LinearSystem, zoo
from ..._exact.filter_errors import best_errors
from ..._exact.modes import critical_length
from ..._growth.critical_size import Critical, critical_size
from ..._growth.curves import curves, log_edges, rebin
from ..._growth.laws import DRAWS, FEWEST_GROUPS, growth_laws
from ..._location.visibility import detection_horizon
from ..study import FALSE_ALARM, Reproduction, simulated_scores

SYSTEMS = ("random-walk", "double-integrator", "two-tones", "weak-tone")
REPLICATES = (4, 8, 16, 64)
HORIZONS = (500, 2000, 20_000)
BATCH = 128  # runs simulated together: as in the quick form of the growth laws, whose compiled code then serves here
FURTHER = 2  # lengths tried beyond the critical one
FALSE_SHARE = 0.05  # of sure verdicts that are wrong: they stand where 95 % of the draws agree
OUTCOMES = ("right", "not showing yet", "undecided", "wrong")


def reproduce_power(
    replicates: int = 4096,
    seed: int = 0,
    horizons: Sequence[int] = HORIZONS,
    draws: int = DRAWS,
    progress: Progress = no_progress,
) -> Reproduction:
    """Count how often a critical length is located rightly, wrongly or not at all, for so many runs of such a length.

    All cells share one simulation: a shorter run is the beginning of a longer one, fewer runs are the first of many, so
    that neighbouring cells differ by what was added and not by chance. A verdict is

    * *right*: h* is located,
    * *not showing yet*: the length is located at which the exact error of the best filters stops growing at this
      horizon, and it is not h*: a weak mode is still under the rest of the error, and shows later
      (``detection_horizon``),
    * *undecided*, or *wrong*: another length, or one above all that were tried.

    A sure verdict asks that 95 % of the draws agree. So at most 5 % may be wrong, and with fewer than 8 runs none may
    be given. The limit of a cell is that of the binomial law at 1e-4 / entries.

    Args:
        replicates: Simulated runs a system, a seed for each 64 of them.
        seed: Of the simulation and the bootstraps.
        horizons: In samples, rising, at least 100 each.
        draws: Of each bootstrap.
        progress: Called with the systems done and the systems in all.

    Returns:
        A table ``system, replicates, horizon, seeds, critical, exact, shows, right, not showing yet, undecided, wrong,
        high``: the four as shares, ``high`` the limit of the last. ``exact`` is the length at which the exact error
        stops growing at this horizon, null where it stays undecided; ``shows`` where that is less than h*, the horizon
        from which on its error grows visibly.

    Raises:
        ValueError: Fewer than 64 replicates.
    """
    most = REPLICATES[-1]
    if replicates < most:
        raise ValueError(f"replicates must be at least {most}, for one seed takes so many, got {replicates}.")
    seeds, entries, rows = replicates // most, len(SYSTEMS) * len(REPLICATES) * len(horizons), []
    edges = np.unique(np.concatenate([log_edges(T) for T in horizons]))
    criticals = [critical_length(zoo(name)) for name in SYSTEMS]
    learner = ladder(range(max(criticals) + FURTHER + 1))  # one for all: it is compiled once
    high = float(binom.isf(FALSE_ALARM / entries, seeds, FALSE_SHARE)) / seeds
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
    return Reproduction(table, *_verdict(table))


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
    """Return the length that the verdict names on the exact error of the best filters, without any chance."""
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
    return "not showing yet" if found.size is not None and found.size == hidden else "wrong"


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
        f"{sentence}agree within {worst:.0f} % of wrong verdicts, {100 * FALSE_SHARE:.0f} % being what a sure one may "
        f"be. {runs} runs of {horizon} samples locate the critical length in {shares}"
    )
