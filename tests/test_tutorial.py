"""The tutorial: its files and commands are run as they stand there, those of the battery in a shorter form."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from ergoscope.cli import main

TUTORIAL = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)
SHORTER = {"plant,dropout,delay": "plant,dropout", "bounded, excess<1%": "excess<1%"}  # of two runs nothing is bounded
COMMANDS = [text for kind, text in BLOCKS if kind == "sh" and text.startswith("ergoscope ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial")
    files = [text for kind, text in BLOCKS if kind == "python"]
    for text in files:
        name = text.partition("\n")[0].removeprefix("# ")
        assert name.endswith(".py")
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[1:3]))
def test_a_command_says_what_the_tutorial_says(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command)
    scored = words[1] == "score"
    if scored:
        words = [*(SHORTER.get(word, word) for word in words), "--replicates", "2", "--in-process"]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.setattr("warnings.showwarning", None)  # put back after the test: main replaces it
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert not ended.value.code, printed.err
    told = BLOCKS[BLOCKS.index(("sh", command)) + 1][1]
    lines = re.findall(r"^  [\w -]+: .*$|No flaw was found\.$", told, re.MULTILINE) if scored else told.splitlines()
    missing = [line for line in map(str.strip, lines) if line not in printed.out]
    assert lines and not missing, printed.out
