"""The command ``locate-curves``: table, sentence, JSON and refusals, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ergoscope.cli import main

ROWS = "width,epoch,seed,mse\n" + "".join(
    f"{width},{epoch},{seed},{(epoch if width < 4 else 5) * (1 + 0.01 * seed):.4f}\n"
    for width in (1, 2, 4, 8)
    for seed in range(3)
    for epoch in (1, 2, 4, 8, 16)
)
COLUMNS = ("--size", "width", "--along", "epoch", "--error", "mse")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    (tmp_path / "sweep.csv").write_text(ROWS)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ergoscope", "locate-curves", *words])
        monkeypatch.setattr("warnings.showwarning", None)  # put back after the test: main replaces it
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


def test_a_table_has_its_rows_its_sentence_and_its_report(run, tmp_path: Path) -> None:
    code, out, _ = run("sweep.csv", *COLUMNS, "--run", "seed")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0 and ["1", "3", "5", "16.2", "1.00", "1.00", "to", "1.00", "growing"] in lines
    assert "sweep: mse stops growing along epoch at width 4: it grows at 2." in out
    assert (tmp_path / "runs" / "sweep-curves" / "report.html").is_file()
    assert run("sweep.csv", *COLUMNS, "--run", "seed", "--quiet")[1].startswith("sweep: mse stops")


def test_the_json_has_every_part(run) -> None:
    code, out, _ = run(
        "sweep.csv", *COLUMNS, "--run", "seed", "--level", "5.2", "--where", "seed=2", "--json", "--out", "x"
    )
    answer = json.loads(out)
    assert code == 0 and answer["columns"] == dict(size="width", along="epoch", error="mse", run="seed")
    parts = "name sentence columns kind sizes threshold located budgets level law no_law settings files"
    assert list(answer) == parts.split()
    assert answer["level"]["sizes"][2] == dict(size=4.0, runs=1, passed=1, place=1.0, low=None, high=None)
    assert answer["settings"]["where"] == {"seed": "2"} and answer["threshold"]["verdict"] == "undecided"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sweep.csv",), "which columns hold the size, the along, the error? Name them"),
        (("sweep.csv", *COLUMNS), "if they are runs, name the column that tells them apart (--run)"),
        (("sweep.csv", *COLUMNS, "--where", "seed"), "--where must be COLUMN=VALUE"),
        (("sweep.csv", *COLUMNS, "--where", "seed=7"), "column 'seed' never is '7'"),
        (("sweep.csv", "--size", "widht", *COLUMNS[2:]), "no column is called 'widht'; did you mean 'width'?"),
        (("missing.csv", *COLUMNS), "no file or folder is called 'missing.csv'"),
    ],
)
def test_bad_input_ends_with_one_message(run, words: tuple[str, ...], says: str) -> None:
    code, _, err = run(*words)
    assert code == 2 and says in err and "Traceback" not in err and len(err.splitlines()) == 1
