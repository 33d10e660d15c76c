"""Measure the analysis of a sweep of 1e8 rows: time and peak memory, against loading everything into memory.

    python benchmarks/sweep.py [--share 1]   1140 points of 7 sizes, 98 intervals, 64 groups, two metrics: 1e8 rows

Parts of artificial curves are written into a temporary folder in the layout of ``ergoscope sweep``: 10 systems, 2 noise
factors, 57 seeds. Then, each in a fresh process:

* ``thresholds(folder)``, the sizes located from every point, of all systems and of one;
* ``each_run(scan_curves(folder))``, the growth laws of every point;
* the mean error of each cell and size, as in docs/experiments.md: ``scan_curves``, then polars, streaming;
* the same mean in plain polars from ``pl.read_parquet`` of everything, stopped at four fifths of the machine's memory
  and then reported as not fitting.

Goal: at most 1 GiB for the first, for any number of rows. The floor reads every part and keeps none. Written to
benchmarks/results/sweep.json; ``--share 0.01`` takes a hundredth of the seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# This process stays small, nothing is loaded here: on Linux a child's ru_maxrss starts from its parent's.
from _clock import figure, machine, peak, share, show, words, write

SYSTEMS, NOISE, SEEDS, LIMIT = 10, (1.0, 10.0), 57, 1.0  # GiB


def made(folder: Path, seeds: int) -> int:
    """Write curves that are bounded from size 2 on, and return how many rows they have."""
    import numpy as np
    import polars as pl

    from ergoscope.analysis import curves
    from ergoscope.analysis._growth.curves import log_edges
    from ergoscope.learners import ladder
    from ergoscope.learners._engine.replay import Scores

    random, edges = np.random.default_rng(0), log_edges(20_000)
    widths, t = np.diff(edges).astype(float), (edges[:-1] + edges[1:]) / 2
    law = 3 + np.where(np.arange(7) < 2, t[:, None], 0.0)
    samples = np.broadcast_to(widths[:, None, None, None], (len(widths), 1, 1, 64)).copy()
    rows = 0
    for seed in range(seeds):
        spread = np.exp(0.3 * random.standard_normal((2, len(widths), 1, 7, 1, 64)))
        error, excess = law[:, None, :, None, None] * spread * widths[:, None, None, None, None]
        frame = curves(Scores(edges, error, excess / 2, samples), ladder(range(7)))
        for system in range(SYSTEMS):
            for noise in NOISE:
                place = folder / f"system=made-{system}" / "learner=ladder" / f"noise={noise}" / "steps=20000"
                place.mkdir(parents=True, exist_ok=True)
                names = dict(run=f"noise {noise}, 20000 samples, seed {seed}", system=f"made-{system}")
                point = dict(noise=noise, steps=20_000, seed=seed)
                whole = frame.with_columns(**{word: pl.lit(value) for word, value in (names | point).items()})
                whole.cast({"steps": pl.Int64, "seed": pl.Int64}).write_parquet(place / f"seed-{seed}.parquet")
                rows += frame.height
    return rows


def located_sizes(folder: Path) -> None:
    from ergoscope.analysis import thresholds

    assert thresholds(folder)["critical_size"].unique().to_list() == [2]


def laws(folder: Path) -> None:
    from ergoscope.analysis import each_run, scan_curves

    found = each_run(scan_curves(folder))
    assert (found["verdict"] == "bounded").to_list() == (found["size"] > 1).to_list()


def mean(curves: Any) -> Any:
    """Return the mean error of each cell and size."""
    import polars as pl

    errors = curves.filter((pl.col("metric") == "error") & (pl.col("last") == pl.col("steps")))
    return errors.group_by("system", "learner", "noise", "steps", "size").agg(pl.col("value").mean())


def lazily(folder: Path) -> None:
    from ergoscope.analysis import scan_curves

    assert mean(scan_curves(folder)).collect(engine="streaming").height == 7 * SYSTEMS * len(NOISE)


def in_memory(folder: Path) -> None:
    import resource

    import polars as pl

    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 5
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    assert mean(pl.read_parquet(folder / "**/*.parquet", hive_partitioning=False)).height == 7 * SYSTEMS * len(NOISE)


def floor(folder: Path) -> None:
    import polars as pl

    for file in sorted(folder.rglob("*.parquet")):
        pl.read_parquet(file, hive_partitioning=False)


ONE = "system=made-0"
WORK: dict[str, tuple[Callable[[Path], None], str]] = {
    "thresholds, one system": (located_sizes, ONE),
    "thresholds": (located_sizes, ""),
    "each_run with growth_laws": (laws, ""),
    "mean error by polars, lazy and streaming": (lazily, ""),
    "mean error by polars, all in memory": (in_memory, ""),
    "floor: each part read, none kept": (floor, ""),
}


def apart(*asked: str) -> dict[str, float] | None:
    """Run one piece of work in a fresh process; None where it died of memory."""
    done = subprocess.run([sys.executable, __file__, "--work", *asked], capture_output=True, text=True)
    if done.returncode == -signal.SIGKILL or (done.returncode and "memory" in done.stderr.lower()):
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--share", type=share, default=1.0, help="share of the seeds, above 0 and at most 1")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        name, folder = asked.work
        start, used = time.perf_counter(), time.process_time()
        if name.isdecimal():
            answer = dict(rows=made(Path(folder), int(name)))
        else:
            WORK[name][0](Path(folder) / WORK[name][1])
            answer = dict(peak=peak(), seconds=time.perf_counter() - start, processor=time.process_time() - used)
        print(json.dumps(answer))
        return
    rows, skipped = [], {}
    seeds = max(round(SEEDS * asked.share), 1)
    points = SYSTEMS * len(NOISE) * seeds
    with tempfile.TemporaryDirectory() as folder:
        written = apart(str(seeds), folder)
        assert written is not None
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.parquet")) / 2**30
        for name, (_, part) in WORK.items():
            took = apart(name, folder)
            if took is None:
                skipped[name] = "died: it did not fit into four fifths of the memory of the machine"
                continue
            ran = f"{figure(took['seconds'])} s, {figure(took['processor'])} s of all cores"
            count = points // SYSTEMS if part else points
            rows.append(dict(name=f"{name}, {count} points", ran=ran, unit="GiB", values=[took["peak"]]))
            print(f"{rows[-1]['name']:60s} {took['peak']:7.2f} GiB {ran}", flush=True)
    few, many = (row["values"][0] for row in rows[:2])
    record: dict[str, Any] = dict(
        title="Analysing a sweep",
        command="python benchmarks/sweep.py" + (f" --share {asked.share:g}" if asked.share < 1 else ""),
        work=f"{points} points of a sweep, {written['rows']} rows in {size:.2g} GiB of Parquet files; time, and peak "
        "resident memory of a fresh process each, with the start of Python and its packages",
        machine=machine(),
        rows=rows,
        ratios=[
            dict(name=f"thresholds, {points} points: peak / {LIMIT:.0f} GiB", values=[many / LIMIT], goal="at most 1"),
            dict(name="thresholds: peak of all / of a tenth", values=[many / few], goal="1"),
        ],
        skipped=skipped,
    )
    show(record)
    write("sweep", record)


if __name__ == "__main__":
    main()
