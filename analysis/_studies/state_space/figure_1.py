"""The paper's Figure 1: how large a block of the dynamics must be fitted before the risk stops growing.

Time: horizon T uses the transitions x[t] -> x[t+1] for t = 1 .. T-1 of each trajectory, x[0] = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...._core.devices import computing
from ...._core.progress import Progress, no_progress
from ....learners import submatrix
from ....learners._engine.driver import Driver
from ....learners._full_state.submatrix import submatrices
from ....simulator import LinearSystem, simulate_chunks, zoo
from ..._exact.block_risk import best_submatrices, submatrix_risk
from ..study import StudyResult, weighted_limit

SYSTEMS = ("figure-1", "figure-1-explosive")
HORIZONS = tuple(range(10, 71, 10))


def reproduce_figure_1(
    replicates: int = 2000,
    seed: int = 0,
    horizons: Sequence[int] = HORIZONS,
    progress: Progress = no_progress,
) -> StudyResult:
    """Fit every top-left block on simulated trajectories, and compare the risk of the fits with the exact optimum.

        M_k = argmin sum over trajectories and t < T of |x[t+1] - M x[t]|^2,   M zero outside its k x k block
        risk = mean over t of E |(M_k - A) x[t]|^2 on the exact covariance;   the figure shows log(1 + risk)

    The risk of a fit is never below the optimum. It is above it by a weighted sum of chi-squares. The upper limit of an
    entry is the 1 - 1e-4 / entries quantile of this sum, from the sandwich covariance of the fit.

    Returns:
        A table ``system, horizon, size, measured, exact, limit`` (in log(1 + risk)), and whether it agrees.

    References:
        I. Ziemann, N. Matni, G. J. Pappas, *State space models, emergence, and ergodicity: How many parameters are
        needed for stable predictions?*, L4DC 2025, Figure 1.
    """
    rows = []
    for done, name in enumerate(SYSTEMS):
        progress(done, len(SYSTEMS))
        system = zoo(name)
        entries = len(SYSTEMS) * len(horizons) * system.states
        states, fits = _fits(system, replicates, seed, horizons)
        for horizon, estimates in zip(horizons, fits, strict=True):
            optimum = best_submatrices(system, horizon)
            measured, exact = (submatrix_risk(system, matrices, horizon) for matrices in (estimates, optimum))
            limit = exact + _excess_limit(states[:, 1 : horizon + 1], optimum, entries)
            values = np.log1p(np.stack([measured, exact, limit]))
            for k in range(system.states):
                rows.append((name, horizon, k + 1, *values[:, k].tolist()))
    table = pl.DataFrame(rows, schema=["system", "horizon", "size", "measured", "exact", "limit"], orient="row")
    within = (pl.col("measured") >= pl.col("exact") - 1e-6) & (pl.col("measured") <= pl.col("limit") + 1e-6)
    outside = table.filter(~within)
    gap = float((table["measured"] - table["exact"]).abs().max())  # type: ignore[arg-type]
    agrees = outside.is_empty()
    verdict = f"agree within {gap:.3f}" if agrees else f"{outside.height} of {table.height} entries beyond their limits"
    sentence = f"figure 1: measured on {replicates} trajectories, exact theory beside: {verdict}"
    return StudyResult(table, agrees, sentence + "; the risk stops growing at k = 4" * agrees)


def _fits(
    system: LinearSystem, trajectories: int, seed: int, horizons: Sequence[int]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Return the states ``(batch, time, state)`` and the matrices fitted up to each horizon."""
    sizes = range(1, system.states + 1)
    with computing("float64"):
        driver = Driver(submatrix(sizes), system.states, width=trajectories, block=max(horizons) + 1)
        (chunk,) = simulate_chunks(seed, system, driver.block, trajectories)
        outputs, lanes, record = chunk.outputs, driver.start(), driver.record()
        inputs, fits, begin = np.zeros((driver.block + 1, 0, trajectories)), [], 0
        for horizon in horizons:
            end = np.full(trajectories, horizon + 1, np.int32)
            lanes, record = driver.advance(lanes, record, outputs, inputs, np.int32(begin), end)
            fits.append(np.array(submatrices(lanes.state, sizes)))
            begin = horizon + 1
    return outputs.transpose(2, 0, 1), fits


def _excess_limit(states: NDArray[np.float64], optimum: NDArray[np.float64], entries: int) -> NDArray[np.float64]:
    """Return the 1 - 1e-4 / entries quantile of risk(fit) - risk(optimum) for each size, by the central limit theorem.

    The error of a row of a fit is S^-1 sum_i g_i / N, where g_i is the trajectory's sum of residual times regressor and
    S the mean Gram matrix. The excess risk is the square of this error in the norm of S, averaged over time. With V the
    covariance of g, it is a sum of chi-squares weighted by the eigenvalues of S^-1/2 V S^-1/2 / N.
    """
    before, after = states[:, :-1], states[:, 1:]
    batch, steps = before.shape[:2]
    limits = []
    for k, M in enumerate(optimum, start=1):
        x = before[..., :k]
        scale = np.sqrt(np.mean(x**2, axis=(0, 1)))
        gram = np.einsum("bti,btj->ij", x / scale, x / scale) / batch
        residual = (after - before @ M.T)[..., :k]
        scores = np.einsum("btr,bti->bri", residual, x / scale).reshape(batch, -1)
        root = np.linalg.inv(np.linalg.cholesky(gram + 1e-13 * np.eye(k)))
        whitened = np.einsum("ij,brj->bri", root, scores.reshape(batch, k, k)).reshape(batch, -1)
        weights = np.linalg.eigvalsh(np.cov(whitened, rowvar=False, ddof=0).reshape(k * k, k * k)) / batch / steps
        limits.append(weighted_limit(weights, entries))
    return np.array(limits)
