"""Build the wheel and the source distribution, and install the wheel into a fresh environment of each Python.

    python .ci/packages.py                          # builds, then Python 3.11, 3.12 and 3.13, those that are here
    python .ci/packages.py --dist dist --python python3.12    # these files, this Python

In each environment a recording is located, in an empty folder, from the installed package. A Python that is not here is
skipped, and the reason is printed. Needs the network, or an index of packages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13")


def run(*words: str | Path, where: Path | None = None) -> str:
    """Run a command and return what it prints; without PYTHONPATH, so that what is installed is what is found."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*map(str, words)], cwd=where, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def find_python(version: str) -> str | None:
    """Return the Python of this version on the path, of pyenv or of uv; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    candidates = [f"python{version}", *map(str, pyenv.glob(f"{version}.*/bin/python"))]
    if shutil.which("uv"):
        found = subprocess.run(
            ["uv", "python", "find", "--no-python-downloads", version], capture_output=True, text=True
        )
        candidates += found.stdout.split()
    for candidate in candidates:
        if shutil.which(candidate):
            said = subprocess.run([candidate, "--version"], capture_output=True, text=True).stdout
            if said.startswith(f"Python {version}."):
                return candidate
    return None


def try_wheel(wheel: Path, python: str) -> str:
    """Return what the installed package answers for a recording, in an environment that holds nothing else."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        run(python, "-m", "venv", folder / "venv")
        binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        pip = binaries / "python", "-m", "pip", "--disable-pip-version-check"
        run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", wheel)
        run(*pip, "check")
        empty = folder / "empty"
        empty.mkdir()
        shutil.copy(ROOT / "examples" / "data" / "nile.csv", empty)
        version = run(binaries / "ergoscope", "--version", where=empty).strip()
        located = run(
            binaries / "ergoscope", "locate", "nile.csv", "--output", "flow", "--time", "year", "--json", where=empty
        )
        return f"{version}: {json.loads(located)['sentence']}"


def main() -> None:
    """Build unless there is a folder, and try every Python."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dist", type=Path, help="folder with a wheel that was built before")
    parser.add_argument("--python", help="the one Python to try")
    given = parser.parse_args()
    folder = given.dist or ROOT / "dist"
    if given.dist is None:
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    print("built:", *sorted(path.name for path in folder.iterdir()), flush=True)
    pythons = {given.python: given.python} if given.python else {f"Python {v}": find_python(v) for v in VERSIONS}
    for name, python in pythons.items():
        if python is None:
            print(f"{name}: skipped, it is not here", flush=True)
        else:
            print(f"{name}: {try_wheel(wheel, python)}", flush=True)
    if not any(pythons.values()):
        raise SystemExit(f"none of Python {', '.join(VERSIONS)} is here.")


if __name__ == "__main__":
    main()
