"""Experiments: what is refused, what is drawn, and what a killed sweep leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from filelock import FileLock

from ergoscope._core.devices import computing
from ergoscope.analysis import (
    Experiment,
    TaskExperiment,
    curves,
    each_run,
    located,
    plan_sweep,
    read_experiment,
    scan_curves,
    sweep,
    swept_systems,
    thresholds,
    write_report,
)
from ergoscope.analysis._growth.curves import log_edges
from ergoscope.learners import kalman, ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score
from ergoscope.simulator import simulate_chunks, zoo

GRID = """[grid]
systems = ["random-walk"]
learners = ["ladder"]
sizes = "0..2"
noise = [0.5, 1]
horizons = [100, 200]
seeds = "0..1"

[options]
replicates = 8
"""


def write(folder: Path, text: str, name: str = "first.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def parts(folder: Path) -> dict[str, pl.DataFrame]:
    """Return every part by its place; nothing else may lie there but what was asked for and the lock."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    beside = {"experiment.json", ".lock"}
    assert {str(path.relative_to(folder)) for path in files if path.suffix != ".parquet"} <= beside
    return {str(path.relative_to(folder)): pl.read_parquet(path) for path in files if path.suffix == ".parquet"}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Path]:
    folder = tmp_path_factory.mktemp("swept")
    experiment = read_experiment(write(folder, GRID))
    return experiment, sweep(experiment, folder / "out")


def test_the_example_and_the_page_are_experiments(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    example = read_experiment(pytestconfig.rootpath / "examples" / "experiment.toml")
    assert [len(values) for values in example.grid.values()] == [2, 2, 3, 2, 5]
    assert (example.sizes, example.out) == (tuple(range(17)), Path("runs/experiment"))
    page = (pytestconfig.rootpath / "docs" / "experiments.md").read_text(encoding="utf-8")
    write(tmp_path, "A = [[1.0]]\nC = [[1.0]]\nQ = 1.0\nR = 1.0\n", "plant.toml")
    shown = read_experiment(write(tmp_path, page.partition("```toml\n")[2].partition("```")[0]))
    assert list(shown.plants) == ["double-integrator", "plant.toml"]  # the file is found beside the experiment
    for key in (*Experiment._fields[3:], *TaskExperiment._fields[2:], "systems"):
        assert f"`{key}`" in page


def test_the_curves_of_a_point_are_those_of_its_runs_alone(swept: tuple[Experiment, Path]) -> None:
    """By hand: the series from the words, the plant with its noise scaled, the driver step by step."""
    place = Path("system=random-walk", "learner=ladder", "noise=0.5", "steps=200", "seed-1.parquet")
    found = pl.read_parquet(swept[1] / place)
    digest = hashlib.sha256(b'["random-walk", 0.5]').digest()
    series = int.from_bytes(digest[:8], "big")
    system = zoo("random-walk").replace(R=[[0.5]])
    with computing("float64"):
        driver = Driver(ladder(range(3)), oracle=kalman(system))
        outputs = (chunk.outputs for chunk in simulate_chunks(1, system, 200, 8, series=series))
        lengths = np.full(8, 200)
        sums = score(driver, outputs, lambda t: np.zeros((len(t), 0)), lengths, log_edges(200).tolist())
    expected = curves(sums, ladder(range(3)), "random-walk", run="noise 0.5, 200 samples, seed 1")
    assert found.drop("noise", "steps", "seed").equals(expected)  # bit for bit
    assert found.select("noise", "steps", "seed").unique().rows() == [(0.5, 200, 1)]


def test_a_point_hangs_on_nothing_but_itself(
    swept: tuple[Experiment, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another order, other neighbours, longer runs beside it, programs compiled anew: the same bits."""
    monkeypatch.setattr("ergoscope.analysis._sweeps.points.MOST_MAPPED", 0)
    text = GRID.replace("[0.5, 1]", "[2, 0.5]").replace("[100, 200]", "[50, 100, 200]").replace("0..1", "1,3")
    other = parts(sweep(read_experiment(write(tmp_path, text)), tmp_path / "out"))
    both = [place for place in parts(swept[1]) if place in other]
    assert len(both) == 2
    for place in both:
        assert other[place].equals(parts(swept[1])[place])
    folder = Path("system=random-walk", "learner=ladder", "noise=0.5")
    first, longer = (other[str(folder / f"steps={steps}" / "seed-1.parquet")] for steps in (100, 200))
    early = pl.col("last") <= 64
    assert first.filter(early).drop("run", "steps").equals(longer.filter(early).drop("run", "steps"))
    # size 0 forecasts zero: its first errors are the first samples, the same for all horizons and for nobody else
    starts = pl.concat(other.values()).filter((pl.col("size") == 0) & (pl.col("metric") == "error"))
    worlds = starts.filter(pl.col("last") == 1).group_by("noise", "seed", "group").agg(pl.col("value").unique())
    assert worlds.height == 2 * 2 * 8
    assert (worlds["value"].list.len() == 1).all()
    assert worlds["value"].explode().is_unique().all()


def test_a_sweep_completes_exactly_what_is_missing(swept: tuple[Experiment, Path]) -> None:
    experiment, folder = swept
    before = parts(folder)
    gone, *kept = sorted(before)
    times = {place: (folder / place).stat().st_mtime_ns for place in kept}
    (folder / gone).unlink()
    (folder / gone).with_name(".seed-0-abc.tmp.parquet").write_text("half")
    plan = plan_sweep(experiment, folder)
    assert (plan.points, plan.done, plan.programs) == (8, 7, 1)
    assert (plan.amount, plan.unit) == (8 * 100, "samples to predict")
    plants = {"random-walk": zoo("random-walk"), "explosive-1": zoo("explosive-1"), "two": zoo("double-integrator")}
    plan = plan_sweep(experiment._replace(plants=plants, horizons=(100,)), folder.parent / "other")
    assert (plan.points, plan.programs) == (3 * 2 * 2, 2)  # one for each number of states
    told: list[tuple[int, int]] = []
    sweep(experiment, folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)
    assert {place: (folder / place).stat().st_mtime_ns for place in kept} == times
    after = parts(folder)
    assert list(after) == list(before) and all(after[place].equals(before[place]) for place in before)


def test_a_swept_folder_is_read_lazily_and_analysed(swept: tuple[Experiment, Path]) -> None:
    frame = scan_curves(swept[1])
    laws = each_run(frame)
    assert laws.select("run").n_unique() == 8
    assert frame.collect().height == sum(part.height for part in parts(swept[1]).values())


def test_the_sizes_found_and_the_report(swept: tuple[Experiment, Path], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = thresholds(swept[1], lambda done, total: told.append((done, total)))
    assert told == [(done, 8) for done in range(8)]
    assert found.select("noise", "steps", "seed").rows() == sorted(product((0.5, 1.0), (100, 200), (0, 1)))
    for row in found.iter_rows(named=True):
        point = Path("system=random-walk", "learner=ladder", f"noise={row['noise']}", f"steps={row['steps']}")
        alone = located(pl.read_parquet(swept[1] / point / f"seed-{row['seed']}.parquet"))
        assert {word: row[word] for word in alone.columns} == alone.row(0, named=True)
    made = write_report(swept[1], tmp_path / "report.html").read_text(encoding="utf-8")
    assert "8 of 8" in made and "replicates = 8" in made
    assert made.count('<th scope="row" class="text">random-walk') == 4  # a row for each noise and horizon
    with pytest.raises(ValueError, match="holds no point of a sweep: run `ergoscope sweep` first"):
        thresholds(tmp_path / "nowhere")


def test_the_systems_of_a_sweep_are_read_back(tmp_path: Path, swept: tuple[Experiment, Path]) -> None:
    experiment, folder = swept
    (name, system), (known, plant) = *swept_systems(folder).items(), *experiment.plants.items()
    assert name == known == "random-walk"
    for word in ("A", "B", "C", "D", "Q", "R"):
        assert np.array_equal(getattr(system, word), getattr(plant, word))
    assert system.dt == plant.dt
    with pytest.raises(ValueError, match="holds no experiment.json: name a folder of"):
        swept_systems(tmp_path)


BAD = {
    "no TOML": ("[grid\n", "cannot be read as TOML"),
    "an unknown table": ("[gird]\n", "line 1: gird is not known; did you mean 'grid'"),
    "a key at the top": (
        'systems = ["random-walk"]\n',
        "line 1: systems is not known. The tables are",
    ),
    "an unknown key": (GRID.replace("seeds", "seed"), "line 7: [grid] seed is not known; did you mean 'seeds'"),
    "a key of the other table": (GRID + "sizes = 3\n", "line 11: [options] sizes is not known there, but in [grid]"),
    "a wrong type": (GRID.replace("[0.5, 1]", '"loud"'), "line 5: [grid] noise must be a list of"),
    "no noise at all": (GRID.replace("[0.5, 1]", "[0, 1]"), "line 5: [grid] noise must be"),
    "truth for a number": (GRID.replace("8", "true"), "line 10: [options] replicates must be a whole number"),
    "an empty grid": (GRID.replace('["random-walk"]', "[]"), "line 2: [grid] systems must be a list of at least one"),
    "a value twice": (GRID.replace("[0.5, 1]", "[1, 1.0]"), "must not hold a value twice"),
    "seeds that fall": (GRID.replace('"0..1"', "[1, 0]"), "line 7: [grid] seeds must rise"),
    "a range that is none": (GRID.replace('"0..1"', '"few"'), "line 7: [grid] seeds the numbers are written 0..16"),
    "nothing to sweep": ("[grid]\nlearners = ['ladder']\n", "[grid] systems is missing"),
    "an unknown system": (GRID.replace('"random-walk"', '"random-wak"'), "line 2: [grid] systems: no system is"),
    "a system that is not there": (GRID.replace('"random-walk"', '"nowhere.toml"'), "no file is called"),
    "an unknown choice": (
        GRID + 'precision = "half"\n',
        "line 11: [options] precision must be one of",
    ),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_a_bad_experiment_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, OSError)) as refused:
        read_experiment(write(tmp_path, text))
    assert says in str(refused.value)
    assert str(tmp_path / "first.toml") in str(refused.value)


IMPOSSIBLE = {
    "two outputs": (
        GRID.replace('"random-walk"', '"quadruple-tank"'),
        "quadruple-tank with ladder: ladder predicts one",
    ),
    "no such learner": (GRID.replace("ladder", "lader"), "random-walk with lader: no learner is called 'lader'"),
    "one size": (GRID.replace("ladder", "persistence"), "persistence has one size: leave sizes out"),
    "sizes beyond": (GRID.replace("0..2", "0..150"), "size 150 is beyond the horizon of 100 samples"),
    "too short": (GRID.replace("[100, 200]", "[3, 200]"), "horizon must be a whole number of at least 16"),
    "no noise to scale": (GRID.replace('"random-walk"', '"stable-ar"'), "stable-ar has R = 0"),
    "no such device": (GRID + 'device = "abacus"\n', "no device 'abacus'"),
}


@pytest.mark.parametrize(("text", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_combination_is_refused_before_anything_runs(text: str, says: str, tmp_path: Path) -> None:
    experiment = read_experiment(write(tmp_path, text))
    for work in (sweep, plan_sweep):
        with pytest.raises(ValueError, match=re.escape(says)):
            work(experiment, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(swept: tuple[Experiment, Path], tmp_path: Path) -> None:
    experiment, folder = swept
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    plant = write(tmp_path, "A = [[1.0]]\nC = [[1.0]]\nQ = 1.0\nR = 1.0\n", "plant.toml")
    other = {
        "was made with replicates = 8, the experiment has 16": experiment._replace(replicates=16),
        "was made with sizes = [0, 1, 2], the experiment has [0, 1]": experiment._replace(sizes=(0, 1)),
        "has seeds that are not in the experiment, [1]": experiment._replace(seeds=(0,)),
        "was made with another system 'random-walk'": experiment._replace(plants={"random-walk": zoo("explosive-1")}),
    }
    for says, changed in other.items():
        with pytest.raises(ValueError, match="choose another") as refused:
            sweep(changed, folder)
        assert says in str(refused.value)
    (tmp_path / "full").mkdir()
    write(tmp_path / "full", "mine", "notes.txt")
    with pytest.raises(ValueError, match="is not empty and is no folder of an experiment"):
        sweep(experiment, tmp_path / "full")
    with pytest.raises(ValueError, match="cannot write into"):
        sweep(experiment, plant / "out")
    with (
        FileLock(folder / ".lock"),
        pytest.raises(ValueError, match="another sweep writes into"),
    ):
        sweep(experiment, folder)
    record = folder / "experiment.json"
    text = record.read_text()
    for wrong, says in (
        (text.replace('"schema": 1', '"schema": 2'), "has version 2"),
        (text[:40], "is not in ergoscope"),
    ):
        stamp = record.stat()
        record.write_text(wrong)
        with pytest.raises(ValueError, match=says):
            sweep(experiment, folder)
        record.write_text(text)
        os.utime(record, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    assert json.loads(text)["toml"] == GRID


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_sweep_killed_again_and_again_ends_as_one_that_was_not(
    swept: tuple[Experiment, Path], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Killed a random while after a random number of further parts; ``make campaign-sweep`` does it at length."""
    long = pytestconfig.getoption("--campaign")
    experiment, whole, kills = *swept, 25 if long else 2
    if long:
        experiment = read_experiment(write(tmp_path, GRID.replace("0..1", "0..124")))
        whole = sweep(experiment, tmp_path / "whole")
    file, folder, expected = write(tmp_path, experiment.text), tmp_path / "killed", parts(whole)
    points = len(expected)
    assert points == (500 if long else 8)
    words = [sys.executable, "-m", "ergoscope", "sweep", str(file), "--out", str(folder)]
    rng, killed = np.random.default_rng(8), 0
    for _ in range(kills):
        there = len(list(folder.rglob("seed-*.parquet")))
        wanted = min(there + int(rng.integers(0, points // kills)), points - 1)
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and len(list(folder.rglob("seed-*.parquet"))) <= wanted:
                time.sleep(0.01)
            time.sleep(float(rng.uniform(0, 0.02)))
            process.send_signal(signal.SIGKILL)
            assert process.stderr is not None
            errors = process.stderr.read()
        assert process.returncode in (0, -signal.SIGKILL), errors
        killed += process.returncode == -signal.SIGKILL
    assert killed >= kills - 1
    done = subprocess.run(words, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = parts(folder)
    assert list(found) == list(expected) and all(found[place].equals(expected[place]) for place in expected)
    print(f"{points} points, {killed} kills: {len(found)} parts, each the same as of a sweep that nobody killed")
