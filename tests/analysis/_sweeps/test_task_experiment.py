"""Sweeps of tasks: the plan, the parts, what is refused, a kill in between, a cluster, the report."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import (
    TaskExperiment,
    plan_sweep,
    read_experiment,
    scan_curves,
    sweep,
    task_cells,
    task_curves,
    write_report,
)
from ergoscope.analysis._emergence.training import Training, train_runs
from ergoscope.analysis._sweeps.points import groups_of
from ergoscope.learners._neural.optimiser import Knobs
from ergoscope.learners._neural.recipe import MODELS, read_recipe
from ergoscope.learners._neural.train import Run
from ergoscope.simulator._tasks.parity import parity

GRID = """[grid]
tasks = ["parity:bits=5,k=2"]
learners = ["mlp:rate=0.02"]
sizes = [3]
rows = [8, 10]
decay = [0, 0.5]
seeds = "0..1"

[options]
steps = 30
exam = 16
"""


def write(folder: Path, text: str = GRID) -> Path:
    file = folder / "first.toml"
    file.write_text(text)
    return file


def experiment(folder: Path, text: str = GRID) -> TaskExperiment:
    made = read_experiment(write(folder, text))
    assert isinstance(made, TaskExperiment)
    return made


def parts(folder: Path) -> dict[str, pl.DataFrame]:
    """Return every part by its place; nothing else may lie there but what was asked for and the lock."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    assert {name for name in files if not name.endswith(".parquet")} <= {"experiment.json", ".lock"}
    return {name: pl.read_parquet(path) for name, path in files.items() if name.endswith(".parquet")}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[TaskExperiment, Path]:
    folder = tmp_path_factory.mktemp("swept")
    made = experiment(folder)
    return made, sweep(made, folder / "out")


def test_the_example_is_the_published_grid(pytestconfig: pytest.Config) -> None:
    example = read_experiment(pytestconfig.rootpath / "examples" / "grokking.toml")
    assert isinstance(example, TaskExperiment)
    assert [len(values) for values in example.grid.values()] == [1, 1, 5, 5, 5, 9]
    groups = groups_of(example)
    assert (len(groups), sum(len(points) for _, points in groups)) == (25, 1125)
    recipe = groups[0].work.training.recipe
    assert (recipe.knobs.rate, recipe.optimiser.b2, recipe.batch) == (0.003, 0.98, None)
    assert recipe.model.parameters(16) == 31 * 16 + 16 and example.steps == 20_000


def test_the_curves_of_a_point_are_those_of_its_run_alone(swept: tuple[TaskExperiment, Path]) -> None:
    place = "task=parity%3Abits%3D5%2Ck%3D2/learner=mlp%3Arate%3D0.02/size=3/rows=10/decay=0.5/seed-1.parquet"
    found = parts(swept[1])[place]
    task = parity(bits=5, k=2)
    training = Training(task, read_recipe("mlp:rate=0.02", task), 30, exam=16)
    alone = train_runs(training, [Run(3, 10, 1, Knobs(0.02, 0.5))])
    assert found.drop("task", "learner").equals(alone.drop("run"))  # bit for bit
    assert found.select("task", "learner").unique().rows() == [("parity:bits=5,k=2", "mlp:rate=0.02")]


def test_a_sweep_completes_exactly_what_is_missing(swept: tuple[TaskExperiment, Path], tmp_path: Path) -> None:
    made, folder = swept
    before = parts(folder)
    assert len(before) == 8
    gone, *kept = sorted(before)
    times = {place: (folder / place).stat().st_mtime_ns for place in kept}
    (folder / gone).unlink()
    (folder / gone).with_name(".seed-0-abc.tmp.parquet").write_text("half")
    plan = plan_sweep(made, folder)
    assert (plan.points, plan.done, plan.programs, plan.amount, plan.unit) == (8, 7, 1, 30, "updates to train")
    assert plan.running >= 0 and plan.compiling >= 0 and 0 < plan.memory < 10**6 < plan.free
    told: list[tuple[int, int]] = []
    sweep(made, folder, lambda *now: told.append(now))
    assert told[-1] == (30, 30)
    assert {place: (folder / place).stat().st_mtime_ns for place in kept} == times
    after = parts(folder)
    assert list(after) == list(before) and all(after[place].equals(before[place]) for place in before)


def test_an_interrupt_keeps_what_is_done(swept: tuple[TaskExperiment, Path], tmp_path: Path) -> None:
    def interrupted(done: int, total: int) -> None:
        assert total == 8 * 30
        if done >= 5 * 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(swept[0], tmp_path / "out", interrupted)
    left = parts(tmp_path / "out")
    assert 4 <= len(left) < 8
    expected = parts(swept[1])
    assert all(left[place].equals(expected[place]) for place in left)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_sweep_ends_as_one_that_was_not(swept: tuple[TaskExperiment, Path], tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    words = [sys.executable, "-m", "ergoscope", "sweep", str(write(tmp_path)), "--out", str(folder), "--quiet"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(folder.rglob("seed-*.parquet")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.stderr is not None
        errors = process.stderr.read()
    assert process.returncode in (0, -signal.SIGKILL), errors
    sweep(swept[0], folder)
    found, expected = parts(folder), parts(swept[1])
    assert list(found) == list(expected) and all(found[place].equals(expected[place]) for place in found)


def test_a_cluster_writes_the_bits_of_this_machine(swept: tuple[TaskExperiment, Path], tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    from ergoscope.analysis._sweeps import dask_client

    tasks = dask_client._tasks(groups_of(swept[0]), 1)
    assert len(tasks) == 8 and {len(task.points) for task in tasks} == {1}
    assert {(*task.experiment.rows, *task.experiment.sizes) for task in tasks} == {(8, 3), (10, 3)}
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        told: list[tuple[int, int]] = []
        sweep(swept[0], tmp_path / "out", lambda *now: told.append(now), client)
    found, expected = parts(tmp_path / "out"), parts(swept[1])
    assert list(found) == list(expected) and all(found[place].equals(expected[place]) for place in found)
    assert told[-1] == (240, 240) and [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_curves_and_the_cells_are_read_back(swept: tuple[TaskExperiment, Path]) -> None:
    curves = task_curves(swept[1])
    assert curves["run"].n_unique() == 8 and curves.columns[:4] == ["run", "task", "learner", "seed"]
    cells = task_cells(swept[1])
    assert cells.select("size", "rows", "decay", "runs").rows() == [
        (3, rows, decay, 2) for rows in (8, 10) for decay in (0.0, 0.5)
    ]
    last = curves.filter((pl.col("metric") == "accuracy") & (pl.col("step") == 30))
    own = last.group_by("rows", "decay").agg((pl.col("value") >= 0.99).sum().alias("learned")).sort("rows", "decay")
    assert np.array_equal(cells["learned"], own["learned"])
    with pytest.raises(ValueError, match="holds no point of a sweep of tasks"):
        task_curves(swept[1] / "nowhere")
    with pytest.raises(ValueError, match="needs the column 'run'"):
        scan_curves(swept[1])


def test_the_report_has_the_shares_and_the_map(swept: tuple[TaskExperiment, Path], tmp_path: Path) -> None:
    page = write_report(swept[1], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "8 of 8" in page and "from where on is an ability there?" in page and "steps = 30" in page
    assert page.count('<th scope="row" class="text">parity:bits=5,k=2') == 4
    assert page.count('alt="map of regions: mlp:rate=0.02 on parity:bits=5,k=2"') == 1


BAD = {
    "systems and tasks": (
        GRID.replace("tasks", 'systems = ["random-walk"]\ntasks'),
        "line 3: [grid] holds systems and tasks: write them into two files",
    ),
    "a key of systems": (
        GRID.replace("decay =", "noise ="),
        "line 6: [grid] noise is not known here: it belongs to an experiment of systems",
    ),
    "a key of tasks": (
        GRID.replace("tasks", "systems").replace("parity:bits=5,k=2", "random-walk"),
        "line 5: [grid] rows is not known here: it belongs to an experiment of tasks",
    ),
    "a key of the other table": (GRID + "decay = 1\n", "line 12: [options] decay is not known there, but in [grid]"),
    "an unknown key": (GRID.replace("steps", "step"), "line 10: [options] step is not known; did you mean 'steps'"),
    "no steps": (GRID.replace("30", "0"), "line 10: [options] steps must be a whole number of at least 1"),
    "width 0": (GRID.replace("[3]", "[0, 3]"), "line 4: [grid] sizes must rise, from 1 on"),
    "negative decay": (GRID.replace("[0, 0.5]", "[-1]"), "line 6: [grid] decay must be a list of at least one number"),
    "an unknown task": (GRID.replace("parity:", "party:"), "line 2: [grid] tasks: no task is called 'party'"),
    "no learners": (GRID.replace("learners", "# learners"), "[grid] learners is missing: a list of words"),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_a_bad_experiment_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read_experiment(write(tmp_path, text))


IMPOSSIBLE = {
    "a network for symbols": (GRID.replace("mlp:rate=0.02", "embedding-mlp"), "parity:bits=5,k=2 with embedding-mlp: "),
    "an unknown network": (GRID.replace("mlp:rate", "mpl:rate"), "no network is called 'mpl'"),
    "a batch larger than a set": (GRID.replace("rate=0.02", "batch=9"), "a batch of 9 rows is larger than a set"),
    "no such device": (GRID + 'device = "abacus"\n', "no device 'abacus'"),
    "an impossible split": (
        GRID.replace("parity:bits=5,k=2", "modular-addition:p=5").replace("mlp:rate=0.02", "embedding-mlp"),
        "has 15 different examples: 8 to learn from leave 7 for an exam of 16",
    ),
}


@pytest.mark.parametrize(("text", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_combination_is_refused_before_anything_runs(text: str, says: str, tmp_path: Path) -> None:
    made = experiment(tmp_path, text)
    for work in (sweep, plan_sweep):
        with pytest.raises(ValueError, match=re.escape(says)):
            work(made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(
    swept: tuple[TaskExperiment, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, folder = swept
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    other = {
        "was made with steps = 30, the experiment has 31": made._replace(steps=31),
        "has rows that are not in the experiment, [10]": made._replace(rows=(8,)),
        "has tasks that are not in the experiment": made._replace(tasks=("parity:bits=5,k=3",)),
        "was made with tasks, the experiment has systems": read_experiment(
            write(tmp_path, '[grid]\nsystems = ["random-walk"]\nlearners = ["ladder"]\nsizes = "0..1"\n')
        ),
    }
    for says, changed in other.items():
        with pytest.raises(ValueError, match="choose another") as refused:
            sweep(changed, folder)
        assert says in str(refused.value)
    monkeypatch.setitem(MODELS["mlp"], "momentum", 0.5)  # a default changes with a version
    with pytest.raises(ValueError, match=r"was made with 'mlp:rate=0.02' as mlp:.*momentum=0.0"):
        sweep(made, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
