"""The sweep as a user meets it: the plan, the run, what is refused, an interrupt."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ergoscope.cli import main

GRID = """[grid]
systems = ["random-walk"]
learners = ["ladder"]
sizes = "0..1"
horizons = [100]

[options]
replicates = 8
out = "first"
"""


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the exit code of a command line run here, in the working folder."""
    monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
    monkeypatch.setattr("warnings.showwarning", None)
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_plan_the_sweep_and_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grid.toml").write_text(GRID)
    assert run(["sweep", "grid.toml", "--check"], monkeypatch) == 0
    said = capsys.readouterr().out
    assert "first: 1 points, 0 of them done\nprograms to compile: 1\nsamples to predict: 800\n" in said
    assert "to compile (from short runs)" in said and "MiB at most" in said
    assert [path.name for path in tmp_path.iterdir()] == ["grid.toml"]
    assert run(["sweep", "grid.toml", "--quiet"], monkeypatch) == 0
    assert capsys.readouterr().out == "first\n"
    assert run(["report", "first"], monkeypatch) == 0
    assert (tmp_path / "first" / "report.html").is_file()
    assert run(["sweep", "grid.toml"], monkeypatch) == 0  # all is done, and a report lies beside
    (tmp_path / "grid.toml").write_text(GRID.replace("8", "16"))
    capsys.readouterr()
    assert run(["sweep", "grid.toml"], monkeypatch) == 2
    assert (
        "'first' was made with replicates = 8, the experiment has 16: choose another --out" in capsys.readouterr().err
    )
    (tmp_path / "grid.toml").write_text(GRID.replace("horizons", "horizon"))
    assert run(["sweep", "grid.toml"], monkeypatch) == 2
    assert "grid.toml, line 5: [grid] horizon is not known; did you mean 'horizons'?" in capsys.readouterr().err
    assert run(["sweep", "nowhere.toml"], monkeypatch) == 2
    assert capsys.readouterr().err == "ergoscope: nowhere.toml: No such file or directory\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise on Windows")
def test_an_interrupt_keeps_what_is_done_and_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "grid.toml").write_text(GRID.replace("[100]", "[100, 200000000]"))
    words = [sys.executable, "-m", "ergoscope", "sweep", "grid.toml"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 200
        while not list(tmp_path.rglob("seed-0.parquet")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (1, "ergoscope: interrupted; nothing is half written.\n")
    left = {path.name for path in (tmp_path / "first").rglob("*") if path.is_file()}
    assert left == {".lock", "experiment.json", "seed-0.parquet"}
