"""``ergoscope export`` as a user meets it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import TypeAlias

import numpy as np
import pytest

from ergoscope.analysis import locate, save_location
from ergoscope.cli import main
from ergoscope.learners import read_predictor
from ergoscope.simulator import Trajectories

Run: TypeAlias = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def run(*words: str) -> CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
        monkeypatch.setattr("warnings.showwarning", None)
        with pytest.raises(SystemExit) as end:
            main()
        return CompletedProcess(words, int(end.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def located(tmp_path: Path) -> Path:
    walk = 5 + np.random.default_rng(0).standard_normal(300).cumsum()
    recording = Trajectories.of(walk, output_names=["flow, m3/s"])
    save_location(locate(recording, sizes=range(4), model=False), tmp_path / "my run")
    return tmp_path / "my run"


def test_the_files_lie_in_the_folder_by_its_name(run: Run, located: Path) -> None:
    done = run("export", str(located), "--size", "2")
    assert done.returncode == 0, done.stderr
    assert "Forecasts flow, m3/s from its last 2 samples, as ladder had learned it after 300 samples" in done.stdout
    assert (located / "my_run_2.h").is_file() and "MY_RUN_2_OUTPUTS 1" in (located / "my_run_2.h").read_text()
    assert (located / "my_run_2.c").is_file()


def test_json_of_a_folder_is_read_back_and_becomes_c(run: Run, located: Path, tmp_path: Path) -> None:
    assert run("export", str(located), "--to", "json", "--name", "mine", "--out", "there").returncode == 0
    assert read_predictor(tmp_path / "there" / "mine.json").about["source"] == "flow, m3/s"
    done = run("export", "there/mine.json")
    assert done.returncode == 0 and (tmp_path / "there" / "mine.c").is_file(), done.stderr


def test_a_plant_becomes_its_kalman_predictor(run: Run, tmp_path: Path) -> None:
    done = run("export", "double-integrator", "--to", "python")
    assert done.returncode == 0 and "steady Kalman predictor of double-integrator" in done.stdout
    assert (tmp_path / "runs" / "double-integrator" / "double_integrator.py").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["FOLDER", "--size", "9"], "size 9 was not tried: choose one of 0..3"),
        (["FOLDER", "--to", "matlab"], "expected one of c, python, control, filterpy, json, got 'matlab'"),
        (["FOLDER", "--to", "filterpy"], "a KalmanFilter needs a model"),
        (["FOLDER", "--name", "a b"], "name must be letters, digits and _, such as a_b"),
        (["FOLDER", "--q", "1"], "--q is an option for systems"),
        (["FOLDER/predictors.json"], "holds the sizes 0, 1, 2, 3: choose one with --size"),
        (["."], "holds no location.json: expected a folder of `ergoscope locate`"),
        (["random-walk", "--size", "1"], "--size is for a folder of locate"),
        (["switching"], "varies in time"),
        (["no-such-thing"], "no system is called 'no-such-thing'"),
    ],
)
def test_what_cannot_be_exported_is_refused(run: Run, located: Path, words: list[str], message: str) -> None:
    before = sorted(located.iterdir())
    done = run("export", *(word.replace("FOLDER", str(located)) for word in words))
    assert done.returncode == 2 and message in done.stderr.replace("\n", " "), done.stderr
    assert sorted(located.iterdir()) == before
