"""Cost of a process of its own for a predictor: microseconds a sample, against in-process, a C program and a pipe.

    python benchmarks/external_predictors.py [--samples 20000] [--rounds 5]

Each runs examples/my_predictor.py, or its twin examples/predictor.c, over one output. The time of a run of two samples
is subtracted, and with it start and end. A bare pipe sends as many bytes to a Python process that sends them back: two
process switches, the floor. Results are written to benchmarks/results/external_predictors.json.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from _clock import count, machine, ratio, show, words, write

from ergoscope.learners import open_predictor
from ergoscope.learners._external.predictor import ExternalPredictor

EXAMPLES = Path(__file__).parents[1] / "examples"
MINE = f"{EXAMPLES / 'my_predictor.py'}:make"
BACK = "import os\nwhile data := os.read(0, 64): os.write(1, data)"
APART, INSIDE, IN_C, FLOOR = "a process of its own", "in-process", "a program in C", "a bare pipe"


def run_of(predictor: ExternalPredictor) -> Callable[[int], object]:
    series = np.random.default_rng(0).normal(size=(1 << 20, 1)).cumsum(axis=0)
    return lambda samples: predictor.run(series[:samples], np.zeros((samples, 0)), 1.0)


def bare_pipe(samples: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BACK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as far:
        if far.stdin is None or far.stdout is None:
            raise RuntimeError("no pipe")
        for _ in range(samples):
            far.stdin.write(bytes(12))
            far.stdout.read(64)
        far.stdin.close()


def seconds(run: Callable[[int], object], samples: int) -> float:
    start = time.perf_counter()
    run(samples)
    return time.perf_counter() - start


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--samples", type=count, default=20_000, help="in each run")
    parser.add_argument("--rounds", type=count, default=5)
    given = parser.parse_args()
    skipped, opened, started = {}, [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs: dict[str, Callable[[int], object]] = {FLOOR: bare_pipe}
        runs[INSIDE] = run_of(stack.enter_context(open_predictor(MINE, in_process=True)))
        runs[APART] = run_of(stack.enter_context(open_predictor(MINE, limit=10.0)))
        if compiler := shutil.which("cc"):
            program = str(folder / "predictor")
            subprocess.run([compiler, "-O2", "-o", program, str(EXAMPLES / "predictor.c")], check=True)
            runs[IN_C] = run_of(stack.enter_context(open_predictor(program, limit=10.0)))
        else:
            skipped[IN_C] = "no C compiler called cc"
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(given.rounds):
            for name, run in runs.items():
                short, long = seconds(run, 2), seconds(run, 2 + given.samples)
                taken[name].append((long - short) / given.samples * 1e6)
                if name == APART:
                    started.append(short * 1e3)
            start = time.perf_counter()
            open_predictor(MINE).close()
            opened.append((time.perf_counter() - start) * 1e3)
    rows = [dict(name=name, ran=f"{given.samples} samples", unit="us", values=values) for name, values in taken.items()]
    rows.append(dict(name="opening it", ran="once for all runs", unit="ms", values=opened))
    rows.append(dict(name="start and end of a run", ran="two samples", unit="ms", values=started))
    ratios = [(APART, FLOOR), (APART, INSIDE)] + [(IN_C, FLOOR)] * (IN_C in taken)
    record = dict(
        title="External predictors",
        command="python benchmarks/external_predictors.py",
        work=f"one output, a level and a slope, {given.rounds} x {given.samples} samples",
        floor="one round trip through a pipe to another process",
        machine=machine(),
        rows=rows,
        ratios=[dict(name=f"{slow} / {fast}", values=ratio([taken[slow]], taken[fast])) for slow, fast in ratios],
        skipped=skipped,
    )
    show(record)
    write("external_predictors", record)


if __name__ == "__main__":
    main()
