"""Every example runs by itself, in a folder of its own, and says what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("[0-9]*.py"))
SAYS = {
    "01_plant": "theory says 2",
    "02_simulate": "read back unchanged: True",
    "03_recording": "The best filter length is",
    "04_live": "bit for bit: True",
    "05_sweep": "excess.png",
    "06_ahead": "10 samples ahead (direct forecasts): the critical window length is 2",
    "07_batch": "regret_size",
    "08_scaling": "scaling.png",
    "09_streams": "in order, bit for bit: True",
}


def test_every_example_is_in_the_table_and_short() -> None:
    assert [example.stem for example in EXAMPLES] == sorted(SAYS)
    assert all(len(example.read_text().splitlines()) < 80 for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, example], cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert result.returncode == 0, result.stderr
    assert SAYS[example.stem] in result.stdout
    assert not result.stderr
