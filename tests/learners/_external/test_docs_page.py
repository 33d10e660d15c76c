"""docs/learners.md: the learner of one's own that it shows runs, and its tables are those of the results."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ergoscope.learners import learner_names

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "learners.md").read_text(encoding="utf-8")


def test_the_learner_of_ones_own_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(code, "docs/learners.md", "exec"), {"__name__": "page"})
    assert "the critical samples averaged is at most 1" in capsys.readouterr().out


def test_every_learner_stands_in_the_table_and_in_its_family() -> None:
    table, families = PAGE.split("<!-- end of learners -->")[0], PAGE.split("## The families")[1]
    seen = PAGE.split("<!-- state:")[1].split("<!-- end of state -->")[0]
    networks = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")  # measured beside one another
    for name in learner_names():
        assert re.search(rf"\| `{name}[:`]", table + seen + networks), name
        assert f"`{name}`" in families, name


def test_the_tables_are_those_of_the_results() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "learners.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
