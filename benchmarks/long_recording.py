"""Measure `ergoscope locate FILE` on one recording of 1e4 to 1e7 rows: time and peak resident memory of the command.

    python benchmarks/long_recording.py [--longest 7]

A CSV file of time and output (a damped tone about 20, unit white noise), lengths 0 to 32, without models; report and
figures are written. Each runs as a command in a fresh process, after one that compiles the loops. The floor is the loop
over the samples alone, from benchmarks/single.py: some 25 to 60 ns a (sample, length). Goals: 1e7 rows in less than
60 s and 1.5 GiB. Written to benchmarks/results/long_recording.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _clock import count, machine, show, words, write

COMMAND = """
import json, sys, time
from _clock import peak
start = time.perf_counter()
sys.argv = ["ergoscope", "locate", sys.argv[1], "--output", "y", "--time", "t", "--sizes", "0..32", "--no-model",
            "--out", sys.argv[2]]
from ergoscope.cli._main import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps(dict(peak=peak(), seconds=time.perf_counter() - start)))
"""
MAKE = """
import sys
import numpy as np
import polars as pl
from scipy.signal import lfilter
path, rows = sys.argv[1], int(sys.argv[2])
y = 20 + lfilter([1], [1, -1.6, 0.8], np.random.default_rng(0).standard_normal(rows))
pl.DataFrame(dict(t=np.arange(rows) * 0.1, y=y)).write_csv(path)
"""


def located(file: Path, folder: Path) -> dict[str, float]:
    """Run the command in a fresh process and return what it took; this process stays small (see memory.py)."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(file), str(folder)], stdout=subprocess.PIPE, text=True, check=True,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--longest", type=count, default=7, help="the most rows, as a power of ten from 4 on")
    given = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as temporary:
        for power in range(4, given.longest + 1):
            file = Path(temporary, f"{power}.csv")
            subprocess.run([sys.executable, "-c", MAKE, str(file), str(10**power)], check=True)
            if power == 4:
                located(file, Path(temporary, "first"))  # compiles the loops
            start = time.perf_counter()
            took = located(file, Path(temporary, str(power)))
            took["whole"] = time.perf_counter() - start
            table.append((f"1e{power} rows", took))
            file.unlink()
    name, longest = table[-1]
    seconds = [
        dict(name=name, ran="the command, Python's start included", unit="s", values=[took["whole"]])
        for name, took in table
    ]
    memory = [dict(name=f"{name}, peak", ran="once", unit="GiB", values=[took["peak"]]) for name, took in table]
    ratios = [
        dict(name=f"{name} / 60 s", values=[longest["whole"] / 60], goal="below 1"),
        dict(name=f"{name}, peak / 1.5 GiB", values=[longest["peak"] / 1.5], goal="below 1"),
    ]
    record = dict(
        title="Long recordings",
        command="python benchmarks/long_recording.py",
        work="ergoscope locate FILE.csv --sizes 0..32 --no-model: one output, report and figures written",
        machine=machine(),
        rows=[*seconds, *memory],
        ratios=ratios,
    )
    show(record)
    write("long_recording", record)


if __name__ == "__main__":
    main()
