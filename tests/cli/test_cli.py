"""The command line as a user meets it: exit codes, and what is written; real processes where they matter."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from ergoscope.cli import main

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


def process(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ergoscope", *words], cwd=cwd, capture_output=True, text=True, timeout=200
    )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: it need not import and compile everything anew."""

    def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
        monkeypatch.setattr("warnings.showwarning", None)  # put back after the test: main replaces it
        with pytest.raises(SystemExit) as end:
            main()
        return subprocess.CompletedProcess(words, int(end.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad files; commands must leave nothing else in it when they fail."""
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    walk = rng.standard_normal((12, 400)).cumsum(axis=1)
    good = pl.DataFrame(dict(run=np.repeat(np.arange(12), 400), time=np.tile(np.arange(400) * 0.5, 12), y=walk.ravel()))
    good.write_csv(folder / "runs.csv")
    good.with_columns(y=pl.when(pl.col("time") == 4.0).then(None).otherwise("y")).write_csv(folder / "gaps.csv")
    good.filter(pl.col("time") != 4.0).write_csv(folder / "holes.csv")
    good.with_columns(time=pl.col("time") ** 1.1).write_csv(folder / "irregular.csv")
    good.with_columns(y=pl.lit(2.0)).write_csv(folder / "constant.csv")
    good.head(1).write_csv(folder / "one-row.csv")
    good.head(0).write_csv(folder / "header.csv")
    (folder / "empty.csv").write_text("")
    (folder / "text.csv").write_text("y\n1.0\n2.0\nthree\n4.0\n")
    (folder / "infinite.csv").write_text("y\n1.0\ninf\n" + "\n".join("123456789" * 3) + "\n")
    (folder / "plant.toml").write_text(
        "A = [[1.0, 0.1], [0.0, 1.0]]\nC = [[1.0, 0.0]]\nQ = [0, 1]\nR = 0.01\ndt = 0.1\n"
    )
    (folder / "half").mkdir()
    (folder / "half" / "location.json").write_text('{"sentence": ')
    (folder / "not-square.toml").write_text("A = [[1.0, 0.1]]\nC = [[1.0, 0.0]]\nQ = 0.01\nR = 1.0\n")
    (folder / "wide-C.toml").write_text("A = [[1.0]]\nC = [[1.0, 0.0]]\nQ = 0.01\nR = 1.0\n")
    (folder / "indefinite.toml").write_text("A = [[1.0]]\nC = [[1.0]]\nQ = [[-0.01]]\nR = 1.0\n")
    (folder / "plant.py").write_text(
        "import control\nplant = control.ss([[0, 1], [0, 0]], [[0], [1]], [[1, 0]], 0)\nnumber = 3\n"
    )
    return folder


BAD = {
    "a horizon of years": (["locate", "random-walk", "--horizon", "1000000000000"], "would take about"),
    "more runs than memory": (["simulate", "random-walk", "--replicates", "100000000000", "--out", "data.csv"], "GiB"),
    "more runs to score": (
        ["score", "ladder:size=1", "--plant", "random-walk", "--cases", "plant", "--replicates", "100000000000"],
        "replicates need",
    ),
    "more runs to reproduce": (["reproduce", "figure-1", "--replicates", "100000000000"], "replicates need"),
    "a file larger than the disk": (
        ["simulate", "random-walk", "--steps", "1000000000000000", "--out", "data.csv"],
        "try at most",
    ),
    "a burst without end": (
        ["simulate", "random-walk", "--missing", "0.5", "--burst", "1000000000000", "--out", "data.csv"],
        "a burst of 1 to 2147483647 samples",
    ),
    "an empty folder name": (["locate", "random-walk", "--out", ""], "a path must not be empty"),
    "an empty file name": (["simulate", "random-walk", "--out", " "], "a path must not be empty"),
    "an empty report": (["report", ""], "a path must not be empty"),
    "an empty experiment": (["sweep", ""], "a path must not be empty"),
    "a folder for an experiment": (["sweep", "half"], "must be a TOML file"),
    "a device for an experiment": (["sweep", "/dev/zero"], "must be a TOML file"),
    "missing file": (["locate", "nowhere.csv", "--output", "y"], "nowhere.csv"),
    "missing column": (["locate", "runs.csv", "--output", "z"], "no column"),
    "text in a number column": (["locate", "text.csv", "--output", "y"], "three"),
    "empty file": (["locate", "empty.csv", "--output", "y"], "empty"),
    "header only": (["locate", "header.csv", "--output", "y"], "row"),
    "one row": (["locate", "one-row.csv", "--output", "y"], "row"),
    "infinite values": (["locate", "infinite.csv", "--output", "y"], "infinite"),
    "constant signal": (["locate", "constant.csv", "--output", "y"], "output 'y' is always 2"),
    "irregular sampling": (["locate", "irregular.csv", "--output", "y", "--by", "run", "--time", "time"], "regular"),
    "non-square A": (["locate", "not-square.toml"], "A must be square"),
    "C of the wrong width": (["locate", "wide-C.toml"], "C must have shape"),
    "indefinite Q": (["locate", "indefinite.toml"], "positive semidefinite"),
    "sizes backwards": (["locate", "random-walk", "--sizes", "8..2"], "sizes must rise"),
    "sizes that are none": (["locate", "random-walk", "--sizes", "few"], "0..32"),
    "sizes beyond the data": (
        ["locate", "runs.csv", "--output", "y", "--by", "run", "--sizes", "0..300"],
        "beyond the data",
    ),
    "a look-ahead of 0": (["locate", "random-walk", "--lookahead", "0"], "from 1 on, got '0': 1 is the next sample"),
    "lookaheads backwards": (["locate", "random-walk", "--lookahead", "5,1"], "lookaheads must rise"),
    "lookaheads that are none": (["locate", "random-walk", "--lookahead", "x"], "lookaheads are written 1,5,10"),
    "a learner of one sample ahead": (
        ["locate", "random-walk", "--learner", "lattice", "--lookahead", "1,5"],
        "lattice forecasts one sample ahead, not (1, 5): choose one of ladder",
    ),
    "a look-ahead beyond the horizon": (
        ["locate", "random-walk", "--lookahead", "90", "--horizon", "200"],
        "needs a horizon of at least 360",
    ),
    "inputs ahead of another kind": (["locate", "random-walk", "--inputs-ahead", "guessed"], "'known' or 'held'"),
    "inputs ahead where there are none": (["locate", "random-walk", "--inputs-ahead", "held"], "there is no input"),
    "horizon 0": (["locate", "random-walk", "--horizon", "0"], "horizon must be"),
    "no replicates": (["locate", "random-walk", "--replicates", "0"], "replicates must be"),
    "unknown system": (["locate", "duble-integrator"], "did you mean 'double-integrator'"),
    "no such device": (["locate", "random-walk", "--device", "abacus"], "no device 'abacus'"),
    "no such precision": (["locate", "random-walk", "--precision", "half"], "precision must be"),
    "no such learner": (["locate", "random-walk", "--learner", "guess"], "no learner is called"),
    "no such input": (["locate", "plant.toml", "--input", "tea"], "no input is called"),
    "no such noise": (["locate", "random-walk", "--noise", "pink"], "no noise is called 'pink'; there are normal"),
    "no such noise to simulate": (
        ["simulate", "random-walk", "--noise", "pink", "--out", "data.csv"],
        "no noise is called 'pink'",
    ),
    "noise for a recording": (
        ["locate", "runs.csv", "--output", "y", "--by", "run", "--noise", "uniform"],
        "a recording has its own",
    ),
    "center that is none": (
        ["locate", "runs.csv", "--output", "y", "--by", "run", "--center", "middle"],
        "--center must be",
    ),
    "an option of systems": (
        ["locate", "runs.csv", "--output", "y", "--by", "run", "--delay", "0.1"],
        "--delay is an option for systems",
    ),
    "an option of recordings": (["locate", "random-walk", "--by", "run"], "is an option for recordings"),
    "a plant without noise": (["locate", "plant.py:plant", "--dt", "0.1"], "Q"),
    "a continuous plant without dt": (["locate", "plant.py:plant", "--q", "1", "--r", "1"], "dt"),
    "a delay that is none": (
        ["design", "plant.py:plant", "--q", "1", "--r", "1", "--dt", "0.1", "--delay", "late"],
        "--delay must be a number",
    ),
    "a delay backwards": (
        ["simulate", "plant.py:plant", "--q", "1", "--r", "1", "--dt", "0.1", "--delay", "-1", "--out", "data.csv"],
        "plant.py:plant: delay must be seconds of at least 0",
    ),
    "a delay of the zoo": (["locate", "random-walk", "--delay", "1"], "has its own Q, R and dt, and no delay"),
    "a delay of a file": (["design", "plant.toml", "--delay", "1"], "leave delay out"),
    "no system": (["locate", "plant.py:number", "--q", "1", "--r", "1"], "number"),
    "a matrix that is none": (["locate", "plant.py:plant", "--q", "much"], "--q must be"),
    "unwritable folder": (["locate", "random-walk", "--out", "plant.toml/out"], "plant.toml"),
    "unwritable file": (["simulate", "random-walk", "--out", "nowhere/data.parquet"], "nowhere"),
    "another kind of file": (["simulate", "random-walk", "--out", "data.xlsx"], ".parquet or .csv"),
    "no steps": (["simulate", "random-walk", "--steps", "0", "--out", "data.csv"], "steps must be"),
    "no such system to show": (["zoo", "nothing"], "no system or task is called 'nothing'; did you mean 'switching'?"),
    "a folder for the list": (["zoo", "--out", "list"], "--out and --json need one system"),
    "a folder that cannot be made": (["zoo", "random-walk", "--out", "plant.toml/out"], "plant.toml"),
    "a report of nothing": (["report", "."], "no results in '.'"),
    "a report of a file": (["report", "plant.toml"], "no results in 'plant.toml'"),
    "a report of half a file": (["report", "half"], "location.json is no JSON"),
    "nothing to reproduce": (["reproduce", "figure-9"], "The names are: figure-1, theorem-2, "),
    "reproduced from one run": (["reproduce", "figure-1", "--replicates", "1"], "at least 32"),
    "no such command": (["lokate"], "lokate"),
    "no such option": (["locate", "random-walk", "--sises", "3"], "--sises"),
    "text for a number": (["locate", "random-walk", "--horizon", "long"], "integer"),
}


def files(folder: Path) -> list[Path]:
    """Return what lies in a folder, but for what Python keeps of the modules that it imports there."""
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_message_and_exit_code_2_and_nothing_is_written(name: str, folder: Path, run: Run) -> None:
    words, expected = BAD[name]
    before = files(folder)
    result = run(*words, cwd=folder)
    assert result.returncode == 2, result.stderr
    assert expected in result.stderr.replace("\n", " ")
    assert not result.stdout
    assert files(folder) == before


def test_json_is_one_object_with_the_documented_keys(folder: Path, run: Run) -> None:
    result = run("locate", "plant.toml", "--horizon", "2000", "--sizes", "0..4", "--json", "--out", "json", cwd=folder)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["critical_size"] == answer["theory"]["critical_size"] == 2
    assert [rung["size"] for rung in answer["rungs"]] == [0, 1, 2, 3, 4]
    assert all((folder / file).exists() for file in answer["files"])
    words = answer["settings"]["command"]
    assert words[:3] == ["ergoscope", "locate", "plant.toml"]
    made = (folder / "json" / "report.html").read_text(encoding="utf-8")
    assert answer["sentence"] in made
    result = run("report", "json", "--out", "again.html", cwd=folder)
    assert (result.returncode, result.stdout) == (0, "again.html\n")
    assert (folder / "again.html").read_text(encoding="utf-8") == made


def test_a_recording_with_runs_gaps_and_holes(folder: Path, run: Run) -> None:
    answers = []
    for file in ("gaps.csv", "holes.csv"):  # an empty cell, or no row at all: the same missing samples
        words = ("--output", "y", "--by", "run", "--time", "time", "--sizes", "0..3", "--out", "rec", "--json")
        result = run("locate", file, *words, cwd=folder)
        assert result.returncode == 0, result.stderr
        answers.append(json.loads(result.stdout))
    assert answers[0]["rungs"] == answers[1]["rungs"]
    assert all(rung["verdict"] == "bounded" for rung in answers[0]["rungs"][1:])


def test_what_was_read_is_below_the_table_in_the_report_and_in_json(folder: Path, run: Run) -> None:
    words = ("--output", "y", "--by", "run", "--time", "time", "--sizes", "0..2", "--out", "read")
    read = "4 788 rows, 12 of 4 800 samples missing (0.2 %), step 0.5 s"
    result = run("locate", "holes.csv", *words, cwd=folder)
    assert result.returncode == 0, result.stderr
    *caption, sentence, _ = result.stdout.splitlines()
    assert f"read: {read}" in " ".join(" ".join(caption).split())
    assert sentence.endswith(f"; read: {read}.")
    assert f"<dt>read</dt><dd>{read}</dd>" in (folder / "read" / "report.html").read_text(encoding="utf-8")
    result = run("locate", "holes.csv", *words, "--json", cwd=folder)
    reading = dict(rows=4788, missing=12, step=0.5, filled=4788 / 4800, files=["holes.csv"])
    assert json.loads(result.stdout)["reading"].items() >= reading.items()
    assert json.loads((folder / "read" / "location.json").read_text())["reading"].items() >= reading.items()


def test_what_was_read_has_no_step_without_a_time_column(folder: Path, run: Run) -> None:
    words = ("--output", "y", "--by", "run", "--sizes", "0..1", "--out", "no-time")
    said = " ".join(run("locate", "gaps.csv", *words, cwd=folder).stdout.split())
    assert (
        said.count("read: 4 800 rows, 12 of 4 800 samples missing (0.2 %), no time column") == 2
    )  # the caption and the sentence
    reading = json.loads((folder / "no-time" / "location.json").read_text())["reading"]
    assert reading.items() >= dict(rows=4800, missing=12, step=None, filled=4788 / 4800, files=["gaps.csv"]).items()


def test_a_system_is_not_read_and_says_nothing_of_it(folder: Path, run: Run) -> None:
    words = ("--horizon", "300", "--replicates", "8", "--sizes", "0..1", "--out", "not-read")
    assert "read:" not in run("locate", "random-walk", *words, cwd=folder).stdout
    assert json.loads((folder / "not-read" / "location.json").read_text())["reading"] is None
    assert "<dt>read</dt>" not in (folder / "not-read" / "report.html").read_text(encoding="utf-8")


HOSTILE = "pl\x1b[31mant\x07[/b] [m/s] $\\a$"  # commands of a terminal, of rich and of a formula
SHOWN = r"pl\x1b[31mant\x07[/b] [m/s] $\a$"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plant, a recording and a file whose names hold commands."""
    folder = tmp_path_factory.mktemp("hostile")
    table = "A = [[1.0]]\nC = [[1.0]]\nQ = 0.01\nR = 1.0\n"
    (folder / "plant.toml").write_text(f"{table}name = {json.dumps(HOSTILE)}\n")
    walks = np.random.default_rng(0).standard_normal((300, 2)).cumsum(axis=0)
    pl.DataFrame({HOSTILE: walks[:, 0], "z[/x]": walks[:, 1]}).write_csv(folder / "columns.csv")
    pl.DataFrame(dict(y=walks[:, 0])).write_csv(folder / "runs\x1b[31m\x07[z].csv")
    return folder


SHORT = ["--sizes", "0..1", "--out", "out"]
NAMED = {
    "plant of locate": (["locate", "plant.toml", "--horizon", "300", "--replicates", "8", *SHORT], SHOWN),
    "plant of design": (["design", "plant.toml"], SHOWN),
    "plant of simulate": (["simulate", "plant.toml", "--steps", "9", "--out", "d.csv"], SHOWN),
    "column": (["locate", "columns.csv", "--output", HOSTILE, *SHORT], SHOWN),
    "columns": (["locate", "columns.csv", "--output", f"{HOSTILE},z[/x]", *SHORT], f"{SHOWN}, z[/x]: "),
    "columns to choose from": (["locate", "columns.csv"], f"numbers are {SHOWN}, z[/x]."),
    "file": (["locate", "runs\x1b[31m\x07[z].csv", "--sizes", "0..1"], r"runs/runs\x1b[31m\x07[z]/ report.html"),
    "file without the column": (
        ["locate", "runs\x1b[31m\x07[z].csv", "--output", "u"],
        r"runs\x1b[31m\x07[z].csv: no column is called 'u'",
    ),
    "system": (["zoo", HOSTILE], "no system or task is called"),
    "folder": (["report", "no\x1b[31m\x07"], r"no\x1b[31m\x07"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="a file of Windows has no such name")
@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_shown_as_it_is_and_commands_nothing(name: str, hostile: Path, run: Run) -> None:
    words, shown = NAMED[name]
    result = run(*words, cwd=hostile)
    said = result.stdout + result.stderr
    assert said.replace("\n", "").isprintable()
    assert shown in " ".join(said.split())
    assert not result.stderr or result.returncode == 2  # a figure warns of no letter that it lacks


def test_models_of_a_recording_can_be_left_out(folder: Path, run: Run, pytestconfig: pytest.Config) -> None:
    nile = str(pytestconfig.rootpath / "examples" / "data" / "nile.csv")
    told = ("locate", nile, "--output", "flow", "--sizes", "0..2", "--no-model", "--json", "--out", "nile")
    result = run(*told, cwd=folder)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["model"] is None
    assert answer["settings"]["model"] is False
    assert answer["settings"]["command"][-4:] == ["--no-model", "--json", "--out", "nile"]
    assert "model" not in answer["sentence"]
    assert "model-based" not in (folder / "nile" / "report.html").read_text(encoding="utf-8")


def test_the_table_and_the_sentence(folder: Path, run: Run) -> None:
    result = run("locate", "random-walk", "--horizon", "1000", "--sizes", "0..2", "--out", "walk", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "critical filter length is 1" in result.stdout.replace("\n", " ")
    assert "growing" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if "│" in line or "─" in line)
    quiet = run("locate", "random-walk", "--horizon", "1000", "--sizes", "0..2", "--out", "walk", "--quiet", cwd=folder)
    assert len(quiet.stdout.strip().splitlines()) == 1


def test_a_table_and_a_sentence_for_each_lookahead(folder: Path, run: Run) -> None:
    words = ("--lookahead", "1,5", "--horizon", "2000", "--sizes", "0..2", "--out", "ahead")
    result = run("locate", "random-walk", *words, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    said = " ".join(result.stdout.split())
    assert "random-walk, 1 sample ahead: the critical filter length is 1" in said
    assert "random-walk, 5 samples ahead (iterated one-step forecasts): the critical filter length is 1" in said
    assert said.count("verdict") == 2
    quiet = run("locate", "random-walk", *words, "--learner", "qr-array", "--quiet", cwd=folder)
    assert [line.split(":")[0] for line in quiet.stdout.splitlines()] == [
        "random-walk, 1 sample ahead",
        "random-walk, 5 samples ahead (direct forecasts)",
    ]


def test_simulate_then_locate(folder: Path, run: Run) -> None:
    words = ("--steps", "3000", "--replicates", "40", "--out", "data.parquet", "--quiet")
    assert run("simulate", "double-integrator", *words, cwd=folder).returncode == 0
    result = run(
        "locate",
        "data.parquet",
        "--output",
        "y",
        "--by",
        "run",
        "--time",
        "time",
        "--sizes",
        "0..4",
        "--json",
        cwd=folder,
    )
    assert json.loads(result.stdout)["critical_size"] == 2


def test_a_plant_of_python_control_by_name(folder: Path, run: Run) -> None:
    noise = ("--q", "1", "--r", "0.01", "--dt", "0.1", "--delay", "0.25")
    words = (*noise, "--sizes", "0..3", "--json", "--out", "ctl")
    result = run("locate", "plant.py:plant", *words, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["critical_size"] == 2


@pytest.mark.parametrize("agrees", [True, False])
def test_reproduce_all_runs_each_in_turn_and_exits_1_where_one_disagrees(
    agrees: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ergoscope.analysis._studies import registry
    from ergoscope.analysis._studies.study import StudyResult

    def run(seed: int, progress: object, **quick: object) -> StudyResult:
        return StudyResult(pl.DataFrame(dict(seed=[seed])), agrees or "octaves" in quick, f"done with {len(quick)}")

    for name, study in registry.STUDIES.items():
        stand_in = study._replace(run=run, figure=lambda table: Figure(), figures={})
        monkeypatch.setitem(registry.STUDIES, name, stand_in)
    monkeypatch.setattr(
        sys, "argv", ["ergoscope", "reproduce", "all", "--quick", "--seed", "7", "--out", str(tmp_path)]
    )
    monkeypatch.setattr("warnings.showwarning", None)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == (0 if agrees else 1)
    assert capsys.readouterr().out.count("done with") == len(registry.STUDIES)
    written = sorted(path.name for path in tmp_path.iterdir())
    names = list(registry.STUDIES)
    expected = [f"{name}.{kind}" for name in names for kind in ("png", "parquet")]
    assert written == sorted(["report.html", *(f"reproduction-{name}.json" for name in names), *expected])
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count('class="answer">done with') == len(names)
    assert pl.read_parquet(tmp_path / "theorem-2.parquet")["seed"][0] == 7


def test_the_help_names_what_is_reproduced(folder: Path, run: Run) -> None:
    from ergoscope.analysis._studies.registry import studies

    said = run("reproduce", "--help", cwd=folder).stdout
    assert all(name in said for name in [*studies(), "all"])


def test_the_zoo_is_listed(folder: Path, run: Run) -> None:
    result = run("zoo", cwd=folder)
    assert result.returncode == 0
    assert "triple-integrator" in result.stdout


def test_a_system_of_the_zoo_is_shown(folder: Path, run: Run) -> None:
    result = run("zoo", "weak-tone", "--out", "shown", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "m = 4, parameter threshold d*^2 = 4, critical length h* = 4" in result.stdout
    assert "memory tau = 67.1 samples" in result.stdout
    assert (folder / "shown" / "zoo.png").exists()
    answer = json.loads(run("zoo", "switching", "--out", "shown", "--json", cwd=folder).stdout)
    assert answer["theory"] is None
    assert set(answer) == {
        "name", "summary", "reference", "theory", "trust_horizon", "horizons", "errors", "files",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_cleanly_and_leaves_nothing_half_written(folder: Path, number: int) -> None:
    words = [
        sys.executable,
        "-m",
        "ergoscope",
        "simulate",
        "random-walk",
        "--steps",
        "500000000",
        "--out",
        "long.parquet",
    ]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 100
        while not list(folder.glob(".long*")) and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(0.5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert not list(folder.glob("*long*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise on Windows")
def test_an_interrupt_is_heard_where_an_exception_would_be_lost(folder: Path) -> None:
    program = """
import gc, os, signal, sys
gc.callbacks.append(lambda *_: os.kill(os.getpid(), signal.SIGINT) if list(os.scandir()) else None)
from ergoscope.cli import main
sys.argv = ["ergoscope", "simulate", "random-walk", "--steps", "500000000", "--out", "long.parquet"]
main()
"""
    (folder / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder / "empty", capture_output=True, text=True, timeout=100
    )
    assert (done.returncode, done.stderr) == (1, "ergoscope: interrupted; nothing is half written.\n")
    assert not list((folder / "empty").iterdir())


def test_what_is_compiled_is_kept_where_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    words = ["locate", "random-walk", "--learner", "nlms", "--horizon", "64", "--sizes", "0..2", "--quiet"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "ergoscope" / "compiled"
    kept.mkdir(parents=True)
    (kept / "torn-cache").write_bytes(b"what a command left that was killed while it wrote")
    done = process(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert any(kept.glob("*-cache")) and not (kept / "torn-cache").exists()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    done = process(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_devices_are_listed_by_the_names_that_device_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    done = process("devices", cwd=tmp_path)
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("cpu:0", "cpu:1", "pip install '.[cuda]'", "cpu:all spreads"))
    done = process("locate", "random-walk", "--device", "cpu:5", cwd=tmp_path)
    assert done.returncode == 2
    assert "no device 'cpu:5' on this machine; there is: cpu:0, cpu:1" in done.stderr


SEEDED = {
    "locate": ["locate", "random-walk"],
    "simulate": ["simulate", "random-walk", "--out", "data.csv"],
    "reproduce": ["reproduce", "figure-1", "--quick"],
    "score": ["score", "ladder:size=1", "--plant", "random-walk"],
    "publish": ["publish", "random-walk", "--steps", "1"],
}


@pytest.mark.parametrize("command", SEEDED)
@pytest.mark.parametrize("seed", ["-1", str(2**63), "9" * 30, "", "1.5", "nan"])
def test_every_command_refuses_the_same_seeds(command: str, seed: str, folder: Path, run: Run) -> None:
    result = run(*SEEDED[command], "--seed", seed, cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert "'--seed'" in result.stderr and "Traceback" not in result.stderr
    assert not (folder / "data.csv").exists()


@pytest.mark.parametrize("words", [[], ["locate"], ["sweep"], ["demo"], ["demo", "live"], ["zoo"]])
def test_h_is_help(words: list[str], folder: Path, run: Run) -> None:
    short, long = (run(*words, word, cwd=folder) for word in ("-h", "--help"))
    assert short.returncode == 0 and "Usage: ergoscope" in short.stdout
    assert short.stdout == long.stdout


def test_no_help_names_a_file_that_a_wheel_lacks(folder: Path, run: Run) -> None:
    """Neither pages nor examples are installed."""
    names = re.findall(r"^│ ([a-z]+) ", run("--help", cwd=folder).stdout, re.MULTILINE)
    assert len(names) > 12
    for words in ([], *([name] for name in names), ["demo", "live"]):
        text = run(*words, "--help", cwd=folder).stdout
        assert not re.search(r"docs/|examples/|README|\.md\b", text), words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shell: str, folder: Path, run: Run) -> None:
    result = run("--show-completion", shell, cwd=folder)
    assert result.returncode == 0 and "_ERGOSCOPE_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (OverflowError("too large"), "a number is too large (too large): choose a smaller one."),
        (RecursionError(), "the input is nested too deeply"),
        (MemoryError(), "there is not enough memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: 9 GiB"), "there is not enough memory"),
        (PermissionError(13, "Permission denied", "file"), "file: Permission denied"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_user_can_mend_ends_in_one_message(
    fault: Exception, message: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr("ergoscope.cli._lists.show_zoo", fails)
    result = run("zoo", cwd=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"ergoscope: {message}") and result.stderr.count("\n") == 1


def test_a_fault_of_ours_keeps_its_traceback(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.cli._lists.show_zoo", lambda: {}["no such name"])
    with pytest.raises(KeyError):
        run("zoo", cwd=folder)
