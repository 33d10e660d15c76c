"""``learn --bands``: the lines have bands, and a level that is none ends in one message."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ergoscope.cli import main


def test_learn_prints_the_bands(tmp_path: Path) -> None:
    y = np.random.default_rng(0).standard_normal(60).cumsum().tolist()
    given = "".join(f'{{"y":{value!r}}}\n' for value in y).encode()
    words = [sys.executable, "-m", "ergoscope", "learn", "-", "--sizes", "0..2", "--bands", "90%", "--quiet"]
    done = subprocess.run(words, cwd=tmp_path, input=given, capture_output=True, timeout=200)
    assert done.returncode == 0 and not done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    made = {line["seq"]: line["band"] for line in lines if line["kind"] == "prediction"}
    assert made[1] == [None] * 3 and all(half > 0 for half in made[60])
    assert lines[-1]["kind"] == "threshold" and lines[-1]["bands"]["level"] == 0.9


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("95", "the level of a band must be from 0.5 to 0.999, such as 0.95 (95 %), got 95.0"),
        ("wide", "--bands must be a fraction such as 95% or 0.95, got 'wide'"),
    ],
)
def test_a_level_that_is_none_is_refused(
    level: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ergoscope", "learn", "-", "--bands", level])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
