"""Peak resident memory of analysing many runs of error curves that lie in a folder of Parquet files.

    python benchmarks/sweep.py [--share 1]   570 runs of 7 sizes, 98 stretches, 64 groups, two metrics: 5e7 rows

Files of made-up curves, one a run and all alike but for its name, are written into a temporary folder; a fresh process
then asks ``each_run`` for the growth laws of every one (100 draws), through ``scan_curves``. Asked: at most 1 GiB, the
200 MB of Python, NumPy and polars included, where the rows in memory would take 3.9 GB. Written to
benchmarks/results/sweep.json; ``--share 0.1`` takes a tenth of the runs.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _clock import machine, show, words, write

RUNS, LIMIT = 570, 1.0  # GiB


def made(folder: Path, runs: int) -> int:
    """Write curves that are bounded from size 2 on, and return how many rows they have."""
    import numpy as np
    import polars as pl

    from ergoscope.analysis import curves, log_edges
    from ergoscope.learners import Scores, ladder

    random, edges = np.random.default_rng(0), log_edges(20_000)
    widths, t = np.diff(edges).astype(float), (edges[:-1] + edges[1:]) / 2
    law = 3 + np.where(np.arange(7) < 2, t[:, None], 0.0)
    samples = np.broadcast_to(widths[:, None, None, None], (len(widths), 1, 1, 64)).copy()
    noise = np.exp(0.3 * random.standard_normal((len(widths), 1, 7, 1, 64)))
    sums = law[:, None, :, None, None] * noise * widths[:, None, None, None, None]
    frame = curves(Scores(edges, sums, sums / 2, samples), ladder(range(7)), "made")
    for k in range(runs):
        frame.with_columns(run=pl.lit(f"run {k:06d}")).write_parquet(folder / f"{k:06d}.parquet")
    return runs * frame.height


def analyse(folder: str) -> dict[str, float]:
    """Fit the growth laws of every run of a folder in this process and return what it took."""
    from functools import partial

    from ergoscope.analysis import each_run, growth_laws, scan_curves

    start = time.perf_counter()
    found = each_run(scan_curves(folder), partial(growth_laws, draws=100))
    assert (found["verdict"] == "bounded").to_list() == (found["size"] > 1).to_list()
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    return dict(peak=peak, seconds=time.perf_counter() - start)


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--share", type=share, default=1.0, help="of the runs, above 0 and at most 1")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.folder:
        print(json.dumps(analyse(asked.folder)))
        return
    rows = []
    for runs in (max(round(RUNS * asked.share / 10), 1), max(round(RUNS * asked.share), 1)):
        with tempfile.TemporaryDirectory() as folder:
            count = made(Path(folder), runs)
            command = [sys.executable, __file__, "--folder", folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        took = json.loads(done.stdout.splitlines()[-1])
        row = dict(name=f"{runs} runs, {count} rows", ran=f"{took['seconds']:.1f} s", unit="GiB", values=[took["peak"]])
        rows.append(row)
        print(f"{row['name']:50s} {took['peak']:7.2f} GiB {row['ran']}", flush=True)
    few, many = (row["values"][0] for row in rows)
    record: dict[str, Any] = dict(
        title="Memory of a sweep",
        command="python benchmarks/sweep.py",
        work="each_run(scan_curves(folder), growth_laws with 100 draws) over Parquet files; peak resident memory of a "
        "fresh process each",
        machine=machine(),
        rows=rows,
        ratios=[
            dict(name=f"{rows[1]['name']}: peak / {LIMIT:.0f} GiB", values=[many / LIMIT], goal="at most 1"),
            dict(name="peak of ten times as many runs", values=[many / few], goal="1"),
        ],
    )
    show(record)
    write("sweep", record)


def share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError
    return value


if __name__ == "__main__":
    main()
