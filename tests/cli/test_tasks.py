"""Tasks on the command line: the list, one task, its examples, and an emergence, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ergoscope.cli import main
from ergoscope.simulator import zoo_names

SMALL = ("emerge", "parity:bits=6,k=2", "--along", "rows", "--values", "8,48", "--learner", "mlp:width=16,decay=0.1")
SMALL += ("--runs", "4", "--steps", "300")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
        monkeypatch.setattr("warnings.showwarning", None)  # put back after the test: main replaces it
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


def test_the_zoo_has_systems_and_tasks_with_their_theory(run) -> None:
    code, out, _ = run("zoo")
    assert code == 0 and all(name in out for name in zoo_names()) and "parity" in out and "modular-addition" in out
    rows = {line.split()[0]: line.split()[1] for line in out.splitlines() if len(line.split()) > 2}
    assert rows["double-integrator"] == "2" and rows["triple-integrator"] == "3" and rows["switching"] == "-"


def test_one_task_says_what_is_known(run) -> None:
    code, out, _ = run("zoo", "modular-addition:p=7", "--json")
    assert code == 0 and json.loads(out)["domain"] == 28 and json.loads(out)["labels"] == 7
    assert "28 different examples" in run("zoo", "modular-addition:p=7")[1]


def test_examples_of_a_task_go_into_a_pipe_and_a_file(run, tmp_path: Path) -> None:
    code, out, _ = run("publish", "parity:bits=5,k=2", "--steps", "4", "--seed", "7")
    samples = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [sample["seq"] for sample in samples] == [0, 1, 2, 3]
    assert all(sample["y"] == sum(u > 0 for u in sample["u"][:2]) % 2 for sample in samples)
    assert run("simulate", "parity:bits=5,k=2", "--steps", "4", "--seed", "7", "--out", "p.csv")[0] == 0
    assert pl.read_csv(tmp_path / "p.csv")["y"].to_list() == [sample["y"] for sample in samples]


def test_an_emergence_ends_with_one_sentence_and_goes_on_where_it_ended(run, tmp_path: Path) -> None:
    code, out, _ = run(*SMALL)
    assert code == 0 and "within 300 steps" in out and "runs/parity-rows/report.html" in out
    again = run(*SMALL, "--json")
    answer = json.loads(again[1])
    assert answer["shares"][0]["passed"] == 0 and answer["shares"][1]["passed"] == 4
    assert answer["sentence"].split(".")[0] in out.replace("\n", " ")
    code, out, _ = run(*SMALL, "--level", "0.9", "--quiet")
    assert code == 0 and len(out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("emerge", "pariti", "--along", "steps"), "did you mean 'parity'?"),
        (("emerge", "parity", "--along", "rows", "--values", "5..1"), "no whole number of steps"),
        (("emerge", "parity", "--along", "rows", "--values", "a"), "--values are written"),
        (("emerge", "parity", "--along", "rows", "--values", "1..9:5"), "no whole number of steps"),
        (("emerge", "modular-addition:p=1", "--along", "steps"), "a modulus p of at least 2"),
        (("emerge", "modular-addition:share=1", "--along", "steps"), "share is the part"),
        (("emerge", "parity", "--along", "steps", "--learner", "gru"), "no network is called 'gru'"),
        (("locate", "parity:bits=6,k=2"), "ergoscope emerge parity:bits=6,k=2 --along steps"),
        (("publish", "parity", "--input", "white"), "--input is an option for systems"),
        (("publish", "parity:k=31"), "parity needs 1 <= k <= bits"),
        (("simulate", "parity", "--r", "2", "--out", "a.csv"), "--r is an option for systems"),
        (("zoo", "parity", "--out", "x"), "--out is an option for systems"),
    ],
)
def test_bad_words_are_refused_with_a_remedy(run, words: tuple[str, ...], message: str) -> None:
    code, out, err = run(*words)
    assert code == 2 and not out and message in err and "Traceback" not in err
