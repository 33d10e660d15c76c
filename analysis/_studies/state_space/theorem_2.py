"""Theorem 2, measured: the parameters that a predictor of an observed state needs, in three families of matrices.

Time: the error at horizon t is that of the prediction of x[t+1] from x[t], x[0] = 0, by the matrix that is best at t.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import block_diag

from ...._core.progress import Progress, no_progress
from ....simulator import LinearSystem, simulate
from ..._exact.covariances import state_factors
from ..._exact.modes import parameter_threshold, unstable_modes
from ..._growth.laws import BORDER
from ..study import StudyResult, weighted_limit

Matrix = NDArray[np.float64]

# Blocks of A: a chain (eigenvalue, order), or a tone (angle in radians a sample, None).
SYSTEMS: dict[str, tuple[tuple[float, int | None], ...]] = {
    "chain of 2": ((1.0, 2),),
    "chain of 3": ((1.0, 3),),
    "two tones": ((0.5, None), (1.3, None)),
    "stable": ((0.5, 1), (0.3, 1), (-0.4, 1)),
    "chain of 2, stable beside": ((1.0, 2), (0.4, 1), (0.3, 1)),
    "tone and unit root, stable beside": ((1.0, None), (1.0, 1), (0.5, 1), (-0.5, 1)),
}
FAMILIES = ("generic chart", "block chart", "rank")
EARLY, LATE = (200, 800), (100_000, 400_000)


def reproduce_theorem_2(
    replicates: int = 2000, seed: int = 0, charts: int = 21, progress: Progress = no_progress
) -> StudyResult:
    """Find the number of parameters from which on the one-step error of an observed state is bounded.

        error(t) = min over M in the family of E |x[t+1] - M x[t]|^2 = tr Q + min |(M - A) G_t^(1/2)|^2

    There are three families, each with a rising number of parameters or a rising rank:

    * *generic chart*: M = sum c_k D_k, D_k random matrices. The first d of the c_k are free, the others have random
      values. (M - A) V = 0 on the m directions V that do not decay is a set of n m equations: bounded from d = n m on.
    * *block chart*: the same, but the D_k are the entries of one block for each distinct eigenvalue with |lambda| >= 1,
      in the basis of A (two for a complex pair): bounded from d*^2 = sum m_i^2 on, the number of Theorem 2.
    * *rank*: every M of rank r. By Eckart and Young min |(M - A) G^(1/2)|^2 = sum_{i>r} sigma_i^2(A G^(1/2)), so one
      SVD gives every rank: bounded from r = m on.

    The growth exponent is the log-log slope of the error between t = 100 000 and 400 000, from exact covariances; it is
    the median over charts. If the system also has decaying modes, the matrix that is unique at d = n m is badly
    conditioned, and between t = 200 and 800 a few more parameters are needed. Between these two times the first chart
    of each kind is also measured: it is fitted by least squares to x[t] and x[t+1] of simulated runs. A fit is never
    better than the optimum, and it is worse by a weighted sum of chi-squares, which gives the limits.

    Args:
        replicates: Simulated runs.
        seed: Seed of the simulation and of the charts.
        charts: Number of random charts of each kind.
        progress: Called with the systems done and the systems in all.

    Returns:
        A table ``system, family, size, threshold, exponent, early, exact, measured, low, high``: the late and the
        early exponent, medians over charts; the early exponent of the first chart, exact and measured, with its limits.

    References:
        I. Ziemann, N. Matni, G. J. Pappas (2025), State space models, emergence, and ergodicity, Theorem 2.
    """
    parts = []
    for place, name in enumerate(SYSTEMS):
        progress(place, len(SYSTEMS))
        system, thresholds = theorem_2_system(name), _thresholds(name)
        factors = _factors(system)
        run = simulate(seed, system, EARLY[1] + 2, replicates)
        assert run.states is not None
        pairs = [run.states[:, t : t + 2].transpose(1, 0, 2).astype(np.float64) for t in EARLY]
        for family in FAMILIES:
            if family == "rank":
                errors = np.stack([_rank_errors(system.A @ factor) for factor in factors])[None]
                fits = np.full((3, 2, system.states + 1), np.nan)
            else:
                drawn = [_chart(name, family, np.random.default_rng([seed, chart])) for chart in range(charts)]
                errors = np.stack([[chart_errors(system, *chart, factor) for factor in factors] for chart in drawn])
                fitted = [
                    _fitted(system, *drawn[0], pair, factor) for pair, factor in zip(pairs, factors, strict=False)
                ]
                fits = np.stack(fitted, axis=1)
            parts.append(_rows(name, family, thresholds[family], errors + system.states, fits + system.states))
    table = pl.concat(parts)
    return StudyResult(table, *_verdict(table, replicates))


def theorem_2_system(name: str) -> LinearSystem:
    """Return the system of that name in ``SYSTEMS``: its blocks on the diagonal, Q = I, every state observed."""
    A = block_diag(*(_block(*block) for block in SYSTEMS[name]))
    n = len(A)
    return LinearSystem(A=A, C=np.eye(n), Q=np.eye(n), R=np.zeros((n, n)), name=name)


def chart_errors(system: LinearSystem, directions: Matrix, held: Matrix, factor: Matrix) -> NDArray[np.float64]:
    """Return min |(sum c_k D_k - A) G^(1/2)|^2 with the first d = 0, 1, .. of the c_k free and the others held.

    It uses one QR factorisation of the columns vec(D_k G^(1/2)) for each d. The rows are sorted by size: Householder's
    QR is then accurate in each row, and resolves modes of very different size.

    Args:
        system: For A, ``(state, state)``.
        directions: D_k, ``(direction, state, state)``.
        held: Values of the c_k that are not free, ``(direction,)``.
        factor: G^(1/2), ``(state, state)``.

    Returns:
        ``(direction + 1,)``.
    """
    columns = (directions @ factor).reshape(len(directions), factor.size).T
    errors = []
    for d in range(len(directions) + 1):
        goal = ((system.A - np.tensordot(held[d:], directions[d:], 1)) @ factor).ravel()
        rows = np.column_stack([columns[:, :d], goal])
        upper: Matrix = np.asarray(np.linalg.qr(rows[np.argsort(-np.abs(rows).max(axis=1))], mode="r"))
        errors.append(float((upper[d:, d] ** 2).sum()))
    return np.array(errors)


def _block(value: float, order: int | None) -> Matrix:
    if order is None:
        return np.array([[np.cos(value), -np.sin(value)], [np.sin(value), np.cos(value)]])
    return value * np.eye(order) + np.eye(order, k=1)


def _thresholds(name: str) -> dict[str, int]:
    system = theorem_2_system(name)
    m = unstable_modes(system)
    return {"generic chart": system.states * m, "block chart": parameter_threshold(system), "rank": m}


def _entries() -> int:
    """Return the number of measured errors; each has limits."""
    return 2 * sum(theorem_2_system(name).states ** 2 + 1 + _thresholds(name)["block chart"] + 1 for name in SYSTEMS)


def _chart(name: str, family: str, random: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Return the directions D_k of a chart, and the value of each c_k while it is not free."""
    n = theorem_2_system(name).states
    if family == "generic chart":
        directions = random.standard_normal((n * n, n, n))
    else:
        found, first = [], 0
        for value, order in SYSTEMS[name]:
            last = first + (order or 2)
            if order is None:  # a complex pair: real and imaginary part of one free eigenvalue
                small = np.stack([np.eye(2), [[0.0, -1.0], [1.0, 0.0]]])
            else:
                small = np.eye(order * order if abs(value) >= 1 else 0, order * order).reshape(-1, order, order)
            found.append(np.pad(small, ((0, 0), (first, n - last), (first, n - last))))
            first = last
        directions = np.concatenate(found)
    return directions, random.standard_normal(len(directions))


def _factors(system: LinearSystem) -> list[Matrix]:
    """Return G_t^(1/2) at the two early horizons and the two late ones."""
    n = system.states
    states = state_factors(system.A, np.eye(n), np.zeros((n, 0)), np.array([*EARLY, *LATE]))
    return [states.transform @ factor for factor in states.factors]


def _rank_errors(moved: Matrix) -> NDArray[np.float64]:
    powers = np.linalg.svd(moved, compute_uv=False) ** 2
    return np.append(np.cumsum(powers[::-1])[::-1], 0.0)


def _fitted(system: LinearSystem, directions: Matrix, held: Matrix, pairs: Matrix, factor: Matrix) -> Matrix:
    """Fit the first d parameters by least squares, for every d: measured, exact and largest allowed excess, ``(3, d)``.

    Let q_i be the orthonormal regressors of run i, and r_i its residual at the exact optimum. The error of the fit is
    sum_i q_i' r_i, a normal vector with covariance sum_i q_i' r_i r_i' q_i. Its risk exceeds the optimum by the square
    of this vector divided by the number of runs.
    """
    x, after = pairs
    runs, n = x.shape
    exact = chart_errors(system, directions, held, factor)
    regressors = np.einsum("kij,bj->bik", directions, x)
    population = (directions @ factor).reshape(len(directions), factor.size).T
    measured, limits = [exact[0]], [exact[0]]
    for d in range(1, len(directions) + 1):
        rest = np.tensordot(held[d:], directions[d:], 1)
        goal = ((system.A - rest) @ factor).ravel()
        q, upper = np.linalg.qr(regressors[..., :d].reshape(runs * n, d))
        fit = np.linalg.solve(upper, q.T @ (after - x @ rest.T).ravel())
        best = np.linalg.lstsq(population[:, :d], goal, rcond=None)[0]
        measured.append(float(((goal - population[:, :d] @ fit) ** 2).sum()))
        residual = (after - x @ rest.T) - regressors[..., :d] @ best
        scores = np.einsum("bik,bi->bk", q.reshape(runs, n, d), residual)
        limits.append(exact[d] + weighted_limit(np.linalg.eigvalsh(scores.T @ scores) / runs, _entries()))
    return np.stack([measured, exact, limits])


def _rows(name: str, family: str, threshold: int, errors: Matrix, fits: Matrix) -> pl.DataFrame:
    """Return growth exponents, from errors ``(chart, time, size)`` and fits ``(measured .. limit, time, size)``."""

    def exponent(before: Matrix, after: Matrix) -> Matrix:
        return np.asarray(np.log(after / before) / np.log(4.0))

    early, late = (np.median(exponent(errors[:, k], errors[:, k + 1]), axis=0) for k in (0, 2))
    measured, exact, limit = fits
    columns = {
        "size": np.arange(len(early)),
        "exponent": late,
        "early": early,
        "exact": exponent(*exact),
        "measured": exponent(*measured),
        "low": exponent(limit[0], exact[1]),
        "high": exponent(exact[0], limit[1]),
    }
    frame = pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
    names = dict(system=pl.lit(name), family=pl.lit(family), threshold=pl.lit(threshold))
    return frame.select(**names, **{word: pl.col(word) for word in columns})


def _verdict(table: pl.DataFrame, replicates: int) -> tuple[bool, str]:
    growing = pl.col("exponent") >= BORDER
    misplaced = table.filter(growing != (pl.col("size") < pl.col("threshold")))
    outside = table.filter((pl.col("measured") < pl.col("low") - 1e-6) | (pl.col("measured") > pl.col("high") + 1e-6))
    sentence = f"theorem 2: measured on {replicates} runs, exact theory beside: "
    if misplaced.height or outside.height:
        entries = f"{outside.height} of {table['measured'].count()} exponents beyond their limits"
        return False, f"{sentence}{entries}, {misplaced.height} of {table.height} on the wrong side of theory's number"
    gap = float((table["measured"] - table["exact"]).abs().max())  # type: ignore[arg-type]
    found = []
    for name in SYSTEMS:
        first = table.filter(pl.col("system") == name).unique("family", maintain_order=True)
        found.append(f"{name} {', '.join(str(number) for number in first['threshold'])}")
    tight = table.filter((pl.col("family") == FAMILIES[0]) & (pl.col("size") == pl.col("threshold")))
    slowest = tight["early"].to_numpy().max()
    return True, (
        f"{sentence}agree within {gap:.3f} of the growth exponent; bounded from n m parameters of a generic chart on, "
        f"sum of m_i^2 of block charts, rank m: {'; '.join(found)}. Between t = {EARLY[0]} and {EARLY[1]} a generic "
        f"chart of n m parameters still grows like t^{slowest:.2f} where stable modes stand beside"
    )
