"""``score --recording`` and ``learn --beside`` as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ergoscope.cli import main

ERGOSCOPE = [sys.executable, "-m", "ergoscope"]
PREDICTOR = """
class Last:
    def __init__(self):
        self.y, self.n = 0.0, 0

    def predict(self):
        return self.y

    def update(self, y, u):
        self.y, self.n = float(y[0]) if y[0] == y[0] else self.y, self.n + 1


class Raises(Last):
    def update(self, y, u):
        super().update(y, u)
        if self.n == 300:
            raise RuntimeError("enough")
"""
WALK = np.random.default_rng(0).standard_normal(800).cumsum() + 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "last.py").write_text(PREDICTOR)
    rows = [f"{k};{str(y).replace('.', ',')}" for k, y in enumerate(WALK.tolist())]
    (tmp_path / "data.csv").write_text("\n".join(["t;level", *rows]))
    return tmp_path


def called(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_predictor_on_a_recording(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["score", "last.py:Last", "--recording", "data.csv", "--output", "level", "--time", "t", "--sizes", "0..3"]
    words += ["--out", "out", "--require", "excess<5%, finite, deterministic", "--in-process"]
    assert called(words, folder, monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "its error / the size's" in printed and "read: 800 rows" in printed
    assert "last.py:Last on data: " in printed and "Compared over" in printed
    assert {file.name for file in (folder / "out").iterdir()} == {
        "report.html", "beside.json", "beside_sizes.png", "beside_growth.png", "beside_sizes.parquet", "curves.parquet",
    }  # fmt: skip
    saved = json.loads((folder / "out" / "beside.json").read_text())
    assert saved["settings"]["command"][:2] == ["ergoscope", "score"] and saved["shortfalls"] == []
    words = ["score", "last.py:Raises", "--recording", "data.csv", "--output", "level", "--in-process", "--json"]
    assert called([*words, "--require", "finite, flawless"], folder, monkeypatch) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["failure"]["step"] == 300 and answer["failure"]["kind"] == "raised"
    assert "failed at sample 300: " in answer["sentence"] and answer["shortfalls"][0].startswith("flawless: raises")


BAD = {
    "a plant, too": (["--plant", "resonance"], "--plant is for plants, and --recording names a recording"),
    "cases": (["--cases", "zoo"], "--cases is for plants"),
    "no such column": (["--output", "hight"], "hight"),
    "sizes": (["--output", "level", "--sizes", "0..500"], "size 500 is beyond the data"),
    "a learner": (["--output", "level", "--learner", "ladr"], "ladr"),
    "a requirement": (["--output", "level", "--require", "good"], "'good' is not known"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_in_one_message(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, message = BAD[name]
    given = ["score", "last.py:Last", "--recording", "data.csv", "--in-process", *words]
    assert called(given, folder, monkeypatch) == 2
    printed = capsys.readouterr().err
    assert message in printed and "Traceback" not in printed and not (folder / "runs").exists()
    if name == "cases":
        assert called(["score", "last.py:Last", "--output", "y"], folder, monkeypatch) == 2
        assert "--output is for a recording: name one with --recording" in capsys.readouterr().err


def test_learn_beside_gives_its_lines_and_those_of_the_ladder(folder: Path) -> None:
    lines = "".join(json.dumps(dict(y=y)) + "\n" for y in WALK.tolist()).encode()
    words = [*ERGOSCOPE, "learn", "-", "--sizes", "0..3"]
    plain, beside = (
        subprocess.run([*words, *more], cwd=folder, input=lines, capture_output=True, timeout=200)
        for more in ([], ["--beside", "last.py:Raises"])
    )
    assert plain.returncode == beside.returncode == 0, beside.stderr
    kinds = [json.loads(line)["kind"] for line in beside.stdout.splitlines()]
    assert kinds.count("beside-error") == 300 and kinds.count("beside") >= 1
    own = [line for line in beside.stdout.splitlines() if b'"kind":"beside' not in line]
    each = [[line for line in part if b'"kind":"threshold"' not in line] for part in (plain.stdout.splitlines(), own)]
    assert each[0] == each[1]
    ends = [[line for line in part if b'"kind":"threshold"' in line][-1] for part in (plain.stdout.splitlines(), own)]
    assert ends[0] == ends[1]
    last = [json.loads(line) for line in beside.stdout.splitlines() if b'"kind":"beside"' in line][-1]
    assert last["failure"]["kind"] == "raised" and last["sentence"].endswith("It is not started again.")
    assert b"last.py:Raises on stream failed at sample 300" in beside.stderr
    refused = subprocess.run(
        [*words, "--beside", "nowhere.py:make"], cwd=folder, input=b"", capture_output=True, timeout=60
    )
    assert refused.returncode == 2 and b"nowhere.py" in refused.stderr and b"Traceback" not in refused.stderr


def test_changes_bands_and_a_predictor_together(folder: Path) -> None:
    """One tap, then four: the line of the change, bands through it, and the comparison begins anew with it."""
    noise, y = np.random.default_rng(6).standard_normal(4500), np.zeros(4500)
    for t in range(4, 4500):
        y[t] = 0.9 * y[t - (4 if t >= 3000 else 1)] + noise[t]
    given = "".join(f'{{"y":{value!r}}}\n' for value in y.tolist()).encode()
    words = ["learn", "-", "--sizes", "0..8", "--changes", "--bands", "95%", "--beside", "last.py:Last", "--quiet"]
    done = subprocess.run([*ERGOSCOPE, *words], cwd=folder, input=given, capture_output=True, timeout=280)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (change,) = [line for line in lines if line["kind"] == "change"]
    assert (change["size_before"], change["size_now"]) == (1, 4)
    bands = np.array([line["band"] for line in lines if line["kind"] == "prediction"][100:])
    assert (bands > 0).all()
    last = [line for line in lines if line["kind"] == "beside"][-1]
    assert last["since"] == change["told"] and last["use"] == 4 and last["samples"] < 4500 - last["since"]
