"""The Python that users copy from the pages: the blocks of a page run one after another, in a folder of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("export", "from_matlab")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "page.py").write_text("".join(blocks), encoding="utf-8")
    commands = [["-m", "ergoscope", "simulate", "dc-motor", "--input", "prbs", "--steps", "2000", "--out", "motor.csv"]]
    for words in (commands if page == "from_matlab" else []) + [["page.py"]]:
        done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=280)
        assert done.returncode == 0, done.stderr
    if page == "from_matlab":
        (length, fit), size = re.findall(r"size (\d+): fit ([\d.]+) %", done.stdout)[0], done.stdout.split()[-1]
        assert int(length) > 1 and 85 < float(fit) < 100 and size == "2"
