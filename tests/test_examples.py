"""Every example runs by itself, in a folder of its own, and says what it should."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import read_experiment, sweep, thresholds

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("[0-9]*.py"))
SAYS = {
    "01_plant": "theory says 2",
    "02_simulate": "read back unchanged: True",
    "03_recording": "flow: use filter length 1",
    "04_live": "bit for bit: True",
    "05_ahead": "10 samples ahead (direct forecasts): the critical window length is 2",
    "06_scaling": "scaling.png",
    "07_streams": "samples in order, bit for bit: True",
    "08_thresholds": "thresholds.csv",
    "09_growth": "growth.png",
    "10_emergence": "emergence.png",
    "11_estimators": "those of Live, bit for bit: True",
    "12_first_passage": "generalises from",
    "13_own_curves": "to the last digit: True",
    "14_lags": "order 3: found at",
    "15_more_data": "3500 samples: 4 against 2: better",
    "16_bands": "% covered, next forecast +- ",
    "17_changes": "filter length 4 is needed since sample",
    "18_beside": "the same standing, live and recorded: True",
}
SWEPT = """[grid]
systems = ["random-walk"]
learners = ["ladder"]
sizes = "0..3"
noise = [1, 10]
horizons = [400]
seeds = "0..1"

[options]
replicates = 8
"""


def test_every_example_is_in_the_table_and_short() -> None:
    assert [example.stem for example in EXAMPLES] == sorted(SAYS)
    assert all(len(example.read_text().splitlines()) < 80 for example in EXAMPLES)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sweep of the kind of examples/experiment.toml, where that leaves it."""
    file = tmp_path_factory.mktemp("swept") / "experiment.toml"
    file.write_text(SWEPT)
    sweep(read_experiment(file), file.parent / "runs" / "experiment")
    return file.parent


def test_the_notebook_is_that_of_its_script_and_runs(tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    folder = EXAMPLES[0].parent
    code = """if True:
        import json, sys
        sys.path.insert(0, sys.argv[1])
        from make_notebook import executed, notebook
        made = executed(".")
        print(json.dumps([[cell.source for cell in each.cells] for each in (notebook(), made)]))
        shown = [output for cell in made.cells for output in cell.get("outputs", [])]
        print(json.dumps([sorted(output.get("data", {})) for output in shown]))
        """
    command = [sys.executable, "-B", "-c", code, str(folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    (wanted, made), kinds = map(json.loads, done.stdout.splitlines()[-2:])
    kept = json.loads((folder / "from_frame_to_filter.ipynb").read_text(encoding="utf-8"))
    assert ["".join(cell["source"]) for cell in kept["cells"]] == wanted == made
    assert not any(output["output_type"] == "error" for cell in kept["cells"] for output in cell.get("outputs", []))
    assert sum("image/png" in kind for kind in kinds) == 2 and sum("text/html" in kind for kind in kinds) == 3
    assert (tmp_path / "tank" / "tank.c").is_file()


def run(example: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, example, *more], cwd=folder, capture_output=True, text=True, timeout=250)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs(example: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue("swept") if "runs/experiment" in example.read_text() else tmp_path
    result = run(example, folder)
    assert result.returncode == 0, result.stderr
    assert SAYS[example.stem] in result.stdout
    assert not result.stderr


def test_the_thresholds_of_the_example_are_those_of_its_points(swept: Path) -> None:
    """By hand, over the seeds: the median, the ends, how many were located."""
    folder = swept / "runs" / "experiment"
    cells, points = pl.read_csv(folder / "thresholds.csv"), thresholds(folder)
    assert cells.height == 3 * 2  # sizes, cells of the grid
    for row in cells.iter_rows(named=True):
        sizes = points.filter(noise=row["noise"])[row["kind"]].drop_nulls().to_list()
        assert (row["located"], row["seeds"]) == (len(sizes), 2)
        assert (
            [row["size"], row["low"], row["high"]] == [np.median(sizes), min(sizes), max(sizes)]
            if sizes
            else [None] * 3
        )


def test_without_a_sweep_an_example_says_what_to_run_first(tmp_path: Path) -> None:
    result = run(next(example for example in EXAMPLES if example.stem == "09_growth"), tmp_path, "nowhere")
    assert result.returncode == 2
    assert "'nowhere' holds no experiment.json" in result.stderr
    assert "ergoscope sweep examples/experiment.toml" in result.stderr
