"""The whole study on few streams: its table, its figures, its report, its progress, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis import reproduce, write_report
from ergoscope.analysis._exact.threshold_spread import code_spread, stream_spread
from ergoscope.analysis._studies.registry import STUDIES, save_study
from ergoscope.analysis._studies.skills import giant_study, peeling_study
from ergoscope.analysis._studies.skills.figures import SKILLS_FIGURES, plateaus_figure
from ergoscope.analysis._studies.study import StudyResult


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def found(told: list[tuple[int, int]]) -> StudyResult:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(peeling_study, "SIZES", (100, 400))
        small.setattr(peeling_study, "QUICK_STREAMS", 8)
        small.setattr(peeling_study, "CURVE_SIZES", (50, 100))
        small.setattr(peeling_study, "CURVE_STREAMS", 2)
        small.setattr(giant_study, "QUICK_NODES", 20_000)
        return reproduce("skills", quick=True, progress=lambda done, total: told.append((done, total)))


def test_the_exact_claims_hold_and_the_spread_is_reported_in_three_forms(found: StudyResult) -> None:
    table = found.table
    exact = table.filter(~pl.col("part").is_in(["single streams"]))
    assert set(exact["agrees"]) == {"yes", "reported"}
    spreads = table.filter(part="single streams", agrees="reported")["measured"].to_list()
    assert spreads == [float(stream_spread()), float(code_spread()), float(code_spread(signs="published"))]
    for words in ("exactly 4.533", "exactly 10.34, 9.85 for codes and 24.97 with", "rests at 0.40 and 0.80"):
        assert words in found.sentence


def test_its_progress_moves_to_the_end(found: StudyResult, told: list[tuple[int, int]]) -> None:
    done = [each for each, _ in told]
    assert done == sorted(done) and len(set(done)) > 20
    assert told[-1][0] == told[-1][1] and {total for _, total in told} == {told[0][1]}


def test_every_figure_is_drawn(found: StudyResult) -> None:
    panels = {word: len(draw(found.tables).axes) for word, draw in SKILLS_FIGURES.items()}  # type: ignore[union-attr]
    assert panels == dict(curves=2, split=2, giant=1, levels=1, plateaus=1)


def test_a_report_with_figures(found: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_to_write = {word: SKILLS_FIGURES[word] for word in ("giant", "levels")}
    monkeypatch.setitem(STUDIES, "skills", STUDIES["skills"]._replace(figures=quick_to_write))
    files = save_study("skills", found, tmp_path, dict(seed=0))
    assert all(file.is_file() for file in files)
    assert {"skills-giant.png", "skills-levels.png"} == {file.name for file in files if file.suffix == ".png"}
    assert json.loads((tmp_path / "reproduction-skills.json").read_text())["sentence"] == found.sentence
    page = write_report(tmp_path).read_text()
    assert "The giant component" in page and "Skills level by level" in page


def test_plateaus_are_marked_where_they_are(found: StudyResult) -> None:
    figure = plateaus_figure(found.tables)
    assert figure is not None
    marked = [line.get_xdata() for line in figure.axes[0].lines if line.get_linewidth() == 6]
    rows = found.tables["plateaus"].filter(links="exact").select("first", "last").rows()
    assert [tuple(ends) for ends in marked] == rows and len(rows) == 2


def test_a_study_without_replicates_refuses_them() -> None:
    with pytest.raises(ValueError, match="skills has no replicates: leave the number out"):
        reproduce("skills", replicates=100)
