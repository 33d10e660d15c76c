"""``ergoscope score`` as a user meets it: what is printed and written, exit codes, an interrupt."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from ergoscope.cli import main

PREDICTOR = """
class Last:
    parameters = 1

    def __init__(self):
        self.y = 0.0

    def predict(self):
        return self.y

    def update(self, y, u):
        self.y = float(y[0]) if y[0] == y[0] else self.y


pair, number = (Last, Last), 3
"""
PLANT = 'A = [[1.0]]\nC = [[1.0]]\nQ = 1.0\nR = 1.0\nname = "walk"\n'
WIDE = "A = [[0.5, 0.0], [0.0, 0.5]]\nC = [[1.0, 0.0], [0.0, 1.0]]\nQ = 1.0\nR = 1.0\n"
ERGOSCOPE = [sys.executable, "-m", "ergoscope", "score"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "last.py").write_text(PREDICTOR)
    (tmp_path / "quits.py").write_text("raise BaseException('enough')")
    (tmp_path / "walk.toml").write_text(PLANT)
    (tmp_path / "wide.toml").write_text(WIDE)
    return tmp_path


def test_a_predictor_on_its_plant_with_requirements(folder: Path) -> None:
    words = ["last.py:Last", "--plant", "walk.toml", "--quick", "--replicates", "2", "--cases", "plant,dropout"]
    words += ["--require", "finite, deterministic, excess<1%", "--out", "out", "--in-process"]
    done = subprocess.run([*ERGOSCOPE, *words], cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 1, done.stderr
    assert "last.py:Last: steady cases" in done.stdout and "last.py:Last: stress cases" in done.stdout
    assert "falls short of excess<1%: plant: excess is" in done.stdout
    figures, frames = {"against.png", "steady.png", "stress.png"}, {"scorecard.parquet", "curves.parquet"}
    assert {file.name for file in (folder / "out").iterdir()} == figures | frames | {"report.html", "scorecard.json"}
    saved = json.loads((folder / "out" / "scorecard.json").read_text())
    assert saved["shortfalls"][0].startswith("excess<1%") and saved["settings"]["command"][1] == "score"
    # persistence on a random walk with q = r = 1 errs by q + 2 r = 3, the Kalman filter by P + r, P = (1 + 5^0.5) / 2
    plant = pl.read_parquet(folder / "out" / "scorecard.parquet").row(0, named=True)
    # A mean of n squares with autocovariances g has variance 2 sum_k g[k]^2 / n: g = 3, -1, -1 here, and 2.618 there.
    far = 3.9 * (2 / 12_000) ** 0.5  # two-sided 1e-4
    assert abs(plant["error"] - 3) < far * 11**0.5 and abs(plant["oracle"] - 2.618) < far * 2.618
    page = (folder / "out" / "report.html").read_text()
    assert "walk" in page and "2 of 2" in page


BAD = {
    "no file": (["nowhere.py:make"], "no file is called 'nowhere.py'"),
    "no such name": (["last.py:Lost"], "has no 'Lost'; did you mean 'Last'?"),
    "no predictor": (["last.py:number"], "number"),
    "an unknown case": (["last.py:Last", "--cases", "dropuot"], "no case is called 'dropuot'; did you mean 'dropout'"),
    "a requirement": (["last.py:Last", "--require", "bounded, excess"], "at character 10: excess needs a limit"),
    "q without a plant": (["last.py:Last", "--q", "1"], "--delay and --input-noise belong to a plant"),
    "other dimensions": (["last.py:Last", "--plant", "wide.toml", "--quick"], "cannot begin on wide (outputs: 2"),
    "no replicate": (["last.py:Last", "--replicates", "0"], "replicates must be a whole number"),
    "a recording as plant": (["last.py:Last", "--plant", "nile.csv"], "'nile.csv' is a recording, not a system"),
    "a file that gives up": (["quits.py:Last"], "quits.py failed: BaseException: enough"),
    "no limit": (["last.py:Last", "--limit", "0"], "limit"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_in_one_message(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, message = BAD[name]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["ergoscope", "score", *words, "--in-process"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2 and message in printed.err and "Traceback" not in printed.err
    assert not (folder / "runs").exists()


def test_an_interrupt_leaves_a_readable_partial_scorecard(folder: Path) -> None:
    words = ["last.py:Last", "--quick", "--replicates", "2", "--in-process", "--out", "out"]
    running = subprocess.Popen([*ERGOSCOPE, *words], cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 120
        while not (folder / "out" / "report.html").exists() and time.monotonic() < end:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 1 and "interrupted" in errors
    saved = json.loads((folder / "out" / "scorecard.json").read_text())
    assert saved["partial"] and 1 <= len(saved["rows"]) < len(saved["settings"]["cases"])
    assert "Partial:" in (folder / "out" / "report.html").read_text()
    assert not [file for file in (folder / "out").iterdir() if file.name.startswith(".")]
