"""The study of arithmetic on few runs: its table, its figures, its report by the command, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import reproduce
from ergoscope.analysis._exact.completion import determined_share
from ergoscope.analysis._studies.arithmetic import cells, completion_study
from ergoscope.analysis._studies.arithmetic.completion_figures import COMPLETION_FIGURES, share_figure
from ergoscope.analysis._studies.arithmetic.network_figures import NETWORK_FIGURES
from ergoscope.analysis._studies.registry import STUDIES
from ergoscope.analysis._studies.study import StudyResult
from ergoscope.cli import main

FEW = dict(share=2, complete=20, passages=20, blocks=4, low_rank=1, excluded=2)


def fewer(patch: pytest.MonkeyPatch) -> None:
    """A run or two of each part of completion, and networks that are too small and too short to learn anything."""
    patch.setattr(completion_study, "QUICK", FEW)
    patch.setattr(completion_study, "OF_FREEDOM", (0.9, 3.0))
    for name, value in dict(WIDTH=8, STEPS=12, EXAM=50).items():
        patch.setattr(cells, name, value)


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def found(told: list[tuple[int, int]]) -> StudyResult:
    with pytest.MonkeyPatch.context() as few:
        fewer(few)
        return reproduce("arithmetic", quick=True, progress=lambda done, total: told.append((done, total)))


def test_what_no_chance_decides_holds(found: StudyResult) -> None:
    table = found.table
    for part in ("addition map, 100 rows", "alternating least squares, 20 rows"):
        assert set(table.filter(part=part)["agrees"]) == {"yes"}
    never = table.filter(part="numbers that never come, 100 rows")
    assert never["measured"].to_list()[:2] == [0.0, 1.0] and never["agrees"].to_list()[:2] == ["yes", "yes"]
    assert table.filter(part="network").select("measured", "agrees").row(0) == (56_688, "yes")
    assert table.filter(part="reverse, 2000 lines")["agrees"].to_list() == ["no"]  # these have not learned
    assert table.filter(part="steps, 2000 lines")["measured"].null_count() == 3
    assert found.sentence.startswith("arithmetic: ") and found.sentence.endswith(", by theory 0.827")
    assert "answer 0.00 of the plain, 0.00 of the reverse lines of the exam" in found.sentence


def test_its_progress_moves_to_the_end(found: StudyResult, told: list[tuple[int, int]]) -> None:
    done = [each for each, _ in told]
    assert done == sorted(done) and set(range(0, 50, 5)) & set(done) and len(set(done)) > 30
    assert told[-1] == (1000, 1000) and {total for _, total in told} == {1000}
    assert max(np.diff([each for each in done if each <= 50])) < 15  # a run of least squares is a fifth of it here


def test_every_figure_is_drawn(found: StudyResult) -> None:
    drawn = {word: draw(found.tables) for word, draw in (NETWORK_FIGURES | COMPLETION_FIGURES).items()}
    assert {word: figure and len(figure.axes) for word, figure in drawn.items()} == {
        "lines": 2,
        "steps": 2,
        "beyond": None,
        "completion-share": 2,
        "completion-all": 2,
        "completion-limits": 2,
    }


def test_the_curve_is_the_theory_and_points_are_those_of_the_tables(found: StudyResult) -> None:
    figure = share_figure(found.tables)
    assert figure is not None
    left, right = figure.axes
    load, share = (np.asarray(line) for line in left.lines[0].get_data())
    assert (load[0], load[-1]) == (0, 5)
    np.testing.assert_allclose(share, determined_share(load))
    shares = found.tables["completion-shares"]
    for line in left.lines:
        if line.get_marker() == "s":
            assert shares.filter(size=1000)["share"].to_list() == line.get_ydata().tolist()  # type: ignore[union-attr]
    runs = [line for line in right.lines if line.get_marker() == "."]
    passages = found.tables["completion-passages"]
    assert [sorted(line.get_ydata()) for line in runs] == [  # type: ignore[arg-type]
        passages.filter(size=size)["load"].sort().to_list() for size in (100, 300, 1000)
    ]


def test_the_command_writes_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer(monkeypatch)
    drawn = {"completion-share": COMPLETION_FIGURES["completion-share"]}
    monkeypatch.setitem(STUDIES, "arithmetic", STUDIES["arithmetic"]._replace(figures=drawn))
    monkeypatch.setattr(sys, "argv", ["ergoscope", "reproduce", "arithmetic", "--quick", "--out", str(tmp_path)])
    monkeypatch.setattr("warnings.showwarning", None)  # put back after: main replaces it
    with pytest.raises(SystemExit) as ended:
        main()
    answer = json.loads((tmp_path / "reproduction-arithmetic.json").read_text())
    assert ended.value.code == (0 if answer["agrees"] else 1)
    page = (tmp_path / "report.html").read_text()
    assert "How much of the addition map samples determine" in page and "numbers that never come" in page
    assert pl.read_parquet(tmp_path / "arithmetic-completion-excluded.parquet")["touching"].sum() == 0


def test_a_study_without_replicates_refuses_them() -> None:
    with pytest.raises(ValueError, match="arithmetic has no replicates: leave the number out"):
        reproduce("arithmetic", replicates=100)
