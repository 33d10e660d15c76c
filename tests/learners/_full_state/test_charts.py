"""Theorem 2's families as learners: each rung is the least-squares fit of its family, found by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import block_diag

from ergoscope.analysis import locate, parameter_threshold, unstable_modes
from ergoscope.learners import Learner, block_chart, random_chart, rank, replay
from ergoscope.simulator import LinearSystem, Trajectories, simulate


def seen(A: np.ndarray, name: str = "seen") -> LinearSystem:
    n = len(A)
    return LinearSystem(A, np.eye(n), np.eye(n), np.zeros((n, n)), name=name)


def tone(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


SYSTEMS = {
    "chain of 2": np.array([[1.0, 1.0], [0.0, 1.0]]),
    "tone and stable": block_diag(tone(0.7), 0.5),
    "chain of 2, in another basis": np.linalg.inv(np.array([[1, 2, 0], [0, 1, 1], [1, 0, 1.0]]))
    @ block_diag([[1.0, 1.0], [0.0, 1.0]], 0.4)
    @ np.array([[1, 2, 0], [0, 1, 1], [1, 0, 1.0]]),
}


def pooled(learner: Learner, data: Trajectories, t: int) -> np.ndarray:
    """The forecasts of x[t], ``(run, size, state)``."""
    return replay(learner, data, width=len(data.lengths))[:, t, 0]


def pairs(data: Trajectories, t: int) -> tuple[np.ndarray, np.ndarray]:
    """All (x[s], x[s+1]) that are known before x[t], one a row."""
    x = data.outputs
    return x[:, : t - 1].reshape(-1, x.shape[2]), x[:, 1:t].reshape(-1, x.shape[2])


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_rank_is_the_best_of_its_rank(name: str) -> None:
    data, t = simulate(1, seen(SYSTEMS[name]), 30, 12), 25
    before, after = pairs(data, t)
    full = np.linalg.lstsq(before, after, rcond=None)[0].T
    n = len(full)
    made = pooled(rank(range(n + 1)), data, t)
    root = np.linalg.cholesky(before.T @ before)
    U, s, V = np.linalg.svd(full @ root)
    for r in range(n + 1):
        best = (U[:, :r] * s[:r]) @ V[:r] @ np.linalg.inv(root)  # Eckart-Young in the norm of the data
        np.testing.assert_allclose(made[:, r], data.outputs[:, t - 1] @ best.T, rtol=0, atol=1e-7 * np.abs(made).max())


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("family", ["random", "block"])
def test_every_chart_is_the_fit_of_its_free_numbers(name: str, family: str) -> None:
    system = seen(SYSTEMS[name])
    data, t, n = simulate(2, system, 30, 12), 25, system.states
    before, after = pairs(data, t)
    if family == "random":
        random = np.random.default_rng([3, n])
        D, held = random.standard_normal((n * n, n, n)), random.standard_normal(n * n)
        made = pooled(random_chart(range(n * n + 1), seed=3), data, t)
    else:
        learner = block_chart(seed=3, system=system)
        count = learner.sizes[-1]
        assert count == parameter_threshold(system)
        made, held = pooled(learner, data, t), np.random.default_rng(3).standard_normal(count)
        D = block_basis(SYSTEMS[name])
        assert D.shape[0] == count
        # The directions are told from the forecasts: with nothing free, and all else held, M is sum c_k D_k.
        span = np.linalg.matrix_rank(
            np.vstack([D.reshape(count, -1), _directions(system).reshape(count, -1)]), tol=1e-8
        )
        assert span == count
        D = _directions(system)
    for d in range(len(D) + 1):
        rest = np.tensordot(held[d:], D[d:], 1)
        X = (
            np.stack([(before @ direction.T).ravel() for direction in D[:d]], axis=1)
            if d
            else np.zeros((after.size, 0))
        )
        free = np.linalg.lstsq(X, (after - before @ rest.T).ravel(), rcond=None)[0]
        M = np.tensordot(free, D[:d], 1) + rest
        np.testing.assert_allclose(made[:, d], data.outputs[:, t - 1] @ M.T, rtol=0, atol=1e-6 * np.abs(made).max())


def _directions(system: LinearSystem) -> np.ndarray:
    from ergoscope.learners._full_state.charts import _block_directions

    return _block_directions(system.A)


def block_basis(A: np.ndarray) -> np.ndarray:
    """A basis of the free blocks by plain eigenvectors and null spaces."""
    n, found = len(A), []
    for value in (1.0, np.exp(0.7j)):
        N = A - value * np.eye(n)
        k = int((np.abs(np.linalg.eigvals(A) - value) < 1e-3).sum())
        if not k:
            continue
        power = np.linalg.matrix_power(N, n)
        U, _, Vh = np.linalg.svd(power)
        right, left = Vh[n - k :].conj().T, U[:, n - k :].conj().T  # null spaces of (A - value)^n from either side
        W = np.linalg.solve(left @ right, left)
        for i in range(k):
            for j in range(k):
                entry = np.outer(right[:, i], W[j])
                found += [entry.real] if np.isreal(value) else [entry.real, entry.imag]
    return np.array(found)


@pytest.mark.parametrize(
    ("words", "system", "size"),
    [
        ("rank", "chain of 2", lambda s: unstable_modes(s)),
        ("rank", "tone and stable", lambda s: unstable_modes(s)),
        ("random-chart", "chain of 2", lambda s: s.states * unstable_modes(s)),
        ("block-chart", "chain of 2", lambda s: parameter_threshold(s)),
        ("block-chart", "tone and stable", lambda s: parameter_threshold(s)),
    ],
)
def test_theorem_2_is_located_from_learned_curves(words: str, system: str, size: object) -> None:
    plant = seen(SYSTEMS[system], system)
    sizes = range(plant.states + 1) if words == "rank" else range(plant.states**2 + 1) if words[0] == "r" else None
    found = locate(plant, learner=words, sizes=sizes, horizon=4000, replicates=64)
    assert found.critical_size == size(plant), found.sentence  # type: ignore[operator]


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="rank sizes go up to 2"):
        replay(rank(range(4)), simulate(0, seen(SYSTEMS["chain of 2"]), 20, 2), width=2)
    with pytest.raises(ValueError, match="needs a system constant in time"):
        block_chart(system=seen(np.eye(2)).replace(A=np.stack([np.eye(2), np.eye(2)])))
