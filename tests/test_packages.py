""".ci/packages.py, without the network: which Python it finds, and what it says of one that is not here."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / ".ci" / "packages.py"
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_it_finds_the_pythons_of_pyenv_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find_python = runpy.run_path(str(SCRIPT))["find_python"]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_python(THIS) is None
    there = tmp_path / "versions" / f"{THIS}.1" / "bin" / "python"
    there.parent.mkdir(parents=True)
    there.symlink_to(sys.executable)
    assert find_python(THIS) == str(there)
    other = tmp_path / "python2.7"  # a name on the path that is another Python
    other.symlink_to(sys.executable)
    assert find_python("2.7") is None


def test_a_python_that_is_not_here_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "ergoscope-0.0.0-py3-none-any.whl").touch()
    environment = {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, SCRIPT, "--dist", tmp_path], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [f"Python 3.{k}: skipped, it is not here" for k in (11, 12, 13)]
    assert done.stderr.strip() == "none of Python 3.11, 3.12, 3.13 is here."


def test_the_workflow_tries_every_python_of_the_project() -> None:
    versions = runpy.run_path(str(SCRIPT))["VERSIONS"]
    workflow = ROOT / ".github" / "workflows" / "release.yml"
    if not workflow.is_file():
        pytest.skip(".github/ is not in a source distribution")
    row = ", ".join(f'"{version}"' for version in versions)
    assert f"python: [{row}]" in workflow.read_text(encoding="utf-8")
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f"Programming Language :: Python :: {version}" in settings for version in versions)
