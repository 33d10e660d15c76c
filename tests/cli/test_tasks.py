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
    assert code == 0 and all(name in out for name in zoo_names()) and "parity" in out and "skills" in out
    rows = {line.split()[0]: line.split()[1] for line in out.splitlines() if len(line.split()) > 2}
    assert rows["double-integrator"] == "2" and rows["triple-integrator"] == "3" and rows["switching"] == "-"


def test_one_task_says_what_is_known(run) -> None:
    code, out, _ = run("zoo", "modular-addition:p=7", "--json")
    assert code == 0 and json.loads(out)["domain"] == 28 and json.loads(out)["labels"] == 7
    assert "28 different examples" in run("zoo", "modular-addition:p=7")[1]


def test_a_task_of_lines_shows_a_line_and_its_characters(run) -> None:
    code, out, _ = run("zoo", "addition:digits=2,format=reverse,excluded=3", "--json")
    facts = json.loads(out)
    (a, b), answer = facts["example"][:5].split("+"), facts["example"][6:]
    assert (
        code == 0
        and f"{int(a) + int(b):03d}"[::-1] == answer
        and facts["kinds"] == "seen numbers (1), excluded numbers (0)"
    )
    assert facts["characters"].startswith("0=$ 1=+ 2=0 3=1") and facts["characters"].endswith("12==")


def test_a_network_for_tasks_is_shown_with_its_options(run) -> None:
    assert "width=48,layers=2,heads=4" in run("learners", "transformer")[1]
    both = run("learners", "mlp")[1]  # a learner for streams, and a network for tasks
    assert "--learner mlp:window=" in both and "ergoscope emerge --learner mlp:rate=0.01" in both
    assert "embedding-mlp" in run("learners")[1]


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


def test_kept_parameters_are_the_start_of_another_emergence(run, tmp_path: Path) -> None:
    words = ("emerge", "parity:bits=6,k=2", "--along", "steps", "--rows", "48", "--runs", "1", "--steps", "300")
    code, out, _ = run(*words, "--learner", "mlp:width=16,decay=0.1", "--keep", "--out", "first", "--json")
    (kept,) = json.loads(out)["checkpoints"]
    assert code == 0 and (tmp_path / kept).is_file()
    code, out, _ = run(*words, "--start", kept, "--keep", "--out", "second")
    assert code == 0 and "(parameters)" in out
    answer = json.loads(run(*words, "--start", kept, "--keep", "--out", "second", "--json")[1])
    assert answer["settings"]["start"]["step"] == 300 and answer["checkpoints"] != [kept]
    code, out, err = run(*words, "--out", "second")
    assert code == 2 and "was made with start = " in err
    code, out, err = run(*words, "--start", "none.npz")
    assert code == 2 and "there is no file 'none.npz'" in err and "Traceback" not in err


def test_texts_are_shown_sent_and_written(run, tmp_path: Path) -> None:
    facts = json.loads(run("zoo", "skills:mean=3", "--json")[1])
    assert facts["threshold"] == 1.037886 and facts["concepts"] == 1000
    assert "there is no threshold" in run("zoo", "skills:mean=2")[1].lower()
    code, out, _ = run("publish", "skills:concepts=9,mean=1", "--steps", "12", "--seed", "7")
    samples = [json.loads(line)["y"] for line in out.splitlines()]
    sent = [[] if y is None else y if isinstance(y, list) else [y] for y in samples]
    assert (
        code == 0
        and run("simulate", "skills:concepts=9,mean=1", "--steps", "12", "--seed", "7", "--out", "p.csv")[0] == 0
    )
    rows = pl.read_csv(tmp_path / "p.csv")[:, 2:].rows()
    assert [[cell for cell in row if cell is not None] for row in rows] == sent


def test_texts_emerge_with_one_sentence(run, tmp_path: Path) -> None:
    code, out, _ = run("emerge", "skills:concepts=100,mean=4", "--along", "texts")
    assert code == 0 and "by text" in out and "this text (Kaplan and Meier)" in out.replace("\n", " ")
    assert "runs/skills-texts/report.html" in out
    slots = ("emerge", "skills:mean=4", "--along", "slots", "--values", "60,100,160,240", "--texts", "200")
    answer = json.loads(run(*slots, "--json")[1])
    assert answer["axis"] == "slots" and "Theory says 136 slots" in answer["sentence"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("emerge", "pariti", "--along", "steps"), "did you mean 'parity'?"),
        (("zoo", "additon"), "no system or task is called 'additon'; did you mean 'addition'?"),
        (("zoo", "addition:corpus=5"), "give text=0.5, too, or leave corpus=5 out"),
        (("emerge", "addition", "--along", "steps", "--start", "."), "'.' is a folder: name a file in it"),
        (("emerge", "parity", "--along", "rows", "--values", "5..1"), "no whole number of steps"),
        (("emerge", "parity", "--along", "rows", "--values", "a"), "--values are written"),
        (("emerge", "parity", "--along", "rows", "--values", "1..9:5"), "no whole number of steps"),
        (("emerge", "modular-addition:p=1", "--along", "steps"), "a modulus p of at least 2"),
        (("emerge", "modular-addition:share=1", "--along", "steps"), "share is the part"),
        (("emerge", "parity", "--along", "steps", "--learner", "gru"), "no network is called 'gru'"),
        (
            ("emerge", "skills", "--along", "texts", "--learner", "mlp"),
            "--learner is an option for networks, and skills",
        ),
        (("emerge", "skills", "--along", "texts", "--steps", "9"), "--steps is an option for networks"),
        (("emerge", "skills", "--along", "texts", "--keep"), "--keep is an option for networks"),
        (("emerge", "skills", "--along", "texts", "--start", "a.npz"), "--start is an option for networks"),
        (("emerge", "skills", "--along", "texts", "--fresh"), "--fresh is an option for networks"),
        (("emerge", "skills", "--along", "steps"), "there is no axis 'steps' for texts"),
        (("emerge", "skills:mean=0", "--along", "texts"), "the mean number of concepts"),
        (("emerge", "parity", "--along", "steps", "--texts", "9"), "--texts is an option for streams of texts"),
        (("locate", "skills"), "ergoscope emerge skills --along texts"),
        (("publish", "skills:mean=300"), "choose a smaller mean"),
        (("publish", "skills", "--input", "white"), "--input is an option for systems"),
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
