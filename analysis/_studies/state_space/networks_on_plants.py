"""Networks on plants: a state space read out by least squares beside exact theory, and networks trained by gradients.

Time: the error at horizon t is that of the prediction of sample t from the samples before it.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtri

from ...._core.progress import Progress, no_progress
from ....learners import Learner, attention, gru, mlp, ssm
from ....simulator import LinearSystem, zoo
from ..._exact.modes import critical_length, growth_exponent
from ..._exact.riccati import kalman_gain
from ..._growth.critical_size import Critical, critical_size
from ..._growth.curves import curves, log_edges
from ..._growth.laws import BORDER, growth_laws
from ..study import FALSE_ALARM, StudyResult, simulated_scores

SYSTEMS = ("random-walk", "double-integrator", "triple-integrator", "harmonic-oscillator", "two-tones", "stable-ar")
FEATURES, UNITS = range(7), (1, 2, 4, 8)
OWN = "ssm"
WITHOUT = " without"  # the last value: the opponents that see the outputs alone


def reproduce_networks_on_plants(
    replicates: int = 32, seed: int = 0, horizon: int = 8000, progress: Progress = no_progress
) -> StudyResult:
    """Measure where the error of networks stops growing, beside the theory of the one that has a theory.

    ``ssm`` must have the critical size h* of filters, and for each number of features an exponent whose interval meets
    (g - 1/2, g + 1/2) around the class g of theory: 2 (m - k) - 1 for k < m features and m modes at one, 0 from m on.
    The intervals hold with probability 1 - 1e-4 in all, by the normal law with the deviation of the bootstrap.

    The opponents learn by gradients, and nothing is claimed of them: the study agrees or not without them. They are
    given the last value and see differences; those ``without`` see the outputs alone.

    Args:
        replicates: Simulated runs, at least 8.
        seed: Seed of the simulation and the bootstrap; the networks begin with the weights of seed 0.
        horizon: Samples of each run.
        progress: Called with the runs done and the runs in all.

    Returns:
        A table ``system, learner, size, parameters, theory, expected, exponent, low, high, late, verdict, reason,
        ratio, found, agrees``: ``theory`` is h*; ``expected`` the class of growth, of ``ssm`` only; ``ratio`` the
        mean squared error of the second half over that of the Kalman predictor; ``found`` the critical size,
        ``at most`` a size, ``above`` a size, ``falls`` where the error of the first size that does not grow still
        falls, or ``undecided``.
    """
    learners = contenders()
    entries, parts, done = len(SYSTEMS) * len(learners[OWN].sizes), [], 0
    for system in map(zoo, SYSTEMS):
        for name, learner in learners.items():
            progress(done, len(SYSTEMS) * len(learners))
            scores = simulated_scores(system, learner, log_edges(horizon).tolist(), replicates, seed)
            frame = curves(scores, learner, system.name)
            parts.append(_rows(system, name, learner, frame, seed, entries))
            done += 1
    table = pl.concat(parts)
    wrong = table.filter(~pl.col("agrees"))
    if wrong.height:
        first = ", ".join(f"{row['system']} at {row['size']}" for row in wrong.head(3).to_dicts())
        return StudyResult(
            table, False, f"networks on plants: {wrong.height} of {entries} sizes of ssm differ from theory ({first})"
        )
    own = table.filter(learner=OWN)
    gap = float(np.abs(own["exponent"].to_numpy() - own["expected"].to_numpy()).max())
    settled = [f"{name} on {count}" for name, count in _settled(table).items() if name != OWN]
    sentence = (
        f"networks on plants, {replicates} runs of {horizon} samples: ssm has the critical size of theory on all "
        f"{len(SYSTEMS)} systems, and its exponents agree within {gap:.2f}; of the opponents, the error of the largest "
        f"size has stopped growing and falling for {', '.join(settled)}"
    )
    return StudyResult(table, True, sentence)


def contenders() -> dict[str, Learner]:
    """Return the learners by their names in the table."""
    opponents = dict(gru=gru, attention=attention, mlp=mlp)
    given = {name: make(UNITS) for name, make in opponents.items()}
    without = {name + WITHOUT: make(UNITS[-1:], differences=False) for name, make in opponents.items()}
    return {OWN: ssm(FEATURES)} | given | without


def _rows(
    system: LinearSystem, name: str, learner: Learner, frame: pl.DataFrame, seed: int, entries: int
) -> pl.DataFrame:
    laws, known, theory = growth_laws(frame, seed), name == OWN, critical_length(system)
    z, best = -ndtri(FALSE_ALARM / entries / 2), float(kalman_gain(system).innovation[0, 0])
    critical = critical_size(laws)
    late = frame.filter(pl.col("first") > pl.col("last").max() // 2).group_by("size")
    errors = dict(late.agg((pl.col("value") * pl.col("samples")).sum() / pl.col("samples").sum()).iter_rows())
    rows = []
    for law, parameters in zip(laws.to_dicts(), learner.parameters, strict=True):
        half = z * (law["high"] - law["low"]) / (2 * ndtri(0.975))
        low, high = law["exponent"] - half, law["exponent"] + half
        expected = growth_exponent(system, law["size"]) if known else None
        agrees = expected is None or (low < expected + BORDER and high > expected - BORDER and critical.size == theory)
        measured = law["exponent"], low, high, law["late"], law["verdict"], law["reason"], errors[law["size"]] / best
        rows.append((system.name, name, law["size"], parameters, theory, expected, *measured, _found(critical), agrees))
    kinds: dict[str, type[pl.DataType]] = dict(
        system=pl.String, learner=pl.String, size=pl.Int64, parameters=pl.Int64, theory=pl.Int64, expected=pl.Float64,
        exponent=pl.Float64, low=pl.Float64, high=pl.Float64, late=pl.Float64, verdict=pl.String, reason=pl.String,
        ratio=pl.Float64, found=pl.String, agrees=pl.Boolean,
    )  # fmt: skip
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _found(critical: Critical) -> str:
    if critical.verdict == "located":
        return str(critical.size)
    if critical.verdict == "at most":
        return f"at most {critical.bounded}"
    return "above" if critical.verdict == "above" else "falls" if "still falls" in critical.reason else "undecided"


def _settled(table: pl.DataFrame) -> dict[str, int]:
    """Return on how many systems the largest size of each learner has a bounded error."""
    largest = table.filter(pl.col("size") == pl.col("size").max().over("learner"))
    counts = largest.group_by("learner", maintain_order=True).agg((pl.col("verdict") == "bounded").sum())
    return dict(counts.iter_rows())
