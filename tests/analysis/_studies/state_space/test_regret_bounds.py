"""Regrets stay within their bounds, grow like their laws, and neither a worse learner nor a false bound passes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis._studies.state_space import regret_bounds as bounds
from ergoscope.analysis._studies.state_space.online_bounds import Sums, sums_at
from ergoscope.analysis._studies.state_space.regret_bounds import reproduce_regret_bounds
from ergoscope.analysis._studies.study import StudyResult
from ergoscope.learners import lms


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return reproduce_regret_bounds(replicates=32, seed=5, octaves=5)


def test_every_run_is_within_its_bound(result: StudyResult) -> None:
    assert result.agrees, result.sentence
    assert "agree within" in result.sentence and "no run of the 40 entries is beyond its bound" in result.sentence
    assert (result.table["beyond"] < 0).all()
    assert result.table.select("system", "learner").n_unique() == 5 + 3


def test_the_laws_tell_log_from_root(result: StudyResult) -> None:
    """An octave adds S d log 2 to VAW too; gradient descent has the exponent 1/2, where the log has less than 1/5."""
    learned = result.table.filter(pl.col("learner").is_in(list(bounds.BOUNDS)))
    gain = learned.filter(learner="vovk")["gain"].drop_nulls().to_numpy()
    # 32 runs of 4 numbers: deviation of a mean gain 2 log(2) S sqrt(2 d / 32) at most, five of them
    assert np.abs(gain - bounds.LENGTH * np.log(2)).max() < 5 * 2 * np.log(2) * np.sqrt(2 * bounds.LENGTH / 32)
    exponents = {name: bounds.growth(learned, name) for name in bounds.BOUNDS}
    assert 0.4 < exponents["gradient-descent"] < 0.6
    assert max(exponents["square-root-rls"], exponents["vovk"]) < 0.2
    # the gain of the Newton step is still on its way to a constant: less than sqrt(T) would add
    assert exponents["newton-step"] < 0.45


def test_what_bounds_are_made_of() -> None:
    random, T, ridge = np.random.default_rng(0), 40, np.array([[0.1, 0.3], [0.2, 0.4]])
    y, phi, made = random.standard_normal((2, 50)), random.standard_normal((2, 50, 2)), random.standard_normal((2, 50))
    sums = sums_at(y, phi, made, np.array([T, 50]), ridge)
    for run in range(2):
        X, target, e = phi[run, :T], y[run, :T], (y - made)[run, :T]
        rows = np.concatenate([X, np.diag(np.sqrt(ridge[run]))])
        v = np.linalg.lstsq(rows, np.concatenate([target, np.zeros(2)]), rcond=None)[0]
        expected = Sums(
            ((target - X @ v) ** 2).sum(),
            (ridge[run] * v**2).sum(),
            (e**2).sum(),
            (e**2).max(),
            np.abs(target).max(),
            (X**2).sum(axis=1).max(),
            sum(np.sum((2 * e[t] * X[t]) ** 2) for t in range(T)),
            X.T @ X,
            T,
            ridge[run],
        )
        for word, value in expected._asdict().items():
            found = getattr(sums, word)[0]
            np.testing.assert_allclose(found[0] if word == "horizons" else found[run], value, rtol=1e-10, err_msg=word)


@pytest.mark.parametrize("wrong", ["a worse learner", "a false bound", "a false law"])
def test_what_is_wrong_would_be_seen(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learner, bound = bounds.BOUNDS["square-root-rls"]
    if wrong == "a worse learner":
        learner = lms([bounds.LENGTH], 0.05)
    elif wrong == "a false bound":
        bound = lambda sums: 0.02 * sums.error  # noqa: E731
    else:
        monkeypatch.setattr(bounds, "LENGTH", 6)  # what theory says of six numbers, where four are learned
    for word in ("_spectral", "_mixed"):
        monkeypatch.setattr(bounds, word, lambda *_: iter(()))
    monkeypatch.setattr(bounds, "BOUNDS", {"square-root-rls": (learner, bound)})
    result = reproduce_regret_bounds(replicates=32, seed=5, octaves=5)
    assert not result.agrees
    assert "beyond their bounds (the first square-root-rls on y[t] = " in result.sentence


def test_a_mixture_that_follows_nothing_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    run = bounds.mixture_run

    def persistent(y: np.ndarray, horizons: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        _, cost, start = run(y, horizons)
        return np.pad(y, ((0, 0), (1, 0)))[:, :-1], cost, start

    monkeypatch.setattr(bounds, "mixture_run", persistent)
    monkeypatch.setattr(bounds, "MIXED", ("random-walk",))
    monkeypatch.setattr(bounds, "_bounded", lambda *_: iter(()))
    monkeypatch.setattr(bounds, "_spectral", lambda *_: iter(()))
    result = reproduce_regret_bounds(replicates=32, seed=5, octaves=4)
    assert not result.agrees
    assert "the first length-mixture on random-walk" in result.sentence


def test_too_few_octaves_are_refused() -> None:
    with pytest.raises(ValueError, match="octaves must be at least 3"):
        reproduce_regret_bounds(octaves=2)
