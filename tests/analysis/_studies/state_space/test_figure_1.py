"""The paper's Figure 1, measured through the product's own learner."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis._exact.block_risk import best_submatrices, submatrix_risk
from ergoscope.analysis._studies.state_space.figure_1 import reproduce_figure_1
from ergoscope.analysis._studies.study import StudyResult
from ergoscope.simulator import simulate, zoo


@pytest.fixture(scope="module")
def figure() -> StudyResult:
    return reproduce_figure_1(seed=1)


def table(figure: StudyResult, system: str, column: str = "measured") -> np.ndarray:
    rows = figure.table.filter(pl.col("system") == system).sort("horizon", "size")
    return rows[column].to_numpy().reshape(7, 7)


def test_every_entry_is_within_its_limit(figure: StudyResult) -> None:
    assert figure.agrees
    assert "agree within" in figure.sentence


def test_the_printed_table(figure: StudyResult) -> None:
    # theory.md, section 2: exact values at T = 10, 40, 70
    printed = {
        ("figure-1", 0): [6.81, 4.70, 2.11, 0.44, 0.32, 0.17, 0.0],
        ("figure-1", 3): [13.66, 8.64, 3.19, 0.45, 0.32, 0.17, 0.0],
        ("figure-1", 6): [16.48, 10.30, 3.70, 0.45, 0.32, 0.17, 0.0],
        ("figure-1-explosive", 0): [7.82, 5.65, 2.68, 0.44, 0.32, 0.17, 0.0],
        ("figure-1-explosive", 6): [27.05, 20.42, 12.42, 0.45, 0.32, 0.17, 0.0],
    }
    for (system, row), values in printed.items():
        np.testing.assert_allclose(table(figure, system, "exact")[row], values, atol=0.00501)


@pytest.mark.parametrize("system", ["figure-1", "figure-1-explosive"])
def test_the_drop_stands_at_four_and_the_plateaus_behind_it(figure: StudyResult, system: str) -> None:
    risk = np.expm1(table(figure, system))
    assert (risk[:, 2] > 4 * risk[:, 3]).all()
    plateau = (7 - np.arange(4, 8)) * 0.4**2 / (1 - 0.4**2)
    np.testing.assert_allclose(risk[-1, 3:6], plateau[:3], rtol=0.03)


@pytest.mark.parametrize("system", ["figure-1", "figure-1-explosive"])
def test_slopes_are_the_exact_slopes(figure: StudyResult, system: str) -> None:
    x = np.log(np.arange(10, 71, 10))
    x -= x.mean()
    measured, exact, limit = (np.log(np.expm1(table(figure, system, c))) for c in ("measured", "exact", "limit"))
    for k in range(3):
        slope, theory = (values[:, k] @ x / (x @ x) for values in (measured, exact))
        assert abs(slope - theory) <= np.abs(x) @ (limit - exact)[:, k] / (x @ x) + 1e-9


def test_a_wrong_fit_would_be_seen() -> None:
    system = zoo("figure-1")
    worse = best_submatrices(system, 40)
    worse[3, 0, 0] += 1e-3
    optimum = submatrix_risk(system, best_submatrices(system, 40), 40)
    assert submatrix_risk(system, worse, 40)[3] > optimum[3] * 1.001


def test_the_fit_is_least_squares_on_the_pooled_runs() -> None:
    from ergoscope._core.devices import computing
    from ergoscope.learners import submatrix
    from ergoscope.learners._engine.driver import Driver
    from ergoscope.learners._full_state.submatrix import submatrices

    run = simulate(3, zoo("figure-1"), 31, 40)
    with computing("float64"):
        driver = Driver(submatrix(range(1, 8)), 7, width=40, block=31)
        arrays = run.outputs.transpose(1, 2, 0), np.zeros((32, 0, 40)), np.int32(0), np.full(40, 31, np.int32)
        lanes, _ = driver.advance(driver.start(), driver.record(), *arrays)
        fits = np.array(submatrices(lanes.state, range(1, 8)))
    before, after = run.outputs[:, :-1].reshape(-1, 7), run.outputs[:, 1:].reshape(-1, 7)
    for k in range(1, 8):
        expected = np.linalg.lstsq(before[:, :k], after[:, :k], rcond=None)[0].T
        np.testing.assert_allclose(fits[k - 1, :k, :k], expected, rtol=0, atol=1e-7)
        assert not fits[k - 1, k:].any()
        assert not fits[k - 1, :, k:].any()
