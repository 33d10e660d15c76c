"""The study of grokking on fewer seeds: claims hold, and not for wrong numbers; it goes on where it ended."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from ergoscope.analysis import reproduce
from ergoscope.analysis._studies.grokking import addition_study, grokking, parity_study
from ergoscope.analysis._studies.grokking import cells as chosen
from ergoscope.analysis._studies.parts import Part, train_parts
from ergoscope.analysis._studies.registry import check_replicates, save_study
from ergoscope.analysis._studies.study import StudyResult

SEEDS = 4
HALF = "rows at which half generalise"  # four seeds a set may leave it undecided


class Done(NamedTuple):
    result: StudyResult
    folder: Path
    said: list[str]


def fewer(patch: pytest.MonkeyPatch) -> None:
    """Four seeds a set, one small network for addition, each as long as it needs.

    The chance of a network to generalise is about 1/30 at 600 rows and 29/30 at 1600 (studies of 8 and 16 seeds), so
    that more than one of four, or fewer than three, come with a chance of 0.6 %.
    """
    for module in (chosen, parity_study):
        patch.setattr(module, "DEMO_SEEDS", SEEDS)
    patch.setattr(chosen, "STEPS", 3000)
    built = grokking.parts

    def parts(seed: int, quick: bool) -> dict[str, Part]:
        made = built(seed, quick)
        few = {"parity": made["parity"].runs, "addition-small": made["addition-small"].runs[2:]}
        few["parity"] = tuple(run for run in few["parity"] if run.knobs.decay == 0.1 or run.rows == 1000)
        return {name: made[name]._replace(runs=runs) for name, runs in few.items()}

    patch.setattr(grokking, "parts", parts)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder, said = tmp_path_factory.mktemp("grokking"), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        fewer(patch)
        return Done(reproduce("grokking", quick=True, folder=folder, say=said.append), folder, said)


def wrong(table: pl.DataFrame) -> list[str]:
    return table.filter((pl.col("agrees") == "no") & (pl.col("what") != HALF))["what"].to_list()


def test_the_claims_hold(done: Done) -> None:
    table = done.result.table
    assert wrong(table) == [], done.result.sentence
    assert table.filter(agrees="yes").height >= 15
    assert done.said[0].startswith("grokking: 17 networks and ")
    assert "of 1 small networks on addition 1 generalise, 0 are censored" in done.result.sentence


def test_the_weights_on_distractors_fall_where_a_network_generalises(done: Done) -> None:
    runs = done.result.tables["runs"].filter(decay=0.1, rows=1600)
    assert (runs["ratio_memorised"] > 2).all()
    assert (runs["ratio"] < runs["ratio_memorised"] / 2).all()
    weights = done.result.tables["weights"].group_by("step", "signal").agg(power=(pl.col("weight") ** 2).sum())
    power = {(row["step"], row["signal"]): row["power"] for row in weights.iter_rows(named=True)}
    last = max(step for step, _ in power)
    assert power[250, False] > power[250, True]  # it memorised with the distractors
    assert power[last, False] < power[last, True]


def test_figures_and_tables_are_written(done: Done, tmp_path: Path) -> None:
    files = {file.name for file in save_study("grokking", done.result, tmp_path)}
    drawn = {"curves", "axis", "map", "weights", "addition", "circles", "constructed"}
    assert {f"grokking-{word}.png" for word in drawn} < files
    assert all((tmp_path / name).is_file() for name in files)
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("Map of regions", "The weights over time", "Circles of weights", "Memorise first"):
        assert title in report


def test_what_has_been_trained_is_not_trained_again(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer(monkeypatch)
    before = {file: file.stat().st_mtime_ns for file in done.folder.rglob("*.parquet")}
    said: list[str] = []
    again = reproduce("grokking", quick=True, folder=done.folder, say=said.append)
    assert said == [f"grokking: all 17 networks have been trained before; they are in {done.folder}."]
    assert {file: file.stat().st_mtime_ns for file in done.folder.rglob("*.parquet")} == before
    assert again.table.equals(done.result.table)


def test_an_exam_that_leaks_would_be_seen(done: Done) -> None:
    """If the exam were the set, networks would generalise as they memorise, at every number of rows."""
    curves = done.result.tables["curves"].filter(part="parity").drop("part")
    leaked = curves.filter(pl.col("metric") != "exam accuracy")
    leaked = pl.concat([leaked, curves.filter(metric="accuracy").with_columns(metric=pl.lit("exam accuracy"))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity_study, "DEMO_SEEDS", SEEDS)
        claims = parity_study.study_parity(leaked, 0).claims
    assert [one.what for one in claims if one.agrees is False and one.what != HALF] == [
        "of 4 generalise at 600 rows",
        "generalised over memorised, 1600 rows, median (ratio of steps)",
        "distractor ratio, generalised, median",
        "distractor ratio, not generalised, median",
        "of 3 generalise at decay 1, 1000 rows",
    ]


def test_output_weights_at_other_angles_would_be_seen(done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    right = addition_study.spectrum

    def turned(inputs: object, outputs: object) -> object:
        found = right(inputs, outputs)  # type: ignore[arg-type]
        return found._replace(outputs=found.outputs.conj())

    monkeypatch.setattr(addition_study, "spectrum", turned)
    fewer(monkeypatch)
    table = reproduce("grokking", quick=True, folder=done.folder).table
    assert wrong(table) == ["output phase twice the input phase, least"]


def test_an_interrupt_keeps_what_has_ended(tmp_path: Path) -> None:
    part = chosen.parts(0, quick=True)["parity"]
    training = part.training._replace(steps=300, keep=(0, 300))
    runs = tuple(run._replace(size=2, rows=20) for run in part.runs[:8])
    planned = {name: Part(name, training, some) for name, some in (("one", runs[:5]), ("two", runs[5:]))}

    def interrupt(done: int, total: int) -> None:
        assert total == 8 * 300
        if done >= 6 * 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_parts(planned, tmp_path, interrupt)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.parquet")}
    assert 5 <= len(kept) < 8
    seen: list[int] = []
    curves = train_parts(planned, tmp_path, lambda done, total: seen.append(done))
    assert seen[0] > len(kept) * 300
    assert seen == sorted(seen)
    assert seen[-1] == 8 * 300
    assert all(file.stat().st_mtime_ns == then for file, then in kept.items())
    whole = train_parts(planned, tmp_path / "anew", lambda done, total: None)
    assert all(curves[name].equals(whole[name]) for name in planned)


def test_replicates_are_refused() -> None:
    with pytest.raises(ValueError, match="grokking has no replicates: leave the number out"):
        reproduce("grokking", replicates=64)
    with pytest.raises(ValueError, match="at least 32, because"):
        check_replicates(["figure-1"], 3)
    check_replicates(["figure-1"], 64)


@pytest.mark.parametrize("seed", [0, 1000, 2000])
def test_the_quick_study_agrees_at_other_seeds(seed: int, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--campaign"):
        pytest.skip("some minutes: --campaign")
    result = reproduce("grokking", seed=seed, quick=True)
    assert result.agrees, result.table.filter(agrees="no")
