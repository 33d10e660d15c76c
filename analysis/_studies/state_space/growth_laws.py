"""Growth laws, measured: t^1, t^3, t^5, exponential or bounded, for filter lengths up to and beyond the critical one.

Time: the error at horizon t is that of the prediction of sample t from the samples before it.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from scipy.special import ndtri

from ...._core.progress import Progress, no_progress
from ....learners import ladder
from ....simulator import LinearSystem, zoo
from ..._exact.filter_errors import best_errors
from ..._exact.modes import critical_length, growth_exponent
from ..._exact.theory import trust_horizon
from ..._growth.curves import curve_array, curves, log_edges
from ..._growth.laws import BORDER, fitted_stretches, growth_laws
from ..study import FALSE_ALARM, StudyResult, simulated_scores

SYSTEMS = (
    "random-walk", "double-integrator", "triple-integrator", "two-tones", "near-unit-root", "stable-ar",
    "explosive-1", "explosive-2", "explosive-3",
)  # fmt: skip
FURTHER = 2  # lengths shown beyond the critical one


def reproduce_growth_laws(
    replicates: int = 256, seed: int = 0, horizon: int = 20_000, progress: Progress = no_progress
) -> StudyResult:
    """Fit the growth of the learned error for every filter length and compare it with the class of theory.

        E |e_t|^2 ~ t^g,   g = growth_exponent(system, h): 0 (bounded), 1, 3, 5, .. or exponential

    Exponents are quantised. A measured exponent agrees with class g if its interval meets (g - 1/2, g + 1/2). The
    interval has probability 1 - 1e-4 / entries by the normal law, with the deviation of the bootstrap over replicates.
    The sentence counts the intervals that are wider than their class. ``growth_laws`` must name a law exponential if
    and only if theory's exponent is infinite.

    Args:
        replicates: Simulated runs, at least 8.
        seed: Seed of the simulation and the bootstrap.
        horizon: Samples of each run; fewer if the trust horizon of a system is shorter.
        progress: Called with the systems done and the systems in all.

    Returns:
        A table ``system, size, theory, exponent, low, high, exact, law, rate, exact_rate, agrees``: ``exact`` is the
        log-log slope of the best filter's exact error over the same stretches. Rates are per sample, for exponential
        laws only.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity.
    """
    lengths = {name: critical_length(zoo(name)) + FURTHER for name in SYSTEMS}
    entries = sum(lengths.values()) + len(SYSTEMS)
    learner = ladder(range(max(lengths.values()) + 1))
    parts = []
    for place, name in enumerate(SYSTEMS):
        progress(place, len(SYSTEMS))
        system = zoo(name)
        edges = log_edges(min(horizon, trust_horizon(system, "float64") or horizon)).tolist()
        frame = curves(simulated_scores(system, learner, edges, replicates, seed), learner, name)
        laws = growth_laws(frame.filter(pl.col("size") <= lengths[name]), seed)
        parts.append(_rows(system, laws, curve_array(frame)[0], entries))
    table = pl.concat(parts)
    wrong = table.filter(~pl.col("agrees"))
    sentence = f"growth laws: measured on {replicates} runs, exact theory beside: "
    if wrong.height:
        first = ", ".join(f"{row['system']} at length {row['size']}" for row in wrong.head(3).to_dicts())
        sentence += f"{wrong.height} of {entries} exponents beyond their limits ({first})"
        return StudyResult(table, False, sentence)
    powers = table.filter(pl.col("theory").is_finite())
    gap = float(np.abs(powers["exponent"].to_numpy() - powers["theory"].to_numpy()).max())
    seen = ", ".join(f"t^{g:.0f}" if g else "bounded" for g in powers["theory"].unique().sort())
    sentence += f"agree within {gap:.2f} of the growth exponent; {entries} filters in the classes {seen}, exponential"
    wide = powers.filter((pl.col("high") - pl.col("low")) / 2 >= BORDER).height
    sentence += f" ({wide} with an interval wider than its class: more replicates would narrow it)" * (wide > 0)
    return StudyResult(table, True, sentence)


def _rows(system: LinearSystem, laws: pl.DataFrame, horizon: np.ndarray, entries: int) -> pl.DataFrame:
    z = -ndtri(FALSE_ALARM / entries / 2)
    rows = []
    for law in laws.to_dicts():
        size, g = law["size"], growth_exponent(system, law["size"])
        times = horizon[fitted_stretches(horizon, size)]
        exact = np.log(best_errors(system, [size], times.astype(int))[:, 0])
        half = z * (law["high"] - law["low"]) / (2 * ndtri(0.975))
        low, high = law["exponent"] - half, law["exponent"] + half
        exponential = law["law"] == "exponential"
        meets = low < g + BORDER and high > g - BORDER
        agrees = exponential if math.isinf(g) else meets and not exponential
        rates = (law["rate"], float(np.polyfit(times, exact, 1)[0])) if exponential else (None, None)
        slope = float(np.polyfit(np.log(times), exact, 1)[0])
        rows.append((system.name, size, g, law["exponent"], low, high, slope, law["law"], *rates, agrees))
    kinds = dict(
        system=pl.String, size=pl.Int64, theory=pl.Float64, exponent=pl.Float64, low=pl.Float64, high=pl.Float64,
        exact=pl.Float64, law=pl.String, rate=pl.Float64, exact_rate=pl.Float64, agrees=pl.Boolean,
    )  # fmt: skip
    return pl.DataFrame(rows, schema=kinds, orient="row")
