"""The study of quanta on fewer tasks: what it claims holds, wrong curves are seen, and it goes on where it ended."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import reproduce
from ergoscope.analysis._studies.claims import Claim
from ergoscope.analysis._studies.quanta import cells, discovery_study, network_study
from ergoscope.analysis._studies.quanta.ideal_study import study_ideal
from ergoscope.analysis._studies.registry import save_study
from ergoscope.analysis._studies.study import StudyResult
from ergoscope.simulator._tasks.sparse_parity import sparse_parity

EXAMPLES = 200


class Done(NamedTuple):
    result: StudyResult
    folder: Path
    said: list[str]


def fewer(patch: pytest.MonkeyPatch) -> None:
    """Eight parities of two bits, two widths, three sets, some hundred steps."""
    values = dict(TASK="sparse-parity:tasks=8,bits=24,k=2,alpha=0.4", WIDTHS=(2, 8, 64), WIDEST=64, STEPS=700)
    values |= dict(FRESH="mlp:rate=0.01,decay=0,batch=300", QUICK_ROWS=(1000, 3000, 9000), ROWS_STEPS=300)
    values |= dict(REPLAYED="mlp:rate=0.01,decay=0,batch=200", KNOWING="mlp:rate=0.01,decay=0,batch=300")
    values |= dict(ALIKE="sparse-parity:tasks=4,bits=24,k=2,alpha=0.1", KNOWING_STEPS=600)
    for name, value in values.items():
        patch.setattr(cells, name, value)
    patch.setattr(discovery_study, "EXAMPLES", EXAMPLES)
    patch.setattr(discovery_study, "PATTERNS", 4)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder, said = tmp_path_factory.mktemp("quanta"), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        fewer(patch)
        return Done(reproduce("quanta", quick=True, folder=folder, say=said.append), folder, said)


def value(table: pl.DataFrame, part: str, begins: str) -> float:
    return float(table.filter((pl.col("part") == part) & pl.col("what").str.starts_with(begins))["measured"][0])


def test_the_claims_hold(done: Done) -> None:
    table = done.result.table
    assert table.filter(agrees="no").is_empty(), table.filter(agrees="no")
    assert done.said[0].startswith("quanta: 16 networks and ")
    assert value(table, "discovery", "adjusted Rand index of") > 0.4


def test_a_loss_that_knows_no_tasks_would_be_seen(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """If every task had the mean loss, none would fall steeply, and all at one step."""
    curves, process = done.result.tables["curves"], sparse_parity(8, 24, 2)
    mean = curves.filter(kind="all").select("run", "step", mean="value")
    blurred = curves.join(mean, on=["run", "step"]).with_columns(value="mean").drop("mean")
    right, wrong = ({one.what.split(" (")[0]: one for one in network_study.study_steps(each, process).claims}
                    for each in (curves, blurred))  # fmt: skip
    assert right["slowest fall of a task learned by step 4000, .9 to .1 bit"].agrees
    assert not wrong["slowest fall of a task learned by step 4000, .9 to .1 bit"].agrees
    assert not wrong["rank correlation of frequency and passage"].agrees


def test_tasks_that_are_learned_by_rank_give_the_exact_exponents() -> None:
    """Curves that are steps at T p_k^-s: order, power and exponents are those put in."""
    process = sparse_parity(tasks=500, bits=100)
    p = np.array(process.frequency)
    steps = np.unique(np.geomspace(1, 20_000, 120).round().astype(int))
    when = 5 * p**-0.8
    frames = []
    for run in range(3):
        loss = np.log(2) * (steps[None] < (1 + 0.02 * run) * when[:, None])
        kinds = [*process.kinds, "all"]
        for kind, values in zip(kinds, [*loss, p @ loss], strict=True):
            rows = pl.DataFrame(dict(step=steps, value=values)).with_columns(
                run=pl.lit(run, pl.Int64), kind=pl.lit(kind)
            )
            frames.append(rows)
    curves = pl.concat(frames).with_columns(metric=pl.lit("exam loss"), size=pl.lit(4), seed="run")
    found = network_study.study_steps(curves, process)
    assert found.order.exponent == pytest.approx(0.8, abs=0.02) and found.order.spearman == pytest.approx(-1, abs=1e-3)
    assert found.scaling.exact == pytest.approx(found.scaling.exponent.exponent, abs=0.02)
    assert network_study.alpha_of(process) == pytest.approx(0.4)
    claims = {one.what.split(" (")[0]: one for one in found.claims}
    assert claims["slowest fall of a task learned by step 4000, .9 to .1 bit"].measured == 1


def test_widths_and_sets_in_the_wrong_order_are_seen(done: Done) -> None:
    for name in ("sizes", "rows"):
        claim = next(row for row in done.result.table.filter(part=name).iter_rows(named=True) if row["agrees"] == "yes")
        assert claim["measured"] == 0
    assert network_study._falling(np.array([0.0, 2.0, 1.0, 1.0, 0.0])) == 2


def test_the_exact_side_claims_what_theory_says() -> None:
    found = study_ideal()
    assert all(one.agrees is not False for one in found.claims)
    held = [one for one in found.claims if one.agrees]
    assert len(held) == 15
    off = [Claim(one.part, one.what, (one.measured or 0) + 0.2, one.low, one.high, one.ground) for one in held[:12]]
    assert not any(one.agrees for one in off)


def test_figures_and_tables_are_written(done: Done, tmp_path: Path) -> None:
    files = {file.name for file in save_study("quanta", done.result, tmp_path)}
    drawn = {"losses", "scaling", "order", "ideal", "similarity"}
    assert {f"quanta-{word}.png" for word in drawn} < files
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("Tasks are learned one by one", "The rarer, the later", "What a finite number of tasks does"):
        assert title in report


def test_what_has_been_trained_is_not_trained_again(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer(monkeypatch)
    said: list[str] = []
    again = reproduce("quanta", quick=True, folder=done.folder, say=said.append)
    assert said == [f"quanta: all 16 networks have been trained before; they are in {done.folder}."]
    assert again.table.equals(done.result.table)


@pytest.mark.parametrize("seed", [0, 1000, 2000])
def test_the_quick_study_agrees_at_other_seeds(seed: int, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--campaign"):
        pytest.skip("some minutes: --campaign")
    result = reproduce("quanta", seed=seed, quick=True)
    assert result.agrees, result.table.filter(agrees="no")
