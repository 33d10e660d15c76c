"""The benchmarks start, refuse bad flags, and the tables of the page are those of the results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(file for file in (ROOT / "benchmarks").glob("*.py") if not file.name.startswith("_"))
BAD = (["lattice.py", "--rounds", "0"], ["memory.py", "--share", "2"], ["linearity.py", "--most", "many"])
BAD += (["recordings.py", "--seeds", "0"],)
ALONE = ["grokking_grid", "more_data", "quanta_published", "recordings"]  # take too long for make bench

# All in one fresh interpreter, so that JAX is loaded once: what each file answers to each row of words.
ANSWERS = """if True:
    import contextlib, io, json, runpy, sys
    answers = []
    for file, *words in json.loads(sys.argv[1]):
        sys.argv, said = [file, *words], io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                runpy.run_path(file, run_name="__main__")
        except SystemExit as exc:
            answers.append([exc.code, said.getvalue()])
    print(json.dumps(answers))
    """


def test_every_benchmark_says_what_it_compares_and_refuses_bad_words() -> None:
    asked = [[str(file), word] for file in FILES for word in ("--help", "--no-such-flag")]
    asked += [[str(ROOT / "benchmarks" / name), *words] for name, *words in BAD]
    command = [sys.executable, "-c", ANSWERS, json.dumps(asked)]
    folder = ROOT / "benchmarks"  # where a benchmark run by its name looks for the clock
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for (file, word, *_), (code, said) in zip(asked, json.loads(done.stdout), strict=True):
        assert code == (0 if word == "--help" else 2), f"{file} {word}: {said}"
        assert (f"python benchmarks/{Path(file).name}" if word == "--help" else word) in said


def test_make_runs_every_benchmark() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    line = next(line for line in lines if line.startswith("BENCHMARKS"))
    assert sorted(line.split()[2:] + ALONE) == [file.stem for file in FILES]
    assert all(any(name in line for line in lines if line.startswith("\t@$(BIN)")) for name in ALONE)


@pytest.mark.parametrize("name", ["table", "recordings", "networks", "more_data"])
def test_the_tables_of_the_page_are_those_of_the_results(name: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
