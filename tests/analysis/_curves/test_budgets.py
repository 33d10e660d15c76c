"""The best size at each place: intervals against SciPy, and the smallest that no larger one beats by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_ind, ttest_rel

from ergoscope.analysis._curves.budgets import budget_table


def frame(errors: dict[float, list[float]], names: dict[float, list[str]] | None = None) -> pl.DataFrame:
    rows = [
        (size, 5.0, (names or {}).get(size, [str(k) for k in range(len(values))])[i], value)
        for size, values in errors.items()
        for i, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=["size", "along", "run", "error"], orient="row")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("paired", [True, False])
def test_sizes_are_alike_where_the_t_test_says_so(seed: int, paired: bool) -> None:
    random = np.random.default_rng(seed)
    common = random.normal(0, 1, 5) if paired else 0.0
    errors = {float(s): (5 + 0.5 * abs(s - 3) + common + random.normal(0, 0.4, 5)).tolist() for s in range(1, 6)}
    names = None if paired else {s: [f"{s}-{k}" for k in range(5)] for s in errors}
    row = budget_table(frame(errors, names)).row(0, named=True)
    least = min(errors, key=lambda s: np.mean(errors[s]))

    def test(one: float, other: float) -> bool:  # whether they are told apart
        pair = errors[one], errors[other]
        return (ttest_rel(*pair) if paired else ttest_ind(*pair, equal_var=False)).pvalue < 0.05

    alike = [s for s in errors if s == least or not test(s, least)]
    beaten = {s: any(np.mean(errors[j]) < np.mean(errors[s]) and test(s, j) for j in errors if j > s) for s in errors}
    assert (row["least"], row["alike"]) == (least, alike)
    assert row["size"] == next(s for s in alike if s == least or not beaten[s])
    assert (row["along"], row["sizes"], row["runs"], row["at_edge"]) == (5.0, 5, 5, least == 5)


def test_few_runs_have_no_interval_and_one_size_no_row() -> None:
    row = budget_table(frame({1.0: [3.0, 3.1], 2.0: [1.0, 1.2]})).row(0, named=True)
    assert row["alike"] is None and row["size"] == row["least"] == 2.0 and row["at_edge"]
    assert budget_table(frame({1.0: [1.0, 2.0, 3.0]})).is_empty()


def test_of_a_score_the_largest_is_best() -> None:
    row = budget_table(frame({1.0: [0.9, 0.91, 0.92], 2.0: [0.1, 0.2, 0.1]}), higher_is_better=True).row(0, named=True)
    assert row["size"] == 1.0 and row["alike"] == [1.0] and row["error"] == pytest.approx(0.91)


def test_equal_runs_have_an_interval_of_no_width() -> None:
    row = budget_table(frame({1.0: [2.0] * 3, 2.0: [1.0] * 3}, {1.0: ["a", "b", "c"]})).row(0, named=True)
    assert row["alike"] == [2.0]
