"""Compiled loops are kept for the next process where they can be, and compiled again where not."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope._core import compiled
from ergoscope.analysis import kalman_gain
from ergoscope.learners import make_learner
from ergoscope.simulator import zoo

PROGRAM = """
from ergoscope._core import compiled
from ergoscope.analysis import kalman_gain
from ergoscope.cli._printing import tell_of_compiling

tell_of_compiling()

def times(factor):
    def loop(x):
        return factor * x
    return compiled.compiled(loop, f"times-{factor}")

three, four = times(3), times(4)
print(three(2), four(2), three.stats.cache_hits[three.signatures[0]] if three.stats.cache_hits else 0)
"""


def run(cache: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {word: value for word, value in os.environ.items() if word not in ("HOME", "XDG_CACHE_HOME")}
    variables |= dict(XDG_CACHE_HOME=str(cache)) | environment
    return subprocess.run([sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, timeout=200)


def answers(*runs: subprocess.CompletedProcess[str]) -> list[str]:
    assert all(one.returncode == 0 for one in runs), [one.stderr for one in runs]
    return [one.stdout.strip() for one in runs]


def test_the_next_process_reads_what_was_compiled_and_closures_stay_apart(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert answers(first, second) == ["6 8 0", "6 8 1"]
    said = "ergoscope: compiling a loop for this processor: it is kept, and the next command begins at once.\n"
    assert (first.stderr, second.stderr) == (2 * said, "")
    folder = next((tmp_path / "ergoscope" / "compiled").glob("loops-*"))
    assert folder.stat().st_mode & 0o077 == 0


def test_torn_and_foreign_files_are_compiled_again(tmp_path: Path) -> None:
    answers(run(tmp_path))
    for path in (tmp_path / "ergoscope" / "compiled").glob("loops-*/*"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if "3" in path.name else b"no code")
    assert answers(run(tmp_path), run(tmp_path)) == ["6 8 0", "6 8 1"]


def test_no_folder_to_write_to_and_no_home_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert answers(run(tmp_path / "file"), run("", HOME=str(tmp_path / "missing"))) == ["6 8 0", "6 8 0"]


def test_two_processes_at_once(tmp_path: Path) -> None:
    variables = dict(os.environ, XDG_CACHE_HOME=str(tmp_path))
    both = [subprocess.Popen([sys.executable, "-c", PROGRAM], env=variables, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    assert {one.communicate(timeout=200)[0].strip()[:3] for one in both} == {"6 8"}
    assert answers(run(tmp_path)) == ["6 8 1"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert answers(run(tmp_path)) == ["6 8 0"]


def test_only_the_newest_versions_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "ergoscope" / "compiled"
    for number in range(8):
        (folder / f"loops-{number}").mkdir(parents=True)
    (folder / "jit-cache").touch()
    answers(run(tmp_path))
    assert len(list(folder.glob("loops-*"))) == 4
    assert (folder / "jit-cache").exists()


ROOT = Path(compiled.__file__).parents[1]
LEARNERS = ("ladder", "ladder:intercept=yes", "lattice", "square-root-rls", "kalman", "truncated-kalman")


def imported(file: Path) -> set[Path]:
    """Return the files of the package that a file imports where it is read, not in its functions."""
    found = set[Path]()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            places = [folder.with_suffix(".py"), *(folder / f"{name.name}.py" for name in node.names)]
            found |= {place for place in places if place.is_file()}
    return found


def records(tree: Any) -> set[type]:
    """Return the classes of the records in a tree."""
    inside = set[type]().union(*map(records, tree)) if isinstance(tree, tuple) else set()
    return inside | ({type(tree)} if hasattr(tree, "_fields") else set())


def test_every_file_that_a_loop_may_come_from_counts() -> None:
    """What calls ``compiled``, all that it imports, and the states that loops take: else a change keeps old loops."""
    files = {file for room in ("learners", "simulator", "streams") for file in (ROOT / room).rglob("*.py")}
    new = wanted = {file for file in files if ROOT / "_core" / "compiled.py" in imported(file)}
    assert len(wanted) > 10
    while new:
        new = set[Path]().union(*map(imported, new)) - wanted
        wanted = wanted | new
    system = zoo("random-walk")
    for words in LEARNERS:
        learner = make_learner(words, dict(system=system, gain=kalman_gain(system).gain))
        assert learner.kernel is not None
        wanted |= {Path(inspect.getfile(record)) for record in records(learner.init(1, 0, 1, np.dtype("float64")))}
    assert wanted - set(compiled.source_files()) == set()
