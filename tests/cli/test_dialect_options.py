"""The options that tell how a recording is written, on the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from ergoscope.cli import main
from ergoscope.cli._dialect_options import OPTIONS
from ergoscope.simulator import Dialect

BOILER = str(Path(__file__).parents[2] / "examples" / "data" / "boiler.csv")
QUICK = ("--sizes", "0..2", "--no-model")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("warnings.showwarning", None)  # put back after the test: main replaces it


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ergoscope", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_each_field_of_a_dialect_is_an_option() -> None:
    assert list(OPTIONS) == [field.name for field in fields(Dialect)]


def test_the_answer_says_what_was_read(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "locate", BOILER, "--time", "Zeit", *QUICK) == 0
    words = (
        "separator ';', decimal ',', a row of units, 'Bad' missing, dates as %d.%m.%Y %H:%M, Vorlauf in °C, 3 of 240"
    )
    assert words in capfd.readouterr().out
    assert run(monkeypatch, "locate", BOILER, "--time", "Zeit", "--json", *QUICK) == 0
    reading = json.loads(capfd.readouterr().out)["reading"]
    assert reading["dialect"]["separator"] == ";" and reading["units"] == {"Vorlauf": "°C"} and reading["step"] == 600
    assert run(monkeypatch, "report", "runs/boiler") == 0
    assert "Vorlauf in °C" in Path("runs/boiler/report.html").read_text(encoding="utf-8")


def test_every_option_reaches_the_reader(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    Path("a.txt").write_bytes(
        "made by hand\nt;y\nms;V\n".encode("latin-1")
        + "".join(f"{5 * k};{k * k % 7},25\n! {k}\n" for k in reversed(range(60))).encode("latin-1")
    )
    told = ["--separator", "semicolon", "--decimal", ",", "--encoding", "latin-1", "--header", "2", "--units-row"]
    told += [
        "--comment",
        "!",
        "--missing",
        "2,25",
        "--missing",
        "-999",
        "--time-format",
        "ms",
        "--sort",
        "--time-order",
    ]
    assert run(monkeypatch, "locate", "a.txt", "--output", "y", "--time", "t", "--json", *QUICK, *told) == 0
    reading = json.loads(capfd.readouterr().out)["reading"]
    want = dict(separator=";", decimal=",", encoding="iso8859-1", header=2, units_row=True, comment="!")
    want |= dict(missing=["2,25", "-999"], time_format="ms", sort=True, time_order=True, table=None)
    assert reading["dialect"] == want and reading["step"] == 0.005
    assert reading["missing"] == sum(k * k % 7 == 2 for k in range(60))


def test_replay_and_learn_say_what_was_read(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "replay", BOILER, "--time", "Zeit", "--missing", "-999") == 0
    printed = capfd.readouterr()
    assert "read: 238 rows of text, separator ';'" in printed.err
    samples = [json.loads(line) for line in printed.out.splitlines()]
    assert len(samples) == 240 and samples[0]["t"] == 0 and samples[60]["y"] is None
    assert run(monkeypatch, "learn", BOILER, "--time", "Zeit", "--sizes", "0..2", "--quiet") == 0
    printed = capfd.readouterr()
    assert "read:" not in printed.err and printed.out.count('"prediction"') >= 237


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("locate", "double-integrator", "--sort"),
            "--sort is an option for recordings, and double-integrator is a system",
        ),
        (("learn", "-", "--table", "a"), "--table is an option for recordings, and - is none"),
        (("replay", "mqtt://host/a", "--decimal", ","), "--decimal is an option for recordings"),
        (("locate", BOILER, "--separator", ";;"), "separator must be one character"),
        (("locate", BOILER, "--table", "a"), "--table names a part of a file that holds several"),
        (("locate", BOILER, "--separator", ",", "--output", "Vorlauf"), "no column is called|give|cells"),
    ],
)
def test_what_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert run(monkeypatch, *words) == 2
    printed = capfd.readouterr()
    assert not printed.out and any(part in printed.err for part in message.split("|")), printed.err
    assert "Traceback" not in printed.err
