"""The parts of the study: their claims hold, their tables are what they say, the giant component is sampled right."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, norm

from ergoscope.analysis import giant_component, learned_share, learning_jump, optimal_split
from ergoscope.analysis._exact.giant_component import giant_spread
from ergoscope.analysis._studies.claims import Claim, claims_table, verdict
from ergoscope.analysis._studies.skills.giant_study import giant_table, largest_share, study_giant
from ergoscope.analysis._studies.skills.levels_study import inner_plateaus, study_levels
from ergoscope.analysis._studies.skills.passages import learned_shares
from ergoscope.analysis._studies.skills.peeling_study import share_curves, study_peeling, threshold_table
from ergoscope.analysis._studies.skills.split_study import study_split

LIMIT = 1e-4  # two-sided


def held(claims: list[Claim]) -> None:
    agrees, words = verdict(claims)
    assert agrees, f"{words}\n{claims_table(claims)}"


def test_peeling(pytestconfig: pytest.Config) -> None:
    quick = not pytestconfig.getoption("--campaign")
    told: list[tuple[int, int]] = []
    found = study_peeling(quick=quick, progress=lambda done, total: told.append((done, total)))
    held(found.claims)
    assert told[-1][0] == told[-1][1] and [done for done, _ in told] == sorted(done for done, _ in told)
    assert found.passages["load"].null_count() == 0
    assert found.curves.columns == ["concepts", "seed", "load", "learned", "exact", "scaled"]
    assert sum(claim.agrees is None for claim in found.claims) == 3


def test_curves_are_those_of_streams_beside_density_evolution() -> None:
    found = share_curves((50, 200), 2, seed=3, points=5)
    one = found.filter(concepts=200, seed=4)
    loads = float(learning_jump(6.0).load) * np.array([0.6, 0.85, 1.1, 1.35, 1.6])
    assert one["learned"].to_list() == learned_shares(200, 4, loads).tolist()
    np.testing.assert_allclose(one["exact"], learned_share(loads))
    np.testing.assert_allclose(one["scaled"], (loads - learning_jump(6.0).load) * np.sqrt(200))


def test_no_threshold_is_an_empty_cell() -> None:
    table = threshold_table((2.0, 6.0))
    assert table.drop("mean").row(0) == (None,) * 6
    assert table["spread"][1] < table["published"][1] / 2


def test_the_giant_component(pytestconfig: pytest.Config) -> None:
    held(study_giant(quick=not pytestconfig.getoption("--campaign")).claims)


def test_sampled_shares_have_the_mean_and_the_spread_of_theory() -> None:
    nodes, graphs = 4000, 150
    shares = np.array([largest_share(nodes, 2.0, seed=1, graph=graph) for graph in range(graphs)])
    spread = float(giant_spread(2.0)) / np.sqrt(nodes)
    assert abs(shares.mean() - giant_component(2.0)) < norm.isf(LIMIT / 2) * spread / np.sqrt(graphs)
    low, high = chi2.ppf([LIMIT / 2, 1 - LIMIT / 2], graphs - 1) / (graphs - 1)
    assert low < shares.var(ddof=1) / spread**2 < high


def test_the_table_of_graphs_has_a_row_for_each_degree() -> None:
    table = giant_table(500, (0.5, 3.0), 2, seed=9)
    assert table.columns == ["degree", "nodes", "graphs", "share", "exact", "error"]
    assert table["share"][1] == np.mean([largest_share(500, 3.0, 9, graph) for graph in range(2)])
    assert table["error"].is_null().to_list() == [True, False]


def test_the_best_split() -> None:
    found = study_split()
    held(found.claims)
    row = found.table.filter(signs="derived").row(-1, named=True)
    assert row["concepts"] == optimal_split(row["compute"]).concepts
    assert row["flops"] == pytest.approx(6 * row["parameters"] * row["tokens"])
    assert found.table.group_by("signs").len()["len"].to_list() == [141, 141]
    assert 5e10 < found.claims[-1].measured < 9e10  # type: ignore[operator]


def test_levels_and_plateaus() -> None:
    found = study_levels()
    held(found.claims)
    assert found.plateaus.select("links", "tasks").unique().rows(named=False) != []
    assert set(found.plateaus["tasks"]) == {"several"}
    assert found.acquired.filter(links="exact")["level"].unique().sort().to_list() == list(range(10, 101, 10))
    halves = found.acquired.filter(pl.col("acquired") > 0.5).group_by("links", "level").agg(pl.col("compute").min())
    for _, part in halves.sort("level").group_by("links"):
        assert part["compute"].is_sorted()  # level after level


def test_nothing_and_all_are_no_plateaus() -> None:
    compute = np.geomspace(1, 1e6, 61)
    steps = np.select([compute < 1e2, compute < 1e4], [0.0, 0.5], 1.0)
    found = inner_plateaus(compute, steps)
    assert found["height"].to_list() == [0.5]
    assert found["decades"][0] == pytest.approx(1.9, abs=0.01)
