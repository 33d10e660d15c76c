"""Lines of characters along an axis: a transformer learns sums of one digit, and kinds that no update has seen."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ergoscope import analysis
from ergoscope.analysis._reports.save_emergence import save_emergence
from ergoscope.learners import complete_lines, line_accuracy

NETWORK = "transformer:width=16,layers=1,heads=2,rate=0.01,decay=0,batch=16"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> analysis.Emerged:
    folder = tmp_path_factory.mktemp("lines")
    task = "addition:digits=1,format=reverse,excluded=2"  # 64 pairs of eight numbers, 36 with another one
    options = dict(runs=2, steps=400, level=0.5, metric="accuracy", exam=8, keep=True)
    return analysis.emerge(task, "rows", [16, 48], NETWORK, folder=folder, **options)  # type: ignore[arg-type]


def test_each_kind_has_an_answer_also_one_that_is_in_no_line(found: analysis.Emerged, tmp_path: Path) -> None:
    assert list(found.emergences) == ["seen numbers", "excluded numbers"]
    assert found.frequency == {"seen numbers": 1.0, "excluded numbers": 0.0}
    own = found.curves.filter(metric="accuracy", kind="seen numbers", step=400)
    assert own["value"].min() > 0.9  # they know the lines of their own set
    assert not found.curves.filter(metric="accuracy", kind="excluded numbers").height  # which has none of these
    files = save_emergence(found, tmp_path, "ergoscope emerge")
    assert {"report.html", "emergence.json"} <= {file.name for file in files} and all(file.is_file() for file in files)


def test_a_kept_network_writes_the_answers_it_has_learned(found: analysis.Emerged) -> None:
    questions = [f"{a}+{b}=" for a in range(10) for b in range(10)]
    answers = [f"{a + b:02d}"[::-1] for a in range(10) for b in range(10)]
    written = complete_lines(found.checkpoints[-1], questions, 2)
    assert sum(map(str.__eq__, written, answers)) >= 48 * 0.9  # a set of 48 lines, nine of ten of them right


def test_the_exam_of_its_run_is_answered_as_it_was_in_training(found: analysis.Emerged) -> None:
    """By itself the network gets a whole answer right exactly if each symbol is right after the true ones."""
    for file in found.checkpoints:
        seed = int(file.stem.removeprefix("seed-"))
        exam = found.curves.filter(metric="exam accuracy", seed=seed, step=400)
        kinds = exam.filter(pl.col("kind") != "all")["value"].to_list()
        alone = line_accuracy(file, seed, 8)
        assert len(kinds) == 2 and alone.whole == pytest.approx(sum(kinds) / 2)  # as many rows of each kind
        assert alone.symbols is not None and alone.symbols.shape == (2,) and (alone.symbols >= alone.whole).all()
    with pytest.raises(ValueError, match="Ask for fewer rows"):
        line_accuracy(found.checkpoints[0], 1, 10**6)
