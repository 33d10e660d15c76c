"""Runs kept in a folder: an interrupt leaves whole parts, a second call trains the rest, other settings are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock

from ergoscope.analysis._emergence import training as module
from ergoscope.analysis._emergence.training import Training, train_runs
from ergoscope.learners._neural.optimiser import Knobs
from ergoscope.learners._neural.recipe import read_recipe
from ergoscope.learners._neural.train import Run, log_edges
from ergoscope.simulator._tasks.parity import parity

TASK = parity(5, 2)
TRAINING = Training(TASK, read_recipe("mlp:width=3", TASK), 12, per_decade=2, exam=9)
RUNS = [Run(3, 8, seed, Knobs(0.01, decay)) for seed in range(3) for decay in (0.0, 0.5)]


@pytest.fixture(scope="module")
def whole() -> pl.DataFrame:
    return train_runs(TRAINING, RUNS)


def parts(folder: Path) -> dict[str, pl.DataFrame]:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {name for name in files if not name.endswith(".parquet")} == {"training.json", ".lock"}
    return {name: pl.read_parquet(path) for name, path in files.items() if name.endswith(".parquet")}


def test_the_frame_has_a_row_for_each_run_edge_and_score(whole: pl.DataFrame) -> None:
    assert whole.columns == [
        "run", "seed", "size", "rows", "rate", "decay", "l1", "dropout", "step", "metric", "kind", "value",
    ]  # fmt: skip
    scores = {"loss", "accuracy", "exam loss", "exam accuracy", "norm", "distractor ratio"}
    edges = log_edges(12, 2)
    assert set(whole["metric"]) == scores and whole.height == len(RUNS) * len(edges) * len(scores)
    assert sorted(set(whole["step"])) == edges and edges[-1] == 12
    settings = whole.select("run", "seed", "size", "rows", "rate", "decay").unique().sort("run").rows()
    assert settings == [(n, run.seed, 3, 8, 0.01, run.knobs.decay) for n, run in enumerate(RUNS)]


def test_an_interrupt_leaves_whole_parts_and_the_rest_is_trained_later(
    whole: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Run] = []
    train = module.train

    def counted(model: Any, process: Any, runs: Any, *given: Any, **options: Any) -> Any:
        trained.extend(runs)
        return train(model, process, runs, *given, **options)

    def interrupted(done: int, total: int) -> None:
        if done >= 3 * 12:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        train_runs(TRAINING, RUNS, tmp_path / "out", interrupted)
    kept = parts(tmp_path / "out")
    assert 1 <= len(kept) < len(RUNS)
    trained.clear()
    told: list[tuple[int, int]] = []
    found = train_runs(TRAINING, [*RUNS, RUNS[1]], tmp_path / "out", lambda *now: told.append(now))
    assert len(trained) == len(set(trained)) == len(RUNS) - len(kept)
    assert told[-1] == (12 * (len(RUNS) - len(kept)),) * 2
    assert found.filter(pl.col("run") < len(RUNS)).equals(whole)  # bit for bit
    assert found.filter(pl.col("run") == len(RUNS)).drop("run").equals(whole.filter(pl.col("run") == 1).drop("run"))
    after = parts(tmp_path / "out")
    assert len(after) == len(RUNS) and all(after[place].equals(kept[place]) for place in kept)
    trained.clear()
    assert train_runs(TRAINING, RUNS, tmp_path / "out").equals(whole) and not trained


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    train_runs(TRAINING, RUNS[:1], folder)
    before = parts(folder)
    other = parity(5, 3)
    changed = {
        "was made with steps = 12, not 13": TRAINING._replace(steps=13),
        "was made with exam = 9, not null": TRAINING._replace(exam=None),
        "was made with task = ": TRAINING._replace(process=other),
        "was made with learner = ": TRAINING._replace(recipe=read_recipe("mlp:bias=no", TASK)),
        'was made with precision = "float32", not "float64"': TRAINING._replace(precision="float64"),
    }
    for says, training in changed.items():
        with pytest.raises(ValueError, match=says):
            train_runs(training, RUNS, folder)
    with FileLock(folder / ".lock"), pytest.raises(ValueError, match="another process trains into"):
        train_runs(TRAINING, RUNS, folder)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot write into"):
        train_runs(TRAINING, RUNS, tmp_path / "file")
    (folder / "training.json").write_text("[")
    with pytest.raises(ValueError, match="is not in ergoscope's format"):
        train_runs(TRAINING, RUNS, folder)
    assert parts(folder).keys() == before.keys()
